"""What process.yaml says that cannot be meant: stages nobody comes to or leaves, exits never taken."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from process.definition import STAGES, LossReason, Process, Stage
from process.exits import EXIT_EVENTS, ExitRule
from process.known import Known
from workspace.problems import Fault, Path, Problem, unknown
from workspace.source import Document


def check_process(
    process: Process, document: Document, known: Known, connections: Collection[str] | None
) -> Iterator[Problem]:
    checked = _Checked(process, document, known)
    for number, stage in enumerate(process.stages):
        at: Path = ("stages", number)
        yield from checked.reached(at, stage)
        yield from checked.exits((*at, "exit"), stage)
        yield from checked.service_level(at, stage)
        for item, fact in enumerate(stage.requires):
            yield from checked.expression((*at, "requires", item), fact)
    yield from checked.circles()
    if process.loss_reason is not None:
        yield from checked.losses(process.loss_reason, connections)


class _Checked:
    def __init__(self, process: Process, document: Document, known: Known) -> None:
        self.process, self.document, self.known = process, document, known
        self._ways: dict[str, set[str]] = {
            stage.name: {rule.to for rule in stage.exit}.union(stage.allowed or ())
            for stage in process.stages
        }

    def reached(self, at: Path, stage: Stage) -> Iterator[Problem]:
        first, last = STAGES[0], STAGES[-1]
        if stage.name not in _reachable(first, self._ways):
            message = f"{stage.name} is never reached: no exit leads to it from {first}"
            yield self.document.problem((*at, "name"), message)
        if last not in _reachable(stage.name, self._ways):
            message = f"{stage.name} never ends: its exits lead in a circle, and never to {last}"
            yield self.document.problem((*at, "exit"), message, at_key=True)

    def exits(self, at: Path, stage: Stage) -> Iterator[Problem]:
        for number, rule in enumerate(stage.exit):
            here = (*at, number)
            if rule.when is not None:
                yield from self.expression((*here, "when"), rule.when)
            if rule.on is not None and (why := self.known.never(rule.on)):
                on = (*here, "on")
                yield self.document.problem(on, f"{_dotted(on)}: {why}", value=rule.on)
            yield from self.outcome(here, rule)
            before = _shadow(rule, stage.exit[:number])
            if before is not None:
                message = (
                    f'{_dotted(here)}: "{rule}" is never taken: '
                    f'"{stage.exit[before]}" stands before it and fits whenever it does'
                )
                yield self.document.problem(here, message)

    def outcome(self, at: Path, rule: ExitRule) -> Iterator[Problem]:
        """Of a task that is waited for."""
        of = self.known.outcomes
        if of is None:
            return
        if rule.task is not None and rule.task not in of:
            yield self._unknown((*at, "task"), "kind of task", rule.task, of)
            return
        kinds = of if rule.task is None else (rule.task,)
        known = {name for kind in kinds for name in of[kind]}
        for number, name in enumerate(rule.disposition):
            if name not in known:
                yield self._unknown((*at, "disposition", number), "disposition", name, known)

    def service_level(self, at: Path, stage: Stage) -> Iterator[Problem]:
        """Whoever must have left by then breaks no promise."""
        for rule in stage.exit:
            if rule.after and not rule.on and not rule.when:
                if rule.after.elapsed < stage.service_level.longest:
                    message = (
                        f"{_dotted((*at, 'service_level'))}: nobody stays in {stage.name} for "
                        f"{stage.service_level}: everybody leaves after {rule.after}"
                    )
                    yield self.document.problem((*at, "service_level"), message)
                return

    def circles(self) -> Iterator[Problem]:
        """Exits by condition alone would move a lead round and round in one moment."""
        ways: dict[str, set[str]] = {
            stage.name: {rule.to for rule in stage.exit if rule.is_by_condition}
            for stage in self.process.stages
        }
        for number, stage in enumerate(self.process.stages):
            if any(stage.name in _reachable(to, ways) for to in ways[stage.name]):
                item = next(n for n, rule in enumerate(stage.exit) if rule.is_by_condition)
                message = (
                    f"{stage.name} leads back to itself by conditions alone; "
                    "name an event (on) or a time (after) on the way"
                )
                yield self.document.problem(("stages", number, "exit", item), message)

    def losses(self, rule: LossReason, connections: Collection[str] | None) -> Iterator[Problem]:
        yield from self.expression(("loss_reason", "field"), rule.field)
        for name in rule.deal_stage:
            if connections is not None and name not in connections:
                path = ("loss_reason", "deal_stage", name)
                yield self._unknown(path, "connection", name, connections, at_key=True)

    def expression(self, path: Path, text: str) -> Iterator[Problem]:
        for fault in self.known.facts.faults(text):
            yield self._fault(path, text, fault)

    def _unknown(
        self, path: Path, what: str, name: str, choices: Collection[str], *, at_key: bool = False
    ) -> Problem:
        known = tuple(sorted(choices))
        message = f"{_dotted(path)}: {unknown(what, name, known)}"
        return self.document.problem(path, message, value=name, choices=known, at_key=at_key)

    def _fault(self, path: Path, text: str, fault: Fault) -> Problem:
        return self.document.problem(
            path,
            f"{_dotted(path)}: {fault}",
            value=text,
            choices=fault.choices,
            offset=fault.offset,
        )


def _shadow(rule: ExitRule, before: Sequence[ExitRule]) -> int | None:
    """The first of those before it that fits whenever the rule does."""
    return next((number for number, each in enumerate(before) if _covers(each, rule)), None)


def _covers(first: ExitRule, rule: ExitRule) -> bool:
    if first.on == "deal_moved":  # it has a say only where the deal goes to its own stage
        return (first.on, first.to, first.when) == (rule.on, rule.to, rule.when)
    return (
        (first.on is None or (rule.on is not None and _counts(first.on) >= _counts(rule.on)))
        and not (first.on in {"deal_won", "deal_lost"} and first.on != rule.on)
        and _narrower(rule.answer, first.answer)
        and _narrower(rule.disposition, first.disposition)
        and first.task in {None, rule.task}
        and first.when in {None, rule.when}
        and _no_later(first, rule)
    )


def _no_later(first: ExitRule, rule: ExitRule) -> bool:
    if first.after is None:
        # A condition by itself is not asked of whom a person put here; a time is.
        return first.on is not None or rule.after is None
    return rule.after is not None and first.after.elapsed <= rule.after.elapsed


def _counts(event: str) -> frozenset[str]:
    return frozenset(EXIT_EVENTS.get(event, (event,)))


def _narrower(these: Sequence[str], those: Sequence[str]) -> bool:
    return not those or (bool(these) and set(these) <= set(those))


def _reachable(start: str, ways: Mapping[str, Collection[str]]) -> set[str]:
    """The start among them."""
    found, new = {start}, {start}
    while new:
        new = {to for stage in new for to in ways.get(stage, ())} - found
        found |= new
    return found


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
