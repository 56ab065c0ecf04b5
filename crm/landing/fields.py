"""Which values of a record our row takes over, by each field's policy."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.base import Record
from crm import consent, values
from crm.landing.page import Page
from crm.merge import Merged, merge
from crm.models import Change, ExternalRecord, Lead


def merge_into(
    page: Page,
    row: Any,
    record: Record,
    base: Mapping[str, object],
    link: ExternalRecord | None = None,
) -> Merged:
    said = values.of_record(record)
    foreign = _foreign(page, row)
    theirs = {name: value for name, value in said.items() if name not in foreign}
    found = merge(
        base=base,
        ours=values.of_row(row, names=theirs),
        theirs=theirs,
        policy_of=page.policy_of,
        is_source=getattr(row, "source_id", page.connection.pk) == page.connection.pk,
        ours_at=edited_at(page, link),
        theirs_at=record.modified_at,
        emptied=link.emptied if link else None,
    )
    return replace(found, base=said)


def _foreign(page: Page, row: Any) -> frozenset[str]:
    """What the row holds in the words of its source CRM, and this is another one."""
    if not isinstance(row, Lead) or row.source_id == page.connection.pk:
        return frozenset()
    return page.words_held[row.source_id]


def edited_at(page: Page, link: ExternalRecord | None) -> Mapping[str, datetime]:
    """When a field was changed here, of those that are still owed; asked for `newest` alone."""
    declared = page.connection.settings.get("policies") or {}
    if link is None or "newest" not in (declared.get(page.kind) or {}).values():
        return {}
    owed = Change.objects.filter(record=link, status=Change.Status.PENDING)
    return dict(owed.values_list("field", "created_at"))


def take_over(
    page: Page,
    row: Any,
    record: Record,
    merged: Merged,
    new_links: Mapping[str, object] | None = None,
) -> Mapping[str, object]:
    """Write what we take over on our row; the values of it that the timeline tells."""
    take = dict(merged.take)
    if take.pop("do_not_contact", False):
        consent.opt_out(row, page.connection, at=page.now)
        page.unsettled[row.pk] = row
    company_id = getattr(row, "company_id", None)
    columns = values.put(row, {**take, **(new_links or {})})
    if columns:
        row.save(update_fields=columns)
        page.landed.changed += 1
    if take or any(row_value != merged.base[name] for name, row_value in _now(row, record)):
        page.unsettled[row.pk] = row
    if isinstance(row, Lead) and row.company_id != company_id:
        take["company"] = row.company_id
        page.joined[row.pk] = row
    return take


def _now(row: Any, record: Record) -> Iterable[tuple[str, object]]:
    return values.of_row(row, names=values.of_record(record)).items()
