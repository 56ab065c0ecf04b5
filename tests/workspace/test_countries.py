import pytest

from workspace import countries, zones
from workspace.problems import Fault


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        (" germany ", "DE"),
        ("Deutschland", "DE"),
        ("United States", "US"),
        ("united states of america", "US"),
        ("U.S.A.", "US"),
        ("UK", "GB"),
        ("Korea", "KR"),
        ("Türkiye", "TR"),
        ("The Netherlands", "NL"),
        ("Bosnia & Herzegovina", "BA"),
        ("Côte d’Ivoire", "CI"),
        ("日本", "JP"),
        ("Ruritania", ""),
        ("Philipines", ""),
        ("1", ""),
        ("", ""),
    ],
)
def test_a_country_is_known_by_whatever_a_crm_calls_it(written, code):
    assert countries.code(written) == code


def test_what_is_no_code_is_told_with_the_code_that_was_meant():
    with pytest.raises(Fault) as caught:
        countries.known("Deutschland")

    assert str(caught.value) == (
        'unknown country code "Deutschland"; did you mean "DE"? valid: the two letters of '
        "ISO 3166, such as DE, GB, US"
    )


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("DE", "Europe/Berlin"),  # Büsingen's clock is the same
        ("GB", "Europe/London"),
        ("MA", "Africa/Casablanca"),
        ("NP", "Asia/Kathmandu"),
        ("KZ", "Asia/Almaty"),  # one clock since 2024
        ("US", ""),
        ("ES", ""),  # the Canary Islands
        ("NZ", ""),  # Chatham
        ("XX", ""),
        ("", ""),
    ],
)
def test_a_country_with_one_clock_has_a_zone(code, zone):
    assert zones.of_country(code) == zone


@pytest.mark.parametrize(
    ("name", "known"), [("Europe/Berlin", True), ("Berlin", False), ("", False), (None, False)]
)
def test_what_a_crm_calls_a_zone_may_be_none(name, known):
    assert zones.is_known(name) == known
