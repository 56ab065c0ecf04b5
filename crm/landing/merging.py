"""Records that we know: what is new of each is merged into our row, field by field."""

from collections.abc import Iterable, Mapping

from connectors.base import LeadRecord, OwnerRecord, Record
from crm import consent, identity, joining, ledger, news, values, words
from crm.landing import attempts, deleting, fields, noting
from crm.landing.page import MODELS, Page
from crm.models import Deal, ExternalRecord, Lead

#: Kind -> the fields that decide a lead's stage: an edit of another one moves nobody.
_DECIDING: Mapping[str, frozenset[str]] = {
    "lead": frozenset({"status"}),
    "deal": frozenset({"stage_value", "is_closed", "is_won", "created_at", "closed_at"}),
}


def merge_known(page: Page) -> None:
    fresh = {
        external_id: link
        for external_id, link in page.known.items()
        if link.deleted_at is not None or news.tells(page.records[external_id], link.base)
    }
    _lock(page, fresh.values())
    # Neither the CRM's order nor the database's: what happened is noted in that of our rows.
    for external_id, link in sorted(fresh.items(), key=lambda one: one[1].pk):
        record = page.records[external_id]
        if isinstance(record, LeadRecord) and record.converted_to:
            if link.deleted_at is None:
                row = getattr(link, page.kind)
                page.owes(joining.follow_conversion(page.connection, row, record, now=page.now))
        elif record.deleted:
            deleting.delete(page, link)
        else:
            _merge(page, link, record)


def _lock(page: Page, links: Iterable[ExternalRecord]) -> None:
    """What is merged is what stands there now, and nobody changes it meanwhile."""
    model, column = MODELS[page.kind], f"{page.kind}_id"
    ids = {getattr(link, column) for link in links}
    rows = model.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    fresh = {row.pk: row for row in rows}
    for link in links:
        setattr(link, page.kind, fresh[getattr(link, column)])


def _merge(page: Page, link: ExternalRecord, record: Record) -> None:
    if isinstance(record, OwnerRecord):
        identity.follow_owner(link, record)
    row = getattr(link, page.kind)
    attempted = attempts.unsure(link)
    known = news.with_echoes(link.base, record, attempted)
    merged = fields.merge_into(page, row, record, known, link)
    heard = words.heard(
        link, record, base=known, policy_of=page.policy_of, ours_at=fields.edited_at(page, link)
    )
    was_closed = isinstance(row, Deal) and row.is_closed
    was_at = row.stage_value if isinstance(row, Deal) else ""
    has_new_people = values.links_of(record).get("lead_ids") != link.base.get("lead_ids")
    new_links = page.links.news(record, link.base)
    if "owner" in new_links:
        named = str(values.links_of(record)["owner_id"])
        ledger.owner_is_told(link, named, at=page.now)
    noting.keep_clashes(page, link, {**merged.clashes, **heard.clashes})
    is_back = deleting.revive(page, link, row)
    take = fields.take_over(page, row, record, merged, new_links)
    # What the CRM did not answer is as it was: a field that was hidden may come back.
    link.base = {**link.base, **merged.base, **values.links_of(record)}
    link.modified_at, link.deleted_at = record.modified_at, None
    link.emptied, link.dangling = dict(merged.emptied), page.links.dangle(record)
    link.save(update_fields=["base", "emptied", "words", "modified_at", "deleted_at", "dangling"])
    attempts.arrived(attempted, merged.base, at=page.now)
    if isinstance(row, Lead) and row.do_not_contact and row.consented_at:
        consent.lift(row, at=page.now)
    # That it is closed says more than where to: what the deal's end ends, ends by that.
    signed = page.signed(link.external_id, row)
    noting.merged(page, row, {**take, **heard.take}, was_closed=was_closed, signed=signed)
    if "stage_value" in take:
        noting.moved(page, row, was_at, signed=signed)
    if is_back or has_new_people or _DECIDING.get(page.kind, frozenset()) & set(take):
        page.moves(row)
