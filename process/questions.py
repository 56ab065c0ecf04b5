"""Tasks that ask something of whoever does them: their kinds, and the answers. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from process.definition import Process
from sequences import dispositions
from sequences.definition import Sequence as Definition
from sequences.task_step import TaskKind

#: Whether sales takes a lead, why a deal was lost, and what somebody's answer objects.
ACCEPT, LOST, ANSWER = "accept", "lost", "answer"
#: Sales takes the lead; every other answer is a reason of the team's not to.
ACCEPTED = "accepted"


def answers(kind: str, process: Process) -> Sequence[str]:
    """Of which one is the disposition of such a task; none: it may have one or not."""
    if kind == ACCEPT and process.qualification is not None:
        return (ACCEPTED, *process.qualification.reject_reasons)
    if kind == LOST and process.loss_reason is not None:
        return process.loss_reason.choices
    return ()


def outcomes(process: Process, sequences: Iterable[Definition]) -> Mapping[str, frozenset[str]]:
    """Kind of task -> every disposition that one may have."""
    found: dict[str, set[str]] = {
        kind: {*dispositions.names(kind, process.dispositions)} for kind in get_args(TaskKind)
    }
    for step in (step for sequence in sequences for step in sequence.tasks.values()):
        found[step.task].update(step.dispositions)
    found |= {kind: {*answers(kind, process)} for kind in (ACCEPT, LOST)}
    found[ANSWER] = {*(process.objections or ())}
    return {kind: frozenset(names) for kind, names in found.items()}
