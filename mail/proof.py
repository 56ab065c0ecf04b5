"""Whether an email can be made of a template for somebody. Pure."""

from collections.abc import Mapping
from typing import Protocol

from mail import address, rendering


class Parts(Protocol):
    """The parts of a template."""

    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str: ...


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
