"""Landing a page of records in the mirror: link by id, merge per field, note what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from connectors.base import CompanyRecord, DealRecord, Kind, LeadRecord, OwnerRecord, Record
from crm import identity, stages
from crm.merge import merge
from crm.models import Change, Company, Connection, Deal, ExternalRecord, Lead, Owner
from crm.normalize import email as normalized_email
from crm.timeline import note

MODELS: Mapping[str, type[Any]] = {"owner": Owner, "company": Company, "lead": Lead, "deal": Deal}
#: Not values of a row: what identifies a record, and what links it to others.
_NOT_VALUES = {
    "external_id", "modified_at", "deleted", "owner_id", "company_id", "lead_ids", "cross_id",
    "converted_to",
}  # fmt: skip
#: The record's name of a field -> our row's, where they differ.
_RENAMED = {"stage": "stage_value"}


@dataclass(kw_only=True)
class Landed:
    """What a page came to: counts for reports."""

    seen: int = 0
    created: int = 0
    changed: int = 0
    conflicts: int = 0
    skipped: int = 0  #: left out, since they were no records; each is on the timeline

    def add(self, other: "Landed") -> None:
        for count in fields(self):
            setattr(self, count.name, getattr(self, count.name) + getattr(other, count.name))


def land(connection: Connection, kind: Kind, records: Sequence[Record], *, now: datetime) -> Landed:
    """Bring the mirror up to date with `records`, in the caller's transaction."""
    page = _Page(connection, kind, records, now)
    page.create_missing()
    page.merge_known()
    page.settle_stages()
    return page.landed


def values_of(record: Record) -> dict[str, object]:
    """A record's values under our rows' names, JSON-ready: what base snapshots hold."""
    values: dict[str, object] = {}
    for field in fields(record):
        if field.name not in _NOT_VALUES:
            value = getattr(record, field.name)
            values[_RENAMED.get(field.name, field.name)] = _plain(value)
    if "email" in values:
        values["email"] = normalized_email(str(values["email"]))
    if "domain" in values:
        values["domain"] = str(values["domain"]).lower()
    return values


class _Page:
    def __init__(
        self, connection: Connection, kind: Kind, records: Sequence[Record], now: datetime
    ) -> None:
        self.connection, self.kind, self.now = connection, kind, now
        # The last word on a record wins where a page repeats it.
        self.records = {record.external_id: record for record in records}
        self.known = self._linked(kind, self.records)
        self.owners = self._links("owner", "owner_id")
        self.companies = self._links("company", "company_id")
        self.leads = self._lead_links()
        self.landed = Landed(seen=len(self.records))
        self.touched: dict[int, Lead] = {}

    def create_missing(self) -> None:
        missing = [
            record
            for external_id, record in self.records.items()
            if external_id not in self.known and not record.deleted
        ]
        if not missing:
            return
        rows, fresh = self._rows_for(missing)
        ExternalRecord.objects.bulk_create(
            [
                ExternalRecord(
                    connection=self.connection,
                    kind=self.kind,
                    external_id=record.external_id,
                    base=values_of(record) | _links_of(record),
                    modified_at=record.modified_at,
                    **{self.kind: row},
                )
                for record, row in zip(missing, rows, strict=True)
            ]
        )
        self.landed.created += len(missing)
        for record, row, is_fresh in zip(missing, rows, fresh, strict=True):
            self._note_created(record, row, is_fresh=is_fresh)

    def merge_known(self) -> None:
        for external_id, link in self.known.items():
            record = self.records[external_id]
            if record.deleted:
                self._delete(link)
            elif values_of(record) | _links_of(record) != link.base or link.deleted_at is not None:
                self._merge(link, record)

    def settle_stages(self) -> None:
        if self.kind == "lead":
            identity.doubt_shared_emails([lead.email for lead in self.touched.values()])
        if self.touched:
            stages.settle(self.connection, list(self.touched.values()), at=self.now)

    # -- creating ---------------------------------------------------------------------------

    def _rows_for(self, records: Sequence[Record]) -> tuple[list[Any], list[bool]]:
        """A row for each record: one that stands for the same person or company, or a new one."""
        found = identity.find(self.connection, self.kind, records)
        rows = [found.get(record.external_id) or self._new_row(record) for record in records]
        fresh = [row.pk is None for row in rows]
        MODELS[self.kind].objects.bulk_create([row for row in rows if row.pk is None])
        return rows, fresh

    def _new_row(self, record: Record) -> Model:
        values: dict[str, Any] = dict(values_of(record)) | self._foreign_keys(record)
        if isinstance(record, LeadRecord):
            values |= {"source": self.connection, "created_at": self.now}
        if isinstance(record, DealRecord):
            values |= {
                "source": self.connection,
                "amount": record.amount,
                "created_at": record.created_at,
                "closed_at": record.closed_at,
            }
        row: Model = MODELS[self.kind](**values)
        return row

    def _note_created(self, record: Record, row: Any, *, is_fresh: bool) -> None:
        first_pull = self.connection.first_pulled_at is None
        if isinstance(row, Lead):
            self.touched[row.pk] = row
            if isinstance(record, LeadRecord):
                identity.follow_conversion(self.connection, row, record, now=self.now)
                if record.do_not_contact:
                    self._opt_out(row)
            if is_fresh and not first_pull:
                note("lead_created", lead=row, connection=self.connection, occurred_at=self.now)
        elif isinstance(row, Deal):
            self._touch_lead_of(row)
            if not first_pull:
                note(
                    "deal_created",
                    lead=row.lead,
                    deal=row,
                    connection=self.connection,
                    occurred_at=self.now,
                )

    # -- merging ----------------------------------------------------------------------------

    def _merge(self, link: ExternalRecord, record: Record) -> None:
        row = getattr(link, self.kind)
        theirs = values_of(record)
        ours = {name: _plain(getattr(row, name)) for name in theirs}
        merged = merge(base=link.base, ours=ours, theirs=theirs)
        take = dict(merged.take)
        if isinstance(row, Lead):
            take = self._lead_take(row, link, take, theirs)
        was_closed = isinstance(row, Deal) and row.is_closed
        if link.base:
            self._conflict(link, merged.conflicts)
        links = self._foreign_keys(record) if _links_of(record) != _links_in(link) else {}
        for name, value in {**take, **links}.items():
            setattr(row, name, _typed(row, name, value))
        if take or links:
            row.save(update_fields=[*take, *links])
            self.landed.changed += 1
        link.base = dict(merged.base) | _links_of(record)
        link.modified_at, link.deleted_at = record.modified_at, None
        link.save(update_fields=["base", "modified_at", "deleted_at"])
        self._note_merged(record, row, take, was_closed=was_closed)

    def _lead_take(
        self, lead: Lead, link: ExternalRecord, take: dict[str, object], theirs: dict[str, object]
    ) -> dict[str, object]:
        """Opt-out wins from any CRM; a CRM that is not the lead's source only fills in blanks."""
        if lead.source_id != link.connection_id:
            take = {
                name: value for name, value in take.items() if getattr(lead, name) in ("", None)
            }
        take.pop("do_not_contact", None)
        if theirs["do_not_contact"] and not lead.do_not_contact:
            self._opt_out(lead)
        return take

    def _opt_out(self, lead: Lead) -> None:
        Lead.objects.filter(pk=lead.pk).update(do_not_contact=True)
        lead.do_not_contact = True
        note("opted_out", lead=lead, connection=self.connection, occurred_at=self.now)

    def _conflict(
        self, link: ExternalRecord, conflicts: Mapping[str, tuple[object, object]]
    ) -> None:
        for field, (ours, theirs) in conflicts.items():
            self.landed.conflicts += 1
            Change.objects.filter(record=link, field=field, status=Change.Status.PENDING).update(
                status=Change.Status.CONFLICTED,
                last_error=f"the CRM changed it to {theirs!r} while we had {ours!r}; the CRM's stays",
            )

    def _note_merged(
        self, record: Record, row: Any, take: Mapping[str, object], *, was_closed: bool
    ) -> None:
        if isinstance(row, Lead):
            self.touched[row.pk] = row
            if isinstance(record, LeadRecord):
                identity.follow_conversion(self.connection, row, record, now=self.now)
            if take:
                note(
                    "lead_changed",
                    lead=row,
                    connection=self.connection,
                    occurred_at=self.now,
                    data={"fields": sorted(take)},
                )
        elif isinstance(row, Deal):
            self._touch_lead_of(row)
            if row.is_closed and not was_closed:
                note(
                    "deal_closed",
                    lead=row.lead,
                    deal=row,
                    connection=self.connection,
                    occurred_at=self.now,
                    data={"won": row.is_won},
                )

    def _delete(self, link: ExternalRecord) -> None:
        if link.deleted_at is not None:
            return
        link.deleted_at = self.now
        link.save(update_fields=["deleted_at"])
        row = getattr(link, self.kind)
        if isinstance(row, Lead | Deal) and row.source_id == self.connection.pk:
            alive = ExternalRecord.objects.filter(**{self.kind: row}, deleted_at=None).exists()
            if not alive:
                row.deleted_at = self.now
                row.save(update_fields=["deleted_at"])
                lead = row if isinstance(row, Lead) else row.lead
                note(
                    f"{self.kind}_deleted",
                    lead=lead,
                    connection=self.connection,
                    occurred_at=self.now,
                )

    def _touch_lead_of(self, deal: Deal) -> None:
        if deal.lead is not None:
            self.touched.setdefault(deal.lead.pk, deal.lead)

    # -- links ------------------------------------------------------------------------------

    def _linked(self, kind: str, external_ids: Any) -> dict[str, ExternalRecord]:
        rows = ExternalRecord.objects.filter(
            connection=self.connection, kind=kind, external_id__in=list(external_ids)
        ).select_related(kind, *(["deal__lead"] if kind == "deal" else []))
        return {row.external_id: row for row in rows}

    def _links(self, kind: str, attribute: str) -> dict[str, ExternalRecord]:
        wanted = {getattr(record, attribute, "") for record in self.records.values()} - {""}
        return self._linked(kind, wanted) if wanted else {}

    def _lead_links(self) -> dict[str, ExternalRecord]:
        wanted = {
            record.lead_ids[0]
            for record in self.records.values()
            if isinstance(record, DealRecord) and record.lead_ids
        }
        return self._linked("lead", wanted) if wanted else {}

    def _foreign_keys(self, record: Record) -> dict[str, object]:
        keys: dict[str, object] = {}
        if isinstance(record, CompanyRecord | LeadRecord | DealRecord):
            owner = self.owners.get(record.owner_id)
            keys["owner"] = owner.owner if owner else None
        if isinstance(record, LeadRecord | DealRecord):
            company = self.companies.get(record.company_id)
            keys["company"] = company.company if company else None
        if isinstance(record, DealRecord):
            lead = self.leads.get(record.lead_ids[0]) if record.lead_ids else None
            keys["lead"] = lead.lead if lead else None
        return keys


def _links_of(record: Record) -> dict[str, object]:
    if isinstance(record, OwnerRecord):
        return {}
    links: dict[str, object] = {"owner_id": record.owner_id}
    if isinstance(record, LeadRecord | DealRecord):
        links["company_id"] = record.company_id
    if isinstance(record, DealRecord):
        links["lead_ids"] = list(record.lead_ids)
    return links


def _links_in(link: ExternalRecord) -> dict[str, object]:
    return {
        name: link.base[name]
        for name in ("owner_id", "company_id", "lead_ids")
        if name in link.base
    }


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def _typed(row: Model, name: str, value: object) -> object:
    """The row's own type of a plain value: a moment, a decimal."""
    field: Any = row._meta.get_field(name)  # noqa: SLF001 - Django's public name
    return field.to_python(value) if isinstance(value, str) else value
