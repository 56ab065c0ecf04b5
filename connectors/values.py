"""From a vendor's raw values to ours: one conversion per declared type, for every CRM.

What a vendor answers is never trusted to have the promised shape: a value that does not fit
raises Malformed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from connectors.base import Custom, CustomType

#: What SQLite, which keeps a float, gives back to the cent, or to the unit; counts have 32 bits.
_LARGEST_AMOUNT, _LARGEST_NUMBER = Decimal(10) ** 13, Decimal(10) ** 16
_CENT, _HALF_A_CENT = Decimal("0.01"), Decimal("0.005")
_LARGEST_COUNT = 2**31
_EXACT_DIGITS = 15
#: Control characters that are no line break and no tab.
_NO_TEXT = dict.fromkeys({*range(32), *range(0x7F, 0xA0)} - {*map(ord, "\t\n\r")})
#: Of any id; the columns of crm.models hold it.
LONGEST_ID = 100


class Malformed(ValueError):
    """A value that does not fit its field."""


def custom(declared: CustomType, value: object) -> Custom:
    """A value in its declared type; Malformed where it is none."""
    return _CUSTOM[declared](value)


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
    if value.isprintable():
        return value
    # PostgreSQL takes no NUL, and no encoding a lone surrogate; JSON can carry both. What stands behind
    # an escape is an order to the terminal that shows it.
    return value.translate(_NO_TEXT).encode("utf-8", "replace").decode()


def texts(value: object) -> tuple[str, ...]:
    return tuple(text(item) for item in sequence(value))


def identity(value: object) -> str:
    """A text that is short enough for an id; blank where there is none."""
    id_ = text(value)
    if len(id_) > LONGEST_ID:
        raise Malformed(f"an id of {len(id_):,} characters")
    return id_


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
    amount = _decimal(value)
    if amount is None:
        return None
    if abs(amount) >= _LARGEST_COUNT:
        raise Malformed(f"{amount} is too large for a count")
    return int(amount)


def money(value: object) -> Decimal | None:
    amount = _decimal(value)
    if amount is not None and abs(amount) >= _LARGEST_AMOUNT - _HALF_A_CENT:
        raise Malformed(f"{amount} where an amount of at most 13 digits was expected")
    # As PostgreSQL would round it, so that what comes back from any database is what went in.
    return None if amount is None else amount.quantize(_CENT, ROUND_HALF_UP)


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


def _decimal(value: object) -> Decimal | None:
    written = text(value).strip()
    if not written:
        return None
    try:
        amount = Decimal(written)
    except InvalidOperation as error:
        raise Malformed(f"{written!r} where a number was expected") from error
    if not amount.is_finite() or abs(amount) >= _LARGEST_NUMBER:
        raise Malformed(f"{written!r} where a number of at most 16 digits was expected")
    return amount


def _number(value: object) -> int | float | None:
    """As JSON and PostgreSQL give it back unchanged: a float holds 15 digits."""
    amount = _decimal(value)
    if amount is None:
        return None
    if len(amount.normalize().as_tuple().digits) > _EXACT_DIGITS:
        raise Malformed(f"{amount} has more than {_EXACT_DIGITS} digits")
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _bool(value: object) -> bool | None:
    """Unlike our own flags it may be unknown."""
    return None if text(value).strip() == "" else flag(value)


def _date(value: object) -> str | None:
    at = moment(value)
    return None if at is None else at.date().isoformat()


def _datetime(value: object) -> str | None:
    at = moment(value)
    return None if at is None else at.isoformat()


def _multiselect(value: object) -> list[str]:
    """HubSpot and Salesforce write the choices with semicolons between them."""
    choices = value if isinstance(value, list | tuple) else text(value).split(";")
    return sorted({choice for choice in (text(one).strip() for one in choices) if choice})


_CUSTOM: Mapping[CustomType, Callable[[object], Custom]] = {
    "text": text,
    "number": _number,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "multiselect": _multiselect,
}


def _shape(value: object) -> str:
    if value is None:
        return "nothing"
    words: Mapping[type, str] = {list: "a list", dict: "an object", str: "a text"}
    return words.get(type(value), type(value).__name__)
