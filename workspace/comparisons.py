"""Comparisons that no fact can make come out as they are meant: of a number with a text, and the like."""

import json
from collections.abc import Iterator, Mapping
from typing import Literal

from jinja2 import nodes

from workspace import reading
from workspace.problems import Fault

Type = Literal["text", "number", "bool", "list"]
#: Dotted fact -> what it is; one that is not there may be anything.
Types = Mapping[str, Type]

_CALLED: Mapping[Type, str] = {
    "text": "a text",
    "number": "a number",
    "bool": "true or false",
    "list": "a list",
}


def faults(root: nodes.Node, expression: str, types: Types) -> Iterator[Fault]:
    checked = _Checked(root, expression, types)
    for node in (root, *root.find_all((nodes.Compare, nodes.Filter))):
        if isinstance(node, nodes.Compare):
            yield from checked.compare(node)
        elif isinstance(node, nodes.Filter):
            yield from checked.filtered(node)


class _Checked:
    def __init__(self, root: nodes.Node, expression: str, types: Types) -> None:
        self._root, self._expression, self._types = root, expression, types

    def compare(self, compare: nodes.Compare) -> Iterator[Fault]:
        left: nodes.Node = compare.expr
        for operand in compare.ops:
            right = operand.expr
            if operand.op not in {"in", "notin"}:
                yield from self._alike(left, right)
            elif isinstance(right, nodes.List | nodes.Tuple):
                for item in right.items:
                    yield from self._alike(left, item)
            else:
                yield from self._inside(left, right)
            left = right

    def filtered(self, node: nodes.Filter) -> Iterator[Fault]:
        """A filter makes nothing of what is no text."""
        found = self._type(node.node)
        if node.node is not None and found is not None and found != "text":
            yield from self._fault(node.node, found, f"{node.name} is for texts")

    def _alike(self, left: nodes.Node, right: nodes.Node) -> Iterator[Fault]:
        fact, other = (right, left) if _fact(left) is None else (left, right)
        known, found = self._type(fact), self._type(other)
        if known is not None and found is not None and known != found:
            instead = _instead(fact, known, other, found)
            yield from self._fault(fact, known, f"{_told(other)} is not; {instead}")

    def _inside(self, part: nodes.Node, whole: nodes.Node) -> Iterator[Fault]:
        """Of a text in another, or in a field that is a list of texts."""
        known, found = self._type(whole), self._type(part)
        if known is None or found is None:
            return
        if known in {"number", "bool"}:
            yield from self._fault(whole, known, "nothing is in it; compare it with ==")
        elif found != "text":
            why = f"only a text is in {_told(whole)}"
            if _fact(part) is None:
                part, found, why = whole, known, f"{_told(part)} is in none; look for a text"
            yield from self._fault(part, found, why)

    def _fault(self, node: nodes.Node, known: Type, why: str) -> Iterator[Fault]:
        fact = _fact(node)
        if fact is not None:
            offset = reading.offset_of(fact, self._root, self._expression)
            yield Fault(f"{_told(node)} is {_CALLED[known]}, and {why}", offset=offset)

    def _type(self, node: nodes.Node | None) -> Type | None:
        match node:
            case nodes.Const(value=bool()) | nodes.Not() | nodes.Compare() | nodes.Test():
                return "bool"
            case nodes.Const(value=str()):
                return "text"
            case nodes.Const(value=int() | float()) | nodes.Neg():
                return "number"
            case nodes.List() | nodes.Tuple():
                return "list"
            case nodes.Filter():
                return "number" if node.name == "length" else "text"
        chain = reading.dotted(node) if node is not None else None
        return self._types.get(".".join(chain)) if chain else None


def _instead(fact: nodes.Node, known: Type, other: nodes.Node, found: Type) -> str:
    """What would be right."""
    value = other.value if isinstance(other, nodes.Const) else None
    match known, found:
        case ("number", "text") if isinstance(value, str) and _is_number(value):
            return f"write {value.strip()}"
        case ("bool", "text") if value in {"true", "false"}:
            return f"write {value}"
        case ("text", "number" | "bool") if value is not None:
            mapped = f", or give it the type {found} in cadenza.yaml" if _is_custom(fact) else ""
            return f'write "{_told(other)}"{mapped}'
        case ("list", "text") if value is not None:
            return f"write {_told(other)} in {_told(fact)}"
        case (_, "list") | ("list", _):
            return "ask for one of several with in"
    return f"compare it with {_CALLED[known]}"


def _fact(node: nodes.Node | None) -> nodes.Node | None:
    """The fact that is compared, by itself or filtered."""
    while isinstance(node, nodes.Filter | nodes.Neg):
        node = node.node
    return node if node is not None and reading.dotted(node) else None


def _told(node: nodes.Node | None) -> str:
    match node:
        case nodes.Const():
            return json.dumps(node.value, ensure_ascii=False)
        case nodes.Filter():
            return f"{_told(node.node)} | {node.name}"
        case nodes.Neg():
            return f"-{_told(node.node)}"
        case nodes.List() | nodes.Tuple():
            return f"[{', '.join(map(_told, node.items))}]"
    return ".".join(reading.dotted(node) or ("that",)) if node is not None else ""


def _is_number(written: str) -> bool:
    try:
        return float(written) == float(written)
    except ValueError:
        return False


def _is_custom(fact: nodes.Node) -> bool:
    return ".extra." in f".{_told(_fact(fact))}."
