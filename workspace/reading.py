"""What an expression or a template reads of the facts, held against their schema."""

import re
from collections.abc import Iterator, Mapping

from jinja2 import nodes

from workspace.problems import Fault, unknown

#: Name -> its fields; none for a plain value. `lead.extra` may have an entry of its own.
Schema = Mapping[str, frozenset[str]]

_STRINGS = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")


def faults(root: nodes.Node, source: str, schema: Schema) -> Iterator[Fault]:
    """One fault, with the offset into the source, for each thing read that is not in the schema."""
    for chain, line in chains(root):
        message, choices, culprit = _judge(chain, schema)
        if message:
            yield Fault(message, choices=choices, offset=_offset(source, line, culprit))


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
    chain = dotted(node)
    if chain is not None:
        yield chain, node.lineno
        return
    for child in node.iter_child_nodes():
        yield from chains(child)


def _judge(chain: tuple[str, ...], schema: Schema) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Message, choices and the part of the chain that is wrong; a blank message for none."""
    group = ""
    for depth, name in enumerate(chain):
        culprit = chain[: depth + 1]
        known = schema[group] if group else frozenset(key for key in schema if "." not in key)
        if name not in known:
            what = f"field of {group}" if group else "name"
            return f"{unknown(what, name, known)}", tuple(sorted(known)), culprit
        group = ".".join(culprit)
        if not schema.get(group):
            if group in schema and "." in group and depth + 1 < len(chain):
                return f"{group} has no fields: none is mapped in cadenza.yaml", (), chain
            if depth + 1 < len(chain):
                return f"{group} is a plain value and has no {chain[depth + 1]}", (), chain
            return "", (), ()
    fields = tuple(sorted(schema[group]))
    return f"{group} is not one value; read one of its fields: {', '.join(fields)}", fields, chain


def _offset(source: str, line: int, culprit: tuple[str, ...]) -> int:
    """Where the culprit stands, from its line on; Jinja's nodes know lines but not columns."""
    start = sum(len(text) + 1 for text in source.split("\n")[: line - 1])
    bare = _STRINGS.sub(lambda match: " " * len(match[0]), source)
    dots = r"\s*\.\s*".join(map(re.escape, culprit))
    found = re.compile(rf"(?<![\w.]){dots}(?!\w)").search(bare, start)
    if found is None:
        found = re.compile(rf"\b{re.escape(culprit[-1])}\b").search(source, start)
    return found.start() if found else start


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)
