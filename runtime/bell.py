"""A bell that makes things prompt: rung with ids after a commit, answered by whoever filled it in.

Nothing depends on it: sweeps find the same work in the rows, so a missing or failing bell is harmless.
"""

from collections.abc import Callable, Sequence

Ringer = Callable[[str, Sequence[int]], None]

_ringer: Ringer | None = None


def install(ringer: Ringer | None) -> None:
    """`ringer(name, ids)` is called at each ring; None silences the bell."""
    global _ringer  # noqa: PLW0603 - one bell per process is the point
    _ringer = ringer


def ring(name: str, ids: Sequence[int] = ()) -> None:
    """Say that there is work called `name` for `ids`. Call it on commit, never before."""
    if _ringer is not None:
        _ringer(name, ids)
