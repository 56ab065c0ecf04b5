"""What of a record that a CRM tells is news to us, and what is known or our own. Pure."""

from collections.abc import Mapping, Sequence

from connectors.base import CustomType, LeadRecord, Record
from connectors.values import Malformed, custom
from crm import values
from crm.models import Change
from crm.policy import EXTRA


def with_echoes(
    base: Mapping[str, object], record: Record, attempted: Sequence[Change]
) -> Mapping[str, object]:
    """The base, where the CRM holds what we tried to write: nobody there changed that."""
    theirs = values.of_record(record)
    echoes = {
        change.field: change.value
        for change in attempted
        if change.attempted_at is not None
        and change.field in theirs
        and theirs[change.field] == change.value
    }
    return {**base, **echoes}


def says_otherwise(
    record: Record, base: Mapping[str, object], types: Mapping[str, CustomType]
) -> bool:
    """Of what was read before: neither a newly mapped field nor a new type of one is a change."""
    differing = {
        name: value for name, value in _said(record).items() if name in base and base[name] != value
    }
    return any(value != _retyped(name, base[name], types) for name, value in differing.items())


def _retyped(name: str, value: object, types: Mapping[str, CustomType]) -> object:
    if not name.startswith(EXTRA):
        return value
    try:
        return custom(types.get(name.removeprefix(EXTRA), "text"), value)
    except Malformed:
        return value


def is_there(record: Record) -> bool:
    return not record.deleted and not (isinstance(record, LeadRecord) and record.converted_to)


def tells(record: Record, base: Mapping[str, object]) -> bool:
    """Anything that is not known."""
    converted = isinstance(record, LeadRecord) and bool(record.converted_to)
    said = _said(record).items()
    return (
        converted or record.deleted or any(name not in base or base[name] != v for name, v in said)
    )


def _said(record: Record) -> dict[str, object]:
    return values.of_record(record) | values.links_of(record)
