"""Writing many rows with few calls: one batch per call, one outcome per row, in order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from connectors.base import Update, Written
from connectors.errors import ConnectorError, Outcome, Refused

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class RecordUpdate:
    """All that is to be written to one record; vendors refuse a batch that names it twice."""

    kind: Written
    external_id: str
    fields: Mapping[str, object]
    #: Where the updates stand that it was made of; the last one has its way with a field.
    positions: tuple[int, ...]


def write_coalesced(
    updates: Sequence[Update], write: Callable[[Sequence[RecordUpdate]], Sequence[Outcome]]
) -> list[Outcome]:
    """Write with one row per record; a refused row of several updates is written one by one.

    `write` answers one outcome per row, in order.
    """
    rows = _coalesced(updates)
    outcomes: dict[int, Outcome] = {}
    again: list[RecordUpdate] = []
    for row, outcome in zip(rows, write(rows), strict=True):
        if isinstance(outcome.error, Refused) and len(row.positions) > 1:
            again += [_alone(updates[position], position) for position in row.positions]
        outcomes |= dict.fromkeys(row.positions, outcome)
    for row in again:
        outcomes[row.positions[0]] = write([row])[0]
    return [outcomes[position] for position in range(len(updates))]


def in_batches(
    rows: Sequence[Row], size: int, send: Callable[[Sequence[Row]], Sequence[Outcome]]
) -> list[Outcome]:
    """Send `rows` in batches. The first failure of a whole batch ends it: its rows carry the error.

    Raises that error when not one outcome is known yet.
    """
    outcomes: list[Outcome] = []
    for batch in chunks(rows, size):
        try:
            outcomes += send(batch)
        except ConnectorError as error:
            if not outcomes:
                raise
            left = len(rows) - len(outcomes)
            return outcomes + [Outcome(external_id="", error=error)] * left
    return outcomes


def refused_apart(
    rows: Sequence[Row], send: Callable[[Sequence[Row]], Sequence[Outcome]]
) -> list[Outcome]:
    """Where one bad row has the whole batch refused, halve it until the bad rows stand alone."""
    try:
        return list(send(rows))
    except Refused as error:
        if len(rows) == 1:
            return [Outcome(external_id="", error=error)]
        half = len(rows) // 2
        first = refused_apart(rows[:half], send)
        try:
            return first + refused_apart(rows[half:], send)
        except ConnectorError as later:
            # The first half's outcomes are known and must not be lost with the second's.
            return first + [Outcome(external_id="", error=later)] * (len(rows) - half)


def chunks(items: Sequence[Row], size: int) -> Iterator[list[Row]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _coalesced(updates: Sequence[Update]) -> list[RecordUpdate]:
    rows: dict[tuple[str, str], RecordUpdate] = {}
    for position, update in enumerate(updates):
        key = (update.kind, update.external_id)
        known = rows.get(key)
        rows[key] = RecordUpdate(
            kind=update.kind,
            external_id=update.external_id,
            fields={**(known.fields if known else {}), **update.fields},
            positions=((*known.positions, position) if known else (position,)),
        )
    return list(rows.values())


def _alone(update: Update, position: int) -> RecordUpdate:
    return RecordUpdate(
        kind=update.kind,
        external_id=update.external_id,
        fields=update.fields,
        positions=(position,),
    )
