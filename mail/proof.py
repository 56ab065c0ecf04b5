"""Whether an email can be made of a template for somebody. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from mail import address, rendering
from workspace import templating
from workspace.expressions import look_up

_PLAIN = re.compile(r"[A-Za-z0-9.+_-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Parts(Protocol):
    """The parts of a template."""

    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str: ...


class Proofs:
    """The same, of many people: a template is rendered once for those who are alike to it."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], str] = {}
        self._turns_on: dict[str, Mapping[str, bool]] = {}

    def problem(self, name: str, parts: Parts, context: Mapping[str, object], *, to: str) -> str:
        """`problem` of the template of this name."""
        if name not in self._turns_on:
            every = (templating.turns_on(s) for s in (parts.subject, parts.text, parts.html) if s)
            merged: dict[str, bool] = {}
            for one in every:
                merged |= {fact: merged.get(fact, False) or by for fact, by in one.items()}
            self._turns_on[name] = merged
        key = (name, *self._alike(self._turns_on[name], context))
        if not _is_plain(to) or None in key:
            return problem(parts, context, to=to)
        if key not in self._known:
            self._known[key] = problem(parts, context, to=to)
        return self._known[key]

    @staticmethod
    def _alike(facts: Mapping[str, bool], context: Mapping[str, object]) -> Iterator[object]:
        """None for what is told by itself."""
        for fact, by_value in facts.items():
            value = look_up(fact.split("."), context)
            if isinstance(value, str) and not value.isprintable():
                yield None
            elif by_value:
                yield (repr(value),)
            else:
                yield (value is None or value == "", bool(value))


def _is_plain(to: str) -> bool:
    """An address about which nothing needs to be said."""
    return bool(_PLAIN.fullmatch(to))


def problem(parts: Parts, context: Mapping[str, object], *, to: str) -> str:
    """Why this email cannot be made and addressed; blank when it can."""
    try:
        subject = rendering.render(parts.subject, context).strip()
        rendering.render(parts.text, context)
        rendering.render(parts.html, context, html=True)
        address.refuse_control(subject, "subject")
        address.envelope(to)
    except (rendering.TemplateError, ValueError) as error:
        return str(error)
    return "" if subject or not parts.subject else "the subject is empty"
