from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.window import DAYS, Window, is_open, next_open

OFFICE = {"days": list(DAYS[:5]), "from": "09:00", "to": "17:00"}
ALL_DAYS = list(DAYS)
ZONES = ["Europe/Berlin", "America/Sao_Paulo", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]

windows = st.builds(
    lambda days, minutes: Window(days=frozenset(days), opens=min(minutes), closes=max(minutes)),
    st.sets(st.integers(0, 6), min_size=1),
    st.sets(st.integers(0, 1440), min_size=2, max_size=2),
)
moments = st.datetimes(
    min_value=datetime(2008, 1, 1),
    max_value=datetime(2030, 1, 1),
    timezones=st.just(UTC),
)


def berlin(*when):
    return datetime(*when, tzinfo=ZoneInfo("Europe/Berlin"))


def test_a_holiday_is_closed_and_the_day_behind_it_is_not():
    easter = {**OFFICE, "holidays": ["DE"]}
    maundy_thursday = berlin(2026, 4, 2, 17, 0)

    assert next_open(easter, "Europe/Berlin", maundy_thursday) == berlin(2026, 4, 7, 9, 0)
    assert next_open(OFFICE, "Europe/Berlin", maundy_thursday) == berlin(2026, 4, 3, 9, 0)


def test_it_is_a_holiday_while_the_persons_own_calendar_shows_it():
    night = {"days": ALL_DAYS, "from": "00:00", "to": "24:00", "holidays": ["NZ"]}
    auckland = ZoneInfo("Pacific/Auckland")

    opening = next_open(night, auckland, datetime(2026, 2, 5, 12, 0, tzinfo=UTC))

    assert opening == datetime(2026, 2, 7, 0, 0, tzinfo=auckland)  # behind Waitangi Day


def test_holidays_that_never_end_do_not_count():
    """`check` refuses such a window; an old version that has one still comes to an end."""
    monday = {**OFFICE, "days": ["mon"], "holidays": ["CO", "VG", "TH", "PR", "CX", "JP"]}

    opening = next_open(monday, "Europe/Berlin", berlin(2031, 6, 10))

    assert opening == berlin(2031, 6, 16, 9, 0)
    assert not is_open(Window.of(monday), ZoneInfo("Europe/Berlin"), opening)


@pytest.mark.parametrize("holidays", ["DE", [5]])
def test_holidays_that_are_no_list_are_refused(holidays):
    with pytest.raises(ValueError, match="window: holidays are .*; a list of country codes"):
        Window.of({**OFFICE, "holidays": holidays})


def test_an_open_window_is_now():
    moment = berlin(2026, 3, 4, 9, 0)

    assert next_open(OFFICE, "Europe/Berlin", moment) == moment


def test_the_end_is_no_longer_open():
    moment = berlin(2026, 3, 4, 17, 0)

    assert next_open(OFFICE, "Europe/Berlin", moment) == berlin(2026, 3, 5, 9, 0)


def test_a_weekend_waits_for_monday():
    moment = berlin(2026, 3, 6, 18, 0)

    assert next_open(OFFICE, "Europe/Berlin", moment) == berlin(2026, 3, 9, 9, 0)


def test_the_local_hour_holds_over_a_change_of_daylight_saving_time():
    friday = berlin(2026, 3, 27, 18, 0)

    assert next_open(OFFICE, "Europe/Berlin", friday) == datetime(2026, 3, 30, 7, 0, tzinfo=UTC)


def test_an_opening_in_the_gap_is_where_the_clocks_jump_to():
    window = {"days": ALL_DAYS, "from": "02:30", "to": "05:00"}

    opening = next_open(window, "Europe/Berlin", datetime(2026, 3, 29, 0, 0, tzinfo=UTC))

    assert opening == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_window_inside_the_gap_is_closed_that_day():
    window = {"days": ALL_DAYS, "from": "02:15", "to": "02:45"}

    opening = next_open(window, "Europe/Berlin", datetime(2026, 3, 29, 0, 0, tzinfo=UTC))

    assert opening == berlin(2026, 3, 30, 2, 15)


def test_of_an_overlap_the_first_opening_counts():
    window = {"days": ALL_DAYS, "from": "02:30", "to": "02:45"}

    opening = next_open(window, "Europe/Berlin", datetime(2026, 10, 24, 22, 0, tzinfo=UTC))

    assert opening == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_sao_paulo_has_no_daylight_saving_time_any_more():
    before, after = (
        next_open(OFFICE, "America/Sao_Paulo", datetime(year, 1, 5, 3, 0, tzinfo=UTC))
        for year in (2018, 2026)
    )

    assert (before.hour, after.hour) == (11, 12)


@given(window=windows, zone=st.sampled_from(ZONES), moment=moments)
def test_the_next_opening_is_open_and_not_in_the_past(window, zone, moment):
    try:
        opening = next_open(window, zone, moment)
    except ValueError:
        return

    assert opening >= moment
    assert is_open(window, ZoneInfo(zone), opening)


@given(window=windows, zone=st.sampled_from(ZONES), moment=moments, share=st.floats(0, 1))
def test_nothing_before_the_next_opening_is_open(window, zone, moment, share):
    opening = next_open(window, zone, moment)
    between = moment + (opening - moment) * share
    if not moment <= between < opening or _repeated(zone, between):
        return

    assert not is_open(window, ZoneInfo(zone), between)


def _repeated(zone, moment):
    """In the hour that the clocks show twice."""
    local = moment.astimezone(ZoneInfo(zone))
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ({**OFFICE, "days": []}, "days are"),
        ({**OFFICE, "days": ["Mo"]}, "'Mo' is none of"),
        ({**OFFICE, "from": "9"}, "'9' is no time"),
        ({**OFFICE, "to": "24:30"}, "'24:30' is no time"),
        ({**OFFICE, "from": "18:00"}, "is not before"),
    ],
)
def test_a_bad_window_is_refused(written, error):
    with pytest.raises(ValueError, match=error):
        Window.of(written)


def test_a_day_that_a_zone_skipped_is_passed_over():
    window = {"days": ["fri"], "from": "09:00", "to": "10:00"}  # Samoa had no 30 December 2011

    opening = next_open(window, "Pacific/Apia", datetime(2011, 12, 29, 0, 0, tzinfo=UTC))

    assert opening.astimezone(ZoneInfo("Pacific/Apia")).date().isoformat() == "2012-01-06"
    assert opening - datetime(2011, 12, 29, tzinfo=UTC) < timedelta(days=9)
