"""By which clock a lead's moments are told to people."""

from zoneinfo import ZoneInfo

from crm import facts
from crm.models import Lead
from mail.models import Sender
from sequences import whereabouts
from workspace.zones import known, zone


def clock_of(lead: Lead) -> ZoneInfo:
    """The one by which its emails leave, where no sequence says otherwise: its own, else the team's."""
    sender = Sender.objects.first()
    told = whereabouts.timezone_of(
        facts.context(lead, None), window=None, workspace=sender.timezone if sender else ""
    )
    return zone(known(told["zone"]))
