"""Who gave a field of a record its value in the CRM, when and how."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

#: `record`: no history of the field is kept, and this was the last change of the whole record.
Source = Literal["person", "import", "automation", "integration", "record", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Edit:
    value: str
    at: datetime
    source: Source
    #: The user's email, else the name; blank where no person did it, or nobody can tell who.
    who: str = ""
    #: Made by our own login.
    is_ours: bool = False


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Oldest first, without those that left the value as it was."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda one: one.at):
        if not kept or kept[-1].value != edit.value:
            kept.append(edit)
    return kept
