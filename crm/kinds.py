"""The events that a team's rules may read, and the kinds of Activity that stand for them.

An open is not among them, and no machine's click: privacy proxies and scanners open emails that
nobody has read, and follow their links.
"""

from collections.abc import Mapping

#: As expressions name it, `event.clicked` -> the kinds of Activity that count.
EVENTS: Mapping[str, frozenset[str]] = {
    "accepted": frozenset({"accepted"}),
    "answered": frozenset({"answered", "crm_reply"}),
    "assigned": frozenset({"assigned"}),
    "auto_replied": frozenset({"auto_replied"}),
    "bounced": frozenset({"bounced"}),
    "called": frozenset({"called", "crm_call"}),
    "clicked": frozenset({"clicked"}),
    "deal_closed": frozenset({"deal_closed"}),
    "deal_created": frozenset({"deal_created"}),
    "deal_moved": frozenset({"deal_moved"}),
    "email_sent": frozenset({"email_sent", "crm_email"}),
    "form_submitted": frozenset({"form_submitted"}),
    "lead_created": frozenset({"lead_created"}),
    "list_joined": frozenset({"list_joined"}),
    "list_left": frozenset({"list_left"}),
    "meeting_booked": frozenset({"meeting_booked", "crm_meeting"}),
    "meeting_canceled": frozenset({"meeting_canceled", "crm_meeting_canceled"}),
    "meeting_held": frozenset({"meeting_held", "crm_meeting_held"}),
    "meeting_missed": frozenset({"meeting_missed", "no_show", "crm_meeting_missed"}),
    "meeting_moved": frozenset({"meeting_moved"}),
    "nps": frozenset({"nps"}),
    "page_visited": frozenset({"page_visited"}),
    "renewal_due": frozenset({"renewal_due"}),
    "qualified": frozenset({"qualified"}),
    "rejected": frozenset({"rejected"}),
    "stage_moved": frozenset({"stage_moved"}),
    "task_done": frozenset({"task_done"}),
}
#: Noted for people to see; no rule reads them, and no team's event is called so.
SHOWN = frozenset({"call_logged", "opened", "machine_opened", "machine_clicked"})
#: Somebody else of the lead's company has answered.
COMPANY_ANSWERED = "company_answered"
#: What a person may write down, besides the events that the team declares in process.yaml.
BY_HAND = frozenset(
    "answered called clicked form_submitted meeting_booked meeting_canceled meeting_held "
    "meeting_missed page_visited unsubscribed".split()
)
#: Later than an enrollment's start, they end it: nothing of it leaves any more.
ENDING = EVENTS["answered"] | EVENTS["meeting_booked"]
#: Nothing is to leave to the person any more, whatever it is in.
PERSON_STOPS = frozenset({"complained", "opted_out", "suppressed", "unsubscribed"})
#: Somebody wrote to the lead, spoke with it or heard from it.
TOUCHES = frozenset(
    kind
    for event in ("answered", "called", "email_sent", "meeting_booked", "meeting_held")
    for kind in EVENTS[event]
)


def activities_of(name: str) -> frozenset[str]:
    """The kinds of Activity behind an event; a team's own stands for itself."""
    return EVENTS.get(name, frozenset({name}))
