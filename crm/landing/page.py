"""A page of records while it lands: what it is, and what its rows come to owe and to move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from connectors.base import Kind, Record
from connectors.edits import Edit
from crm import authors, consent, ledger, order, words
from crm.links import Links
from crm.models import Company, Connection, Deal, ExternalRecord, Lead, Owner
from crm.policy import Policy, policy_of
from crm.timeline import note

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


class Page:
    """What stands in the mirror already is `known`, by external id."""

    def __init__(
        self,
        connection: Connection,
        kind: Kind,
        records: Sequence[Record],
        now: datetime,
        asked_at: int | None,
        *,
        read_at: datetime,
        edits: Mapping[str, Sequence[Edit]] | None = None,
    ) -> None:
        #: Record id -> who gave its stage which value when; of most nobody asked.
        self.edits = edits or {}
        self.read_at = read_at
        self.connection, self.kind, self.now, self.asked_at = connection, kind, now, asked_at
        # The last word on a record wins where a page repeats it.
        self.records = {record.external_id: record for record in records}
        self.known = self.linked(kind, self.records)
        self._leave_out_old()
        self.links = Links(connection, self.records.values())
        self.landed = Landed(seen=len(self.records))
        self.touched: dict[int, Lead] = {}
        #: Leads of whose stage the CRM says something new.
        self.moved: dict[int, Lead] = {}
        #: Leads that are at another company than before.
        self.joined: dict[int, Lead] = {}
        #: Rows of ours that a CRM may now be owed something of.
        self.unsettled: dict[int, ledger.Row] = {}

    def note(self, kind: str, **told: Any) -> None:
        """On the timeline, as told by this CRM; see crm.timeline.note."""
        note(kind, connection=self.connection, occurred_at=self.now, **told)

    def linked(self, kind: str, external_ids: Any) -> dict[str, ExternalRecord]:
        rows = ExternalRecord.objects.filter(
            connection=self.connection, kind=kind, external_id__in=list(external_ids)
        ).select_related(kind, *(["deal__lead"] if kind == "deal" else []))
        return {row.external_id: row for row in rows}

    def edits_by_row(self) -> Mapping[tuple[str, int], Sequence[Edit]]:
        """The same by our own rows. A deal that closed leaves the word to the status of its lead."""
        links = self.linked(self.kind, self.edits) if self.edits else {}
        found: dict[tuple[str, int], Sequence[Edit]] = {}
        for id_, link in links.items():
            row, edits = getattr(link, self.kind), self.edits[id_]
            found[self.kind, row.pk] = edits
            if isinstance(row, Deal) and row.is_closed and row.lead is not None:
                past = authors.known(edits, row.stage_value)
                found["lead", row.lead.pk] = [replace(e, value=row.lead.status) for e in past[-1:]]
        return found

    def signed(self, external_id: str, row: Any) -> dict[str, object]:
        """Who brought a deal to where it is now, and when, if that was asked and is told."""
        if not isinstance(row, Deal):
            return {}
        edits = self.edits.get(external_id, ())
        return authors.signed(self.connection.name, row.stage_value, edits, now=self.now)

    def policy_of(self, name: str) -> Policy:
        return policy_of(self.kind, name, self.connection.settings.get("policies") or {})

    @cached_property
    def words_held(self) -> Mapping[int, frozenset[str]]:
        return {each.pk: words.held(each) for each in Connection.objects.all()}

    def inherit_opt_outs(self, leads: Sequence[Lead]) -> None:
        for lead in consent.inherit_opt_outs(leads, at=self.now):
            self.owes(lead)

    def owes(self, row: Lead | Company | None) -> None:
        if row is not None:
            self.unsettled[row.pk] = row

    def moves(self, row: Any) -> None:
        if isinstance(row, Lead):
            self.moved[row.pk] = row
        elif isinstance(row, Deal):
            self.moves_lead_of(row)

    def moves_lead_of(self, deal: Deal) -> None:
        if deal.lead is not None:
            self.moved.setdefault(deal.lead.pk, deal.lead)

    def _leave_out_old(self) -> None:
        if self.asked_at is None:
            return
        for external_id, link in list(self.known.items()):
            if link.seq > self.asked_at:
                del self.records[external_id], self.known[external_id]
        order.known_as_of(
            [link.pk for link in self.known.values()], self.asked_at, read_at=self.read_at
        )
