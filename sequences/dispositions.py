"""How tasks turn out: the names that are known, and what each means unless a step says otherwise. Pure."""

from collections.abc import Mapping, Sequence

from sequences.cadence import Taken
from sequences.task_step import OnDisposition, TaskKind, TaskStep

#: Kind of task -> how one may turn out, as process.yaml says.
Declared = Mapping[TaskKind, Sequence[str]]

#: The names of a kind of task for which process.yaml has none.
SHIPPED: Mapping[str, Sequence[str]] = {
    "call": (
        "connected", "voicemail", "no_answer", "wrong_number", "not_interested", "meeting_set",
    ),
    "social": ("accepted", "ignored", "not_interested", "meeting_set"),
}  # fmt: skip
#: Notes a booked meeting, whatever the step says.
MEETING_SET = "meeting_set"
#: Nobody was spoken with.
_UNREACHED = frozenset({"no_answer", "voicemail", "wrong_number"})
_MEANS: Mapping[str, OnDisposition] = {
    "not_interested": OnDisposition(end="not interested"),
    "wrong_number": OnDisposition(
        task="research", title='Find the right number of {{ lead.email | default("the lead") }}'
    ),
}


def names(kind: str, declared: Declared, step: TaskStep | None = None) -> Sequence[str]:
    """How a task of this kind may turn out."""
    if step is not None and step.dispositions:
        return step.dispositions
    said = (found for of, found in declared.items() if of == kind)
    return next(said, SHIPPED.get(kind, ()))


def meaning(disposition: str, step: TaskStep | None = None) -> OnDisposition | None:
    """What it starts: as the step says, else what everybody takes it for."""
    written = step.on_disposition.get(disposition) if step is not None else None
    return written or _MEANS.get(disposition)


def is_call(kind: str, disposition: str) -> bool:
    """Whether the lead was `called` by a task that turned out so; a team's own names say it was."""
    return kind == "call" and disposition not in _UNREACHED


def told(taken: Mapping[str, Taken]) -> Mapping[str, str]:
    """As rules read them: `task.<step id>`, and `task.disposition`, the last one."""
    found = {id_: one.disposition for id_, one in taken.items() if one.disposition}
    if not found:
        return found
    last = max(found, key=lambda id_: (taken[id_].ended_at or taken[id_].at, id_))
    return {**found, "disposition": found[last]}
