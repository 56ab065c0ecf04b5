"""From a vendor's raw values, under our names, to our records, for every CRM.

A value that does not fit its field skips the record, with the reason; a custom one, and a text that
is too long, is left out of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.base import (
    CompanyRecord,
    Custom,
    CustomType,
    DealRecord,
    Kind,
    LeadRecord,
    OwnerRecord,
    Record,
    Skipped,
)
from connectors.values import (
    LONGEST_ID,
    Malformed,
    count,
    custom,
    flag,
    mapping,
    moment,
    money,
    text,
    texts,
)

TYPES: Mapping[Kind, type[Any]] = {
    "owner": OwnerRecord,
    "company": CompanyRecord,
    "lead": LeadRecord,
    "deal": DealRecord,
}
#: Kind -> custom field -> its declared type; text where none is.
Types = Mapping[Kind, Mapping[str, CustomType]]
#: Longest texts of ours; the columns of crm.models hold them.
LONGEST: Mapping[str, int] = {
    "external_id": LONGEST_ID, "email": 254, "first_name": 200, "last_name": 200, "name": 300, "title": 300,
    "phone": 100, "country": 100, "industry": 200, "domain": 253, "language": 35, "timezone": 64,
    "status": 100, "lifecycle_stage": 100, "stage": 100, "pipeline": 100, "owner_id": 100,
    "company_id": 100, "cross_id": 100, "converted_to": 100, "merged_into": 100,
}  # fmt: skip
#: Without these a record is none.
_NEEDED = frozenset({"external_id", "email", "merged_into", "converted_to"})
_WITHOUT = "the record is read without it"


def names_of(kind: Kind) -> frozenset[str]:
    """Our field names of a kind; others are custom, and land in `extra`."""
    return frozenset(field.name for field in fields(TYPES[kind])) - {"extra", "absent"}


def build(
    kind: Kind, values: Mapping[str, object], custom: Mapping[str, Custom] | None = None
) -> Record:
    """A record from raw values under our names, and its custom fields' as `extra`.

    Raises Malformed naming the field.
    """
    known: dict[str, object] = {}
    for field in fields(TYPES[kind]):
        raw = values.get(field.name)
        if field.name in {"extra", "absent"} or (raw is None and field.default is not MISSING):
            continue
        known[field.name] = _converted(field.name, raw, _CONVERTERS[field.type])
    if not known.get("external_id"):
        raise Malformed("a record without id")
    ours = names_of(kind)
    known["absent"] = ours - set(values)
    if custom:
        known["extra"] = custom
    record: Record = TYPES[kind](**known)
    return record


def build_all(
    kind: Kind,
    raws: Iterable[object],
    values_of: Callable[[Mapping[str, Any]], Mapping[str, object]],
    types: Types,
) -> tuple[list[Record], list[Skipped]]:
    """Records of the items that are records, and why the others are not.

    A custom field that is not what `types` declares is unknown: the record is there without it.
    """
    records: list[Record] = []
    skipped: list[Skipped] = []
    for raw in raws:
        external_id = ""
        try:
            item = mapping(raw)
            values = values_of(item)
            external_id = text(values.get("external_id"))
            fitting, misfits = readable(values)
            extra, others = customs(kind, values, types)
            records.append(build(kind, fitting, extra))
            skipped += [
                Skipped(external_id=external_id, reason=reason) for reason in [*misfits, *others]
            ]
        except Malformed as error:
            skipped.append(Skipped(external_id=external_id, reason=str(error)))
    return records, skipped


def readable(values: Mapping[str, object]) -> tuple[Mapping[str, object], Sequence[str]]:
    """The values without texts that are longer than any such thing, and why those are left out."""
    long = {
        name: f"{name}: {len(value):,} characters, where {LONGEST[name]:,} are the most"
        for name, value in values.items()
        if isinstance(value, str) and len(value) > LONGEST.get(name, len(value))
    }
    if _NEEDED & set(long):
        raise Malformed(next(long[name] for name in sorted(_NEEDED & set(long))))
    kept = {name: value for name, value in values.items() if name not in long}
    return kept, [f"{reason}; {_WITHOUT}" for reason in long.values()]


def customs(
    kind: Kind, values: Mapping[str, object], types: Types
) -> tuple[dict[str, Custom], list[str]]:
    """The values whose names are not ours, in their declared types, and why others are left out."""
    declared = types.get(kind, {})
    extra: dict[str, Custom] = {}
    misfits: list[str] = []
    for name in values.keys() - names_of(kind):
        try:
            extra[name] = custom(declared.get(name, "text"), values[name])
        except Malformed as error:
            misfits.append(f"{name}: {error}; {_WITHOUT}")
    return extra, sorted(misfits)


_CONVERTERS: Mapping[object, Callable[[object], object]] = {
    str: text,
    bool: flag,
    int | None: count,
    Decimal | None: money,
    datetime | None: moment,
    tuple[str, ...]: texts,
}


def _converted(name: str, raw: object, convert: Callable[[object], object]) -> object:
    try:
        return convert(raw)
    except Malformed as error:
        raise Malformed(f"{name}: {error}") from error
