"""What an event means for a lead's stage, by the process as applied."""

from datetime import datetime
from functools import lru_cache

from crm import stages
from crm.kinds import EVENTS
from crm.models import Lead
from process.definition import OTHER, Process
from process.models import AppliedProcess

__all__ = ["OTHER", "applied", "events", "happened"]


def applied() -> Process | None:
    """The process at work; None before the first `apply`."""
    row = AppliedProcess.objects.filter(active=True).values_list("pk", flat=True).first()
    return None if row is None else _parsed(row)


@lru_cache(maxsize=16)
def _parsed(pk: int) -> Process:
    # A row is never changed once written, so its parsed form may be kept.
    return Process.model_validate(AppliedProcess.objects.get(pk=pk).definition)


def events() -> frozenset[str]:
    """The kinds of Activity that rules may ask for, those that the team declared among them."""
    process = applied()
    own = frozenset(process.events) if process else frozenset[str]()
    return own.union(*EVENTS.values())


def happened(lead: Lead, event: str, *, at: datetime, answer: str = "", cause: str = "") -> bool:
    """Move the lead when an exit of its present stage waits for this event; whether it moved."""
    process = applied()
    if process is None:
        return False
    rule = process.way_out(lead.stage, event, answer)
    if rule is None:
        return False
    because: dict[str, object] = {
        "rule": f"exit of {lead.stage} on {event}",
        "answer": answer,
        "cause": cause,
    }
    return stages.move(lead, rule.to, at=at, because=because)
