"""From a vendor's raw values to our records: one conversion per declared type, for every CRM.

What a vendor answers is never trusted to have the promised shape: a value that does not fit
raises Malformed, and the record is skipped with the reason.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.base import (
    CompanyRecord,
    DealRecord,
    Kind,
    LeadRecord,
    OwnerRecord,
    Record,
    Skipped,
)

TYPES: Mapping[Kind, type[Any]] = {
    "owner": OwnerRecord,
    "company": CompanyRecord,
    "lead": LeadRecord,
    "deal": DealRecord,
}
#: The mirror's columns hold 18 digits, two behind the point, and 32-bit counts.
_LARGEST_AMOUNT = Decimal(10) ** 16
_LARGEST_COUNT = 2**31


class Malformed(ValueError):
    """A value that does not fit its field."""


def names_of(kind: Kind) -> frozenset[str]:
    """Our field names of a kind; others are custom, and land in `extra`."""
    return frozenset(field.name for field in fields(TYPES[kind])) - {"extra", "absent"}


def build(kind: Kind, values: Mapping[str, object]) -> Record:
    """A record from raw values under our names; names that are not ours become `extra`.

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
    if "extra" in {field.name for field in fields(TYPES[kind])}:
        known["extra"] = {
            name: _converted(name, raw, text) for name, raw in values.items() if name not in ours
        }
    record: Record = TYPES[kind](**known)
    return record


def build_all(
    kind: Kind,
    raws: Iterable[object],
    values_of: Callable[[Mapping[str, Any]], Mapping[str, object]],
) -> tuple[list[Record], list[Skipped]]:
    """Records of the items that are records, and why the others are not."""
    records: list[Record] = []
    skipped: list[Skipped] = []
    for raw in raws:
        external_id = ""
        try:
            item = mapping(raw)
            values = values_of(item)
            external_id = text(values.get("external_id"))
            records.append(build(kind, values))
        except Malformed as error:
            skipped.append(Skipped(external_id=external_id, reason=str(error)))
    return records, skipped


def mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Malformed(f"{_shape(value)} where an object was expected")
    return value


def sequence(value: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise Malformed(f"{_shape(value)} where a list was expected")
    return value


def text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return str(value)
    if not isinstance(value, str):
        raise Malformed(f"{_shape(value)} where a text was expected")
    # PostgreSQL takes no NUL, and no encoding a lone surrogate; JSON can carry both.
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = text(value).strip().casefold()
    if word in {"true", "yes", "1"}:
        return True
    if word in {"false", "no", "0", ""}:
        return False
    raise Malformed(f"{word!r} where true or false was expected")


def count(value: object) -> int | None:
    amount = money(value)
    if amount is None:
        return None
    if abs(amount) >= _LARGEST_COUNT:
        raise Malformed(f"{amount} is too large for a count")
    return int(amount)


def money(value: object) -> Decimal | None:
    written = text(value).strip()
    if not written:
        return None
    try:
        amount = Decimal(written)
    except InvalidOperation as error:
        raise Malformed(f"{written!r} where a number was expected") from error
    if not amount.is_finite() or abs(amount) >= _LARGEST_AMOUNT:
        raise Malformed(f"{written!r} where a number of at most 16 digits was expected")
    return amount


def moment(value: object) -> datetime | None:
    """An aware moment from ISO 8601 or milliseconds since 1970, as the vendors write them."""
    written = text(value).strip()
    if not written:
        return None
    try:
        if written.lstrip("-").isdecimal():
            return datetime.fromtimestamp(int(written) / 1000, UTC)
        parsed = datetime.fromisoformat(written)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed(f"{written!r} where a date or a moment was expected") from error


def texts(value: object) -> tuple[str, ...]:
    return tuple(text(item) for item in sequence(value))


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


def _shape(value: object) -> str:
    if value is None:
        return "nothing"
    words: Mapping[type, str] = {list: "a list", dict: "an object", str: "a text"}
    return words.get(type(value), type(value).__name__)
