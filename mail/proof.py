"""Whether an email can be made of a template for somebody. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from mail import address, rendering
from workspace import templating
from workspace.expressions import Evaluation, reader

#: An address about which nothing needs to be said.
_PLAIN = re.compile(r"[A-Za-z0-9.+_-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
#: The facts on which templates turn: how each is read, and whether they do on its very value.
_TurnsOn = Sequence[tuple[Evaluation, bool]]
_BLANK = "blank"


class Parts(Protocol):
    """The parts of a template."""

    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str: ...


class Proofs:
    """The same, of many people: templates are rendered once for those who are alike to them."""

    def __init__(self, templates: Mapping[str, Parts]) -> None:
        self._templates = templates
        self._known: dict[tuple[object, ...], str] = {}
        #: Of some templates -> groups of them, each with what it turns on.
        self._groups: dict[tuple[str, ...], list[tuple[Sequence[str], _TurnsOn]]] = {}

    def problem(self, names: Sequence[str], context: Mapping[str, object], *, to: str) -> str:
        """A problem of these templates, and whose it is."""
        names = tuple(names)
        if names not in self._groups:
            self._groups[names] = list(self._grouped(names))
        plain = _PLAIN.fullmatch(to)
        for group, facts in self._groups[names]:
            key = (*group, *_alike(facts, context))
            if plain and None not in key:
                if key not in self._known:
                    self._known[key] = self._render(group, context, to)
                found = self._known[key]
            else:
                found = self._render(group, context, to)
            if found:
                return found
        return ""

    def _grouped(self, names: Sequence[str]) -> Iterator[tuple[Sequence[str], _TurnsOn]]:
        """Those that turn on blankness alone are asked together, the others one by one."""
        read_by = {name: self._read_by(name) for name in names}
        picky = [name for name in names if any(read_by[name].values())]
        calm = [name for name in names if name not in picky]
        for group in (*([name] for name in picky), calm):
            if group:
                facts = {fact: by for name in group for fact, by in read_by[name].items()}
                yield group, [(reader(fact.split(".")), by) for fact, by in facts.items()]

    def _render(self, names: Sequence[str], context: Mapping[str, object], to: str) -> str:
        for name in names:
            found = problem(self._templates[name], context, to=to)
            if found:
                return f"template {name}: {found}"
        return ""

    def _read_by(self, name: str) -> Mapping[str, bool]:
        parts, merged = self._templates[name], dict[str, bool]()
        for source in (parts.subject, parts.text, parts.html):
            for fact, by_value in templating.turns_on(source).items():
                merged[fact] = merged.get(fact, False) or by_value
        return merged


def problem(parts: Parts, context: Mapping[str, object], *, to: str) -> str:
    """Why this email cannot be made and addressed; blank when it can."""
    try:
        subject = rendering.render(parts.subject, context).strip()
        rendering.render(parts.text, context)
        rendering.render_html(parts.html, context)
        address.refuse_control(subject, "subject")
        address.envelope(to)
    except (rendering.TemplateError, ValueError) as error:
        return str(error)
    return "" if subject or not parts.subject else "the subject is empty"


def _alike(facts: _TurnsOn, context: Mapping[str, object]) -> Iterator[object]:
    """What makes two people alike to templates; None for what is told by itself."""
    for read, by_value in facts:
        value = read(context)
        if isinstance(value, str) and not value.isprintable():
            yield None
        elif by_value:
            yield (repr(value),)
        elif value is None or value == "":
            yield _BLANK
        else:
            yield bool(value)
