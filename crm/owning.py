"""Giving a lead an owner of ours to choose: where a CRM names one already, theirs stays."""

from datetime import datetime

from connectors import registry
from crm import ledger
from crm.models import ExternalRecord, Lead, Owner
from crm.stages import live_records

OWNER_ID = ledger.OWNER_ID


def obstacle(lead: Lead, *, also_of_gone: bool = False) -> str:
    """Why this lead is not to be given an owner; blank when it may be.

    `also_of_gone` lets go of an owner who is not active any more.
    """
    if lead.owner is not None:
        return "" if also_of_gone and not lead.owner.active else f"{lead.owner} is its owner"
    record = _record_of(lead)
    if record is not None and record.base.get(OWNER_ID):
        return f"{lead.source} names an owner whom we do not know"
    return ""


def give(lead: Lead, owner: Owner, *, at: datetime) -> bool:
    """Make somebody the owner, the lead's row locked by the caller; whether the source CRM is owed it.

    It is not, where the CRM knows no such owner or takes none.
    """
    lead.owner = owner
    lead.save(update_fields=["owner"])
    record = _record_of(lead)
    theirs = known_as(owner, lead.source_id)
    if record is None or theirs is None or not _takes_owners(record):
        return False
    ledger.owe_update(record, OWNER_ID, theirs, at=at)
    return True


def known_as(owner: Owner, connection_id: int) -> str | None:
    """The owner's id in a CRM; None where it knows no such one."""
    rows = ExternalRecord.objects.filter(
        connection=connection_id, kind="owner", owner=owner, deleted_at=None
    )
    return rows.order_by("-id").values_list("external_id", flat=True).first()


def _record_of(lead: Lead) -> ExternalRecord | None:
    return live_records("lead", [lead.pk], lead.source_id).get(lead.pk)


def _takes_owners(record: ExternalRecord) -> bool:
    connection = record.connection
    fields = connection.settings.get("fields")
    return OWNER_ID in registry.writable(connection.kind, "lead", record.external_id, fields)
