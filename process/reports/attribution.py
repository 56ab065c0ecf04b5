"""Where won deals came from: their source, and the first, the last and all touches. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crm.kinds import EVENTS
from process.reports.answers import CALLS, is_call
from process.reports.report import Report, Scope
from process.reports.rows import ClosedDeal, Event, History

_EVENTS = {
    kind: name
    for name in ("email_sent", "form_submitted", "meeting_held", "page_visited")
    for kind in EVENTS[name]
}
KINDS = CALLS.union(_EVENTS)
COLUMNS = "currency model what deals amount without_amount".split()
NO_TOUCH = "no touch"
NOTES = (
    (
        "Deals that were won in the period while Cadenza watched. A touch is an email or a call, by its "
        "sequence, a form, a page or a meeting held, of the deal's person and before it was won."
    ),
    (
        "source: the custom field source of the deal, else of its person, else the CRM that it is in; "
        "first, last: the whole amount to one touch; linear: in equal parts to each, to the cent."
    ),
    (
        "In each model the amounts are those of all won deals. deals: linear counts a deal wherever a "
        "part of it went. Currencies, from the custom field currency, are not added up."
    ),
)
_CENT = Decimal("0.01")


@dataclass(kw_only=True)
class _Tally:
    deals: int = 0
    amount: Decimal = Decimal()
    without_amount: int = 0


def report(histories: Iterable[History], deals: Iterable[ClosedDeal], scope: Scope) -> Report:
    by_lead: dict[int | None, list[ClosedDeal]] = defaultdict(list)
    for deal in deals:
        if deal.won and scope.covers(deal.closed_at) and scope.has_owner(deal.owner):
            by_lead[deal.lead].append(deal)
    tallies: dict[tuple[str, int, str, str], _Tally] = defaultdict(_Tally)
    for history in histories:
        for deal in by_lead.pop(history.person.lead, ()):
            _attribute(tallies, deal, history.events)
    for rest in by_lead.values():
        for deal in rest:
            _attribute(tallies, deal, ())
    rows = [
        (currency, model, what, tally.deals, tally.amount, tally.without_amount)
        for (currency, _, model, what), tally in sorted(
            tallies.items(), key=lambda one: (*one[0][:2], -one[1].amount, -one[1].deals, one[0])
        )
    ]
    return Report(columns=COLUMNS, rows=rows, notes=NOTES, heads=2)


def _attribute(
    tallies: Mapping[tuple[str, int, str, str], _Tally],
    deal: ClosedDeal,
    events: Sequence[Event],
) -> None:
    before = (event for event in events if event.at < deal.closed_at)
    touches = [_what(event) for event in before if _is_touch(event)] or [NO_TOUCH]
    models = {
        "won": ["all"],
        "source": [deal.source],
        "first": touches[:1],
        "last": touches[-1:],
        "linear": touches,
    }
    for place, (model, whats) in enumerate(models.items()):
        for what, part in shared(deal.amount, whats).items():
            tally = tallies[deal.currency or "no currency", place, model, what]
            tally.deals += 1
            tally.amount += part
            tally.without_amount += deal.amount is None


def shared(amount: Decimal | None, whats: Sequence[str]) -> Mapping[str, Decimal]:
    """In equal parts; the cents that are left over go to the first touches, one each."""
    cents = int((amount or Decimal()) / _CENT)
    each, over = divmod(cents, len(whats))
    found: dict[str, Decimal] = defaultdict(Decimal)
    for place, what in enumerate(whats):
        found[what] += (each + (place < over)) * _CENT
    return found


def _is_touch(event: Event) -> bool:
    return event.kind in _EVENTS or is_call(event)


def _what(event: Event) -> str:
    return event.sequence or _EVENTS.get(event.kind, "called").replace("_", " ")
