"""Three ways per field: what both sides last agreed on, ours, and theirs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = object


@dataclass(frozen=True, kw_only=True)
class Merged:
    #: Values for our row, of the fields that change there.
    take: Mapping[str, Value] = field(default_factory=dict)
    #: Fields that both sides changed to different values; theirs is in `take`.
    conflicts: Mapping[str, tuple[Value, Value]] = field(default_factory=dict)
    #: The new base.
    base: Mapping[str, Value] = field(default_factory=dict)


def merge(
    *, base: Mapping[str, Value], ours: Mapping[str, Value], theirs: Mapping[str, Value]
) -> Merged:
    """What our row takes over from the CRM.

    Only theirs changed: taken. Only ours changed: kept, its Change is on the way. Both changed to
    the same: agreed. Both changed differently: the CRM wins, and the conflict is told. A blank from
    the CRM never takes the place of a value of ours.
    """
    take: dict[str, Value] = {}
    conflicts: dict[str, tuple[Value, Value]] = {}
    for name, their in theirs.items():
        our, agreed = ours.get(name), base.get(name)
        if their in (our, agreed) or (_blank(their) and not _blank(our)):
            continue
        if our != agreed and not _blank(our):
            conflicts[name] = (our, their)
        take[name] = their
    return Merged(take=take, conflicts=conflicts, base=dict(theirs))


def _blank(value: Value) -> bool:
    return value is None or value == ""
