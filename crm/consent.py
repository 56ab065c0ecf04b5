"""Who asked to be left alone, and who of them agreed to be written to again."""

from collections.abc import Sequence
from datetime import datetime

from crm.models import Change, Connection, ExternalRecord, Lead
from crm.timeline import note


def inherit_opt_outs(leads: Sequence[Lead], *, at: datetime) -> Sequence[Lead]:
    """Whoever comes under an address that asked to be left alone is left alone; who that was.

    The person may have been deleted in the CRM and entered anew.
    """
    addresses = {lead.email for lead in leads if lead.email and not lead.do_not_contact}
    asked = set(
        Lead.objects.filter(email__in=addresses, do_not_contact=True).values_list(
            "email", flat=True
        )
    )
    found = [lead for lead in leads if lead.email in asked and not lead.do_not_contact]
    for lead in found:
        opt_out(lead, None, at=at)
    return found


def opt_out(lead: Lead, connection: Connection | None, *, at: datetime) -> bool:
    """Somebody asked to be left alone, in a CRM or by mail: only a person unsays it, see `lift`."""
    said = lead.do_not_contact
    if said and lead.consented_at is None:
        return False
    Lead.objects.filter(pk=lead.pk).update(do_not_contact=True, consented_at=None)
    lead.do_not_contact, lead.consented_at = True, None
    if not said:
        note("opted_out", lead=lead, connection=connection, occurred_at=at)
    return not said


def lift(lead: Lead, *, at: datetime) -> bool:
    """Take the flag from a lead that consented, as soon as no CRM holds it any more.

    No program opts anybody in there: a person clears the flag in each of them.
    """
    records = ExternalRecord.objects.filter(lead=lead, kind="lead", deleted_at=None)
    owed = Change.objects.filter(
        record__lead=lead, field="do_not_contact", status=Change.Status.PENDING
    )
    may_hold = any(record.base.get("do_not_contact") for record in records)
    if lead.consented_at is None or may_hold or owed.exclude(attempted_at=None).exists():
        return False
    Lead.objects.filter(pk=lead.pk).update(do_not_contact=False)
    lead.do_not_contact = False
    note("opted_in", lead=lead, occurred_at=at)
    return True
