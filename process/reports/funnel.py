"""What came of each sequence, version, step and variant, counted in people. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from process.reports.answers import ANSWERED, MEETINGS, SENT, Meanings, meaning_of, touches
from process.reports.rates import Rate
from process.reports.report import Cell, Report, Scope
from process.reports.rows import Event, History

#: Who was written to so long ago and has not answered is not waited for any more.
PATIENCE = timedelta(days=14)
KINDS = frozenset({"enrolled", SENT, "bounced", "unsubscribed"}) | ANSWERED | MEETINGS
COLUMNS = (
    "sequence version step variant enrolled sent bounced open replied positive meetings "
    "unsubscribed reply_rate"
).split()
NOTES = (
    (
        "All figures are people, each once in a row, however many emails they got. The period is that "
        "in which they were enrolled. version is the one that they are in now."
    ),
    (
        "sent: an email of the step left; bounced: it came back for good, at once or later; open: it "
        f"left within the last {PATIENCE.days} days, and neither answer nor bounce has come."
    ),
    (
        "replied, positive (answers that lead to Presentation), meetings, unsubscribed: upon that "
        "email, before the next one left. Automatic replies are none."
    ),
    (
        f"reply_rate: of those to whom it was delivered, and left at least {PATIENCE.days} days ago, so "
        "that who answers at once does not count before who stays silent; with the 95% interval."
    ),
)
#: Sequence, version, step, variant; blank: the whole sequence.
Key = tuple[str, str, str, str]


def report(
    histories: Iterable[History],
    scope: Scope,
    *,
    meanings: Meanings,
    order: Mapping[tuple[str, str], Sequence[str]] | None = None,
) -> Report:
    """`order`: sequence and version -> its steps as they are written."""
    tallies: dict[Key, Counter[str]] = defaultdict(Counter)
    for history in histories:
        if scope.has_owner(history.person.owner):
            for key, words in _of_lead(history, scope, meanings).items():
                tallies[key].update(words)
    steps = order or {}
    keys = sorted(tallies, key=lambda key: (*key[:2], _place(key, steps), key[3]))
    return Report(
        columns=COLUMNS, rows=[_row(key, tallies[key]) for key in keys], notes=NOTES, heads=2
    )


def _of_lead(history: History, scope: Scope, meanings: Meanings) -> Mapping[Key, set[str]]:
    """Everything that this lead counts for, once each."""
    words: dict[Key, set[str]] = defaultdict(set)
    begun: dict[int | None, Event] = {}
    for event in history.events:
        if event.kind == "enrolled" and _is_asked(event, scope):
            begun[event.enrollment] = event
            words[_whole(event)].add("enrolled")
        if event.kind == "bounced" and event.data.get("hard") and event.enrollment in begun:
            for key in _keys(event):
                words[key].add("bounced")
    for touch in touches(history):
        if touch.email.enrollment in begun:
            came = set(_came(touch.came, meanings))
            is_due = touch.email.at <= scope.now - PATIENCE
            for key in _keys(touch.email):
                words[key] |= {"sent", *came, *_standing(came, is_due=is_due)}
    return {key: _consistent(found) for key, found in words.items()}


def _is_asked(event: Event, scope: Scope) -> bool:
    return scope.covers(event.at) and scope.has_sequence(event.sequence)


def _came(events: Iterable[Event], meanings: Meanings) -> Iterator[str]:
    for event in events:
        if event.kind in ANSWERED:
            yield "replied"
            if meaning_of(event) in meanings.positive:
                yield "positive"
        elif event.kind in MEETINGS:
            yield "meetings"
        elif event.kind == "unsubscribed":
            yield "unsubscribed"


def _standing(came: set[str], *, is_due: bool) -> Iterator[str]:
    """For the rate only people count whose time is over, whether they answered or not."""
    if is_due:
        yield "due"
        if "replied" in came:
            yield "replied in time"
    elif "replied" not in came:
        yield "open"


def _consistent(words: set[str]) -> set[str]:
    """Of several emails of a sequence the answered one counts; what bounced was not delivered."""
    if "bounced" in words:
        return words - {"open", "due", "replied in time"}
    return words - {"open"} if "replied" in words else words


def _keys(event: Event) -> Sequence[Key]:
    return _whole(event), (event.sequence, event.version, event.step, event.variant)


def _whole(event: Event) -> Key:
    return event.sequence, event.version, "", ""


def _place(key: Key, steps: Mapping[tuple[str, str], Sequence[str]]) -> tuple[int, str]:
    """The whole first, then the steps as they are written."""
    known = steps.get((key[0], key[1]), ())
    place = known.index(key[2]) if key[2] in known else len(known)
    return (place if key[2] else -1), key[2]


def _row(key: Key, found: Counter[str]) -> Sequence[Cell]:
    names = "sent bounced open replied positive meetings unsubscribed".split()
    return [
        *key[:2],
        key[2] or "all steps",
        key[3],
        None if key[2] else found["enrolled"],
        *(found[name] for name in names),
        Rate(hits=found["replied in time"], of=found["due"]),
    ]
