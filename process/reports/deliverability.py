"""What became of emails, by mailbox and by the domain that they went to. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from process.reports.rates import Rate
from process.reports.report import Cell, Report, Scope
from process.reports.rows import Box, Event, History

_WORDS = {
    "email_sent": "sent",
    "delayed": "delayed",
    "complained": "complaints",
    "unsubscribed": "unsubscribed",
    "auto_replied": "auto_replies",
    "unconfirmed": "unconfirmed",
}
KINDS = frozenset({*_WORDS, "bounced"})
COLUMNS = (
    "by name sent hard soft delayed complaints unsubscribed auto_replies unconfirmed "
    "bounce_rate complaint_rate state"
).split()
NOTES = (
    (
        "Emails, not people, that left in the period, and what came of them until now; each counts once "
        "in a column."
    ),
    (
        "sent: the server took it; hard: it came back for good, or was refused for good at once; soft: it "
        "came back, perhaps not for good; delayed: a server is still trying; unconfirmed: nobody knows "
        "whether it left."
    ),
    (
        "bounce_rate and complaint_rate: of emails that were sent or refused for good at once. "
        "unsubscribed counts for the last email before it."
    ),
)


def report(histories: Iterable[History], boxes: Iterable[Box], scope: Scope) -> Report:
    tallies: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for history in histories:
        for email, words in _emails(history):
            if scope.covers(email.at):
                tallies["mailbox", email.mailbox].update(words)
                tallies["domain", email.domain or "unknown"].update(words)
    states = {box.address: _state(box) for box in boxes}
    for address in states:
        tallies.setdefault(("mailbox", address), Counter())
    keys = sorted(tallies, key=lambda key: (key[0] == "domain", -tallies[key]["sent"], key[1]))
    rows = [_row(key, tallies[key], states) for key in keys]
    return Report(columns=COLUMNS, rows=rows, notes=NOTES, heads=1)


def _emails(history: History) -> Iterator[tuple[Event, set[str]]]:
    """Each email of a lead, by the first that is known of it, with all that came of it."""
    first: dict[int, Event] = {}
    words: dict[int, set[str]] = defaultdict(set)
    last = None
    for event in history.events:
        message = event.message if event.message is not None else last
        if message is None or (event.message is None and event.kind == "email_sent"):
            continue
        first.setdefault(message, event)
        words[message].add(_word(event))
        if event.kind == "email_sent":
            first[message], last = event, message
    for message, event in first.items():
        yield event, _left(words[message])


def _left(words: set[str]) -> set[str]:
    """What rates are of: sent, or refused for good at once."""
    if "sent" in words:
        return words - {"unconfirmed"} | {"left"}
    return words | {"left"} if "hard" in words else words


def _word(event: Event) -> str:
    if event.kind == "bounced":
        return "hard" if event.data.get("hard") else "soft"
    return _WORDS[event.kind]


def _row(key: tuple[str, str], found: Counter[str], states: Mapping[str, str]) -> Sequence[Cell]:
    return [
        *key,
        *(found[column] for column in COLUMNS[2:10]),
        Rate(hits=found["hard"], of=found["left"]),
        Rate(hits=found["complaints"], of=found["left"]),
        states.get(key[1], "") if key[0] == "mailbox" else "",
    ]


def _state(box: Box) -> str:
    since = f" since {box.since:%Y-%m-%d}" if box.since else ""
    return f"{box.status}{since}: {box.reason}" if box.status == "paused" else box.status
