import pytest

from sequences.definition import Sequence
from sequences.whereabouts import countries_of, holidays_of, timezone_of, told_of

GERMAN, AMERICAN, NOBODY = {"country": "Germany"}, {"country": "USA"}, {"country": None}


def facts(lead=None, company=None):
    return {"lead": lead or {}, "company": company or {}}


@pytest.mark.parametrize(
    ("lead", "company", "window", "told"),
    [
        (
            {"timezone": "Asia/Tokyo", "country": "Germany"},
            {"extra": {"timezone": "Europe/Rome"}},
            None,
            {"zone": "Asia/Tokyo", "from": "lead"},
        ),
        (GERMAN, AMERICAN, None, {"zone": "Europe/Berlin", "country": "DE", "from": "lead"}),
        (AMERICAN, GERMAN, None, {"zone": "Europe/Berlin", "country": "DE", "from": "company"}),
        (
            {"timezone": "Berlin"},
            {"extra": {"timezone": "America/Denver"}, **GERMAN},
            None,
            {"zone": "America/Denver", "from": "company"},
        ),
        (NOBODY, AMERICAN, "Asia/Kolkata", {"zone": "Asia/Kolkata", "from": "window"}),
        (NOBODY, AMERICAN, None, {"zone": "UTC", "from": "workspace"}),
    ],
)
def test_the_time_zone_and_who_told_it(lead, company, window, told):
    assert timezone_of(facts(lead, company), window=window, workspace="UTC") == told


@pytest.mark.parametrize(
    ("lead", "company", "holidays", "told"),
    [
        (GERMAN, AMERICAN, ("lead",), {"countries": ["DE"], "from": "lead"}),
        ({"country": "Ruritania"}, AMERICAN, ("lead",), {"countries": ["US"], "from": "company"}),
        (GERMAN, None, ("lead", "US", "DE"), {"countries": ["DE", "US"], "from": "lead"}),
        (GERMAN, AMERICAN, ("FR",), {"countries": ["FR"], "from": "window"}),
        (GERMAN, AMERICAN, (), {"countries": [], "from": "window"}),
        ({"country": "Ruritania"}, None, ("lead",), {"countries": [], "unknown": "Ruritania"}),
        (NOBODY, None, ("lead", "FR"), {"countries": ["FR"], "unknown": ""}),
    ],
)
def test_the_holidays_and_who_told_them(lead, company, holidays, told):
    about = facts(lead, company)

    assert holidays_of(about, holidays) == told
    assert countries_of(about, holidays) == tuple(told["countries"])


def test_in_a_few_words():
    unknown = {"countries": ["FR"], "unknown": "Ruritania"}

    assert told_of({"zone": "UTC"}, {"countries": [], "from": "window"}) == "UTC"
    assert told_of({"zone": "Europe/Berlin", "country": "DE", "from": "company"}, unknown) == (
        "Europe/Berlin by the company's country, holidays of FR, "
        'no holidays of the lead\'s country "Ruritania", which is not known'
    )


def test_a_window_that_says_nothing_takes_the_workspaces_holidays():
    plain = {"name": "any", "stage": "Approach", "steps": [{"id": "a", "email": "a"}]}
    silent = Sequence.model_validate(plain)
    own = Sequence.model_validate({**plain, "window": {"holidays": "none"}})

    assert silent.with_holidays(("lead",)).window_for(facts(GERMAN)).holidays == ("DE",)
    assert own.with_holidays(("lead",)).window_for(facts(GERMAN)).holidays == ()
    assert silent.window_for(facts(GERMAN)).holidays == ()
