"""Where in a sequence a thread of emails begins."""

from sequences.email_step import EmailStep
from sequences.steps import BranchStep, Steps
from workspace.problems import Path


def beginnings(steps: Steps) -> list[tuple[Path, EmailStep]]:
    """The emails that begin a thread, on whatever way one comes to them."""
    found: list[tuple[Path, EmailStep]] = []
    _note_beginnings(steps, ("steps",), True, found)
    return found


def _note_beginnings(
    steps: Steps, path: Path, may_be_first: bool, found: list[tuple[Path, EmailStep]]
) -> bool:
    """Whether one may come out at the end without having been written to."""
    for number, step in enumerate(steps):
        here = (*path, number)
        if isinstance(step, EmailStep):
            if may_be_first or step.thread == "new":
                found.append((here, step))
            may_be_first = may_be_first and step.before is not None  # it may be passed over
        elif isinstance(step, BranchStep):
            ends = [
                _note_beginnings(way.steps, (*here, "branch", at, "steps"), may_be_first, found)
                for at, way in enumerate(step.branch)
            ]
            passes = may_be_first and not step.is_exhaustive
            may_be_first = passes or any(ends)
    return may_be_first
