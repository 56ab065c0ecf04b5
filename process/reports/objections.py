"""Objections, the plays that answered them, and who was won back. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from process.reports.answers import ANSWERED, MEETINGS, Meanings, meaning_of
from process.reports.rates import Rate
from process.reports.report import Report, Scope
from process.reports.rows import Event, History

#: Who comes back later than this was not won back by the play.
WITHIN = timedelta(days=30)
_CLOSED = "deal_closed"
KINDS = frozenset({"enrolled", "play_opened", "stage_moved", _CLOSED}) | ANSWERED | MEETINGS
COLUMNS = "objection play people open won_back win_back_rate".split()
NOTES = (
    (
        "objection: an answer that leads to Handling Objections; people: each once for an objection and "
        "a play, by the first time in the period."
    ),
    "play: what was opened upon it, before the next answer: a play, else a sequence.",
    (
        f"won_back: within {WITHIN.days} days a positive answer, a meeting agreed on since, a move to "
        "Presentation or Closing, or a deal that was won."
    ),
    (
        f"open: not won back, and less than {WITHIN.days} days ago. win_back_rate: of those who objected "
        f"at least {WITHIN.days} days ago."
    ),
)
#: Stages that show that an objection is overcome; whose deal is lost comes to Follow-up as well.
_BEYOND = frozenset({"Presentation", "Closing"})


def report(histories: Iterable[History], scope: Scope, *, meanings: Meanings) -> Report:
    tallies: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for history in histories:
        if scope.has_owner(history.person.owner):
            for key, words in _of_lead(history.events, scope, meanings).items():
                tallies[key].update(words)
    rows = [
        (
            *key,
            found["people"],
            found["open"],
            found["won back"],
            Rate(hits=found["won back in time"], of=found["due"]),
        )
        for key, found in sorted(tallies.items())
    ]
    return Report(columns=COLUMNS, rows=rows, notes=NOTES)


def _of_lead(
    events: Sequence[Event], scope: Scope, meanings: Meanings
) -> Mapping[tuple[str, str], Sequence[str]]:
    found: dict[tuple[str, str], Sequence[str]] = {}
    for place, event in enumerate(events):
        if event.kind in ANSWERED and meaning_of(event) in meanings.objections:
            if not scope.covers(event.at) or not scope.has_sequence(event.sequence):
                continue
            later = events[place + 1 :]
            key = meaning_of(event), _play(later)
            is_back = any(_wins_back(one, meanings, event) for one in later)
            found.setdefault(key, list(_words(event, scope, is_back=is_back)))
    return found


def _words(event: Event, scope: Scope, *, is_back: bool) -> Iterable[str]:
    yield "people"
    if is_back:
        yield "won back"
    if event.at <= scope.now - WITHIN:
        yield "due"
        if is_back:
            yield "won back in time"
    elif not is_back:
        yield "open"


def _play(later: Sequence[Event]) -> str:
    sequence = ""
    for event in later:
        if event.kind in ANSWERED:
            break
        if event.kind == "play_opened":
            return str(event.data.get("play") or "")
        if event.kind == "enrolled" and not sequence:
            sequence = event.sequence
    return sequence


def _wins_back(event: Event, meanings: Meanings, objection: Event) -> bool:
    if event.at > objection.at + WITHIN:
        return False
    if event.kind in ANSWERED:
        return meaning_of(event) in meanings.positive
    if event.kind == "stage_moved":
        return event.data.get("to") in _BEYOND
    if event.kind == _CLOSED:
        return bool(event.data.get("won"))
    return event.kind in MEETINGS and _is_agreed_on(event)


def _is_agreed_on(event: Event) -> bool:
    """Just then: a CRM that tells of a meeting once it is over does not say when that was."""
    starts = event.data.get("at")
    return starts is None or datetime.fromisoformat(str(starts)) > event.at
