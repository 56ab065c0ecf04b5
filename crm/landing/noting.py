"""What the timeline tells of rows that were merged."""

from collections.abc import Mapping
from typing import Any

from crm.landing.page import Page
from crm.merge import Clash
from crm.models import Change, Deal, ExternalRecord, Lead, Owner


def merged(
    page: Page,
    row: Any,
    take: Mapping[str, object],
    *,
    was_closed: bool,
    signed: Mapping[str, object],
) -> None:
    """`signed` says of a deal who brought it where it is now, and when, if the CRM tells."""
    if isinstance(row, Lead):
        page.touched[row.pk] = row
        if "email" in take:
            page.inherit_opt_outs([row])
        if take:
            page.note("lead_changed", lead=row, data={"fields": sorted(take)})
    elif isinstance(row, Deal) and row.is_closed and not was_closed:
        page.note("deal_closed", lead=row.lead, deal=row, data={"won": row.is_won, **signed})
    elif isinstance(row, Owner) and take.get("active") is False:
        page.note("owner_gone", data={"owner": row.pk})


def moved(page: Page, deal: Deal, was_at: str, *, signed: Mapping[str, object]) -> None:
    """Somebody in the CRM moved the deal."""
    data = {"from": was_at, "to": deal.stage_value, **signed}
    page.note("deal_moved", lead=deal.lead, deal=deal, data=data)


def keep_clashes(page: Page, link: ExternalRecord, clashes: Mapping[str, Clash]) -> None:
    for field, clash in clashes.items():
        page.landed.conflicts += 1
        row = getattr(link, page.kind)
        page.note(
            "conflict",
            lead=row if isinstance(row, Lead) else getattr(row, "lead", None),
            deal=row if isinstance(row, Deal) else None,
            data={"kind": page.kind, "field": field, **vars(clash)},
        )
        if clash.kept == "theirs":
            owed = Change.objects.filter(record=link, field=field, status=Change.Status.PENDING)
            owed.update(
                status=Change.Status.CONFLICTED,
                last_error=f"the CRM changed it to {clash.theirs!r} while we had "
                f"{clash.ours!r}; by the policy {clash.policy} the CRM's stays",
            )
