import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Environment, Template, TemplateError

from workspace import plain, templating

_VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["<b>&'\"", "{{ lead.first_name }}", "  ", 0, 7, True, None, "", ["a"]]),
    st.dictionaries(st.just("budget"), st.text(max_size=3), max_size=1),
)
_PARTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["{{ lead.first_name }}", "{{lead.extra}}", '{{ lead["first_name"] }}', "{{ company.name }}",
         "{{ lead }}", "{{ lead.extra.budget }}", "{# a note #}", "\n", "{{ 'x' }}",
         "{% if lead.first_name %}", "{% endif %}", "{{ lead.first_name | upper }}"]
    ),
)  # fmt: skip


def rendered(source, facts, *, html):
    try:
        return templating.render(source, facts, html=html)
    except TemplateError as error:
        return str(error)


@given(
    st.lists(_PARTS, max_size=6).map("".join),
    st.fixed_dictionaries({}, optional={"first_name": _VALUES, "extra": _VALUES}),
    st.one_of(st.none(), st.fixed_dictionaries({"name": _VALUES})),
    st.booleans(),
)
@example("Hi {{ lead.first_name }}\n", {"first_name": "<Zoë>"}, None, True)
def test_a_template_comes_out_as_by_jinja(source, lead, company, html):
    facts = {"lead": lead, "company": company}
    quick = rendered(source, facts, html=html)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plain, "filled", lambda *_, **__: None)
        assert rendered(source, facts, html=html) == quick


@pytest.mark.parametrize(
    ("source", "is_plain"),
    [
        ("Call {{ lead.first_name }} of {{ company['name'] }}", True),
        ("Look it up", True),
        ("{{ lead.first_name | upper }}", False),
        ("{% if lead.title %}Call{% endif %}", False),
        ("{{ lead.extra.budget }}", False),
    ],
)
def test_plain_is_what_only_names_facts(source, is_plain):
    parts = plain.parts(Environment(autoescape=True).parse(source))

    assert (parts is not None) == is_plain


def test_a_plain_template_needs_no_jinja(monkeypatch):
    source, facts = "Call {{ lead.first_name }}", {"lead": {"first_name": "Ann"}}
    monkeypatch.setattr(Template, "generate", None)

    assert templating.render(source, facts) == "Call Ann"


def test_a_plain_template_is_not_longer_than_any_other(monkeypatch):
    monkeypatch.setattr(templating, "LONGEST", 20)

    with pytest.raises(TemplateError, match="longer than 20"):
        templating.render("Call {{ lead.first_name }}", {"lead": {"first_name": "A" * 16}})
