"""Bulk API 2.0 queries: for a first pull of an object with many rows.

A job is made, waited for, and its results are fetched part by part, each under a locator that stays
good for days: an interrupted backfill goes on where it was. Child queries are not allowed in it.
https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors import retry
from connectors.errors import Refused, Unavailable
from connectors.salesforce.wire import Wire
from connectors.values import Malformed, text

#: Rows of one part of the results, and of one page that is landed at once.
PART, PAGE = 10_000, 2_000
#: Real seconds between two looks at a job; the last one again and again.
_LOOKS = (0.5, 1.0, 2.0, 4.0, 8.0)
#: Looks before the pull gives the place to others; the next one finds the job where it is.
_MOST_LOOKS = 60
_DONE, _FAILED = "JobComplete", frozenset({"Failed", "Aborted"})

Row = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Rows of a job, and the place behind them: None behind the last."""

    rows: list[Row]
    place: Mapping[str, str] | None


class Bulk:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def parts(self, soql: str, *, job: str, locator: str) -> Iterator[Part]:
        """All rows of a query, deleted ones too, behind a place that an earlier scan had reached.

        Parts without rows come while the job is being worked on. Raises Refused where Salesforce
        refuses the query.
        """
        known = job
        try:
            yield from self._parts(job or self._wire.begin_bulk(soql), locator)
        except Refused:
            if not known:
                raise
            # The results of a job are kept for seven days: begin anew, rows may repeat.
            yield from self._parts(self._wire.begin_bulk(soql), "")

    def _parts(self, job: str, locator: str) -> Iterator[Part]:
        yield Part(rows=[], place={"job": job, "locator": locator})
        for look in range(_MOST_LOOKS):
            if self._is_done(job):
                break
            retry.rest(_LOOKS[min(look, len(_LOOKS) - 1)])
            yield Part(rows=[], place={"job": job, "locator": locator})
        else:
            raise Unavailable(f"Salesforce still works on the bulk query {job}")
        seen = {locator}
        while True:
            content, following = self._wire.bulk_results(job, locator, PART)
            rows = _rows(content)
            if following and following in seen:
                raise Unavailable("Salesforce's bulk results: the same part comes again")
            for start in range(PAGE, len(rows), PAGE):
                yield Part(rows=rows[start - PAGE : start], place={"job": job, "locator": locator})
            last = rows[(len(rows) - 1) // PAGE * PAGE :] if rows else []
            if not following:
                yield Part(rows=last, place=None)
                return
            seen.add(locator := following)
            yield Part(rows=last, place={"job": job, "locator": locator})

    def _is_done(self, job: str) -> bool:
        about = self._wire.rest(f"jobs/query/{job}")
        try:
            state = text(about.get("state"))
            if state in _FAILED:
                raise Refused(
                    f"Salesforce's bulk query: {text(about.get('errorMessage')) or state}"
                )
        except Malformed as error:
            raise Unavailable(f"Salesforce's bulk query: {error}") from error
        return state == _DONE


def _rows(content: str) -> list[Row]:
    """CSV with a header; a blank cell stands for null."""
    try:
        reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
        rows: list[Row] = list(reader)
    except csv.Error as error:
        raise Unavailable(f"Salesforce's bulk results are no CSV: {error}") from error
    if any(None in row or None in row.values() for row in rows):
        raise Unavailable("Salesforce's bulk results: a row is not as wide as the header")
    return rows
