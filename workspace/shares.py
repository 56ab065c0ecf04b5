"""Shares as people write them: `3 percent`, `0.5 percent`."""

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from workspace.problems import Fault

_WRITTEN = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,2})?) percent")


def fraction(share: str) -> float:
    """`3 percent` as 0.03."""
    return float(share.removesuffix(" percent")) / 100


def _share(written: object) -> str:
    match = _WRITTEN.fullmatch(written) if isinstance(written, str) else None
    if match is None or not float(match[1]):
        raise Fault(
            f'"{written}" is no share; write a number above 0 and below 100 and the word percent, '
            'such as "3 percent"'
        )
    return match[0]


#: Kept as it is written; `fraction` reads it.
Share = Annotated[
    str,
    BeforeValidator(_share),
    WithJsonSchema({"type": "string", "pattern": f"^{_WRITTEN.pattern}$"}),
]
