"""Secrets are named in a workspace, `${NAME}`, and live in the environment."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator

from workspace.problems import Fault

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def is_reference(text: str) -> bool:
    return _REFERENCE.fullmatch(text) is not None


class MissingSecret(ValueError):
    """An environment variable that the workspace names is not set."""


def resolve(text: str, environ: Mapping[str, str]) -> str:
    """What a reference stands for, any other text as it is; raises ValueError with the name."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return text
    value = environ.get(match[1], "")
    if not value:
        raise MissingSecret(f"the environment variable {match[1]} is not set")
    return value


def _referred(value: object) -> str:
    if isinstance(value, str) and is_reference(value):
        return value
    raise Fault(
        "a secret must not be written out here; name an environment variable, "
        "such as ${HUBSPOT_TOKEN}",
        hidden=True,
    )


#: A field that takes `${NAME}` and nothing else; what else is there is never shown.
SecretName = Annotated[str, BeforeValidator(_referred)]
