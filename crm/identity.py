"""Which of our rows a new record stands for: linked once by a sure sign, afterwards only by id."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import CompanyRecord, Kind, LeadRecord, OwnerRecord, Record
from crm import cross_ids, ledger, separating, values
from crm.kinds import PERSON_STOPS
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
from crm.normalize import domain as normalized_domain
from crm.normalize import email as normalized_email
from crm.timeline import note

#: What is owed of its own: an opt-out by the row, an owner by crm.owning.
_NOT_OURS = {"do_not_contact", ledger.OWNER_ID}


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
    emails = {record.external_id: _address(record) for record in records}
    rows = {row.email: row for row in Owner.objects.filter(email__in=emails.values())}
    for record in records:
        address = emails[record.external_id]
        if address not in rows:
            rows[address] = Owner.objects.create(
                email=address, name=record.name, active=record.active
            )
    return {external_id: rows[address] for external_id, address in emails.items()}


def follow_owner(link: ExternalRecord, record: OwnerRecord) -> None:
    """A rep who took over another's address is that one from now on, and so are all records."""
    other = Owner.objects.filter(email=_address(record)).exclude(pk=link.owner_id or 0).first()
    if other is None:
        return
    link.owner = other
    link.save(update_fields=["owner"])
    for kind, model in (("company", Company), ("lead", Lead), ("deal", Deal)):
        theirs = ExternalRecord.objects.filter(
            connection=link.connection_id, kind=kind, base__owner_id=record.external_id
        )
        model.objects.filter(pk__in=theirs.values(kind)).update(owner=other)


def _address(record: OwnerRecord) -> str:
    """An owner without an address is nobody else's twin: a name that no mail can reach."""
    return normalized_email(record.email) or f"owner-{record.external_id}@invalid"


def _companies(connection: Connection, records: Sequence[CompanyRecord]) -> Mapping[str, Company]:
    """Companies of two CRMs are one when both know the same domain, once on each side."""
    named = {record.external_id: normalized_domain(record.domain) for record in records}
    domains = Counter(name for name in named.values() if name)
    taken = ExternalRecord.objects.filter(connection=connection, kind="company")
    rows: dict[str, list[Company]] = defaultdict(list)
    for row in Company.objects.filter(domain__in=list(domains)).exclude(
        pk__in=taken.values("company")
    ):
        rows[row.domain].append(row)
    return {
        external_id: rows[name][0]
        for external_id, name in named.items()
        if domains[name] == 1 and len(rows[name]) == 1
    }


def _leads(connection: Connection, records: Sequence[LeadRecord]) -> Mapping[str, Lead]:
    """By the mapped cross-id, else by an email with exactly one candidate on each side."""
    found: dict[str, Lead] = cross_ids.find(connection, records)
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


def doubt_shared_emails(emails: Sequence[str]) -> None:
    """Flag the leads that share an email: two people, or one twice; a person has to say which."""
    leads = list(Lead.objects.filter(email__in=[e for e in emails if e], deleted_at=None))
    for lead, others in zip(leads, separating.doubts(leads).values(), strict=True):
        named = ", ".join(f"{other} (lead {other.pk})" for other in others)
        doubt = f"has the same email address as {named}" if others else ""
        if lead.doubt != doubt:
            Lead.objects.filter(pk=lead.pk).update(doubt=doubt)


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


def follow_conversion(
    connection: Connection, lead: Lead, record: LeadRecord, *, now: datetime
) -> Lead | None:
    """Follow a Salesforce Lead to the Contact that a person made of it; the timeline stays.

    The lead, when that Contact may now be owed something; None when nothing was to be followed.
    """
    if not record.converted_to:
        return None
    gone = list(
        ExternalRecord.objects.filter(
            connection=connection, kind="lead", external_id=record.external_id
        ).select_related("lead")
    )
    _join(_survivor(connection, "lead", record.converted_to, gone), gone, lead, now=now)
    return lead


def erased(connection: Connection, records: Sequence[LeadRecord]) -> set[str]:
    """External ids of the records that stand for somebody erased, also under the id of a successor."""
    ids = {id_ for record in records for id_ in (record.external_id, *record.merged_ids)}
    links = ExternalRecord.objects.filter(connection=connection, kind="lead", external_id__in=ids)
    stubs = {
        link.external_id: link.lead
        for link in links.exclude(lead__erased_at=None).select_related("lead")
    }
    if not stubs:
        return set()
    living = set(links.filter(lead__erased_at=None).values_list("external_id", flat=True))
    found = set()
    for record in records:
        own = (record.external_id, *record.merged_ids)
        stub = next((stubs[id_] for id_ in own if id_ in stubs), None)
        if stub is None or living.intersection(own):
            continue
        found.add(record.external_id)
        for successor in {record.external_id, record.converted_to} - {""}:
            ExternalRecord.objects.get_or_create(
                connection=connection, kind="lead", external_id=successor, defaults={"lead": stub}
            )
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


def follow_merge(
    connection: Connection,
    kind: Kind,
    record: CompanyRecord | LeadRecord,
    *,
    now: datetime,
) -> Lead | Company | None:
    """People merged records in the CRM: all of them stand for one row of ours, the oldest.

    HubSpot names the ids that went into a record, and may give it a new one; Salesforce names the
    survivor on each deleted record. The row that stays, when there was something to follow.
    https://knowledge.hubspot.com/records/merge-records
    """
    survivor = record.merged_into or record.external_id
    ids = {*record.merged_ids, record.external_id, survivor}
    links = list(
        ExternalRecord.objects.filter(connection=connection, kind=kind, external_id__in=ids)
        .select_related(kind)
        .order_by("id")
    )
    rows = {
        row.pk: row
        for row in (getattr(link, kind) for link in links)
        if row is not None and getattr(row, "erased_at", None) is None
    }
    gone = [link for link in links if link.external_id != survivor]
    if not rows or (
        len(rows) == 1 and all(link.deleted_at for link in gone) and len(gone) < len(links)
    ):
        return None
    keeper: Lead | Company = rows[min(rows)]
    live = _survivor(connection, kind, survivor, gone)
    _join(live, gone, keeper, now=now)
    is_gone = record.deleted if record.external_id == survivor else live.deleted_at is not None
    if isinstance(keeper, Lead) and keeper.deleted_at is not None and not is_gone:
        keeper.deleted_at = None
        keeper.save(update_fields=["deleted_at"])
    return keeper


def _survivor(
    connection: Connection, kind: Kind, external_id: str, gone: Sequence[ExternalRecord]
) -> ExternalRecord:
    """The record that the others went into; not saved yet when the CRM has not told of it."""
    known = ExternalRecord.objects.filter(connection=connection, kind=kind, external_id=external_id)
    # The base of a record that went into it: what we changed since stays ours.
    base = next((dict(link.base) for link in reversed(gone) if link.base), {})
    return known.select_related(kind).first() or ExternalRecord(
        connection=connection, kind=kind, external_id=external_id, base=base
    )


def _join(
    live: ExternalRecord, gone: Sequence[ExternalRecord], keeper: Any, *, now: datetime
) -> None:
    """All these records are one from now on, and stand for `keeper`.

    1. The survivor's values are the person's choice, so they are ours as well.
    2. What was changed here and still owed to a record that is no more is owed to the survivor.
    """
    kind = live.kind
    if getattr(live, kind) not in {keeper, None}:
        _take_values(keeper, getattr(live, kind))
    others = {getattr(link, kind) for link in (*gone, live)} - {keeper, None}
    for other in sorted(others, key=lambda row: row.pk):
        _absorb(keeper, other, live.connection, now=now)
    setattr(live, kind, keeper)
    live.save()
    links = ExternalRecord.objects.filter(pk__in=[link.pk for link in gone])
    links.update(**{kind: keeper})
    links.filter(deleted_at=None).update(deleted_at=now)
    _carry_over([link.pk for link in gone], live, keeper)


def _take_values(keeper: Any, other: Any) -> None:
    """Everything that a CRM may hold; the place among the stages and the source stay."""
    names = values.columns_of(keeper)
    for name in names:
        setattr(keeper, name, getattr(other, name))
    keeper.save(update_fields=names)


def _carry_over(gone: Sequence[int], live: ExternalRecord, keeper: Any) -> None:
    owed = Change.objects.filter(record__in=gone)
    # The deletion of a record that was merged away may be told before the merge.
    pending = owed.filter(status=Change.Status.PENDING) | ledger.dropped(owed)
    pending.exclude(kind=Change.Kind.UPDATE).update(
        record=live, status=Change.Status.PENDING, last_error=""
    )
    updates = pending.filter(kind=Change.Kind.UPDATE)
    if not live.base.get(ledger.OWNER_ID):
        owner = updates.filter(field=ledger.OWNER_ID).order_by("-pk").first()
        if owner is not None:
            ledger.owe_update(live, ledger.OWNER_ID, owner.value, at=owner.due_at)
    newer = set(
        Change.objects.filter(
            record=live, kind=Change.Kind.UPDATE, status=Change.Status.PENDING
        ).values_list("field", flat=True)
    )
    ours = {change.field: change.value for change in updates.order_by("pk")}
    ours = {name: value for name, value in ours.items() if name not in newer | _NOT_OURS}
    if ours:
        keeper.save(update_fields=values.put(keeper, ours))
    updates.update(
        status=Change.Status.SUPERSEDED, last_error=f"the record became {live.external_id}"
    )


def _absorb(keeper: Any, other: Any, connection: Connection, *, now: datetime) -> None:
    """Everything that hangs on `other` hangs on `keeper` from now on."""
    if isinstance(keeper, Company):
        # Also what the layers above hang on it, a suppression among them.
        for relation in Company._meta.related_objects:  # noqa: SLF001 - Django's public name
            name = relation.field.name
            rows = relation.related_model._base_manager  # noqa: SLF001 - likewise
            rows.filter(**{name: other}).update(**{name: keeper})
        other.delete()
        return
    # Whoever asked to be left alone a moment ago, and of whom nobody heard yet, has asked.
    asked = Activity.objects.filter(lead=other, kind__in=PERSON_STOPS, reacted_at=None)
    if other.do_not_contact or asked.exists():
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
    # What the layers above hang on it follows in the keeper's turn: they know of what there is but one.
    note(
        "lead_merged",
        lead=keeper,
        connection=connection,
        occurred_at=now,
        key=f"lead_merged:{other.pk}:{keeper.pk}",
        data={"merged": other.pk},
    )
