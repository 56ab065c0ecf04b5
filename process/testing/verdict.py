"""What a test expects beside what happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from itertools import zip_longest

from process.testing.definition import Case
from process.testing.definition import Touch as Expected
from process.testing.moments import local
from process.testing.reading import Test
from process.testing.trial import Outcome, Touch
from sequences.cadence import Because, Branch, Decision, Miss, Send, Skip, Stop


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the comparison; blank: there is nothing on that side."""

    expected: str
    happened: str
    is_right: bool
    #: Why what happened did, each with file:line where that is known.
    because: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    test: Test
    outcome: Outcome
    rows: Sequence[Row] = field(default_factory=list)

    @property
    def is_passed(self) -> bool:
        return all(row.is_right for row in self.rows)


def judge(test: Test, outcome: Outcome) -> Verdict:
    return Verdict(test=test, outcome=outcome, rows=list(_rows(test, outcome)))


def _rows(test: Test, outcome: Outcome) -> Iterator[Row]:
    case = test.case
    if case.not_enrolled is not None:
        yield _not_enrolled(case, outcome)
    elif outcome.enrollment is None:
        yield Row(
            expected="is enrolled",
            happened="is not enrolled",
            is_right=False,
            because=[outcome.refusal],
        )
    else:
        yield from _touches(case.expect or (), outcome)
        yield from _end(test, outcome)
    if case.stage is not None:
        yield _row("stage", case.stage, outcome.stage)
    if outcome.enrollment is not None or case.not_enrolled is not None:
        yield from _unhappened(test, outcome)


def _not_enrolled(case: Case, outcome: Outcome) -> Row:
    words = case.not_enrolled or ""
    if outcome.enrollment is not None:
        rule = outcome.enrollment.sequence.place("enroll")
        began = local(outcome.enrollment.started_at, outcome.timezone)
        return Row(
            expected=f"not enrolled: {words}",
            happened=f"enrolled {began}",
            is_right=False,
            because=[f"the rule is true and nothing forbids it  {rule}".strip()],
        )
    is_right = words.lower() in outcome.refusal.lower()
    return Row(
        expected=f"not enrolled: {words}",
        happened=f"not enrolled: {outcome.refusal}",
        is_right=is_right,
    )


def _touches(expected: Sequence[Expected], outcome: Outcome) -> Iterator[Row]:
    """Side by side, what is on one side only alone."""
    steps = [touch.row.step for touch in outcome.touches]
    matcher = SequenceMatcher(None, [one.step for one in expected], steps, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        left, right = expected[a:b], outcome.touches[c:d]
        for one, other in zip_longest(left, right):
            yield _touch(one, other, outcome, is_same=kind == "equal")


def _touch(
    expected: Expected | None, touch: Touch | None, outcome: Outcome, *, is_same: bool
) -> Row:
    is_right = is_same and expected is not None and touch is not None
    if is_right and expected is not None and touch is not None:
        is_right = _is_in_time(expected, touch, outcome) and expected.variant in {
            None,
            touch.row.what,
        }
    return Row(
        expected=_written(expected) if expected else "",
        happened=_happened(expected, touch, outcome) if touch else "",
        is_right=is_right,
        because=[_said(one, outcome) for one in touch.because] if touch else (),
    )


def _is_in_time(expected: Expected, touch: Touch, outcome: Outcome) -> bool:
    if expected.when is None:
        return True
    at = touch.row.at.astimezone(outcome.timezone)
    day = expected.when.resolve(outcome.start.date())
    return at.date() == day and expected.when.clock in {None, at.time().replace(second=0)}


def _written(expected: Expected) -> str:
    when = f": {expected.when.written}" if expected.when else ""
    return f"{expected.step}{when}" + (f" ({expected.variant})" if expected.variant else "")


def _happened(expected: Expected | None, touch: Touch, outcome: Outcome) -> str:
    variant = f" ({touch.row.what})" if expected and expected.variant else ""
    return f"{touch.row.step}: {local(touch.row.at, outcome.timezone)}{variant}"


def _end(test: Test, outcome: Outcome) -> Iterator[Row]:
    case, enrollment = test.case, outcome.enrollment
    if case.ends is not None and enrollment is not None:
        stop = next((one for one in outcome.rest if isinstance(one, Stop)), None)
        rule = str(stop.because["rule"]) if stop else ""
        reason = enrollment.reason or "goes on"
        ended = f" {local(enrollment.ended_at, outcome.timezone)}" if enrollment.ended_at else ""
        because = [_said(one, outcome) for one in outcome.rest]
        yield Row(
            expected=f"ends: {case.ends}" + (f" ({case.because})" if case.because else ""),
            happened=f"ends: {reason}{ended}",
            is_right=case.ends == reason and (case.because or "") in rule,
            because=because if stop else [*because, *_last_given(test, outcome)],
        )
    if case.task is not None:
        yield _row("task", case.task, outcome.task or "none")
    if case.then is not None:
        yield _row("then", case.then, outcome.then)


def _last_given(test: Test, outcome: Outcome) -> Iterator[str]:
    """What no decision ended, an event did."""
    happened = [n for n in range(len(test.case.given)) if n not in outcome.unhappened]
    if happened:
        event = test.case.given[happened[-1]]
        value = "" if event.value is None else f": {event.value}"
        yield f"given {event.kind}{value}  {test.file}:{test.given_lines[happened[-1]]}"


def _row(what: str, expected: str, happened: str) -> Row:
    return Row(
        expected=f"{what}: {expected}",
        happened=f"{what}: {happened}",
        is_right=expected == happened,
    )


def _unhappened(test: Test, outcome: Outcome) -> Iterator[Row]:
    """An event that comes too late, or after a step that is never taken, tests nothing."""
    for number in outcome.unhappened:
        event = test.case.given[number]
        after = f" after {event.after}" if event.after else ""
        yield Row(
            expected=f"given: {event.kind}{after}",
            happened="never came about",
            is_right=False,
            because=[f"the enrollment had ended by then  {test.file}:{test.given_lines[number]}"],
        )


def _said(decision: Decision, outcome: Outcome) -> str:
    """`looked-further: event.clicked  sequences/approach-cold.yaml:50`."""
    because = decision.because
    place = f"  {because['at']}" if "at" in because else ""
    name = because.get("step", "end")
    match decision:
        case Branch():
            said = f"{name} took the way: {because['rule']}"
        case Skip():
            said = f"{name} was skipped, nobody had done it"
        case Miss():
            said = f"{name} was passed over: it could not leave in time"
        case Stop():
            said = f"{decision.reason}: {because['rule']}"
        case Send():
            said = f"{name} was ready {_ready(because, outcome)}, then came window and spread"
        case _:
            said = f"{name} was ready {_ready(because, outcome)}"
    return said + place


def _ready(because: Because, outcome: Outcome) -> str:
    return local(datetime.fromisoformat(str(because["ready_at"])), outcome.timezone)
