import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workspace.problems import Invalid
from workspace.source import LARGEST, parse_yaml, read_text, read_yaml


def problems_of(text: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        parse_yaml(text, "a.yaml")
    return [str(problem) for problem in caught.value.problems]


def places_of(text: str) -> list[tuple[int, int]]:
    """Of the problems, or of the whole document when there are none."""
    try:
        return [parse_yaml(text, "a.yaml").place(())]
    except Invalid as invalid:
        return [(problem.line, problem.column) for problem in invalid.problems]


def test_values_are_what_was_written():
    text = 'a: 1\nb: "1"\nc: [yes, true, 09:00, 2026-03-02, ~]\non: off\nd: 1.5\n'

    document = parse_yaml(text, "a.yaml")

    assert document.data == {
        "a": 1,
        "b": "1",
        "c": ["yes", True, "09:00", "2026-03-02", None],
        "on": "off",
        "d": 1.5,
    }


def test_places_are_those_of_keys_and_values():
    document = parse_yaml("a:\n  - b: x\n    c: [1, 22]\n", "a.yaml")

    assert document.place(("a", 0, "b")) == (2, 8)
    assert document.place(("a", 0, "c"), at_key=True) == (3, 5)
    assert document.place(("a", 0, "c", 1)) == (3, 12)
    assert document.place(("a", 0, "missing")) == (2, 5)
    assert document.place(("missing",)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: one two", (1, 8)),
        ('a: "one two"', (1, 9)),
        ("a: >-\n  one\n  two\n", (3, 3)),
        ("a: |\n  one\n  two\n", (3, 3)),
    ],
)
def test_a_place_inside_of_a_text(text, place):
    document = parse_yaml(text, "a.yaml")

    assert document.place(("a",), offset=4) == place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["a.yaml:1:1: is empty"]),
        ("# only a comment\n", ["a.yaml:1:1: is empty"]),
        ("a: 1\nb: 2\na: 3\n", ['a.yaml:3:1: the key "a" stands here twice; first on line 1']),
        ("a:\n\t- b\n", ["a.yaml:2:1: YAML syntax: a tab in the indentation; use spaces"]),
        ("a: !!python/name:os.system\n", None),
        ("a: &a [*a]\n", None),
        (
            "a: b: c\n",
            [
                'a.yaml:1:5: YAML syntax: a ":" where no key can be; quotes around a text that '
                "has one, or other indentation, help"
            ],
        ),
        (
            "a:\n  - b\n - c\n",
            [
                "a.yaml:3:2: YAML syntax: this does not line up with the lines above; see how far "
                "it is indented"
            ],
        ),
        (
            "a: {{ lead.email }} b\n",
            ["a.yaml:1:21: YAML syntax: a text that begins with {{ needs quotes around it"],
        ),
        (
            "a: {task: call, title: Call {{ lead.email }}, due: 4 hours}\n",
            ["a.yaml:1:29: YAML syntax: within braces a text with {{ needs quotes around it"],
        ),
        (
            "a: {kind: google, client_id: ${ID}, client_secret: ${SECRET}}\n",
            ['a.yaml:1:31: YAML syntax: within braces a name needs quotes: "${ID}"'],
        ),
        (
            "a: {\n  token: ${TOKEN},\n}\n",
            ['a.yaml:2:11: YAML syntax: within braces a name needs quotes: "${TOKEN}"'],
        ),
        (
            "a: {{ lead.email }}\n",
            [
                "a.yaml:1:5: a key must be a plain word; a text that begins with {{ needs quotes "
                "around it"
            ],
        ),
        ("a: [1, 2\n", None),
        ("a: *nobody\n", None),
        ("? [a, b]\n: c\n", ["a.yaml:1:3: a key must be a plain word"]),
        ("a: 1\n---\nb: 2\n", None),
        ("a: \x07\n", ["a.yaml:1:4: has a control character, 0x07, which YAML forbids"]),
        ("%YAML 9.9\n---\na: 1\n", None),
        ("[" * 5000, None),
    ],
)
def test_what_is_no_yaml_is_a_problem(text, expected):
    found = problems_of(text)

    assert expected is None or found == expected
    assert all(problem.startswith("a.yaml:") for problem in found)


def test_aliases_of_aliases_do_not_explode():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    [problem] = problems_of("\n".join(lines))

    assert "too many or too deeply nested values" in problem


def test_bytes_that_are_not_utf_8_are_a_problem(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes("a: ok\nb: Grüße\n".encode("latin-1"))

    with pytest.raises(Invalid) as caught:
        read_yaml(path, "a.yaml")

    assert str(caught.value) == "a.yaml:2:6: is not UTF-8: byte 0xfc"


def test_a_control_character_in_any_file_is_a_problem(tmp_path):
    path = tmp_path / "body.txt"
    path.write_text("Hi\n  \0you")

    with pytest.raises(Invalid) as caught:
        read_text(path, "body.txt")

    assert str(caught.value) == ("body.txt:2:3: has a control character, 0x00, which no text has")


def test_large_and_missing_files_are_problems(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"#" * (LARGEST + 1))
    for file, message in (("a.yaml", "is larger than"), ("b.yaml", "cannot be read: No such file")):
        with pytest.raises(Invalid) as caught:
            read_yaml(tmp_path / file, file)
        assert str(caught.value).startswith(f"{file}:1:1: {message}")


@given(st.text())
@example("!")
@example("&")
@example("%TAG ! !\n--- !x y")
@example("a: !!int x\n")
@example("a: 0x\n")
@example("- \ufeff")
def test_any_text_is_read_or_invalid(text):
    assert all(place >= (1, 1) for place in places_of(text))


_YAMLISH = st.lists(
    st.sampled_from(
        ["a", "b", ":", ": ", "- ", "\n", "  ", "\t", "[", "]", "{", "}", ",", "&a ", "*a", "|",
         ">", "'", '"', "#", "!", "!!str ", "!!int ", "?", "%", "---", "...", "<<", "@", "`", "\\"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@given(_YAMLISH)
def test_any_yamlish_text_is_read_or_invalid(text):
    assert all(place >= (1, 1) for place in places_of(text))


@pytest.mark.parametrize(
    ("text", "place"),
    [('a: "x\\0"', "f.yaml:1:4: "), ('a: "\\ud800"', "f.yaml:1:4: "), ('"\\a": 1', "f.yaml:1:1: ")],
)
def test_escapes_for_what_no_text_has_are_problems(text, place):
    with pytest.raises(Invalid) as error:
        parse_yaml(text, "f.yaml")

    assert str(error.value).startswith(f"{place}stands for a character that no text has, 0x")


@pytest.mark.parametrize("text", ["0x" + "f" * 5000, "9" * 5000, "1e999", "-1e400"])
def test_a_number_that_none_can_be_is_a_text(text):
    assert parse_yaml(f"a: {text}", "f.yaml").data == {"a": text}
