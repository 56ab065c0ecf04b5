"""Records that people made one in a CRM: all of them stand for one row of ours from then on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.base import CompanyRecord, Kind, LeadRecord
from crm import consent, customers, ledger, values
from crm.kinds import PERSON_STOPS
from crm.models import Activity, Change, Company, Connection, Deal, ExternalRecord, Lead
from crm.timeline import note

#: What is owed of its own: an opt-out by the row, an owner by crm.owning.
_NOT_OURS = {"do_not_contact", ledger.OWNER_ID}


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
        _take_values(keeper, getattr(live, kind), now=now)
    others = {getattr(link, kind) for link in (*gone, live)} - {keeper, None}
    for other in sorted(others, key=lambda row: row.pk):
        _absorb(keeper, other, live.connection, now=now)
    setattr(live, kind, keeper)
    live.save()
    links = ExternalRecord.objects.filter(pk__in=[link.pk for link in gone])
    links.update(**{kind: keeper})
    links.filter(deleted_at=None).update(deleted_at=now)
    _carry_over([link.pk for link in gone], live, keeper)


def _take_values(keeper: Any, other: Any, *, now: datetime) -> None:
    """Everything that a CRM may hold; the place among the stages and the source stay."""
    company_id = getattr(keeper, "company_id", None)
    names = values.columns_of(keeper)
    for name in names:
        setattr(keeper, name, getattr(other, name))
    keeper.save(update_fields=names)
    if isinstance(keeper, Lead) and keeper.company_id != company_id:
        customers.note_joined([keeper], at=now)


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


def _people_who_join(one: Company, two: Company) -> list[int]:
    """Those of the one that has not bought from us yet: the other may have."""
    both = {one.pk, two.pk}
    people = Lead.objects.filter(company__in=both - customers.companies(both).keys())
    return list(people.filter(deleted_at=None).order_by("pk").values_list("pk", flat=True))


def _absorb(keeper: Any, other: Any, connection: Connection, *, now: datetime) -> None:
    """Everything that hangs on `other` hangs on `keeper` from now on."""
    if isinstance(keeper, Company):
        joining = _people_who_join(keeper, other)
        # Also what the layers above hang on it, a suppression among them.
        for relation in Company._meta.related_objects:  # noqa: SLF001 - Django's public name
            name = relation.field.name
            rows = relation.related_model._base_manager  # noqa: SLF001 - likewise
            rows.filter(**{name: other}).update(**{name: keeper})
        other.delete()
        customers.note_joined(Lead.objects.filter(pk__in=joining), at=now)
        return
    # Whoever asked to be left alone a moment ago, and of whom nobody heard yet, has asked.
    asked = Activity.objects.filter(lead=other, kind__in=PERSON_STOPS, reacted_at=None)
    if other.do_not_contact or asked.exists():
        consent.opt_out(keeper, connection, at=now)
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
    told = Activity.objects.filter(lead=other).exclude(reacted_at=None)
    told.exclude(kind="joined_customer").update(lead=keeper)  # nobody came there by being one
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
