"""Who must not be written to any more: what is under way ends, and every CRM hears of it."""

from collections.abc import Callable

from crm import edit
from crm.models import Activity, Lead
from mail.coverage import stop_newcomers
from mail.models import Suppression
from mail.suppression import is_suppressed, suppress
from sequences import engine


def keep_away(activity: Activity) -> None:
    """Who comes under a suppressed address, domain or company is opted out, too."""
    if activity.lead is not None and not activity.lead.do_not_contact:
        stop_newcomers(Lead.objects.filter(pk=activity.lead.pk))


def bounced(activity: Activity) -> None:
    if activity.data.get("hard"):
        stop_person("hard bounce")(activity)
        opt_out(activity)


def suppressed(activity: Activity) -> None:
    """Unless it was taken back before anybody could react to it."""
    lead = activity.lead
    taken_back = not Suppression.objects.filter(pk=activity.data["suppression"]).exists()
    if lead is None or (taken_back and not is_suppressed(lead.email, lead)):
        return
    stop_person("suppressed")(activity)
    opt_out(activity)


def opted_out(activity: Activity) -> None:
    lead = activity.lead
    if lead is None or lead.consented_at:  # which came later
        return
    if lead.email:
        suppress(
            lead.email,
            "do_not_contact",
            lead=lead,
            at=activity.occurred_at,
            because={"activity": activity.pk, "derived": activity.connection_id is None},
        )
    stop_person("do not contact")(activity)


def opt_out(activity: Activity) -> None:
    """Who must not be written to any more is opted out in every CRM that knows the person."""
    if activity.lead is not None:
        edit.opt_out(activity.lead, at=activity.occurred_at)


def stop_person(reason: str) -> Callable[[Activity], None]:
    def react_to(activity: Activity) -> None:
        if activity.lead is not None:
            because: dict[str, object] = {"rule": reason, "activity": activity.pk}
            engine.stop_lead(activity.lead, reason, at=activity.occurred_at, because=because)

    return react_to
