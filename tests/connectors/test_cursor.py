"""A cursor is read, whatever stands there."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from connectors.cursor import Cursor


@example(written='{"place": 0}')
@given(written=st.text() | st.from_regex(r'\{"(since|until|place|archived)": ?.{0,12}\}'))
def test_any_cursor_is_read(written):
    cursor = Cursor.parse(written).begun(datetime(2026, 3, 2, 6, tzinfo=UTC))

    assert cursor.high
    assert not cursor.since or cursor.low
    assert Cursor.parse(cursor.text()) == cursor
    assert isinstance(cursor.mark("id"), str)
