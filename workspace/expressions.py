"""Conditions over facts, in Jinja's expression syntax, without calls, arithmetic or surprises.

`lead.stage in ["Approach"] and not deal.is_closed`. What is unknown is none; comparing none by
size is false. Nothing is executed: the parsed expression is walked, so its cost is its length.
"""

import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from workspace import comparisons, reading
from workspace.comparisons import Types
from workspace.problems import Fault, unknown
from workspace.reading import Schema

#: Names in `lead.stage`.
_A_FIELD = 2
Evaluation = Callable[[Mapping[str, object]], object]

_environment = Environment(autoescape=False)  # noqa: S701 - only parses, renders nothing

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}
_BY_SIZE = frozenset({"lt", "lteq", "gt", "gteq"})
_FILTERS: Mapping[str, Callable[[str], object]] = {
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "length": len,
}
_TESTS: Mapping[str, Callable[[object], bool]] = {
    "none": lambda value: value is None,
    "defined": lambda value: value is not None,
    "undefined": lambda value: value is None,
}
_ALLOWED = (
    nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Compare, nodes.Operand, nodes.Const,
    nodes.List, nodes.Tuple, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test,
)  # fmt: skip


def check(
    expression: str,
    schema: Schema,
    values: Mapping[str, Collection[str]] | None = None,
    types: Types | None = None,
) -> list[Fault]:
    """What is wrong with an expression; each fault has its offset into it.

    `values` are the only ones that a field can have: `{"lead.stage": ["Approach", ...]}`; `types` say
    what it is: `{"company.employees": "number"}`.
    """
    try:
        root = parse(expression)
    except Fault as fault:
        return [fault]
    return [
        *reading.faults(root, expression, schema),
        *_impossible(root, expression, values or {}),
        *comparisons.faults(root, expression, types or {}),
    ]


def evaluate(expression: str, context: Mapping[str, object]) -> bool:
    """Whether it is true of the facts; raises Fault when it is no expression."""
    return bool(compiled(expression)(context))


@lru_cache(maxsize=1000)
def compiled(expression: str) -> Evaluation:
    """What it comes to, as a function of the facts; raises Fault when it is no expression."""
    return _evaluation(parse(expression))


def reads(expression: str) -> frozenset[tuple[str, ...]]:
    """The facts that it reads, as ("lead", "stage"); raises Fault when it is no expression."""
    return frozenset(chain for chain, _ in reading.chains(parse(expression)))


def constant(expression: str) -> bool | None:
    """What it always comes to, if it reads no fact at all; raises Fault when it is no expression."""
    return None if reads(expression) else evaluate(expression, {})


def look_up(chain: Sequence[str], context: Mapping[str, object]) -> object:
    """The fact at the end of a chain of names; None when it is blank or unknown."""
    value: object = context
    for name in chain:
        # Most are plain dicts, and a Mapping is asked about a hundred times slower.
        is_group = type(value) is dict or isinstance(value, Mapping)
        value = value.get(name) if is_group else None  # type: ignore[attr-defined]  # a mapping
    return value


def reader(chain: Sequence[str]) -> Evaluation:
    """`look_up`, of a chain that is looked up often."""
    if len(chain) != _A_FIELD:
        return lambda context: look_up(chain, context)
    group, field = chain

    def read(context: Mapping[str, object]) -> object:
        values = context.get(group)
        # In half the time: nearly every rule reads a field of a plain dict.
        return values.get(field) if type(values) is dict else look_up(chain, context)

    return read


@lru_cache(maxsize=1000)
def parse(expression: str) -> nodes.Expr:
    """As the tree that is walked; raises Fault when it is no expression."""
    try:
        parser = Parser(_environment, expression, state="variable")
        root = parser.parse_expression()
        if not parser.stream.eos:
            rest = parser.stream.current.value
            hint = "; compare with ==" if rest == "=" else ""
            raise Fault(f'cannot go on with "{rest}"{hint}')
    except TemplateSyntaxError as error:
        said = str(error.message).replace("'end of template'", "end of the expression")
        raise Fault(f"syntax: {said}") from error
    except RecursionError as error:
        raise Fault("is nested too deeply") from error
    if reading.is_too_deep(root):
        raise Fault("is nested too deeply")
    for fault in _forbidden(root):
        raise fault
    return root


def _forbidden(node: nodes.Node) -> Iterator[Fault]:
    what = type(node).__name__.lower()
    if not isinstance(node, _ALLOWED):
        yield Fault(
            f"{what} is not available here; compare fields with ==, !=, <, <=, >, >=, in, not in "
            "and join conditions with and, or, not"
        )
    elif isinstance(node, nodes.Getitem) and reading.dotted(node) is None:
        yield Fault('an index is not available here; write name.field or name["field"]')
    elif isinstance(node, nodes.Getattr) and reading.dotted(node) is None:
        yield Fault(f"only a fact has fields, this is none: .{node.attr}")
    elif isinstance(node, nodes.Filter) and (node.name not in _FILTERS or node.args or node.kwargs):
        yield Fault(f"filter {node.name} is not available here; valid: {', '.join(_FILTERS)}")
    elif isinstance(node, nodes.Test) and node.name not in _TESTS:
        yield Fault(f"test {node.name} is not available here; valid: {', '.join(_TESTS)}")
    for child in node.iter_child_nodes():
        yield from _forbidden(child)


def _impossible(
    root: nodes.Node, expression: str, values: Mapping[str, Collection[str]]
) -> Iterator[Fault]:
    """Texts that are compared with a field which never has them."""
    for compare in (root, *root.find_all(nodes.Compare)):
        if not isinstance(compare, nodes.Compare):
            continue
        sides = [compare.expr, *(operand.expr for operand in compare.ops)]
        fields = [".".join(reading.dotted(side) or ()) for side in sides]
        field = next((field for field in fields if field in values), None)
        if field is None:
            continue
        for const in (const for side in sides for const in (side, *side.find_all(nodes.Const))):
            if isinstance(const, nodes.Const) and isinstance(const.value, str):
                written, known = const.value, values[field]
                if written not in known:
                    message = unknown(f"value of {field}", written, known)
                    offset = max(expression.find(written), 0)
                    yield Fault(message, choices=sorted(known), offset=offset)


def _evaluation(  # noqa: PLR0911 - one for each kind of node
    node: nodes.Node,
) -> Evaluation:
    """The node as a function of the facts."""
    match node:
        case nodes.Const(value=value):
            return lambda _: value
        case nodes.And():
            left, right = _evaluation(node.left), _evaluation(node.right)
            return lambda context: left(context) and right(context)
        case nodes.Or():
            left, right = _evaluation(node.left), _evaluation(node.right)
            return lambda context: left(context) or right(context)
        case nodes.Not():
            inner = _evaluation(node.node)
            return lambda context: not inner(context)
        case nodes.Compare():
            return _comparison(node)
        case nodes.List() | nodes.Tuple():
            return _list(node)
        case nodes.Neg():
            inner = _evaluation(node.node)
            return lambda context: _negative(inner(context))
        case nodes.Filter(node=filtered) if filtered is not None:
            inner, filter_ = _evaluation(filtered), _FILTERS[node.name]
            return lambda context: _filtered(filter_, inner(context))
        case nodes.Test():
            inner, test = _evaluation(node.node), _TESTS[node.name]
            return lambda context: test(inner(context))
        case _:
            return reader(reading.dotted(node) or ())


def _list(node: nodes.List | nodes.Tuple) -> Evaluation:
    if all(isinstance(item, nodes.Const) for item in node.items):
        values = [item.as_const() for item in node.items]
        return lambda _: values
    items = [_evaluation(item) for item in node.items]
    return lambda context: [item(context) for item in items]


def _comparison(node: nodes.Compare) -> Evaluation:
    first = _evaluation(node.expr)
    others = [(operand.op, _COMPARE[operand.op], _evaluation(operand.expr)) for operand in node.ops]
    if len(others) == 1:
        return _comparison_of_two(first, *others[0])

    def compare(context: Mapping[str, object]) -> bool:
        left = first(context)
        for name, holds, other in others:
            right = other(context)
            if left is None and name in _BY_SIZE:  # as most counts of events: told apart cheaply
                return False
            try:
                if not holds(left, right):
                    return False
            except TypeError:  # none or a text against a number: unknown, and so not true
                return name == "notin"
            left = right
        return True

    return compare


def _comparison_of_two(
    first: Evaluation, name: str, holds: Callable[[Any, Any], bool], second: Evaluation
) -> Evaluation:
    """As most are, in less time."""
    by_size = name in _BY_SIZE

    def compare(context: Mapping[str, object]) -> bool:
        left = first(context)
        if by_size and left is None:
            return False
        right = second(context)
        try:
            return holds(left, right)
        except TypeError:
            return name == "notin"

    return compare


def _negative(value: object) -> object:
    return -value if isinstance(value, int | float) else None


def _filtered(filter_: Callable[[str], object], value: object) -> object:
    return filter_(value) if isinstance(value, str) else None
