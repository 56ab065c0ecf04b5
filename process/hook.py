"""What the team's own model makes of an answer, kept with it."""

from collections.abc import Collection
from dataclasses import asdict

from crm.models import Activity
from mail import intent_hook
from mail.models import Sender


def ask_about(activities: Collection[int]) -> None:
    """Ask the team's model, where there is one, before the reactions run: no lock is held meanwhile."""
    sender = Sender.objects.first()
    if not activities or sender is None or not sender.intent_hook:
        return
    for activity in Activity.objects.filter(pk__in=activities).select_related("lead"):
        if "hook" in activity.data:
            continue
        said = intent_hook.ask(
            sender,
            text=str(activity.data.get("text", "")),
            subject=str(activity.data.get("subject", "")),
            language=activity.lead.language if activity.lead else "",
        )
        if said is not None:
            data = {**activity.data, "hook": asdict(said)}
            Activity.objects.filter(pk=activity.pk).update(data=data)
