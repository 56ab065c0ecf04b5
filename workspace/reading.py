"""What an expression or a template reads of the facts, held against their schema."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from jinja2 import nodes

from workspace.problems import Fault, unknown

#: Name -> its fields: empty for a plain value, None when any field may be read. `lead.extra` may
#: have an entry of its own.
Schema = Mapping[str, frozenset[str] | None]

#: How deeply parts may be nested; whoever walks them, wherever it is called from, has the stack.
DEEPEST = 120

_STRINGS = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")


def faults(root: nodes.Node, source: str, schema: Schema) -> Iterator[Fault]:
    """One fault, with the offset into the source, for each thing read that is not in the schema."""
    for chain, line in chains(root):
        message, choices, culprit = _judge(chain, schema)
        if message:
            yield Fault(message, choices=choices, offset=_offset(source, line, culprit))


def is_too_deep(root: nodes.Node) -> bool:
    """Asked level by level, since what is too deep to be walked is what it looks for."""
    level = [root]
    for _ in range(DEEPEST):
        level = [child for node in level for child in node.iter_child_nodes()]
    return bool(level)


def dotted(node: nodes.Node) -> tuple[str, ...] | None:
    """`lead.extra.budget` as its parts; None for what is no plain chain of names."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        inner, last = dotted(node.node), node.attr
    elif isinstance(node, nodes.Getitem) and _is_text(node.arg):
        inner, last = dotted(node.node), node.arg.value  # type: ignore[attr-defined]  # a Const
    else:
        return None
    return None if inner is None else (*inner, last)


def chains(node: nodes.Node) -> Iterator[tuple[tuple[str, ...], int]]:
    for fact in facts(node):
        yield dotted(fact) or (), fact.lineno


def facts(node: nodes.Node) -> Iterator[nodes.Node]:
    """The plain chains of names, in the order in which they are written."""
    if dotted(node) is not None:
        yield node
        return
    for child in node.iter_child_nodes():
        yield from facts(child)


def place(source: str, fact: str) -> tuple[int, int]:
    """Line and column at which a template first reads a fact, such as `lead.first_name`."""
    before = source[: _offset(source, 1, tuple(fact.split(".")))]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def offset_of(fact: nodes.Node, root: nodes.Node, source: str) -> int:
    """Where this reading of a fact stands, among all that the source has of it."""
    chain = dotted(fact) or ()
    readings = [one for one in facts(root) if dotted(one) == chain]
    earlier = next(number for number, one in enumerate(readings) if one is fact)
    return _offset(source, 1, chain, earlier=earlier)


def _judge(chain: tuple[str, ...], schema: Schema) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Message, choices and the part of the chain that is wrong; a blank message for none."""
    known: frozenset[str] | None = frozenset(key for key in schema if "." not in key)
    for depth, name in enumerate(chain, start=1):
        group, outer = ".".join(chain[:depth]), ".".join(chain[: depth - 1])
        if known is None:
            return "", (), ()
        if name not in known:
            what = f"field of {outer}" if outer else "name"
            return unknown(what, name, known), tuple(sorted(known)), chain[:depth]
        known = schema.get(group, frozenset())
        if known is not None and not known:
            return _of_plain(group, chain[depth:], schema), (), chain
    fields = tuple(sorted(known or ()))
    return f"{group} is not one value; read one of its fields: {', '.join(fields)}", fields, chain


def _of_plain(group: str, beyond: tuple[str, ...], schema: Schema) -> str:
    if group in schema and "." in group:
        return f"{group} has no fields: none is mapped in cadenza.yaml"
    return f"{group} is a plain value and has no {beyond[0]}" if beyond else ""


def _offset(source: str, line: int, culprit: tuple[str, ...], *, earlier: int = 0) -> int:
    """Where the culprit stands, from its line on; Jinja's nodes know lines but not columns.

    So many `earlier` ones are passed over.
    """
    start = sum(len(text) + 1 for text in source.split("\n")[: line - 1])
    bare = _STRINGS.sub(lambda match: " " * len(match[0]), source)
    dots = r"\s*\.\s*".join(map(re.escape, culprit))
    written = re.compile(rf"(?<![\w.]){dots}(?!\w)").finditer(bare, start)
    found = next(islice(written, earlier, None), None)
    if found is None:
        found = re.compile(rf"\b{re.escape(culprit[-1])}\b").search(source, start)
    return found.start() if found else start


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)
