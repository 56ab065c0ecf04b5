"""Files of a workspace as plain data that knows where in the file each value stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path as FilePath

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from workspace.problems import Invalid, Path, Problem

#: Far above what a team writes, far below what takes long to read.
LARGEST = 250_000
DEEPEST = 50
MOST_VALUES = 20_000

Place = tuple[int, int]

_STANDARD = "tag:yaml.org,2002:"
#: What YAML itself gives to untagged values.
_TAGS = frozenset(
    {"str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value"}
)
_BRACES = re.compile(r"[:-]\s+\{\{")
#: A secret's name without quotes; within braces YAML takes its brace for another mapping.
_NAME = re.compile(r"[:,\[]\s*(\$\{\w+\})")
#: What the parser's own words mean to somebody who writes a file by hand.
_MEANT = (
    (
        "expected <block end>",
        "this does not line up with the lines above; see how far it is indented",
    ),
    (
        "mapping values are not allowed here",
        'a ":" where no key can be; quotes around a text that has one, or other indentation, help',
    ),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: What "\\0" and "\\ud800" stand for: no database keeps the one, and no file the other.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
#: Digits of a number; whatever is longer is a text.
_LONGEST_NUMBER = 40


@dataclass(frozen=True, kw_only=True)
class Document:
    """One YAML file: its data, and the places of its keys and values."""

    file: str
    text: str
    data: object
    _values: dict[Path, Node] = field(repr=False)
    _keys: dict[Path, Node] = field(repr=False)

    def problem(
        self,
        path: Path,
        message: str,
        *,
        value: object = None,
        choices: tuple[str, ...] = (),
        offset: int = 0,
        at_key: bool = False,
    ) -> Problem:
        """A problem with the value at `path` (or its key), or with the nearest one around it."""
        line, column = self.place(path, offset=offset, at_key=at_key)
        return Problem(
            file=self.file,
            line=line,
            column=column,
            message=message,
            value=_shown(value),
            choices=choices,
        )

    def place(self, path: Path, *, offset: int = 0, at_key: bool = False) -> Place:
        """Line and column, from 1, of the value at `path` or `offset` characters into its text."""
        if at_key and path in self._keys:
            return _place(self._keys[path].start_mark)
        while path and path not in self._values:
            path = path[:-1]
        node = self._values.get(path)
        if node is None:
            return 1, 1
        if offset and isinstance(node, ScalarNode):
            return self._inside(node, offset)
        return _place(node.start_mark)

    def _inside(self, node: ScalarNode, offset: int) -> Place:
        """Where the scalar's text at `offset` is written; quoting and folding may have moved it."""
        start, end = node.start_mark.index, node.end_mark.index
        word = re.match(r"\S+", node.value[offset:])
        expected = start + offset + (1 if node.style in ("'", '"') else 0)
        if word is not None and not self.text.startswith(word[0], expected, end):
            expected = self.text.find(word[0], start, end)
        if word is None or expected < 0:
            return _place(node.start_mark)
        before = self.text[:expected]
        return before.count("\n") + 1, expected - before.rfind("\n")


def read_text(path: FilePath, file: str) -> str:
    """A small UTF-8 text; raises Invalid with the problem."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise _invalid(file, f"cannot be read: {error.strerror or error}") from error
    if len(raw) > LARGEST:
        raise _invalid(file, f"is larger than {LARGEST:,} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        raise _invalid(
            file,
            f"is not UTF-8: byte 0x{raw[error.start]:02x}",
            before.count(b"\n") + 1,
            error.start - before.rfind(b"\n"),
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _refuse_control(text, file, "which no text has")
    return text


def read_yaml(path: FilePath, file: str) -> Document:
    """One YAML file; raises Invalid with all its problems."""
    return parse_yaml(read_text(path, file), file)


def parse_yaml(text: str, file: str) -> Document:
    _refuse_control(text, file, "which YAML forbids")
    root = _compose(text, file)
    if root is None:
        raise _invalid(file, "is empty")
    reader = _Reader(file)
    data = reader.read(root, ())
    if reader.problems:
        raise Invalid(reader.problems)
    return Document(file=file, text=text, data=data, _values=reader.values, _keys=reader.keys)


def _refuse_control(text: str, file: str, why: str) -> None:
    if control := _CONTROL.search(text):
        before = text[: control.start()]
        raise _invalid(
            file,
            f"has a control character, 0x{ord(control[0]):02x}, {why}",
            before.count("\n") + 1,
            control.start() - before.rfind("\n"),
        )


def _compose(text: str, file: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = DEEPEST
    yaml.composer.warn_double_anchors = False
    try:
        root: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = _place(mark) if mark else (1, 1)
        raise _invalid(file, _explained(error, text, line), line, column) from error
    except ReaderError as error:
        raise _invalid(file, f"has a character that YAML forbids: {error.reason}") from error
    except (YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        # The scanner lets a few of these through for input such as a broken %YAML directive.
        raise _invalid(file, f"is no valid YAML: {type(error).__name__}") from error
    return root


def _explained(error: MarkedYAMLError, text: str, line: int) -> str:
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "YAML syntax: a tab in the indentation; use spaces"
    if _BRACES.search(written):
        return "YAML syntax: a text that begins with {{ needs quotes around it"
    if "flow mapping" in str(error.context) and "{{" in written:
        return "YAML syntax: within braces a text with {{ needs quotes around it"
    if "flow" in str(error.context) and (bare := _NAME.search(written)):
        return f'YAML syntax: within braces a name needs quotes: "{bare[1]}"'
    problem = str(error.problem)
    for name, words in _MEANT:
        if name in problem:
            return f"YAML syntax: {words}"
    parts = (error.context, error.problem)
    return "YAML syntax: " + ", ".join(" ".join(str(part).split()) for part in parts if part)


class _Reader:
    """Walks the nodes once: data, places, and what a team's file must not have."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self.values: dict[Path, Node] = {}
        self.keys: dict[Path, Node] = {}
        self._file = file

    def read(self, node: Node, path: Path) -> object:
        if len(self.values) >= MOST_VALUES or len(path) > DEEPEST:
            # Aliases of aliases, or an alias inside of what it stands for.
            raise _invalid(
                self._file, "has too many or too deeply nested values", *_place(node.start_mark)
            )
        self.values[path] = node
        tag = str(node.tag)
        if tag.removeprefix(_STANDARD) not in _TAGS:
            self._note(node, f'has the tag "{tag}"; tags are not supported')
            return None
        if isinstance(node, MappingNode):
            return dict(self._items(node, path))
        if isinstance(node, SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        self._look_at(node)
        return _scalar(tag.removeprefix(_STANDARD), node.value)

    def _look_at(self, node: Node) -> None:
        if found := _UNWRITABLE.search(node.value):
            self._note(node, f"stands for a character that no text has, 0x{ord(found[0]):02x}")

    def _items(self, node: MappingNode, path: Path) -> Iterator[tuple[str, object]]:
        seen: dict[str, Node] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._note(key_node, _no_key(key_node))
                continue
            self._look_at(key_node)
            key = str(key_node.value)
            if key in seen:
                first = seen[key].start_mark.line + 1
                self._note(key_node, f'the key "{key}" stands here twice; first on line {first}')
                continue
            seen[key] = self.keys[*path, key] = key_node
            yield key, self.read(value_node, (*path, key))

    def _note(self, node: Node, message: str) -> None:
        line, column = _place(node.start_mark)
        self.problems.append(Problem(file=self._file, line=line, column=column, message=message))


def _no_key(node: Node) -> str:
    if isinstance(node, MappingNode) and node.flow_style:
        return "a key must be a plain word; a text that begins with {{ needs quotes around it"
    return "a key must be a plain word"


def _scalar(tag: str, text: str) -> object:
    """Null, yes and no, and numbers; everything else, dates too, is the text that was written."""
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    try:
        if tag == "int" and len(text) <= _LONGEST_NUMBER:
            return int(text.replace("_", ""), 0)
        if tag == "float" and isfinite(number := float(text.replace("_", ""))):
            return number
    except ValueError:
        return text
    return text


def _place(mark: StringMark) -> Place:
    return mark.line + 1, mark.column + 1


def _shown(value: object) -> str:
    return str(value)[:100] if isinstance(value, str | int | float) else ""


def _invalid(file: str, message: str, line: int = 1, column: int = 1) -> Invalid:
    return Invalid([Problem(file=file, line=line, column=column, message=message)])
