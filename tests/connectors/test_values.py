"""Conversions at the edge: what a vendor writes, and what is none of it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.values import Malformed, flag, identity, moment, money, text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-02T06:00:00.000+0000", datetime(2026, 3, 2, 6, tzinfo=UTC)),
        ("2026-03-02T06:00:00Z", datetime(2026, 3, 2, 6, tzinfo=UTC)),
        ("2026-03-02T08:00:00+02:00", datetime(2026, 3, 2, 6, tzinfo=UTC)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("1772431200000", datetime(2026, 3, 2, 6, tzinfo=UTC)),
        (1772431200000, datetime(2026, 3, 2, 6, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_moment(written, expected):
    assert moment(written) == expected


@pytest.mark.parametrize("written", ["soon", "9" * 30, "2026-13-01", [], {}])
def test_moment_that_is_none(written):
    with pytest.raises(Malformed):
        moment(written)


def test_money_keeps_what_was_written():
    assert (money("1054.50"), money(7), money("")) == (Decimal("1054.50"), Decimal(7), None)


@pytest.mark.parametrize(
    "written", ["NaN", "Infinity", "1e400", "9" * 17, "9" * 13 + ".996", "12 EUR", float("nan")]
)
def test_money_that_is_none(written):
    with pytest.raises(Malformed):
        money(written)


def test_flag():
    assert [flag(value) for value in ("true", "YES", "1", True)] == [True] * 4
    assert [flag(value) for value in ("false", "no", "0", "", None, False)] == [False] * 6


def test_identity_is_a_short_text():
    assert (identity(7), identity("x" * 100), identity(None)) == ("7", "x" * 100, "")
    with pytest.raises(Malformed):
        identity("x" * 101)


def test_text_drops_what_orders_a_terminal_about():
    assert text("\x1b]0;x\x07\x1b[2JEve\u009b31m\nb\tc") == "]0;x[2JEve31m\nb\tc"


def test_text_drops_what_no_database_keeps():
    assert text("a\0b\ud800c") == "ab?c"
