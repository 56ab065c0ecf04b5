"""Marketing at its desk: every working day it names, in HubSpot, some leads that sales should take.

Who of sales says yes or no to them is the reps' (config.demo.desk).
"""

from collections.abc import Sequence
from datetime import datetime

from crm import stages
from crm.models import Lead
from process.definition import STAGES

#: What HubSpot calls a lead that marketing has qualified, as the demo's process.yaml says.
MQL = {"lifecyclestage": "marketingqualifiedlead"}
#: One of so many leads a day, each day others.
_ONE_OF = 30
#: With whom nobody has met yet.
_EARLY = STAGES[:3]


def named(now: datetime) -> Sequence[str]:
    """Their records in HubSpot; the same ones however often it is asked at that moment."""
    found = Lead.objects.filter(source__name="hubspot", stage__in=_EARLY, deleted_at=None)
    leads = [
        lead
        for lead in found.filter(do_not_contact=False).exclude(email="").order_by("pk")
        if (lead.pk - now.toordinal()) % _ONE_OF == 0
    ]
    if not leads:
        return []
    records = stages.live_records("lead", [lead.pk for lead in leads], leads[0].source_id)
    return [record.external_id for record in records.values()]
