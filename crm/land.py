"""Landing a page of records in the mirror: link by id, merge per field, note what happened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Model, Q

from connectors.base import (
    CompanyRecord,
    DealRecord,
    Kind,
    LeadRecord,
    OwnerRecord,
    Record,
)
from crm import brakes, identity, ledger, links, news, order, stages, values, words
from crm.links import Links
from crm.merge import Clash, Merged, merge
from crm.models import Change, Company, Connection, Deal, ExternalRecord, Lead, Owner
from crm.policy import Policy, policy_of
from crm.timeline import note

#: Kind -> the fields that decide a lead's stage: an edit of another one moves nobody.
_DECIDING: Mapping[str, frozenset[str]] = {
    "lead": frozenset({"status"}),
    "deal": frozenset({"stage_value", "is_closed", "is_won", "created_at", "closed_at"}),
}
MODELS: Mapping[str, type[Any]] = {"owner": Owner, "company": Company, "lead": Lead, "deal": Deal}


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


def land(
    connection: Connection,
    kind: Kind,
    records: Sequence[Record],
    *,
    now: datetime,
    asked_at: int | None = None,
    read_at: datetime | None = None,
) -> Landed:
    """Bring the mirror up to date with `records`, in the caller's transaction.

    They were read from the CRM at `read_at`, else at `now`. `asked_at` was drawn from crm.order
    before they were asked for: of a record that was read or written since, this answer is old, and
    the next pull reads it again.
    """
    page = _Page(connection, kind, records, now, asked_at, read_at=read_at or now)
    if asked_at is not None:
        brakes.check_scan(connection, kind, **page.planned(), now=now)
    page.leave_out_erased()
    page.follow_merges()
    page.leave_out_undead()
    page.create_missing()
    page.merge_known()
    page.settle_stages()
    page.owe()
    return page.landed


class _Page:
    def __init__(
        self,
        connection: Connection,
        kind: Kind,
        records: Sequence[Record],
        now: datetime,
        asked_at: int | None,
        *,
        read_at: datetime,
    ) -> None:
        self.read_at = read_at
        self.connection, self.kind, self.now, self.asked_at = connection, kind, now, asked_at
        # The last word on a record wins where a page repeats it.
        self.records = {record.external_id: record for record in records}
        self.known = self._linked(kind, self.records)
        self._leave_out_old()
        self.links = Links(connection, self.records.values())
        self.landed = Landed(seen=len(self.records))
        self.touched: dict[int, Lead] = {}
        #: Leads of whose stage the CRM says something new.
        self.moved: dict[int, Lead] = {}
        #: Rows of ours that a CRM may now be owed something of.
        self.unsettled: dict[int, ledger.Row] = {}

    def _leave_out_old(self) -> None:
        if self.asked_at is None:
            return
        for external_id, link in list(self.known.items()):
            if link.seq > self.asked_at:
                del self.records[external_id], self.known[external_id]
        order.known_as_of(
            [link.pk for link in self.known.values()], self.asked_at, read_at=self.read_at
        )

    def planned(self) -> Mapping[str, int]:
        """How many of the records that we know it would change and delete."""
        known = [(link, self.records[id_]) for id_, link in self.known.items()]
        deleted = sum(r.deleted and link.deleted_at is None for link, r in known)
        types = (self.connection.settings.get("types") or {}).get(self.kind, {})
        changed = sum(
            not r.deleted and news.says_otherwise(r, link.base, types) for link, r in known
        )
        return {"changed": changed, "deleted": deleted}

    def leave_out_erased(self) -> None:
        """Of an erased person nothing lands, whatever the record becomes in the CRM."""
        leads = [record for record in self.records.values() if isinstance(record, LeadRecord)]
        for external_id in identity.erased(self.connection, leads) if leads else ():
            del self.records[external_id]
            self.known.pop(external_id, None)

    def follow_merges(self) -> None:
        """Records that people merged in the CRM stand for one of our rows, and nothing is deleted."""
        for record in self.records.values():
            if isinstance(record, CompanyRecord | LeadRecord) and (
                record.merged_ids or record.merged_into
            ):
                row = identity.follow_merge(self.connection, self.kind, record, now=self.now)
                self._owes(row)
                if isinstance(row, Lead):
                    self.moved[row.pk] = row
        self.known = self._linked(self.kind, self.records)

    def leave_out_undead(self) -> None:
        """What was merged away and is there again all the same: two records would fight over a row."""
        gone = {
            link.external_id: link
            for link in self.known.values()
            if link.deleted_at is not None and news.is_there(self.records[link.external_id])
        }
        rows = [getattr(link, f"{self.kind}_id") for link in gone.values()]
        living = {
            getattr(link, f"{self.kind}_id"): link.external_id
            for link in ExternalRecord.objects.filter(
                connection=self.connection, deleted_at=None, **{f"{self.kind}__in": rows}
            )
        }
        for external_id, link in gone.items():
            survivor = living.get(getattr(link, f"{self.kind}_id"))
            if survivor is None:
                continue
            del self.records[external_id], self.known[external_id]
            self.landed.skipped += 1
            note(
                "record_skipped",
                connection=self.connection,
                occurred_at=self.now,
                key=f"undead:{link.pk}",
                data={
                    "kind": self.kind,
                    "id": external_id,
                    "reason": f"it was merged into {survivor} and is there again: not read",
                },
            )

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
                    base=values.of_record(record) | values.links_of(record),
                    modified_at=record.modified_at,
                    seq=self.asked_at or 0,
                    known_at=self.read_at if self.asked_at is not None else None,
                    dangling=self.links.dangle(record),
                    **{self.kind: row},
                )
                for record, row in zip(missing, rows, strict=True)
            ]
        )
        self.landed.created += len(missing)
        for mended in links.make_good(self.connection, self.kind, [r.external_id for r in missing]):
            self._moves(mended)
        for record, row, is_fresh in zip(missing, rows, fresh, strict=True):
            if not is_fresh and not isinstance(row, Owner):
                self._take_over(row, record, self._merged(row, record, {}))
            self._note_created(record, row, is_fresh=is_fresh)
        self._inherit_opt_outs([row for row in rows if isinstance(row, Lead)])

    def merge_known(self) -> None:
        fresh = {
            external_id: link
            for external_id, link in self.known.items()
            if link.deleted_at is not None or news.tells(self.records[external_id], link.base)
        }
        self._lock(fresh.values())
        # Neither the CRM's order nor the database's: what happened is noted in that of our rows.
        for external_id, link in sorted(fresh.items(), key=lambda one: one[1].pk):
            record = self.records[external_id]
            if isinstance(record, LeadRecord) and record.converted_to:
                if link.deleted_at is None:
                    row = getattr(link, self.kind)
                    self._owes(
                        identity.follow_conversion(self.connection, row, record, now=self.now)
                    )
            elif record.deleted:
                self._delete(link)
            else:
                self._merge(link, record)

    def _lock(self, links: Iterable[ExternalRecord]) -> None:
        """What is merged is what stands there now, and nobody changes it meanwhile."""
        model, column = MODELS[self.kind], f"{self.kind}_id"
        ids = {getattr(link, column) for link in links}
        rows = model.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
        fresh = {row.pk: row for row in rows}
        for link in links:
            setattr(link, self.kind, fresh[getattr(link, column)])

    def _owes(self, row: Lead | Company | None) -> None:
        if row is not None:
            self.unsettled[row.pk] = row

    def _inherit_opt_outs(self, leads: Sequence[Lead]) -> None:
        for lead in identity.inherit_opt_outs(leads, at=self.now):
            self._owes(lead)

    def owe(self) -> None:
        """What a CRM does not hold of the rows that changed is owed to it."""
        if self.kind != "owner":
            ledger.settle(self.kind, self.unsettled.values(), at=self.now)

    def settle_stages(self) -> None:
        if self.kind == "lead":
            identity.doubt_shared_emails([lead.email for lead in self.touched.values()])
        if self.moved:
            stages.settle(self.connection, list(self.moved.values()), at=self.now)

    # -- creating ---------------------------------------------------------------------------

    def _rows_for(self, records: Sequence[Record]) -> tuple[list[Any], list[bool]]:
        """A row for each record: one that stands for the same person or company, or a new one."""
        found = identity.find(self.connection, self.kind, records)
        rows = [found.get(record.external_id) or self._new_row(record) for record in records]
        fresh = [row.pk is None for row in rows]
        MODELS[self.kind].objects.bulk_create([row for row in rows if row.pk is None])
        return rows, fresh

    def _new_row(self, record: Record) -> Model:
        columns = values.new_row(record) | self.links.columns(record)
        if isinstance(record, LeadRecord):
            columns |= {"source": self.connection, "created_at": self.now}
        if isinstance(record, DealRecord):
            columns["source"] = self.connection
        row: Model = MODELS[self.kind](**columns)
        return row

    def _note_created(self, record: Record, row: Any, *, is_fresh: bool) -> None:
        first_pull = self.connection.first_pulled_at is None
        if isinstance(row, Lead):
            self.touched[row.pk] = self.moved[row.pk] = row
            if isinstance(record, LeadRecord):
                self._owes(identity.follow_conversion(self.connection, row, record, now=self.now))
                if record.do_not_contact and is_fresh:
                    note("opted_out", lead=row, connection=self.connection, occurred_at=self.now)
            if not first_pull:
                kind, data = ("lead_created", {}) if is_fresh else ("lead_changed", _says(record))
                note(
                    kind,
                    lead=row,
                    connection=self.connection,
                    occurred_at=self.now,
                    data=data,
                )
        elif isinstance(row, Deal):
            self._moves_lead_of(row)
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
        if isinstance(record, OwnerRecord):
            identity.follow_owner(link, record)
        row = getattr(link, self.kind)
        attempted = self._attempted(link)
        known = news.with_echoes(link.base, record, attempted)
        merged = self._merged(row, record, known, link)
        heard = words.heard(
            link, record, base=known, policy_of=self._policy_of, ours_at=self._edited_at(link)
        )
        was_closed = isinstance(row, Deal) and row.is_closed
        was_at = row.stage_value if isinstance(row, Deal) else ""
        has_new_people = values.links_of(record).get("lead_ids") != link.base.get("lead_ids")
        new_links = self.links.news(record, link.base)
        if "owner" in new_links:
            named = str(values.links_of(record)["owner_id"])
            ledger.owner_is_told(link, named, at=self.now)
        self._keep_clashes(link, {**merged.clashes, **heard.clashes})
        is_back = self._revive(link, row)
        take = self._take_over(row, record, merged, new_links)
        # What the CRM did not answer is as it was: a field that was hidden may come back.
        link.base = {**link.base, **merged.base, **values.links_of(record)}
        link.modified_at, link.deleted_at = record.modified_at, None
        link.emptied, link.dangling = dict(merged.emptied), self.links.dangle(record)
        link.save(
            update_fields=["base", "emptied", "words", "modified_at", "deleted_at", "dangling"]
        )
        self._arrived(attempted, merged.base)
        if isinstance(row, Lead) and row.do_not_contact and row.consented_at:
            identity.lift(row, at=self.now)
        # That it is closed says more than where to: what the deal's end ends, ends by that.
        self._note_merged(row, {**take, **heard.take}, was_closed=was_closed)
        if "stage_value" in take:
            self._note_moved(row, was_at)
        if is_back or has_new_people or _DECIDING.get(self.kind, frozenset()) & set(take):
            self._moves(row)

    def _revive(self, link: ExternalRecord, row: Any) -> bool:
        """Whether the CRM has the record again that was deleted there."""
        if link.deleted_at is None:
            return False
        ledger.take_up(link)
        if getattr(row, "deleted_at", None) is None:
            return True
        row.deleted_at = None
        row.save(update_fields=["deleted_at"])
        note(
            f"{self.kind}_restored",
            lead=row if isinstance(row, Lead) else row.lead,
            deal=row if isinstance(row, Deal) else None,
            connection=self.connection,
            occurred_at=self.now,
        )
        return True

    def _merged(
        self,
        row: Any,
        record: Record,
        base: Mapping[str, object],
        link: ExternalRecord | None = None,
    ) -> Merged:
        said = values.of_record(record)
        foreign = self._foreign(row)
        theirs = {name: value for name, value in said.items() if name not in foreign}
        merged = merge(
            base=base,
            ours=values.of_row(row, names=theirs),
            theirs=theirs,
            policy_of=self._policy_of,
            is_source=getattr(row, "source_id", self.connection.pk) == self.connection.pk,
            ours_at=self._edited_at(link),
            theirs_at=record.modified_at,
            emptied=link.emptied if link else None,
        )
        return replace(merged, base=said)

    def _foreign(self, row: Any) -> frozenset[str]:
        """What the row holds in the words of its source CRM, and this is another one."""
        if not isinstance(row, Lead) or row.source_id == self.connection.pk:
            return frozenset()
        return self._words_held[row.source_id]

    @cached_property
    def _words_held(self) -> Mapping[int, frozenset[str]]:
        return {each.pk: words.held(each) for each in Connection.objects.all()}

    def _policy_of(self, name: str) -> Policy:
        return policy_of(self.kind, name, self.connection.settings.get("policies") or {})

    def _edited_at(self, link: ExternalRecord | None) -> Mapping[str, datetime]:
        """When a field was changed here, of those that are still owed; asked for `newest` alone."""
        declared = self.connection.settings.get("policies") or {}
        if link is None or "newest" not in (declared.get(self.kind) or {}).values():
            return {}
        owed = Change.objects.filter(record=link, status=Change.Status.PENDING)
        return dict(owed.values_list("field", "created_at"))

    def _take_over(
        self,
        row: Any,
        record: Record,
        merged: Merged,
        new_links: Mapping[str, object] | None = None,
    ) -> Mapping[str, object]:
        """Write what we take over on our row; the values of it that the timeline tells."""
        take = dict(merged.take)
        if take.pop("do_not_contact", False):
            identity.opt_out(row, self.connection, at=self.now)
            self.unsettled[row.pk] = row
        company_id = getattr(row, "company_id", None)
        columns = values.put(row, {**take, **(new_links or {})})
        if columns:
            row.save(update_fields=columns)
            self.landed.changed += 1
        if take or any(
            row_value != merged.base[name] for name, row_value in self._now(row, record)
        ):
            self.unsettled[row.pk] = row
        if isinstance(row, Lead) and row.company_id != company_id:
            take["company"] = row.company_id
        return take

    def _now(self, row: Any, record: Record) -> Iterable[tuple[str, object]]:
        return values.of_row(row, names=values.of_record(record)).items()

    def _attempted(self, link: ExternalRecord) -> Sequence[Change]:
        """Our writes of this record whose outcome is not known, given up ones too."""
        rows = Change.objects.filter(record=link, kind=Change.Kind.UPDATE)
        return list(
            rows.filter(
                Q(status=Change.Status.PENDING)
                | Q(status=Change.Status.SUPERSEDED, attempted_at__isnull=False)
            )
        )

    def _arrived(self, attempted: Sequence[Change], theirs: Mapping[str, object]) -> None:
        """What the CRM holds says what became of them."""
        for change in attempted:
            known = change.field in theirs
            if known and theirs[change.field] == change.value:
                if change.status == Change.Status.PENDING:
                    change.status = Change.Status.PUSHED
                change.pushed_at, change.attempted_at = self.now, None
                change.save(update_fields=["status", "pushed_at", "attempted_at"])
            elif known and change.attempted_at is not None:
                change.attempted_at = None
                change.save(update_fields=["attempted_at"])

    def _keep_clashes(self, link: ExternalRecord, clashes: Mapping[str, Clash]) -> None:
        for field, clash in clashes.items():
            self.landed.conflicts += 1
            row = getattr(link, self.kind)
            note(
                "conflict",
                lead=row if isinstance(row, Lead) else getattr(row, "lead", None),
                deal=row if isinstance(row, Deal) else None,
                connection=self.connection,
                occurred_at=self.now,
                data={"kind": self.kind, "field": field, **vars(clash)},
            )
            if clash.kept == "theirs":
                owed = Change.objects.filter(record=link, field=field, status=Change.Status.PENDING)
                owed.update(
                    status=Change.Status.CONFLICTED,
                    last_error=f"the CRM changed it to {clash.theirs!r} while we had "
                    f"{clash.ours!r}; by the policy {clash.policy} the CRM's stays",
                )

    def _note_merged(self, row: Any, take: Mapping[str, object], *, was_closed: bool) -> None:
        if isinstance(row, Lead):
            self.touched[row.pk] = row
            if "email" in take:
                self._inherit_opt_outs([row])
            if take:
                note(
                    "lead_changed",
                    lead=row,
                    connection=self.connection,
                    occurred_at=self.now,
                    data={"fields": sorted(take)},
                )
        elif isinstance(row, Deal) and row.is_closed and not was_closed:
            note(
                "deal_closed",
                lead=row.lead,
                deal=row,
                connection=self.connection,
                occurred_at=self.now,
                data={"won": row.is_won},
            )
        elif isinstance(row, Owner) and take.get("active") is False:
            note(
                "owner_gone",
                connection=self.connection,
                occurred_at=self.now,
                data={"owner": row.pk},
            )

    def _note_moved(self, deal: Deal, was_at: str) -> None:
        """Somebody in the CRM moved the deal."""
        note(
            "deal_moved",
            lead=deal.lead,
            deal=deal,
            connection=self.connection,
            occurred_at=self.now,
            data={"from": was_at, "to": deal.stage_value},
        )

    def _delete(self, link: ExternalRecord) -> None:
        if link.deleted_at is not None:
            return
        link.deleted_at = self.now
        link.save(update_fields=["deleted_at"])
        ledger.drop(link)
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

    def _moves(self, row: Any) -> None:
        if isinstance(row, Lead):
            self.moved[row.pk] = row
        elif isinstance(row, Deal):
            self._moves_lead_of(row)

    def _moves_lead_of(self, deal: Deal) -> None:
        if deal.lead is not None:
            self.moved.setdefault(deal.lead.pk, deal.lead)

    # -- links ------------------------------------------------------------------------------

    def _linked(self, kind: str, external_ids: Any) -> dict[str, ExternalRecord]:
        rows = ExternalRecord.objects.filter(
            connection=self.connection, kind=kind, external_id__in=list(external_ids)
        ).select_related(kind, *(["deal__lead"] if kind == "deal" else []))
        return {row.external_id: row for row in rows}


def _says(record: Record) -> dict[str, object]:
    """That a CRM knows somebody as well, in its own words."""
    said = values.of_record(record)
    return {"fields": sorted(name for name in words.FIELDS if said.get(name))}
