"""Records that we did not know: each stands for a row that is here, or for a new one."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model

from connectors.base import DealRecord, LeadRecord, Record
from crm import identity, joining, links, values, words
from crm.landing import fields
from crm.landing.page import MODELS, Page
from crm.models import Deal, ExternalRecord, Lead, Owner


def create_missing(page: Page) -> None:
    missing = [
        record
        for external_id, record in page.records.items()
        if external_id not in page.known and not record.deleted
    ]
    if not missing:
        return
    rows, fresh = _rows_for(page, missing)
    ExternalRecord.objects.bulk_create(
        [
            ExternalRecord(
                connection=page.connection,
                kind=page.kind,
                external_id=record.external_id,
                base=values.of_record(record) | values.links_of(record),
                modified_at=record.modified_at,
                seq=page.asked_at or 0,
                known_at=page.read_at if page.asked_at is not None else None,
                dangling=page.links.dangle(record),
                **{page.kind: row},
            )
            for record, row in zip(missing, rows, strict=True)
        ]
    )
    page.landed.created += len(missing)
    for mended in links.make_good(page.connection, page.kind, [r.external_id for r in missing]):
        page.moves(mended)
        if isinstance(mended, Lead) and page.kind == "company":
            page.joined[mended.pk] = mended
    for record, row, is_fresh in zip(missing, rows, fresh, strict=True):
        if not is_fresh and not isinstance(row, Owner):
            fields.take_over(page, row, record, fields.merge_into(page, row, record, {}))
        _note_created(page, record, row, is_fresh=is_fresh)
    page.inherit_opt_outs([row for row in rows if isinstance(row, Lead)])


def _rows_for(page: Page, records: Sequence[Record]) -> tuple[list[Any], list[bool]]:
    """A row for each record: one that stands for the same person or company, or a new one."""
    found = identity.find(page.connection, page.kind, records)
    rows = [found.get(record.external_id) or _new_row(page, record) for record in records]
    fresh = [row.pk is None for row in rows]
    MODELS[page.kind].objects.bulk_create([row for row in rows if row.pk is None])
    return rows, fresh


def _new_row(page: Page, record: Record) -> Model:
    columns = values.new_row(record) | page.links.columns(record)
    if isinstance(record, LeadRecord):
        columns |= {"source": page.connection, "created_at": page.now}
    if isinstance(record, DealRecord):
        columns["source"] = page.connection
    row: Model = MODELS[page.kind](**columns)
    return row


def _note_created(page: Page, record: Record, row: Any, *, is_fresh: bool) -> None:
    first_pull = page.connection.first_pulled_at is None
    if isinstance(row, Lead):
        page.touched[row.pk] = page.moved[row.pk] = row
        if isinstance(record, LeadRecord):
            page.owes(joining.follow_conversion(page.connection, row, record, now=page.now))
            if record.do_not_contact and is_fresh:
                page.note("opted_out", lead=row)
        if not first_pull:
            kind, data = ("lead_created", {}) if is_fresh else ("lead_changed", _says(record))
            page.note(kind, lead=row, data=data)
    elif isinstance(row, Deal):
        page.moves_lead_of(row)
        if not first_pull:
            page.note("deal_created", lead=row.lead, deal=row)


def _says(record: Record) -> dict[str, object]:
    """That a CRM knows somebody as well, in its own words."""
    said = values.of_record(record)
    return {"fields": sorted(name for name in words.FIELDS if said.get(name))}
