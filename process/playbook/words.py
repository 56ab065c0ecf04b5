"""Sentences with links in them, and what many pages say alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from process.exits import ExitRule
from process.playbook.conditions import event, humanized, listed, said
from sequences.definition import Window
from sequences.moments import Until
from sequences.task_step import OnDisposition, Starts
from workspace.calendars import LEAD


@dataclass(frozen=True)
class Link:
    """To another page: its kind (stage, sequence, template, page) and its name."""

    kind: str
    name: str
    label: str = ""

    def __str__(self) -> str:
        return self.label or self.name


#: A sentence; what is no text leads to another page.
Words = Sequence[str | Link]

_HAPPENS: Mapping[str, str] = {
    "accepted": "sales accepts the lead",
    "answered": "the lead answers",
    "assigned": "the lead is given to an owner",
    "auto_replied": "the lead's mailbox answers by itself",
    "bounced": "an email bounces",
    "called": "the lead is called",
    "clicked": "the lead clicks a link",
    "deal_closed": "the deal is closed",
    "deal_created": "a deal is opened",
    "deal_lost": "the deal is lost",
    "deal_moved": "the deal moves to another stage in the CRM",
    "deal_won": "the deal is won",
    "email_sent": "an email has left",
    "enrolled": "the lead enters a sequence of another stage",
    "form_submitted": "the lead sends in a form",
    "lead_created": "the lead is new",
    "list_joined": "the lead is put on a list in the CRM",
    "list_left": "the lead is taken off a list in the CRM",
    "meeting_booked": "a meeting is booked",
    "meeting_canceled": "the meeting is canceled",
    "meeting_held": "the meeting took place",
    "meeting_missed": "the lead does not come to the meeting",
    "meeting_moved": "the meeting is moved",
    "no_show": "the lead does not come to the meeting",
    "nps": "the lead gives us a score",
    "page_visited": "the lead visits one of our pages",
    "qualified": "the lead's score qualifies it",
    "rejected": "sales rejects the lead",
    "renewal_due": "the contract is about to end",
    "stage_moved": "the lead comes to another stage",
    "task_done": "a task is done",
}
_DAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday",
    "sat": "Saturday", "sun": "Sunday",
}  # fmt: skip


def text(words: Words) -> str:
    return "".join(map(str, words))


def happens(name: str) -> str:
    """A clause: `the lead answers`."""
    return _HAPPENS.get(name) or f"{event(name)} happens"


def exit_words(rule: ExitRule) -> str:
    """When a lead leaves: `when the lead answers (price or timing), 3 days after it came`."""
    return ", ".join(_exit_words(rule))


def _exit_words(rule: ExitRule) -> Iterator[str]:
    if rule.on:
        answers = [humanized(answer) for answer in rule.answer]
        narrowed = f": {listed(answers)}" if answers else ""
        yield f"when {_task_words(rule) or happens(rule.on)}{narrowed}"
    if rule.when:
        yield f"if {said(rule.when)}"
    if rule.after:
        yield f"after {rule.after} in the stage"


def _task_words(rule: ExitRule) -> str:
    if not rule.task and not rule.disposition:
        return ""
    outcomes = listed([humanized(name) for name in rule.disposition])
    came = f", and it came out as {outcomes}" if rule.disposition else ""
    return f"a task{f' of the kind {rule.task}' if rule.task else ''} is done{came}"


def window_words(window: Window) -> str:
    """`Monday to Friday, 09:00 to 17:00`, in whose time, and when not."""
    where = f"; where that is not known, {window.timezone}" if window.timezone else ""
    closed = ["the lead's country" if one == LEAD else one for one in window.holidays or ()]
    holidays = f" Not on public holidays of {listed(closed)}." if closed else ""
    return (
        f"{_days(window.days)}, {window.opens} to {window.closes} where the lead is{where}."
        f"{holidays}"
    )


def _days(days: Sequence[str]) -> str:
    names = list(_DAYS)
    first, last = names.index(days[0]), names.index(days[-1])
    if len(days) > 2 and list(days) == names[first : last + 1]:  # noqa: PLR2004 - a range
        return f"{_DAYS[days[0]]} to {_DAYS[days[-1]]}"
    return listed([_DAYS[day] for day in days], "and")


def moment_words(until: Until) -> str:
    moment = fact_of_moment(until.until)
    if until.less is not None:
        return f"{until.less} before {moment}"
    return f"{until.plus} after {moment}" if until.plus is not None else moment


def fact_of_moment(fact: str) -> str:
    if fact == "meeting.start":
        return "the start of the meeting"
    group, *fields = fact.split(".")
    return f"the {group}'s {' '.join(humanized(name) for name in fields if name != 'extra')}"


def starts_words(starts: Starts, title: str) -> Words:
    """What an answer or a disposition starts; `title` is the task's, rendered."""
    clauses = list(_starts(starts, title))
    return [piece for number, clause in enumerate(clauses) for piece in _after(number, clause)]


def _after(number: int, clause: Words) -> Words:
    return ["; ", *clause] if number else clause


def _starts(starts: Starts, title: str) -> Iterator[Words]:
    if isinstance(starts, OnDisposition) and starts.end:
        yield [f"the sequence ends ({starts.end})"]
    if starts.stage:
        yield ["the lead moves to ", Link("stage", starts.stage)]
    if starts.enroll:
        yield ["the sequence ", Link("sequence", starts.enroll), " begins"]
    if starts.task:
        yield [f"its owner gets a task ({starts.task}), due within {starts.due}: {title}"]
