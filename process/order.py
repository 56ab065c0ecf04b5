"""Stages that are not the seven in their order, and what to do about it. Pure."""

from collections.abc import Sequence

from process.names import STAGES
from workspace.problems import Fault, Path

_ORDER = ", ".join(STAGES)


def fault(names: Sequence[str]) -> Fault | None:
    """At the stage that is to be moved or written otherwise, with the move that mends it."""
    if tuple(names) == STAGES:
        return None
    missing = ", ".join(name for name in STAGES if name not in names)
    twice = next((at for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        instead = f"missing: {missing}" if missing else "take one of them out"
        return _fault(twice, f'"{names[twice]}" stands here once more; {instead}')
    if missing:
        message = f"must be these seven, in this order: {_ORDER}; missing: {missing}"
        return Fault(message, choices=STAGES, path=("stages",))
    return _of_order(names)


def _of_order(names: Sequence[str]) -> Fault:
    wrong = [at for at, name in enumerate(names) if name != STAGES[at]]
    alone = next((at for at in wrong if _mends(names, at)), None)
    if alone is not None:
        return _fault(alone, f"move {names[alone]} {_behind(names[alone])}")
    first, *_, last = wrong
    if len(wrong) == 2:  # noqa: PLR2004 - a pair
        return _fault(first, f"{names[first]} and {names[last]} stand in each other's place")
    return _fault(names.index(STAGES[first]), f"move {STAGES[first]} {_behind(STAGES[first])}")


def _mends(names: Sequence[str], at: int) -> bool:
    """Whether all is well once this one stands where it belongs."""
    others = [name for name in names if name != names[at]]
    return others == [name for name in STAGES if name != names[at]]


def _behind(name: str) -> str:
    before = STAGES[: STAGES.index(name)]
    return f"behind {before[-1]}" if before else "to the top"


def _fault(at: int, message: str) -> Fault:
    path: Path = ("stages", at, "name")
    return Fault(f"{message}; the seven are, in order: {_ORDER}", choices=STAGES, path=path)
