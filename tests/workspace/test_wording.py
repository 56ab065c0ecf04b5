"""Values as an operator reads them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.wording import in_words, moment

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (7, "7"),
        (["status", "owner_id"], "status, owner_id"),
        ({"answer": "price", "sure": True}, "answer price, sure yes"),
        (AT, "2026-03-02 06:00 UTC"),
        (AT.astimezone(timezone(timedelta(hours=5))), "2026-03-02 06:00 UTC"),
        (AT.astimezone(BERLIN), "2026-03-02 07:00 Europe/Berlin"),
        ("2026-03-02T06:00:00+00:00", "2026-03-02 06:00 UTC"),
        ("2026-02-31T06:00:00+00:00", "2026-02-31T06:00:00+00:00"),
        ("True [/b]", "True [/b]"),
    ],
)
def test_values_are_told_as_people_say_them(value, told):
    assert in_words(value) == told


def test_moments_below_a_place_are_by_its_clock():
    written = {"due_at": "2026-03-02T06:00:00Z", "start": AT}

    assert in_words(written, BERLIN) == "due_at Mon 2026-03-02 07:00, start Mon 2026-03-02 07:00"


@given(text=st.from_regex(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\Z"))
def test_no_text_that_looks_like_a_moment_is_too_much(text):
    told = in_words(text, BERLIN)

    assert told == text or told == moment(datetime.fromisoformat(text), BERLIN)


@given(at=st.datetimes(timezones=st.timezones(), min_value=datetime(1900, 1, 1)))
def test_a_moment_with_its_zone_can_be_read_back(at):
    day, time, place = moment(at).split(" ")

    local = datetime.fromisoformat(f"{day} {time}")
    assert local == at.replace(tzinfo=None, second=0, microsecond=0, fold=0)
    assert place == getattr(at.tzinfo, "key", "UTC")
