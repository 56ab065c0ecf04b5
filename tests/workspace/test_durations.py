from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.durations import UNITS, Duration
from workspace.problems import Fault

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
durations = st.builds(
    Duration, amount=st.integers(min_value=1, max_value=500), unit=st.sampled_from(UNITS)
)
moments = st.datetimes(
    min_value=datetime(2000, 1, 1),
    max_value=datetime(2040, 1, 1),
    timezones=st.just(UTC),
)


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("3 business days", 3, "business day"),
        ("1 business day", 1, "business day"),
        ("2 days", 2, "day"),
        ("4 hours", 4, "hour"),
        ("90 seconds", 90, "second"),
        ("15  Minutes", 15, "minute"),
        ("1 week", 1, "week"),
    ],
)
def test_parse_reads_what_people_write(text, amount, unit):
    assert Duration.parse(text) == Duration(amount=amount, unit=unit)


@pytest.mark.parametrize(
    "text", ["", "3", "days", "3days", "-1 days", "0 days", "1.5 hours", "9999999 weeks", "٣ days"]
)
def test_parse_refuses_what_is_no_duration(text):
    with pytest.raises(Fault):
        Duration.parse(text)


def test_parse_lists_the_units_for_an_unknown_one():
    with pytest.raises(Fault) as caught:
        Duration.parse("3 fortnights")

    assert str(caught.value) == (
        '"3 fortnights": unknown unit "fortnights"; '
        "valid: business days, days, hours, minutes, seconds, weeks"
    )


@given(durations)
def test_a_duration_reads_back_as_it_prints(duration):
    assert Duration.parse(str(duration)) == duration


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        ("2026-03-02T09:00", "1 business day", "2026-03-03T09:00"),  # Monday
        ("2026-03-06T09:00", "1 business day", "2026-03-09T09:00"),  # Friday to Monday
        ("2026-03-06T09:00", "6 business days", "2026-03-16T09:00"),
        ("2026-03-07T09:00", "1 business day", "2026-03-09T09:00"),  # Saturday to Monday
        ("2026-03-08T09:00", "5 business days", "2026-03-13T09:00"),  # Sunday to Friday
        ("2026-03-27T09:00", "1 business day", "2026-03-30T09:00"),  # over the start of summer time
        ("2026-03-28T02:30", "1 day", "2026-03-29T03:30"),  # a wall time that is skipped
        ("2026-10-24T02:30", "1 day", "2026-10-25T02:30"),  # one that is shown twice: the first
        ("2026-03-28T12:00", "24 hours", "2026-03-29T13:00"),  # hours are hours
        ("2026-03-28T12:00", "1 week", "2026-04-04T12:00"),
    ],
)
def test_after_keeps_the_wall_clock_of_berlin(start, text, end):
    berlin = ZoneInfo("Europe/Berlin")
    begin = datetime.fromisoformat(start).replace(tzinfo=berlin)

    after = Duration.parse(text).after(begin, "Europe/Berlin")

    assert after.tzinfo is UTC
    assert after == datetime.fromisoformat(end).replace(tzinfo=berlin).astimezone(UTC)


@given(moments, st.integers(min_value=1, max_value=300), st.sampled_from(ZONES))
def test_business_days_count_the_weekdays_in_between(moment, amount, name):
    zone = ZoneInfo(name)
    after = Duration(amount=amount, unit="business day").after(moment, name)

    first, last = moment.astimezone(zone).date(), after.astimezone(zone).date()
    days = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert sum(day.weekday() < 5 for day in days) == amount
    assert last.weekday() < 5


@given(moments, durations, st.sampled_from(ZONES))
def test_after_is_later(moment, duration, zone):
    assert duration.after(moment, zone) > moment


def test_business_days_have_no_elapsed_time():
    with pytest.raises(ValueError, match="no fixed length"):
        _ = Duration.parse("2 business days").elapsed
    assert Duration.parse("2 weeks").elapsed == timedelta(days=14)
