"""Three ways per field: what both sides last agreed on, ours, and theirs. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from crm.policy import DEFAULT, Policy

Value = object
PolicyOf = Callable[[str], Policy]


@dataclass(frozen=True, kw_only=True)
class Clash:
    """A field that both sides changed, differently, and who had the last word."""

    policy: Policy
    base: Value
    ours: Value
    theirs: Value
    kept: Literal["ours", "theirs"]


@dataclass(frozen=True, kw_only=True)
class Merged:
    #: Values for our row, of the fields that change there.
    take: Mapping[str, Value] = field(default_factory=dict)
    #: Fields that both sides changed to different values.
    clashes: Mapping[str, Clash] = field(default_factory=dict)
    #: The new base: what the CRM is known to hold. Where ours differs from it, ours is owed.
    base: Mapping[str, Value] = field(default_factory=dict)


def _default(_name: str) -> Policy:
    return DEFAULT


def merge(
    *,
    base: Mapping[str, Value],
    ours: Mapping[str, Value],
    theirs: Mapping[str, Value],
    policy_of: PolicyOf = _default,
    is_source: bool = True,
    ours_at: Mapping[str, datetime] | None = None,
    theirs_at: datetime | None = None,
) -> Merged:
    """What our row takes over from the CRM.

    Only theirs changed: taken. Only ours changed: kept. Both changed to the same: agreed. Both
    changed differently: the field's policy decides and the clash is told. A field without a base was
    never compared before: a blank gives way, two values are a clash. A blank takes the place of a
    value only where the policy is `crm`. `crm` and `crm_unless_blank` mean the lead's source: in
    another CRM, `is_source` False, ours has the last word, since it came from there. `ours_at` says
    when a field was changed here, for `newest`; without it ours counts as older.
    """
    take: dict[str, Value] = {}
    clashes: dict[str, Clash] = {}
    for name, their in theirs.items():
        our, agreed, policy = ours.get(name), base.get(name), policy_of(name)
        if their == our or (is_blank(their) and is_blank(our)):
            continue
        if policy == "opt_out":
            if their:
                take[name] = their
            continue
        if name in base and their == agreed:
            continue
        unknown, blank = name not in base, is_blank(their)
        if (our == agreed and not unknown) or (unknown and is_blank(our)):
            if not blank or (policy == "crm" and is_source):
                take[name] = their
            continue
        if unknown and blank:
            continue
        theirs_wins = _theirs_wins(
            policy, our, their, is_source=is_source, at=((ours_at or {}).get(name), theirs_at)
        )
        clashes[name] = Clash(
            policy=policy, base=agreed, ours=our, theirs=their,
            kept="theirs" if theirs_wins else "ours",
        )  # fmt: skip
        if theirs_wins:
            take[name] = their
    return Merged(take=take, clashes=clashes, base=dict(theirs))


def _theirs_wins(
    policy: Policy,
    our: Value,
    their: Value,
    *,
    is_source: bool,
    at: tuple[datetime | None, datetime | None],
) -> bool:
    if policy == "crm" and is_source:
        return True
    if is_blank(our) or is_blank(their):
        return is_blank(our)
    if policy == "newest":
        ours_at, theirs_at = at
        return ours_at is None or (theirs_at is not None and theirs_at >= ours_at)
    return policy != "ours" and is_source


def is_blank(value: Value) -> bool:
    return value is None or value in ("", [])
