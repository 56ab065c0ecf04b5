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
    #: What the CRM emptied and is to get back: nobody changed it here.
    emptied: Mapping[str, Value] = field(default_factory=dict)


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
    emptied: Mapping[str, Value] | None = None,
) -> Merged:
    """What our row takes over from the CRM.

    Only theirs changed: taken. Only ours changed: kept. Both changed to the same: agreed. Both
    changed differently: the field's policy decides and the clash is told. A field without a base was
    never compared before: a blank gives way, two values are a clash. A blank takes the place of a
    value only where the policy is `crm`. `crm` and `crm_unless_blank` mean the lead's source: in
    another CRM, `is_source` False, ours has the last word, since it came from there. `ours_at` says
    when a field was changed here, for `newest`; without it ours counts as older. `emptied` is what
    the merge before told: a value that was refused as blank is no change of ours.
    """
    take: dict[str, Value] = {}
    clashes: dict[str, Clash] = {}
    refused: dict[str, Value] = {}
    for name, their in theirs.items():
        our, known, policy = ours.get(name), base.get(name), policy_of(name)
        gets_back = is_blank(known) and our is not None and (emptied or {}).get(name) == our
        agreed = our if gets_back else known
        if their == our or (is_blank(their) and is_blank(our)):
            continue
        if policy == "opt_out":
            take |= {name: their} if their else {}
        elif name in base and their == known:
            refused |= {name: our} if gets_back else {}
        elif our == agreed if name in base else is_blank(our):
            taken = not is_blank(their) or (policy == "crm" and is_source)
            (take if taken else refused)[name] = their if taken else our
        elif name in base or not is_blank(their):
            moments = ((ours_at or {}).get(name), theirs_at)
            wins = _theirs_wins(policy, our, their, is_source=is_source, at=moments)
            clashes[name] = Clash(
                policy=policy, base=agreed, ours=our, theirs=their,
                kept="theirs" if wins else "ours",
            )  # fmt: skip
            take |= {name: their} if wins else {}
    return Merged(take=take, clashes=clashes, base=dict(theirs), emptied=refused)


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
