"""Jinja in a sandbox, where a blank value is undefined and an undefined one is an error."""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

__all__ = ["TemplateError", "render"]

_environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)


def render(source: str, context: Mapping[str, object]) -> str:
    try:
        return _compiled(source).render(_known(context))
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise TemplateError(f"{type(error).__name__}: {error}") from error


@lru_cache(maxsize=500)
def _compiled(source: str) -> Template:
    return _environment.from_string(source)


def _known(values: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _known(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
        if value not in (None, "")
    }
