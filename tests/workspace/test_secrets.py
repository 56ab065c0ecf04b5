import pytest

from workspace.secrets import is_reference, resolve


def test_a_reference_stands_for_its_variable():
    assert resolve("${TOKEN}", {"TOKEN": "s3cret"}) == "s3cret"


def test_other_text_is_left_as_it_is():
    assert resolve("https://example.com", {}) == "https://example.com"


@pytest.mark.parametrize("environ", [{}, {"TOKEN": ""}])
def test_a_missing_variable_is_named(environ):
    with pytest.raises(ValueError, match=r"^the environment variable TOKEN is not set$"):
        resolve("${TOKEN}", environ)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${A_1}", True), ("${A}x", False), ("$A", False), ("${1A}", False), ("${}", False)],
)
def test_is_reference(text, expected):
    assert is_reference(text) is expected
