"""Who is on the CRMs' lists, read into the mirror: each list whole, page by page.

Whoever was there and is not read again has left; only a reading that came to its end says so. One that
was interrupted goes on behind its last page.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from connectors.base import Connector
from connectors.errors import Refused, Unauthorized
from connectors.lists import CrmList, Lists, Member
from crm import brakes, lease, membership, order
from crm.models import (
    Change,
    Connection,
    ExternalRecord,
    Lead,
    ListCounterpart,
    Listed,
    Membership,
)
from crm.timeline import note

#: By then a list shows what we wrote to it: that somebody is not on it before says nothing.
SHOWN = timedelta(minutes=10)


def read(connection: Connection, connector: Connector, *, now: datetime) -> None:
    """Every list that this connection is to have. One that cannot be read stops nothing else."""
    lists = connector.lists
    if lists is None:
        return
    for counterpart in ListCounterpart.objects.filter(connection=connection).order_by("name"):
        try:
            _read_one(counterpart, lists, now=now)
        except (Unauthorized, Refused) as error:
            _cannot_be_read(counterpart, str(error), now=now)
    # What else this pull brought may be what a list of ours asks for.
    ListCounterpart.objects.filter(writes=True).update(settle_due_at=now)


def prune(name: str) -> None:
    """Whoever stands on none of the CRMs' lists that ours comes from is not on ours."""
    there = Membership.objects.filter(
        counterpart__name=name, counterpart__reads=True, there=True, lead__isnull=False
    )
    Listed.objects.filter(list=name).exclude(lead__in=there.values("lead")).delete()


def _read_one(counterpart: ListCounterpart, lists: Lists, *, now: datetime) -> None:
    found = lists.find(name=counterpart.called, id_=counterpart.called_id)
    _point_at(counterpart, found)
    begun_at = counterpart.reading or order.draw(counterpart.connection_id)
    pages = lists.members(found.external_id, counterpart.cursor)
    while True:
        lease.keep()
        asked_at = order.draw(counterpart.connection_id)
        page = next(pages, None)
        if page is None:
            return
        with transaction.atomic():
            _Reading(counterpart, begun_at, now).land(
                page.members, asked_at, is_last=not page.cursor
            )
            counterpart.cursor = page.cursor
            counterpart.reading = begun_at if page.cursor else 0
            if not page.cursor:
                if counterpart.read_at is None:
                    prune(counterpart.name)
                counterpart.read_at = now
            counterpart.save(update_fields=["cursor", "reading", "read_at"])


def _point_at(counterpart: ListCounterpart, found: CrmList) -> None:
    """Another list under the old name is another list: what was known of the old one is forgotten."""
    if counterpart.external_id != found.external_id:
        Membership.objects.filter(counterpart=counterpart).delete()
        counterpart.cursor, counterpart.reading, counterpart.read_at = "", 0, None
    counterpart.external_id = found.external_id
    counterpart.read_only = found.read_only
    cannot_be_set = counterpart.writes and found.read_only
    counterpart.last_error = f"nobody is put on it: {found.read_only}" if cannot_be_set else ""
    counterpart.save()


def _cannot_be_read(counterpart: ListCounterpart, reason: str, *, now: datetime) -> None:
    """The next reading begins anew: it may have been its cursor."""
    ListCounterpart.objects.filter(pk=counterpart.pk).update(
        last_error=reason, cursor="", reading=0
    )
    note(
        "record_skipped",
        connection=counterpart.connection,
        occurred_at=now,
        key=f"list:{counterpart.pk}:{reason}"[:300],
        data={"kind": "list", "id": counterpart.called or counterpart.called_id, "reason": reason},
    )


class _Reading:
    def __init__(self, counterpart: ListCounterpart, begun_at: int, now: datetime) -> None:
        self.counterpart, self.begun_at, self.now = counterpart, begun_at, now
        self.rows = Membership.objects.filter(counterpart=counterpart)

    def land(self, members: Sequence[Member], asked_at: int, *, is_last: bool) -> None:
        """A page of those who are there; after the last one, whoever was not read has left."""
        counted = self.counterpart.statuses
        statuses = {m.external_id: m.status for m in members if not counted or m.status in counted}
        self._are_there(statuses, asked_at)
        if is_last:
            self._have_left()

    def _are_there(self, statuses: Mapping[str, str], asked_at: int) -> None:
        ids = list(statuses)
        known = {row.external_id: row for row in self.rows.filter(external_id__in=ids)}
        leads, attempted = self._leads(ids), self._attempted(ids)
        fresh: list[Membership] = []
        changed: list[Membership] = []
        joining: set[int] = set()
        for id_, status in statuses.items():
            row = known.get(id_) or Membership(counterpart=self.counterpart, external_id=id_)
            if row.seq > asked_at:  # we have written since
                continue
            lead = leads.get(id_)
            before, tried = row.known, attempted.get(id_)
            now, flow = membership.told(
                before,
                there=True,
                attempted=tried,
                status=status[:100],
                given=self.counterpart.status,
            )
            if lead is not None and (flow == "joins" or row.lead_id != lead):
                joining.add(lead)
            if row.pk is None or now != before or row.lead_id != lead:
                row.know(now)
                row.lead_id, row.seq = lead, asked_at
                (fresh if row.pk is None else changed).append(row)
        Membership.objects.bulk_create(fresh, batch_size=500)
        Membership.objects.bulk_update(changed, [*Membership.KNOWN, "lead", "seq"], batch_size=500)
        self.rows.filter(external_id__in=ids, seq__lt=asked_at).update(seq=asked_at)
        self._arrived([id_ for id_, tried in attempted.items() if tried in (True, statuses[id_])])
        self._join(joining)

    def _have_left(self) -> None:
        gone = list(
            self.rows.filter(there=True, seq__lt=self.begun_at)
            .exclude(written_at__gt=self.now - SHOWN)
            .order_by("pk")
        )
        if not gone:
            return
        attempted = self._attempted([row.external_id for row in gone])
        for row in gone:
            tried = attempted.get(row.external_id)
            row.know(membership.told(row.known, there=False, attempted=tried)[0])
            row.seq = self.begun_at
        Membership.objects.bulk_update(gone, [*Membership.KNOWN, "seq"], batch_size=500)
        leads = {row.lead_id for row in gone if row.lead_id is not None}
        # Who stands there under another id, as a converted Lead does, has not left.
        still = self.rows.filter(there=True, lead__in=leads).values_list("lead_id", flat=True)
        self._leave(leads - set(still))

    # -- our list -----------------------------------------------------------------------------

    def _join(self, leads: Collection[int]) -> None:
        name = self.counterpart.name
        if not self.counterpart.reads or not leads:
            return
        on_it = set(Listed.objects.filter(list=name, lead__in=leads).values_list("lead", flat=True))
        new = sorted(set(leads) - on_it)
        Listed.objects.bulk_create(
            [Listed(list=name, lead_id=lead, since=self.now) for lead in new],
            ignore_conflicts=True,
            batch_size=500,
        )
        # A person wants them on it: that holds in every CRM that is kept in step.
        others = self._others().filter(counterpart__writes=True, lead__in=leads, taken_out=True)
        others.update(taken_out=False)
        self._note("list_joined", new)

    def _leave(self, leads: Collection[int]) -> None:
        """Not whom another CRM's list holds from which nobody here can take them."""
        if not self.counterpart.reads or not leads:
            return
        fixed = Q(counterpart__writes=False) | ~Q(counterpart__read_only="")
        held = self._others().filter(fixed, there=True, lead__in=leads)
        going = set(leads) - set(held.values_list("lead_id", flat=True))
        listed = Listed.objects.filter(list=self.counterpart.name)
        gone = sorted(listed.filter(lead__in=going).values_list("lead", flat=True))
        brakes.check_list(
            self.counterpart.connection,
            self.counterpart.name,
            left=len(gone),
            of=listed.count(),
            now=self.now,
        )
        listed.filter(lead__in=gone).delete()
        self._note("list_left", gone)

    def _others(self) -> QuerySet[Membership]:
        others = Membership.objects.exclude(counterpart=self.counterpart)
        return others.filter(counterpart__name=self.counterpart.name, counterpart__reads=True)

    def _note(self, kind: str, leads: Sequence[int]) -> None:
        """The first reading sets nothing in motion: what is on it was on it before."""
        if self.counterpart.read_at is None:
            return
        rows = Lead.objects.in_bulk(leads)
        for lead in leads:
            note(
                kind,
                lead=rows[lead],
                connection=self.counterpart.connection,
                occurred_at=self.now,
                data={"list": self.counterpart.name},
            )

    # -- what we know -------------------------------------------------------------------------

    def _leads(self, ids: Sequence[str]) -> Mapping[str, int]:
        """Person's id -> our lead, as far as the record has landed."""
        rows = ExternalRecord.objects.filter(
            connection=self.counterpart.connection_id,
            kind="lead",
            external_id__in=ids,
            lead__erased_at=None,
            lead__isnull=False,
        )
        return dict(rows.values_list("external_id", "lead"))

    def _attempted(self, ids: Sequence[str]) -> Mapping[str, bool | str]:
        """Person's id -> what we tried to write and have heard nothing of."""
        rows = self._owed(ids).exclude(attempted_at=None)
        tried = rows.values_list("record__external_id", "value")
        return {id_: want for id_, want in tried if isinstance(want, bool | str)}

    def _arrived(self, ids: Sequence[str]) -> None:
        self._owed(ids).exclude(value=False).update(
            status=Change.Status.PUSHED, pushed_at=self.now, last_error=""
        )

    def _owed(self, ids: Sequence[str]) -> QuerySet[Change]:
        return Change.objects.filter(
            connection=self.counterpart.connection_id,
            kind=Change.Kind.MEMBERSHIP,
            field=self.counterpart.field,
            record__external_id__in=ids,
            status=Change.Status.PENDING,
        )
