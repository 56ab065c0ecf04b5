from datetime import date

import pytest
from pydantic import TypeAdapter

from mail.window import Window, never_opens
from workspace.calendars import Holidays, is_holiday, public_holidays


@pytest.mark.parametrize(
    ("country", "day", "holiday"),
    [
        ("DE", date(2026, 10, 3), True),
        ("DE", date(2026, 7, 4), False),
        ("US", date(2026, 7, 3), True),  # a Friday, for the Saturday behind it
        ("US", date(2027, 12, 31), True),  # for the first day of another year
        ("XX", date(2026, 12, 25), False),
    ],
)
def test_the_holidays_of_a_country(country, day, holiday):
    assert is_holiday(country, day) == holiday


def test_they_have_names():
    assert public_holidays("DE", 2026)[date(2026, 4, 6)] == "Easter Monday"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("lead", ("lead",)),
        ("none", ()),
        ("DE", ("DE",)),
        (["lead", "NO"], ("lead", "NO")),
        ([], ()),
    ],
)
def test_a_team_names_them(written, read):
    assert TypeAdapter(Holidays).validate_python(written) == read


@pytest.mark.slow
def test_no_country_closes_a_day_of_the_week_for_two_months():
    """So `lead`, whichever country that is, needs no check."""
    from holidays.registry import COUNTRIES

    closed = [
        (code, day)
        for _, code, *_ in COUNTRIES.values()
        for day in range(7)
        if never_opens(_office_on(day, code), date(2026, 1, 1), date(2029, 12, 31))
    ]

    assert closed == []


def test_many_countries_can():
    codes = ("CO", "VG", "TH", "PR", "CX", "JP")
    monday = _office_on(0, *codes)

    assert never_opens(monday, date(2026, 1, 1), date(2031, 12, 31))


def _office_on(day, *countries):
    return Window(days=frozenset({day}), opens=540, closes=1020, holidays=countries)
