"""Tryton as a Connector: parties are companies, their email addresses leads, opportunities deals.

Records are written one by one, since the interface has no batches. A record that is deleted, not
deactivated, leaves no trace: it is noticed when it is written to or read again.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Choice, Choices, Kind, Page, Record, Sizes, Skipped, Update, Written
from connectors.batches import RecordUpdate, chunks, write_coalesced
from connectors.cursor import Cursor
from connectors.edits import Edit
from connectors.endpoints import Budget, Unlimited
from connectors.engagements import Completion, EventPage, Handover, Touch
from connectors.errors import Conflict, ConnectorError, Outcome, Refused, Unavailable
from connectors.mapping import FieldTable, vendor_name
from connectors.records import Types, build_all
from connectors.tryton import fields
from connectors.tryton.notes import Notes
from connectors.tryton.rows import IDS, PAGE, every, number, numbers, text_of
from connectors.tryton.wire import Wire, stamp
from connectors.values import Malformed, mapping, sequence, text

#: A row is visible when its transaction commits, under the stamp of its beginning.
LATE = timedelta(minutes=15)


class TrytonConnector:
    def __init__(
        self,
        *,
        url: str,
        database: str,
        key: str,
        table: FieldTable,
        types: Types,
        allow_sandbox: bool = False,
        budget: Budget | None = None,
    ) -> None:
        self._wire = Wire(
            url=url,
            database=database,
            key=key,
            allow_sandbox=allow_sandbox,
            budget=budget or Unlimited(),
        )
        self._table, self._types = table, types
        self._notes = Notes(self._wire)

    @property
    def calls(self) -> int:
        return self._wire.calls

    def check(self) -> str:
        found = self._wire.search("company.company", [], ["rec_name"], limit=1)
        return f"Tryton of {found[0].get('rec_name')}" if found else "Tryton without a company"

    def choices(self, kind: Written, names: Collection[str]) -> Choices:
        theirs = {ours: vendor_name(self._table, kind, ours) for ours in sorted(names)}
        asked = sorted(theirs.values())
        answer = self._wire.act(fields.MODELS[kind], "fields_get", fields_names=asked)
        try:
            told = {ours: mapping(mapping(answer).get(name)) for ours, name in theirs.items()}
            return {
                ours: [_choice(text(s[0]), text(s[1])) for s in map(sequence, selection)]
                for ours, one in told.items()
                if one.get("type") == "selection"
                for selection in [sequence(one.get("selection"))]
            }
        except (Malformed, IndexError) as error:
            raise Unavailable(f"Tryton's fields of a {kind}: {error}") from error

    @property
    def sizes(self) -> Sizes:
        return Sizes(listed=PAGE, read=IDS, written=1)

    def count(self, kind: Kind) -> int:
        answer = self._wire.act(fields.MODELS[kind], "search_count", domain=fields.DOMAINS[kind])
        if isinstance(answer, bool) or not isinstance(answer, int):
            raise Unavailable(f"Tryton does not say how many {fields.MODELS[kind]} there are")
        return answer

    def changed(self, kind: Kind, cursor: str, *, now: datetime) -> Iterator[Page]:
        """By id, within the window; whoever is changed meanwhile is in the next one."""
        place = Cursor.parse(cursor).begun(now)
        while True:
            last = place.mark("id")
            domain = [*fields.DOMAINS[kind], *_window(place)]
            if last.isdecimal():
                domain.append(["id", ">", int(last)])
            rows = self._search(kind, domain, limit=PAGE)
            records, skipped = self._built(kind, rows)
            is_last = len(rows) < PAGE
            place = place.ended() if is_last else place.at(id=str(number(rows[-1])))
            if not is_last and place.mark("id") == last:
                raise Unavailable(f"Tryton's {fields.MODELS[kind]}: the same records come again")
            yield Page(records=records, skipped=skipped, cursor=place.text())
            if is_last:
                return

    def events(self, cursor: str, *, now: datetime) -> Iterator[EventPage]:  # noqa: ARG002 - has none
        """These modules keep no emails, calls and meetings."""
        yield EventPage(events=[], cursor=cursor)

    def read(self, kind: Written, external_ids: Sequence[str]) -> Sequence[Record]:
        records: list[Record] = []
        for chunk in chunks(numbers(external_ids), IDS):
            domain = [*fields.DOMAINS[kind], ["id", "in", chunk]]
            found, _ = self._built(kind, self._search(kind, domain, limit=len(chunk)))
            records += [record for record in found if not getattr(record, "deleted", False)]
        return records

    def edits(
        self,
        kind: Written,  # noqa: ARG002 - has none
        field: str,  # noqa: ARG002 - likewise
        external_ids: Sequence[str],  # noqa: ARG002 - likewise
    ) -> Mapping[str, Sequence[Edit]]:
        """These modules keep no history of a value."""
        return {}

    def update(self, updates: Sequence[Update]) -> Sequence[Outcome]:
        return write_coalesced(updates, lambda rows: _each(rows, self._write))

    def log_touches(self, touches: Sequence[Touch]) -> Sequence[Outcome]:
        """A note on the lead's address each; a deal is named in it."""
        return _each(touches, self._notes.log)

    def find_touches(self, lead_ids: Sequence[str]) -> Mapping[str, str]:
        return self._notes.find(lead_ids)

    def complete(self, completions: Sequence[Completion]) -> Sequence[Outcome]:
        return _each(completions, self._notes.complete)

    def hand_over(self, handovers: Sequence[Handover]) -> Sequence[Outcome]:
        refused = Refused("a task is a note in Tryton, which nobody owns")
        return [Outcome(external_id="", error=refused) for _ in handovers]

    @property
    def lists(self) -> None:
        """It keeps none."""

    def close(self) -> None:
        self._wire.close()

    # -- reading ---------------------------------------------------------------------------

    def _search(self, kind: Kind, domain: Sequence[Any], *, limit: int) -> list[Mapping[str, Any]]:
        asked = fields.asked(kind, self._table[kind])
        rows = self._wire.search(fields.MODELS[kind], domain, asked, limit=limit)
        return self._owned(rows) if kind == "lead" else rows

    def _owned(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """A lead's owner is the employee of the newest opportunity that names it."""
        owners: dict[str, object] = {}
        for chunk in chunks([row.get("id") for row in rows], IDS):
            named = [["contact", "in", chunk], ["employee", "!=", None]]
            for deal in every(self._wire, fields.MODELS["deal"], named, ["contact", "employee"]):
                owners[text_of(deal, "contact")] = deal.get("employee")
        return [{**row, "owner": owners.get(text_of(row, "id"))} for row in rows]

    def _built(
        self, kind: Kind, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Record], list[Skipped]]:
        names = dict(self._table[kind])
        if kind == "lead":
            names["owner_id"] = "owner"
        return build_all(kind, rows, lambda row: fields.values_of(kind, row, names), self._types)

    # -- writing ---------------------------------------------------------------------------

    def _write(self, row: RecordUpdate) -> str:
        try:
            return self._written(row)
        except Refused as error:
            if error.field or len(row.fields) > 1:
                raise
            # Tryton names its own field, in the user's language.
            raise Refused(str(error), field=next(iter(row.fields))) from error

    def _written(self, row: RecordUpdate) -> str:
        types = self._types.get(row.kind, {})
        values = {
            vendor_name(self._table, row.kind, name): fields.written(value, types.get(name))
            for name, value in row.fields.items()
            if name != "stage"
        }
        for name in row.fields:
            if name in fields.READ_ONLY:
                raise Refused(f"{name} of a {row.kind} cannot be written to Tryton", field=name)
        if fields.NAMES & set(row.fields):
            values["name"] = self._full_name(row)
        if values:
            self._wire.write(fields.MODELS[row.kind], row.external_id, values)
        if "stage" in row.fields:
            self._move(row.external_id, str(row.fields["stage"]))
        return row.external_id

    def _full_name(self, row: RecordUpdate) -> str:
        """One field holds both names: the half that is not written stays."""
        found = self.read("lead", [row.external_id])
        if not found:
            raise Conflict(f"Tryton has no contact {row.external_id} any more")
        parts = (str(row.fields.get(n, getattr(found[0], n))) for n in ("first_name", "last_name"))
        return " ".join(part for part in parts if part)

    def _move(self, id_: str, state: str) -> None:
        """By the button that a person would press; Tryton itself makes a sale won or converted."""
        button = fields.BUTTONS.get(state)
        if button is None:
            choices = ", ".join(fields.BUTTONS)
            raise Refused(f"stage: {state!r} is none of {choices}", field="stage")
        answer = self._wire.act("sale.opportunity", button, id_, field="state")
        reached = answer.get("state") if isinstance(answer, Mapping) else None
        if reached != state:
            raise Refused(f"stage: Tryton leaves {reached!r} and not to {state!r}", field="stage")


def _each(rows: Sequence[Any], write: Callable[[Any], str]) -> list[Outcome]:
    """An outcome per row; the first failure of the wire ends it, and is raised when all is unknown."""
    outcomes: list[Outcome] = []
    for row in rows:
        try:
            outcomes.append(Outcome(external_id=write(row)))
        except (Refused, Conflict) as error:
            outcomes.append(Outcome(external_id="", error=error))
        except ConnectorError as error:
            if not outcomes:
                raise
            left = len(rows) - len(outcomes)
            return outcomes + [Outcome(external_id="", error=error)] * left
    return outcomes


def _window(place: Cursor) -> list[Any]:
    """What was made or changed since the last scan; everything at the first."""
    if not place.since:
        return []
    low = stamp(place.low_by(LATE))
    return [
        [
            "OR",
            ["write_date", ">=", low],
            [["write_date", "=", None], ["create_date", ">=", low]],
        ]
    ]


def _choice(value: str, label: str) -> Choice:
    return Choice(value=value, label=label, is_closed=value in fields.CLOSED, is_won=value == "won")
