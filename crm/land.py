"""Landing a page of records in the mirror: link by id, merge per field, note what happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.base import CompanyRecord, Kind, LeadRecord, Record
from connectors.edits import Edit
from crm import brakes, customers, identity, joining, ledger, stages
from crm.landing import sifting
from crm.landing.creating import create_missing
from crm.landing.merging import merge_known
from crm.landing.page import Landed, Page
from crm.models import Connection, Lead


def land(
    connection: Connection,
    kind: Kind,
    records: Sequence[Record],
    *,
    now: datetime,
    asked_at: int | None = None,
    read_at: datetime | None = None,
    edits: Mapping[str, Sequence[Edit]] | None = None,
) -> Landed:
    """Bring the mirror up to date with `records`, in the caller's transaction.

    They were read from the CRM at `read_at`, else at `now`. `asked_at` was drawn from crm.order
    before they were asked for: of a record that was read or written since, this answer is old, and
    the next pull reads it again. `edits` says of records by id who gave their stage its value.
    """
    page = Page(connection, kind, records, now, asked_at, read_at=read_at or now, edits=edits)
    if asked_at is not None:
        brakes.check_scan(connection, kind, **sifting.planned(page), now=now)
    sifting.leave_out_erased(page)
    _follow_merges(page)
    sifting.leave_out_undead(page)
    create_missing(page)
    merge_known(page)
    _settle_stages(page)
    customers.note_joined(page.joined.values(), at=now)
    _owe(page)
    return page.landed


def _follow_merges(page: Page) -> None:
    """Records that people merged in the CRM stand for one of our rows, and nothing is deleted."""
    for record in page.records.values():
        if isinstance(record, CompanyRecord | LeadRecord) and (
            record.merged_ids or record.merged_into
        ):
            row = joining.follow_merge(page.connection, page.kind, record, now=page.now)
            page.owes(row)
            if isinstance(row, Lead):
                page.moved[row.pk] = row
    page.known = page.linked(page.kind, page.records)


def _settle_stages(page: Page) -> None:
    if page.kind == "lead":
        identity.doubt_shared_emails([lead.email for lead in page.touched.values()])
    if page.moved:
        moved = list(page.moved.values())
        stages.settle(page.connection, moved, at=page.now, edits=page.edits_by_row())


def _owe(page: Page) -> None:
    """What a CRM does not hold of the rows that changed is owed to it."""
    if page.kind != "owner":
        ledger.settle(page.kind, page.unsettled.values(), at=page.now)
