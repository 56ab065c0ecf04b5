"""Records that were deleted in the CRM, and those that are there again."""

from typing import Any

from crm import ledger
from crm.landing.page import Page
from crm.models import Deal, ExternalRecord, Lead


def delete(page: Page, link: ExternalRecord) -> None:
    if link.deleted_at is not None:
        return
    link.deleted_at = page.now
    link.save(update_fields=["deleted_at"])
    ledger.drop(link)
    row = getattr(link, page.kind)
    if isinstance(row, Lead | Deal) and row.source_id == page.connection.pk:
        alive = ExternalRecord.objects.filter(**{page.kind: row}, deleted_at=None).exists()
        if not alive:
            row.deleted_at = page.now
            row.save(update_fields=["deleted_at"])
            lead = row if isinstance(row, Lead) else row.lead
            page.note(
                f"{page.kind}_deleted",
                lead=lead,
            )


def revive(page: Page, link: ExternalRecord, row: Any) -> bool:
    """Whether the CRM has the record again that was deleted there."""
    if link.deleted_at is None:
        return False
    ledger.take_up(link)
    if getattr(row, "deleted_at", None) is None:
        return True
    row.deleted_at = None
    row.save(update_fields=["deleted_at"])
    page.note(
        f"{page.kind}_restored",
        lead=row if isinstance(row, Lead) else row.lead,
        deal=row if isinstance(row, Deal) else None,
    )
    return True
