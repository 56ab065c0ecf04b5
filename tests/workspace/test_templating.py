import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateError

from workspace import templating
from workspace.templating import check_template, line_of, paths_read, render

SCHEMA = {
    "lead": frozenset({"first_name", "email", "extra"}),
    "lead.extra": frozenset(),
    "unsubscribe_url": frozenset(),
}


def faults_of(source: str) -> list[str]:
    return [str(problem) for problem in check_template(source, "body.txt", SCHEMA)]


def test_render_fills_in_facts():
    source = 'Hi {{ lead.first_name | default("there") }},\n{% if lead.email %}\nyes\n{% endif %}\n'

    assert render(source, {"lead": {"first_name": "Zoë", "email": None}}) == "Hi Zoë,\n"
    assert render(source, {"lead": {"first_name": "", "email": "x"}}) == "Hi there,\nyes\n"


def test_render_escapes_html_and_leaves_text():
    facts = {"lead": {"first_name": "<b>&"}}

    assert render("{{ lead.first_name }}", facts, html=True) == "&lt;b&gt;&amp;"
    assert render("{{ lead.first_name }}", facts) == "<b>&"


def test_render_refuses_to_print_a_blank_fact():
    with pytest.raises(TemplateError) as caught:
        render("Hi {{ lead.first_name }}", {"lead": {"first_name": ""}})

    assert str(caught.value) == (
        'lead.first_name is blank; give another text: lead.first_name | default("...")'
    )


def test_fields_are_never_methods():
    assert render("{{ lead.items }}", {"lead": {"items": "three"}}) == "three"
    with pytest.raises(TemplateError):
        render("{{ lead.keys }}", {"lead": {}})


@pytest.mark.parametrize(
    "source",
    [
        "{% for n in range(10**9) %}x{% endfor %}",
        "{{ 'x' * 10**9 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'x'.join('y') }}",
        "{{ lead.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{% set x = 1 %}",
        "{% macro a() %}{% endmacro %}",
        "{% include 'x' %}",
        "{{ 'x' | center(1000000000) }}",
        "{{ cycler('a') }}",
        "{{ lead.first_name | attr('x') }}",
        "{{",
        "{{ lead[lead] }}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{{ lead" + ".email" * 2000 + " }}",
        "{{ lead.email" + " | lower" * 2000 + " }}",
        "{% if " + "lead.email and " * 2000 + "lead.email %}x{% endif %}",
        "{{ " + "9" * 5000 + " }}",
        "{% if lead.email %}x" + "{% elif lead.email %}y" * 3000 + "{% endif %}",
    ],
)
def test_what_could_run_away_is_neither_valid_nor_rendered(source):
    assert faults_of(source) != []
    with pytest.raises(TemplateError):
        render(source, {"lead": {"first_name": "x"}})


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize(
    "misfit",
    [
        "lead.first_name | round",
        "lead.first_name < 3",
        "lead.first_name | truncate(2)",
        "lead.first_name | replace('x', 'y', 'z')",
    ],
)
def test_what_does_not_fit_is_an_error_of_the_template_at_its_line(misfit, html):
    source = f"Hello\n\n{{{{ {misfit} }}}}\n"

    with pytest.raises(TemplateError) as caught:
        render(source, {"lead": {"first_name": "x"}}, html=html)

    assert line_of(caught.value) == 3


def test_render_stops_a_text_that_becomes_too_long(monkeypatch):
    monkeypatch.setattr(templating, "LONGEST", 10)

    with pytest.raises(TemplateError, match="longer than 10 characters"):
        render("{{ lead.first_name }}", {"lead": {"first_name": "x" * 11}})


def test_render_stops_a_text_that_would_become_too_long_on_its_way():
    grown = " | replace('a', '" + "a" * 100 + "')"

    assert render("{{ lead.first_name" + grown + " | length }}", {"lead": {"first_name": "a"}}) == (
        "100"
    )
    with pytest.raises(TemplateError, match="longer than 500,000 characters"):
        render("{{ lead.first_name" + grown * 9 + " | length }}", {"lead": {"first_name": "a"}})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('Hi {{ lead.first_name | default("you") }} {{ unsubscribe_url }}', []),
        (
            "Hi\n  {{ lead.frist_name }}",
            [
                (
                    'body.txt:2:6: unknown field of lead "frist_name"; did you mean "first_name"? '
                    "valid: email, extra, first_name"
                )
            ],
        ),
        (
            "{{ unsubscribe_uri }}",
            [
                (
                    'body.txt:1:4: unknown name "unsubscribe_uri"; '
                    'did you mean "unsubscribe_url"? valid: lead, unsubscribe_url'
                )
            ],
        ),
        (
            "{{ lead.extra.budget }}",
            ["body.txt:1:4: lead.extra has no fields: none is mapped in cadenza.yaml"],
        ),
        (
            "\n\n{{ lead.email | lowr }}",
            [
                (
                    'body.txt:3:1: unknown filter "lowr"; did you mean "lower"? '
                    f"valid: {', '.join(sorted(templating.FILTERS))}"
                )
            ],
        ),
        (
            "a\n{% if lead.email %}",
            None,
        ),
    ],
)
def test_check_template_tells_the_place(source, expected):
    found = faults_of(source)

    if expected is None:
        assert found[0].startswith("body.txt:2:1: template syntax: ")
    else:
        assert found == expected


def test_paths_read_are_the_facts_that_a_template_reads():
    source = "{% if lead.email %}{{ lead.first_name | default(lead.email) }}{% endif %}"

    assert paths_read(source) == {"lead.email", "lead.first_name"}


_PARTS = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", " if ", " endif ", " else ", "lead", ".email", "|",
     " default ", "(", ")", '"x"', "~", "1", " in ", "[", "]", "\n", "text", "-", " is ", " none "]
)  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(_PARTS, max_size=15).map("".join)))
def test_any_text_is_a_template_or_has_problems(source):
    problems = check_template(source, "body.txt", SCHEMA)

    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)
    try:
        render(source, {"lead": {"email": "a@b"}})
    except TemplateError:
        pass
    else:
        assert render(source, {"lead": {"email": "a@b"}}) is not None
