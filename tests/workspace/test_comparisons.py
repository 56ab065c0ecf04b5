import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.comparisons import Types
from workspace.expressions import check, evaluate

TYPES: Types = {
    "lead.title": "text",
    "lead.extra.seats": "text",
    "lead.extra.regions": "list",
    "lead.nps": "number",
    "company.employees": "number",
    "deal.is_open": "bool",
}
SCHEMA = {
    "lead": frozenset({"title", "nps", "phone", "extra"}),
    "lead.extra": frozenset({"seats", "regions", "anything"}),
    "company": frozenset({"employees"}),
    "deal": frozenset({"is_open"}),
}
A_NUMBER = "company.employees is a number, and "


def told(expression):
    return [(str(fault), fault.offset) for fault in check(expression, SCHEMA, types=TYPES)]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('company.employees >= "200"', A_NUMBER + '"200" is not; write 200'),
        ('company.employees == "many"', A_NUMBER + '"many" is not; compare it with a number'),
        ('"200" <= company.employees', A_NUMBER + '"200" is not; write 200'),
        ("company.employees == true", A_NUMBER + "true is not; compare it with a number"),
        ('company.employees in [200, "300"]', A_NUMBER + '"300" is not; write 300'),
        (
            "company.employees == [200, 300]",
            A_NUMBER + "[200, 300] is not; ask for one of several with in",
        ),
        (
            "company.employees != lead.title",
            A_NUMBER + "lead.title is not; compare it with a number",
        ),
        (
            '"5" in company.employees',
            A_NUMBER + "nothing is in it; compare it with ==",
        ),
        ('company.employees | lower == "a"', A_NUMBER + "lower is for texts"),
        ("company.employees in lead.title", A_NUMBER + "only a text is in lead.title"),
        ("lead.title > 3", 'lead.title is a text, and 3 is not; write "3"'),
        (
            "lead.extra.seats > 10",
            'lead.extra.seats is a text, and 10 is not; write "10", or give it the type number in '
            "cadenza.yaml",
        ),
        (
            "lead.title not in [1]",
            'lead.title is a text, and 1 is not; write "1"',
        ),
        (
            'lead.title | length > "3"',
            'lead.title | length is a number, and "3" is not; write 3',
        ),
        ("3 in lead.title", "lead.title is a text, and 3 is in none; look for a text"),
        (
            'deal.is_open == "yes"',
            'deal.is_open is true or false, and "yes" is not; compare it with true or false',
        ),
        ('deal.is_open == "true"', 'deal.is_open is true or false, and "true" is not; write true'),
        (
            "(not deal.is_open) == lead.title",
            "lead.title is a text, and that is not; compare it with a text",
        ),
        (
            'lead.extra.regions == "emea"',
            'lead.extra.regions is a list, and "emea" is not; write "emea" in lead.extra.regions',
        ),
        (
            "lead.extra.regions > 3",
            "lead.extra.regions is a list, and 3 is not; ask for one of several with in",
        ),
        (
            "lead.extra.regions | length > 1",
            "lead.extra.regions is a list, and length is for texts",
        ),
        (
            "1 < company.employees < lead.title",
            A_NUMBER + "lead.title is not; compare it with a number",
        ),
        ('-company.employees < "0"', "-" + A_NUMBER + '"0" is not; write 0'),
    ],
)
def test_what_differs_is_told_at_the_fact_with_what_would_be_right(expression, message):
    fact = message.split()[0].removeprefix("-")

    assert told(expression) == [(message, expression.index(fact))]


@pytest.mark.parametrize(
    "expression",
    [
        "company.employees >= 200 and company.employees < 1e3",
        "company.employees == none and company.employees is none",
        "company.employees > lead.nps",
        "company.employees in [200, none]",
        'lead.title == "200" and lead.title in ["CTO", "CEO"] and "C" in lead.title',
        'lead.title | lower | length > 3 and lead.title | upper == "CTO"',
        "deal.is_open == true and (lead.nps > 3) == deal.is_open",
        '"emea" in lead.extra.regions and lead.extra.regions == ["emea"]',
        'lead.extra.anything > 3 or lead.extra.anything == "x" or lead.extra.anything | lower',
        "lead.phone > 3 and 3 in lead.extra.anything",
        '1 == "1"',
    ],
)
def test_what_is_alike_or_unknown_is_left_alone(expression):
    assert told(expression) == []


def test_of_several_readings_of_a_fact_the_wrong_one_is_pointed_at():
    expression = (
        '"company.employees < 5" != lead.title and company.employees > 10\n'
        '  and company.employees < "200"'
    )

    [(message, offset)] = told(expression)

    assert message == A_NUMBER + '"200" is not; write 200'
    assert offset == expression.rindex("company.employees")


_ALL = {
    "lead.title": st.text("ab1", max_size=2),
    "company.employees": st.integers(0, 3),
    "lead.extra.regions": st.lists(st.sampled_from(["a", "b"]), max_size=2),
}
_LITERALS = {"text": ['""', '"a"', '"1"'], "number": ["0", "1", "-1"], "list": ['["a"]', "[1]"]}
_ALWAYS = {"==": False, "!=": True, "<": False, "<=": False, ">": False, ">=": False}


@given(st.data())
def test_what_is_refused_never_depends_on_the_fact_and_nothing_else_is(data):
    fact = data.draw(st.sampled_from(sorted(_ALL)))
    type_ = data.draw(st.sampled_from(sorted(_LITERALS)))
    literal = data.draw(st.sampled_from(_LITERALS[type_]))
    sign = data.draw(st.sampled_from(sorted(_ALWAYS)))
    expression = f"{fact} {sign} {literal}"
    value = data.draw(st.none() | _ALL[fact])
    group, _, field = fact.partition(".")
    facts = {group: {"extra": {"regions": value}, field: value}}

    refused = bool(told(expression))

    assert refused is (TYPES[fact] != type_)
    if refused:
        assert evaluate(expression, facts) is _ALWAYS[sign]
