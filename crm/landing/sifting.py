"""Which records of a page are left out, and how much the others would change."""

from collections.abc import Mapping

from connectors.base import LeadRecord
from crm import identity, news
from crm.landing.page import Page
from crm.models import ExternalRecord


def planned(page: Page) -> Mapping[str, int]:
    """How many of the records that we know it would change and delete."""
    known = [(link, page.records[id_]) for id_, link in page.known.items()]
    deleted = sum(r.deleted and link.deleted_at is None for link, r in known)
    types = (page.connection.settings.get("types") or {}).get(page.kind, {})
    changed = sum(not r.deleted and news.says_otherwise(r, link.base, types) for link, r in known)
    return {"changed": changed, "deleted": deleted}


def leave_out_erased(page: Page) -> None:
    """Of an erased person nothing lands, whatever the record becomes in the CRM."""
    leads = [record for record in page.records.values() if isinstance(record, LeadRecord)]
    for external_id in identity.erased(page.connection, leads) if leads else ():
        del page.records[external_id]
        page.known.pop(external_id, None)


def leave_out_undead(page: Page) -> None:
    """What was merged away and is there again all the same: two records would fight over a row."""
    gone = {
        link.external_id: link
        for link in page.known.values()
        if link.deleted_at is not None and news.is_there(page.records[link.external_id])
    }
    rows = [getattr(link, f"{page.kind}_id") for link in gone.values()]
    living = {
        getattr(link, f"{page.kind}_id"): link.external_id
        for link in ExternalRecord.objects.filter(
            connection=page.connection, deleted_at=None, **{f"{page.kind}__in": rows}
        )
    }
    for external_id, link in gone.items():
        survivor = living.get(getattr(link, f"{page.kind}_id"))
        if survivor is None:
            continue
        del page.records[external_id], page.known[external_id]
        page.landed.skipped += 1
        page.note(
            "record_skipped",
            key=f"undead:{link.pk}",
            data={
                "kind": page.kind,
                "id": external_id,
                "reason": f"it was merged into {survivor} and is there again: not read",
            },
        )
