"""Which of our rows a new record stands for: linked once by a sure sign, afterwards only by id."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import CompanyRecord, Kind, LeadRecord, OwnerRecord, Record
from crm.models import (
    Activity,
    Change,
    Company,
    Connection,
    Deal,
    ExternalRecord,
    Lead,
    Owner,
)
from crm.normalize import email as normalized_email
from crm.timeline import note


def find(connection: Connection, kind: Kind, records: Sequence[Record]) -> Mapping[str, Any]:
    """External id -> our row, of those records that are sure to stand for one that we have."""
    if kind == "owner":
        return _owners([record for record in records if isinstance(record, OwnerRecord)])
    if kind == "company":
        return _companies(connection, [r for r in records if isinstance(r, CompanyRecord)])
    if kind == "lead":
        return _leads(connection, [record for record in records if isinstance(record, LeadRecord)])
    return {}


def _owners(records: Sequence[OwnerRecord]) -> Mapping[str, Owner]:
    """An owner is the same rep in every CRM that knows the email."""
    emails = {
        # An owner without an address is nobody else's twin: a name that no mail can reach.
        record.external_id: normalized_email(record.email) or f"owner-{record.external_id}@invalid"
        for record in records
    }
    rows = {row.email: row for row in Owner.objects.filter(email__in=emails.values())}
    for record in records:
        address = emails[record.external_id]
        if address not in rows:
            rows[address] = Owner.objects.create(
                email=address, name=record.name, active=record.active
            )
    return {external_id: rows[address] for external_id, address in emails.items()}


def _companies(connection: Connection, records: Sequence[CompanyRecord]) -> Mapping[str, Company]:
    """Companies of two CRMs are one when both know the same domain, once on each side."""
    domains = Counter(record.domain.lower() for record in records if record.domain)
    taken = ExternalRecord.objects.filter(connection=connection, kind="company")
    rows: dict[str, list[Company]] = defaultdict(list)
    for row in Company.objects.filter(domain__in=list(domains)).exclude(
        pk__in=taken.values("company")
    ):
        rows[row.domain].append(row)
    return {
        record.external_id: rows[record.domain.lower()][0]
        for record in records
        if domains[record.domain.lower()] == 1 and len(rows[record.domain.lower()]) == 1
    }


def _leads(connection: Connection, records: Sequence[LeadRecord]) -> Mapping[str, Lead]:
    """By the mapped cross-id, else by an email with exactly one candidate on each side."""
    found: dict[str, Lead] = _by_cross_id(connection, records)
    emails = {record.external_id: normalized_email(record.email) for record in records}
    here = Counter(address for address in emails.values() if address)
    rows: dict[str, list[Lead]] = defaultdict(list)
    for row in Lead.objects.filter(email__in=list(here), deleted_at=None):
        rows[row.email].append(row)
    linked_here = set(
        ExternalRecord.objects.filter(
            connection=connection, kind="lead", deleted_at=None, lead__email__in=list(here)
        ).values_list("lead_id", flat=True)
    )
    for record in records:
        address = emails[record.external_id]
        candidates = rows[address]
        if record.external_id in found or here[address] != 1 or len(candidates) != 1:
            continue
        if candidates[0].pk not in linked_here:
            found[record.external_id] = candidates[0]
    return found


def _by_cross_id(connection: Connection, records: Sequence[LeadRecord]) -> dict[str, Lead]:
    wanted = {record.cross_id: record.external_id for record in records if record.cross_id}
    rows = (
        ExternalRecord.objects.filter(kind="lead", external_id__in=list(wanted))
        .exclude(connection=connection)
        .select_related("lead")
    )
    return {wanted[row.external_id]: row.lead for row in rows if row.lead is not None}


def doubt_shared_emails(emails: Sequence[str]) -> None:
    """Flag the leads that share an email: two people, or one twice; a person has to say which."""
    shared: dict[str, list[Lead]] = defaultdict(list)
    for lead in Lead.objects.filter(email__in=[e for e in emails if e], deleted_at=None):
        shared[lead.email].append(lead)
    for leads in shared.values():
        doubtful = len(leads) > 1
        for lead in leads:
            others = ", ".join(f"{other} (lead {other.pk})" for other in leads if other != lead)
            doubt = f"has the same email address as {others}" if doubtful else ""
            if lead.doubt != doubt:
                Lead.objects.filter(pk=lead.pk).update(doubt=doubt)


def follow_conversion(
    connection: Connection, lead: Lead, record: LeadRecord, *, now: datetime
) -> None:
    """Follow a Salesforce Lead to the Contact that a person made of it; the timeline stays."""
    if not record.converted_to:
        return
    old = ExternalRecord.objects.filter(
        connection=connection, kind="lead", external_id=record.external_id
    )
    old.filter(deleted_at=None).update(deleted_at=now)
    contact, _ = ExternalRecord.objects.get_or_create(
        connection=connection,
        kind="lead",
        external_id=record.converted_to,
        defaults={"lead": lead},
    )
    _carry_over([link.pk for link in old], contact)
    newer = contact.lead_id
    if newer is not None and newer != lead.pk:
        contact.lead = lead
        contact.save(update_fields=["lead"])
        Deal.objects.filter(lead=newer).update(lead=lead)
        Lead.objects.filter(pk=newer).update(deleted_at=now)


def opt_out(lead: Lead, connection: Connection | None, *, at: datetime) -> bool:
    """Somebody asked to be left alone, in a CRM or by mail: once said, it is never unsaid."""
    if lead.do_not_contact:
        return False
    Lead.objects.filter(pk=lead.pk).update(do_not_contact=True)
    lead.do_not_contact = True
    note("opted_out", lead=lead, connection=connection, occurred_at=at)
    return True


def follow_merge(
    connection: Connection,
    kind: Kind,
    record: CompanyRecord | LeadRecord,
    *,
    now: datetime,
) -> None:
    """People merged records in the CRM: all of them stand for one row of ours, the oldest.

    HubSpot names the ids that went into a record, and may give it a new one; Salesforce names the
    survivor on each deleted record. https://knowledge.hubspot.com/records/merge-records
    """
    survivor = record.merged_into or record.external_id
    ids = {*record.merged_ids, record.external_id, survivor}
    links = list(
        ExternalRecord.objects.filter(connection=connection, kind=kind, external_id__in=ids)
        .select_related(kind)
        .order_by("id")
    )
    rows = [row for row in (getattr(link, kind) for link in links) if row is not None]
    if not rows:
        return
    keeper = min(rows, key=lambda row: row.pk)
    for row in {row.pk: row for row in rows if row.pk != keeper.pk}.values():
        _absorb(keeper, row, connection, now=now)
    ExternalRecord.objects.filter(pk__in=[link.pk for link in links]).update(**{kind: keeper})
    gone = [link.pk for link in links if link.external_id != survivor]
    ExternalRecord.objects.filter(pk__in=gone, deleted_at=None).update(deleted_at=now)
    if survivor not in {link.external_id for link in links}:
        ExternalRecord.objects.create(
            connection=connection, kind=kind, external_id=survivor, **{kind: keeper}
        )
    if isinstance(keeper, Lead) and keeper.deleted_at is not None:
        keeper.deleted_at = None
        keeper.save(update_fields=["deleted_at"])
    live = ExternalRecord.objects.get(connection=connection, kind=kind, external_id=survivor)
    _carry_over(gone, live)


def _carry_over(gone: Sequence[int], live: ExternalRecord) -> None:
    """What was owed to records that are no more is owed to the one that took their place.

    Touches as they are; values anew, when it is known what the other one holds.
    """
    pending = Change.objects.filter(record__in=gone, status=Change.Status.PENDING)
    pending.exclude(kind=Change.Kind.UPDATE).update(record=live)
    pending.filter(kind=Change.Kind.UPDATE).update(
        status=Change.Status.SUPERSEDED, last_error=f"the record became {live.external_id}"
    )


def _absorb(keeper: Any, other: Any, connection: Connection, *, now: datetime) -> None:
    """Everything that hangs on `other` hangs on `keeper` from now on."""
    if isinstance(keeper, Company):
        Lead.objects.filter(company=other).update(company=keeper)
        Deal.objects.filter(company=other).update(company=keeper)
        ExternalRecord.objects.filter(company=other).update(company=keeper)
        other.delete()
        return
    if other.do_not_contact:
        opt_out(keeper, connection, at=now)
    note(
        "lead_deleted",
        lead=other,
        connection=connection,
        occurred_at=now,
        key=f"merged:{other.pk}:{keeper.pk}",
        data={"merged_into": keeper.pk},
    )
    ExternalRecord.objects.filter(lead=other).update(lead=keeper)
    Deal.objects.filter(lead=other).update(lead=keeper)
    Activity.objects.filter(lead=other).exclude(reacted_at=None).update(lead=keeper)
    Lead.objects.filter(pk=other.pk).update(deleted_at=now)
