"""Emails and task titles: Jinja in a sandbox, strict about what is blank, bounded in cost.

A template reads facts, chooses with `if`, and formats with filters. It has no loops, macros,
assignments, calls or arithmetic, so what it costs is bounded by its length.
"""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from jinja2 import (
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    nodes,
    pass_eval_context,
)
from jinja2.filters import do_replace
from jinja2.sandbox import SandboxedEnvironment

from workspace import plain, reading
from workspace.problems import Fault, Problem, unknown
from workspace.reading import Schema

#: Characters that one template may become.
LONGEST = 500_000
#: Pieces of it that are written before it is asked how long it has become.
_AT_ONCE = 100

FILTERS = (
    "abs", "capitalize", "d", "default", "e", "escape", "float", "int", "length", "lower",
    "replace", "round", "string", "striptags", "title", "trim", "truncate", "upper", "urlencode",
    "wordcount",
)  # fmt: skip
TESTS = (
    "boolean", "defined", "eq", "equalto", "even", "false", "float", "ge", "gt", "in", "integer",
    "le", "lower", "lt", "ne", "none", "number", "odd", "string", "true", "undefined", "upper",
)  # fmt: skip
#: Filters and tests that no value makes fail, and whose outcome turns on blankness alone.
_TAKE_ANYTHING = frozenset(
    "capitalize d default defined e escape lower none string title trim undefined upper".split()
)
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr,
    nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand, nodes.Const, nodes.List,
    nodes.Tuple, nodes.Neg, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test,
    nodes.Keyword, nodes.Concat,
)  # fmt: skip


class Blank(StrictUndefined):
    """A blank fact: false in a condition, an error where it would be printed."""

    def __bool__(self) -> bool:  # type: ignore[override]  # theirs never returns
        return False


class Known(dict[str, object]):
    """Facts by their names, none of them blank, as `known` makes them."""


class _Group(dict[str, object]):
    """The known facts of a name, which knows its own name for errors."""

    def __init__(self, name: str, values: Mapping[str, object]) -> None:
        super().__init__(known(values, f"{name}."))
        self.name = name


#: Asked first, since most facts are of these and it takes long to see that a text is no mapping.
_AS_IT_IS = frozenset({str, int, float, bool, datetime, _Group})


class _Environment(SandboxedEnvironment):
    """Facts have fields and nothing else: `lead.items` is a field, never a method."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is _Group and attribute in obj:
            return obj[attribute]
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, _Group):
            if argument in obj:
                return obj[argument]
            path = f"{obj.name}.{argument}"
            hint = f'{path} is blank; give another text: {path} | default("...")'
            return self.undefined(hint, name=str(argument))
        return self.undefined(obj=obj, name=str(argument))


def _environment(*, html: bool) -> _Environment:
    environment = _Environment(
        undefined=Blank,
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.filters["replace"] = _replace
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment


@pass_eval_context
def _replace(
    context: nodes.EvalContext, text: str, old: str, new: str, count: int | None = None
) -> str:
    """As Jinja's, and bounded: a few in a row would make more than the machine holds."""
    text = str(text)
    if len(text) + text.count(str(old)) * len(str(new)) > LONGEST:
        raise TemplateError(f"becomes longer than {LONGEST:,} characters")
    return do_replace(context, text, old, new, count)


_TEXT = _environment(html=False)
_HTML = _environment(html=True)


def render(source: str, context: Mapping[str, object], *, html: bool = False) -> str:
    """The template with these facts; a fact that is None or "" is blank.

    Raises TemplateError, which says what is blank, forbidden or too long.
    """
    try:
        template, names, parts = _compiled(source, html)
        text = plain.filled(parts, context, html=html) if parts else None
        if text and len(text) <= LONGEST:
            return text
        if not isinstance(context, Known):
            context = known({name: context[name] for name in names if name in context})
        return _written(template, context)
    except (TypeError, ValueError, ArithmeticError, LookupError, AssertionError) as error:
        # A filter or comparison that does not fit the fact's type; `truncate` asserts its length.
        raise TemplateError(str(error)) from error


def _written(template: Template, context: Known) -> str:
    """As Jinja's `render`, and bounded: its `generate` wraps a generator around each piece."""
    try:
        return _joined(template.root_render_func(template.new_context(context)))
    except Exception:  # noqa: BLE001 - it raises it again, as of the template's lines
        template.environment.handle_exception()


def _joined(pieces: Iterator[str]) -> str:
    rendered: list[str] = []
    length = 0
    while some := list(islice(pieces, _AT_ONCE)):
        rendered += some
        length += sum(map(len, some))
        if length > LONGEST:
            raise TemplateError(f"becomes longer than {LONGEST:,} characters")
    return "".join(rendered)


def known(values: Mapping[str, object], prefix: str = "") -> Known:
    """The facts that are not blank, for templates that are all rendered with the same."""
    return Known(
        {
            name: _Group(prefix + name, value)
            if type(value) is dict or (type(value) not in _AS_IT_IS and isinstance(value, Mapping))
            else value
            for name, value in values.items()
            if value is not None and value != ""
        }
    )


def line_of(error: TemplateError) -> int:
    """The template's line at which rendering failed; 1 where it is not known."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    frames = traceback.extract_tb((error.__cause__ or error).__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return (lines and lines[-1]) or 1


def check_template(source: str, file: str, schema: Schema) -> list[Problem]:
    """What is wrong with a template, at its line and column in `file`."""
    try:
        root = _parse(source)
    except TemplateSyntaxError as error:
        return [_problem(source, file, Fault(_syntax(error), offset=_start(source, error.lineno)))]
    except TemplateError as error:
        return [_problem(source, file, Fault(str(error)))]
    found = [*_forbidden(root, source), *reading.faults(root, source, schema)]
    return [_problem(source, file, fault) for fault in found or _uncompiled(source)]


def paths_read(source: str) -> frozenset[str]:
    """The facts that a valid template reads, as `sender.postal_address`."""
    return frozenset(".".join(chain) for chain, _ in reading.chains(_parse(source)))


def turns_on(source: str) -> Mapping[str, bool]:
    """What decides whether a valid template renders: fact -> whether its very value does.

    Of the others it matters only whether they are blank, or false in a condition.
    """
    found: dict[str, bool] = {}
    for chain, by_value in _turns_on(_parse(source), by_value=False):
        found[".".join(chain)] = found.get(".".join(chain), False) or by_value
    return found


def _turns_on(node: nodes.Node, *, by_value: bool) -> Iterator[tuple[tuple[str, ...], bool]]:
    chain = reading.dotted(node) if isinstance(node, nodes.Expr) else None
    if chain:
        yield tuple(chain), by_value
        return
    picky = isinstance(node, nodes.Compare) or (
        isinstance(node, nodes.Filter | nodes.Test) and node.name not in _TAKE_ANYTHING
    )
    for child in node.iter_child_nodes():
        yield from _turns_on(child, by_value=by_value or picky)


def _parse(source: str) -> nodes.Template:
    try:
        root = _TEXT.parse(source)
    except RecursionError as error:
        raise TemplateError("is nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits
        raise TemplateError(str(error)) from error
    if reading.is_too_deep(root):
        raise TemplateError("is nested too deeply")
    return root


@lru_cache(maxsize=1000)
def _compiled(
    source: str, html: bool
) -> tuple[Template, frozenset[str], Sequence[plain.Part] | None]:
    """The template, the names whose facts it reads, and its parts if it only names facts."""
    root = _parse(source)
    for fault in _forbidden(root, source):
        raise TemplateError(str(fault))
    names = frozenset(name.name for name in root.find_all(nodes.Name))
    try:
        template = (_HTML if html else _TEXT).from_string(source)
    except (RecursionError, SyntaxError, ValueError, OverflowError) as error:
        raise TemplateError(f"cannot be compiled: {error}") from error
    template.globals = {}  # none, as its environment has: a plain dict is read in no time
    return template, names, plain.parts(root)


def _uncompiled(source: str) -> Iterator[Fault]:
    try:
        _compiled(source, html=False)
    except TemplateError as error:
        yield Fault(str(error))


def _forbidden(node: nodes.Node, source: str) -> Iterator[Fault]:
    start = _start(source, getattr(node, "lineno", 1) or 1)
    if not isinstance(node, _ALLOWED):
        yield Fault(
            f"{type(node).__name__.lower()} is not available in templates; they read facts, "
            "choose with if and format with filters",
            offset=start,
        )
        return
    if isinstance(node, nodes.Filter) and (node.name not in FILTERS or node.node is None):
        yield Fault(unknown("filter", node.name, FILTERS), choices=FILTERS, offset=start)
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        yield Fault(unknown("test", node.name, TESTS), choices=TESTS, offset=start)
    if isinstance(node, nodes.Getitem | nodes.Getattr) and reading.dotted(node) is None:
        yield Fault("only a fact has fields: write name.field", offset=start)
    for child in node.iter_child_nodes():
        yield from _forbidden(child, source)


def _syntax(error: TemplateSyntaxError) -> str:
    return f"template syntax: {error.message or 'cannot be read'}"


def _start(source: str, line: int) -> int:
    return sum(len(text) + 1 for text in source.split("\n")[: line - 1])


def _problem(source: str, file: str, fault: Fault) -> Problem:
    before = source[: fault.offset]
    return Problem(
        file=file,
        line=before.count("\n") + 1,
        column=fault.offset - before.rfind("\n"),
        message=str(fault),
        choices=fault.choices,
    )
