"""Conversions at the edge: any value is a record's or Malformed, nothing else."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.base import KINDS
from connectors.cursor import Cursor
from connectors.records import Malformed, build, flag, identity, moment, money, names_of, text

_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs"]))
    | st.from_regex(r"-?\d{1,30}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_build_is_a_record_or_malformed(kind, data):
    names = st.sampled_from([*sorted(names_of(kind)), "custom"])
    values = data.draw(st.dictionaries(names, _ANY, max_size=6))

    try:
        record = build(kind, {"external_id": "1", **values})
    except Malformed:
        return

    assert record.external_id
    repr(record).encode()


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


@example(written='{"place": 0}')
@given(written=st.text() | st.from_regex(r'\{"(since|until|place|archived)": ?.{0,12}\}'))
def test_any_cursor_is_read(written):
    cursor = Cursor.parse(written).begun(datetime(2026, 3, 2, 6, tzinfo=UTC))

    assert cursor.high
    assert not cursor.since or cursor.low
    assert Cursor.parse(cursor.text()) == cursor
    assert isinstance(cursor.mark("id"), str)
