"""Events that a person writes down: `cadenza event LEAD KIND`."""

from collections.abc import Sequence
from datetime import datetime

from crm.kinds import BY_HAND
from crm.models import Lead
from crm.stages import bound_deal
from crm.timeline import note
from mail import unsubscribe
from process import outcomes
from process.meetings import by_hand
from workspace.problems import Fault, unknown


def kinds() -> Sequence[str]:
    """What may be written by hand: the standard ones and those that process.yaml declares."""
    process = outcomes.applied()
    return sorted({*BY_HAND, *(process.events if process else ())})


def write(lead: Lead, kind: str, *, at: datetime, by: str, text: str = "") -> None:
    """Note the event; whatever it ends or starts follows. Raises Fault with the valid kinds."""
    valid = kinds()
    if kind not in valid:
        raise Fault(unknown("event", kind, valid), choices=valid)
    if kind == "unsubscribed":
        unsubscribe.unsubscribe(lead, how=f"by {by}", at=at)
        return
    if by_hand.tell_of_next(lead, kind, by=by):
        return
    data: dict[str, object] = {"by": by, **({"text": text} if text else {})}
    note(kind, lead=lead, deal=bound_deal(lead), occurred_at=at, data=data)
