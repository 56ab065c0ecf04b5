"""Who has the last word on a field that both sides changed, and which fields flow at all. Pure."""

from collections.abc import Mapping
from typing import Literal, get_args

#: crm: the source CRM's value, blank ones too. ours: the value here. newest: the later edit.
#: crm_unless_blank: the CRM's value, but a blank there is filled with ours. opt_out: yes wins.
Policy = Literal["crm", "ours", "newest", "crm_unless_blank", "opt_out"]
CHOICES: tuple[Policy, ...] = get_args(Policy)
DEFAULT: Policy = "crm_unless_blank"
#: Kind -> field -> its only possible policy.
FIXED: Mapping[str, Mapping[str, Policy]] = {"lead": {"do_not_contact": "opt_out"}}
#: Kind -> the fields that are written to every linked CRM when they change here.
SHARED: Mapping[str, frozenset[str]] = {
    "company": frozenset({"name", "industry", "country", "employees"}),
    "lead": frozenset(
        {"email", "first_name", "last_name", "title", "phone", "country", "do_not_contact"}
    ),
    "deal": frozenset({"name", "amount"}),
}
#: Written besides, to the source CRM alone: each CRM has its own words for them.
OF_SOURCE: Mapping[str, frozenset[str]] = {
    "lead": frozenset({"status", "lifecycle_stage"}),
    "deal": frozenset({"stage_value"}),
}
EXTRA = "extra."


def policy_of(kind: str, name: str, declared: Mapping[str, Mapping[str, Policy]]) -> Policy:
    """The policy of a field; `declared` is kind -> field -> policy, custom fields by plain name."""
    fixed = FIXED.get(kind, {}).get(name)
    return fixed or declared.get(kind, {}).get(name.removeprefix(EXTRA), DEFAULT)


def flows(kind: str, name: str, *, to_source: bool) -> bool:
    """Whether our value of a field is written to a CRM when it differs there."""
    if name in SHARED.get(kind, frozenset()) or name.startswith(EXTRA):
        return True
    return to_source and name in OF_SOURCE.get(kind, frozenset())
