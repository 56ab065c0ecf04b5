"""What an event means for a lead's stage, by the process as applied."""

from datetime import datetime
from functools import lru_cache

from crm import stages
from crm.kinds import EVENTS
from crm.models import Lead
from process.definition import OTHER, Process
from process.models import AppliedProcess

__all__ = ["OTHER", "applied", "disposition_of", "events", "happened"]


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


def disposition_of(process: Process, text: str) -> str:
    """The first of the process's answers with a phrase in the text, else "other"."""
    folded = " ".join(text.casefold().replace("\u2019", "'").split())
    for name, phrases in process.answers.items():
        if any(phrase.casefold() in folded for phrase in phrases):
            return name
    return OTHER


def happened(lead: Lead, event: str, *, at: datetime, answer: str = "", cause: str = "") -> bool:
    """Move the lead when an exit of its present stage waits for this event; whether it moved."""
    process = applied()
    if process is None:
        return False
    for stage in process.stages:
        if stage.name != lead.stage:
            continue
        for rule in stage.exit:
            if rule.on == event and (not rule.answer or answer in rule.answer):
                because: dict[str, object] = {
                    "rule": f"exit of {stage.name} on {event}",
                    "answer": answer,
                    "cause": cause,
                }
                return stages.move(lead, rule.to, at=at, because=because)
    return False
