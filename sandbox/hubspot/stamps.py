"""Moments as HubSpot writes and reads them."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(moment: datetime) -> str:
    """2026-03-02T06:00:00.000Z"""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_epoch_ms(value: int) -> datetime:
    """Raises OverflowError far outside of the calendar."""
    return _EPOCH + timedelta(milliseconds=value)


def parse(text: str) -> datetime:
    """Epoch milliseconds or ISO 8601; a date alone is its midnight UTC. Raises ValueError."""
    try:
        return from_epoch_ms(int(text))
    except ValueError:
        pass
    except OverflowError as error:
        raise ValueError(text) from error
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
