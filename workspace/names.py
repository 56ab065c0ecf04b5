"""Names that people give to things, refused with a sentence instead of a pattern."""

import re
from typing import Annotated

from pydantic import AfterValidator

from workspace.problems import Fault

_LONGEST = 60
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def _slug(text: str) -> str:
    return _matching(_SLUG, text, 'must be lower-case words joined by "-"')


def _identifier(text: str) -> str:
    return _matching(_IDENTIFIER, text, 'must be lower-case words joined by "_"')


def _time_of_day(text: str) -> str:
    return _matching(_TIME, text, 'is no time of day such as "09:00"')


def _matching(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    if not pattern.fullmatch(text):
        raise Fault(f'"{text[:_LONGEST]}" {otherwise}')
    if len(text) > _LONGEST:
        raise Fault(f'"{text[:_LONGEST]}..." is longer than {_LONGEST} characters')
    return text


#: A name in files and links: `approach-cold-opening`.
Slug = Annotated[str, AfterValidator(_slug)]
#: A name in expressions: `has_solution`.
Identifier = Annotated[str, AfterValidator(_identifier)]
#: `09:00` to `24:00`.
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
