"""The process as applied, and the events that it reads."""

import hashlib
import json
from functools import lru_cache

from crm.kinds import EVENTS
from process.definition import OTHER, Process
from process.models import AppliedProcess

__all__ = ["OTHER", "applied", "digest_of", "events", "is_at_work"]


def applied() -> Process | None:
    """The process at work; None before the first `apply`."""
    row = AppliedProcess.objects.filter(active=True).values_list("pk", "digest").first()
    return None if row is None else _parsed(*row)


def is_at_work(process: Process) -> bool:
    """Whether it says what the one at work says, on whichever lines of its file."""
    return AppliedProcess.objects.filter(active=True, digest=digest_of(process)).exists()


def digest_of(process: Process) -> str:
    definition = process.model_dump(mode="json", by_alias=True, exclude_none=True)
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=16)
def _parsed(pk: int, digest: str) -> Process:
    # What a digest stands for never changes, so its parsed form may be kept.
    row = AppliedProcess.objects.get(pk=pk, digest=digest)
    return Process.model_validate(row.definition).placed(row.places)


def events() -> frozenset[str]:
    """The kinds of Activity that rules may ask for, those that the team declared among them."""
    process = applied()
    own = frozenset(process.events) if process else frozenset[str]()
    return own.union(*EVENTS.values())
