"""A lead's meetings in memory: booked, moved and called off as in process.meetings."""

from collections.abc import Mapping
from datetime import datetime

from crm import meeting_facts
from crm.fields import FIELDS
from crm.meeting_facts import Standing
from process.simulation.rows import Lead
from sequences import whereabouts

_BLANK: Mapping[str, object] = dict.fromkeys(FIELDS["meeting"])
_OUTCOMES = {"meeting_held": "held", "meeting_missed": "missed"}


def happened(lead: Lead, kind: str, data: Mapping[str, object], *, workspace: str) -> None:
    """What an event means for the lead's meetings: `start` is when one is booked or moved to."""
    start, following = data.get("start"), meeting_facts.ahead(lead.meetings)
    if kind == "meeting_booked" and isinstance(start, datetime):
        told = whereabouts.timezone_of(lead.facts, window=None, workspace=workspace)
        lead.meetings.append(Standing(starts_at=start, timezone=str(told["zone"])))
    elif kind == "meeting_moved" and isinstance(start, datetime) and following:
        _put(lead, following[0], following[0]._replace(starts_at=start))
    elif kind == "meeting_canceled" and following:
        lead.meetings.remove(following[0])
    elif kind in _OUTCOMES and following:
        _put(lead, following[0], following[0]._replace(status=_OUTCOMES[kind]))
    else:
        return
    lead.facts["meeting"] = {**_BLANK, **(meeting_facts.of(lead.meetings) or {})}


def _put(lead: Lead, old: Standing, new: Standing) -> None:
    lead.meetings[lead.meetings.index(old)] = new
