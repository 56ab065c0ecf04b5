import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.expressions import check, evaluate
from workspace.problems import Fault

SCHEMA = {
    "lead": frozenset({"stage", "email", "extra"}),
    "lead.extra": frozenset({"budget"}),
    "company": frozenset({"employees"}),
    "deal": frozenset({"is_closed"}),
}
FACTS = {
    "lead": {"stage": "Approach", "email": None, "extra": {"budget": "high"}},
    "company": {"employees": None, "size": 80},
    "deal": {"is_closed": False},
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('lead.stage == "Approach"', True),
        ('lead.stage in ["Prospecting", "Approach"] and not deal.is_closed', True),
        ('lead.stage not in ["Closing"]', True),
        ('lead["stage"] != "Approach" or company.size >= 80', True),
        ("company.employees < 50", False),
        ("company.employees > 50", False),
        ("not (company.employees < 50)", True),
        ("company.employees < 50 or deal.is_closed == false", True),
        ('company.size < "50"', False),
        ("1 < company.size < 100", True),
        ("lead.email is none", True),
        ("lead.stage is defined", True),
        ("lead.email", False),
        ('lead.email in "a@b"', False),
        ("lead.stage not in company.employees", True),
        ('lead.extra.budget | upper == "HIGH"', True),
        ("lead.extra.unknown == none", True),
        ("company.size > -1", True),
    ],
)
def test_evaluate(expression, expected):
    assert evaluate(expression, FACTS) is expected


@pytest.mark.parametrize(
    ("expression", "message", "offset"),
    [
        (
            'lead.stag == "Approach"',
            'unknown field of lead "stag"; did you mean "stage"? valid: email, extra, stage',
            0,
        ),
        (
            "not deal.is_closed and led.stage",
            'unknown name "led"; did you mean "lead"? valid: company, deal, lead',
            23,
        ),
        (
            '"lead.foo" == lead.foo',
            'unknown field of lead "foo"; valid: email, extra, stage',
            14,
        ),
        (
            "lead.extra.budgt == 1",
            'unknown field of lead.extra "budgt"; did you mean "budget"? valid: budget',
            0,
        ),
        ("lead.stage.upper == 1", "lead.stage is a plain value and has no upper", 0),
        (
            "lead == 1",
            "lead is not one value; read one of its fields: email, extra, stage",
            0,
        ),
    ],
)
def test_check_names_what_is_not_in_the_schema(expression, message, offset):
    [fault] = check(expression, SCHEMA)

    assert (str(fault), fault.offset) == (message, offset)


def test_check_names_values_that_a_field_never_has():
    expression = 'lead.email == "x" or lead.stage in ["Closing", "Aproach"]'
    values = {"lead.stage": ("Approach", "Closing")}

    [fault] = check(expression, SCHEMA, values)

    assert (str(fault), fault.offset) == (
        'unknown value of lead.stage "Aproach"; did you mean "Approach"? valid: Approach, Closing',
        expression.index("Aproach"),
    )


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "lead.stage ==",
        "lead.stage == 'a' b",
        "lead.stage.upper()",
        "range(10**9)",
        "2 ** 99999999",
        '"a" * 10',
        "lead.email | map('x')",
        "lead.email is divisibleby 3",
        "[1][0]",
        "lead.email[0]",
        '"".__class__.__mro__',
        "{{ lead.stage }}",
        "{'a': 1}",
        "(" * 500 + "1" + ")" * 500,
        "-" * 900 + "1",
        "lead" + ".stage" * 300,
        "not " * 400 + "lead.stage",
    ],
)
def test_check_refuses_what_is_no_condition(expression):
    assert len(check(expression, SCHEMA)) == 1
    with pytest.raises(Fault):
        evaluate(expression, FACTS)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_a_fault(text):
    faults = check(text, SCHEMA)

    if not faults:
        assert evaluate(text, FACTS) in (True, False)


_PARTS = st.sampled_from(
    ["lead.stage", "company.employees", "deal.is_closed", '"x"', "1", "none", "and", "or", "not",
     "in", "==", "<", ">=", "(", ")", "[", "]", ",", "|", "upper", "is", "-", "if", "else", "~"]
)  # fmt: skip


@given(st.lists(_PARTS, max_size=12).map(" ".join))
def test_any_words_are_an_expression_or_a_fault(text):
    if not check(text, SCHEMA):
        assert evaluate(text, FACTS) in (True, False)
