"""Who is on our lists, owed to the CRMs' lists and written there, many people to a call."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from connectors.base import Connector
from connectors.errors import ConnectorError, Outcome, Refused, Unauthorized
from crm import ledger, membership, order
from crm.membership import Known
from crm.models import Change, Connection, ExternalRecord, ListCounterpart, Membership
from crm.stages import live_records

_NOBODY = Known()


def settle(
    counterpart: ListCounterpart, ours: Collection[int], *, may_join: Collection[int], at: datetime
) -> None:
    """Owe the CRM what differs from ours, and nothing else.

    `ours` are the leads that are on our list, `may_join` those of them who may be put on a list.
    Nothing is owed before the CRM's list was read once.
    """
    with transaction.atomic():
        counterpart = ListCounterpart.objects.select_for_update(no_key=True).get(pk=counterpart.pk)
        wanted: Mapping[int, bool | str] = {}
        if counterpart.read_at is not None and not counterpart.read_only:
            wanted = _wanted(counterpart, set(ours), set(may_join))
        _owe(counterpart, wanted, at=at)
        ListCounterpart.objects.filter(pk=counterpart.pk).update(settle_due_at=None)


def write(connection: Connection, connector: Connector, changes: Sequence[Change]) -> list[Outcome]:
    """Put people on the CRM's lists and take them off, an outcome for each change, in order.

    Raises what the first call raises when nothing is known of any of them.
    """
    outcomes: dict[int, Outcome] = {}
    for (field, want), mine in _grouped(changes).items():
        people = [change.record.external_id for change in mine]
        try:
            written = _write(_counterpart(connection, field), connector, people, want)
        except ConnectorError as error:
            if not outcomes:
                raise
            written = [Outcome(external_id="", error=error)] * len(mine)
        outcomes |= {change.pk: one for change, one in zip(mine, written, strict=True)}
    return [outcomes[change.pk] for change in changes]


def agree(connection: Connection, changes: Iterable[Change], *, at: datetime) -> None:
    """The CRM took them: that is what we know of it from now on, whatever was asked for before."""
    for (field, want), mine in _grouped(changes).items():
        counterpart = _counterpart(connection, field)
        if counterpart is not None:
            rows = _written(counterpart, mine, want, at=at)
            Membership.objects.bulk_create(
                rows,
                batch_size=500,
                update_conflicts=True,
                unique_fields=["counterpart", "external_id"],
                update_fields=[*Membership.KNOWN, "lead", "written_at", "seq"],
            )


def drop(counterpart: ListCounterpart) -> None:
    """Nothing is owed to it any more."""
    ledger.supersede(_open(counterpart), "process.yaml does not write this list any more")


def _written(
    counterpart: ListCounterpart, changes: Sequence[Change], want: bool | str, *, at: datetime
) -> list[Membership]:
    number = order.draw(counterpart.connection_id)
    rows = {
        change.record.external_id: Membership(
            counterpart=counterpart,
            external_id=change.record.external_id,
            lead=change.record.lead,
            written_at=at,
            seq=number,
        )
        for change in changes
    }
    given = want if isinstance(want, str) else counterpart.status if want else ""
    for row in rows.values():
        row.know(membership.written(there=bool(want), status=given))
    return list(rows.values())


def _wanted(
    counterpart: ListCounterpart, ours: set[int], may_join: set[int]
) -> dict[int, bool | str]:
    """Record -> whether its person is to be there, or with which status, where we owe it."""
    known, there = _known(counterpart)
    wants = {
        lead: membership.wanted(
            known.get(lead, _NOBODY), ours=lead in ours, both_ways=counterpart.both_ways
        )
        for lead in ours | known.keys()
    }
    joining = [lead for lead in may_join if wants.get(lead)]
    records = live_records("lead", joining, counterpart.connection_id)
    found: dict[int, bool | str] = {record.pk: True for record in records.values()}
    leaving = [id_ for lead, want in wants.items() if want is False for id_ in there[lead]]
    off = ExternalRecord.objects.filter(
        connection=counterpart.connection_id, kind="lead", external_id__in=leaving
    )
    marked = dict.fromkeys(_to_mark(counterpart, ours & may_join), counterpart.status)
    return {**marked, **found, **dict.fromkeys(off.values_list("pk", flat=True), False)}


def _to_mark(counterpart: ListCounterpart, leads: set[int]) -> list[int]:
    """The records whose person has a status that we gave, and is to have another by now."""
    rows = Membership.objects.filter(counterpart=counterpart, there=True).exclude(our_status="")
    ids = [
        row.external_id
        for row in rows.exclude(our_status=counterpart.status).iterator(2000)
        if row.lead_id in leads and membership.is_to_have(row.known, status=counterpart.status)
    ]
    records = ExternalRecord.objects.filter(
        connection=counterpart.connection_id, kind="lead", external_id__in=ids, deleted_at=None
    )
    return list(records.values_list("pk", flat=True))


def _known(counterpart: ListCounterpart) -> tuple[dict[int, Known], dict[int, list[str]]]:
    """Of each lead what we know, and the ids under which it is there."""
    known: dict[int, Known] = {}
    there: dict[int, list[str]] = defaultdict(list)
    rows = Membership.objects.filter(counterpart=counterpart, lead__isnull=False)
    for row in rows.iterator(2000):
        assert row.lead_id is not None  # noqa: S101 - as was asked for
        before = known.get(row.lead_id, _NOBODY)
        known[row.lead_id] = Known(
            there=before.there or row.there,
            by_us=before.by_us or row.by_us,
            taken_out=before.taken_out or row.taken_out,
        )
        if row.there:
            there[row.lead_id].append(row.external_id)
    return known, there


def _owe(counterpart: ListCounterpart, wanted: Mapping[int, bool | str], *, at: datetime) -> None:
    """What is owed already stays so; what is not wanted any more is not owed any more."""
    rows = _open(counterpart).select_related("record").order_by("pk")
    owed = {change.record_id: change for change in rows}
    there = set(
        Membership.objects.filter(counterpart=counterpart, there=True).values_list(
            "external_id", flat=True
        )
    )
    wanted = {**wanted, **_undone(owed.values(), wanted, there)}
    over = [c.pk for c in owed.values() if wanted.get(c.record_id) != c.value]
    ledger.supersede(Change.objects.filter(pk__in=over), "both lists agree again")
    new = {id_: want for id_, want in wanted.items() if id_ not in owed or owed[id_].pk in over}
    ledger.owe_memberships(counterpart, new, at=at)


def _open(counterpart: ListCounterpart) -> QuerySet[Change]:
    return Change.objects.filter(
        connection=counterpart.connection_id,
        kind=Change.Kind.MEMBERSHIP,
        field=counterpart.field,
        status__in=(Change.Status.PENDING, Change.Status.REFUSED),
    )


def _undone(
    owed: Iterable[Change], wanted: Mapping[int, bool | str], there: Collection[str]
) -> dict[int, bool]:
    """What may have arrived, though nobody heard of it, and is not wanted any more."""
    return {
        change.record_id: not change.value
        for change in owed
        if change.status == Change.Status.PENDING
        and isinstance(change.value, bool)
        and change.attempted_at is not None
        and change.record_id not in wanted
        and (change.record.external_id in there) is not change.value
    }


def _write(
    counterpart: ListCounterpart | None,
    connector: Connector,
    people: Sequence[str],
    want: bool | str,
) -> Sequence[Outcome]:
    if counterpart is None or connector.lists is None or counterpart.read_only:
        reason = (
            counterpart.read_only if counterpart is not None else "no list is called so any more"
        )
        return [Outcome(external_id="", error=Refused(reason))] * len(people)
    id_ = counterpart.external_id
    try:
        if isinstance(want, str):
            return connector.lists.mark(id_, people, given=_given(counterpart, people), status=want)
        if want:
            return connector.lists.add(id_, people, status=counterpart.status)
        return connector.lists.remove(id_, people)
    except Unauthorized as error:  # a login that may not write lists may write all else
        return [Outcome(external_id="", error=Refused(str(error)))] * len(people)


def _given(counterpart: ListCounterpart, people: Sequence[str]) -> Mapping[str, str]:
    rows = Membership.objects.filter(counterpart=counterpart, external_id__in=people)
    return dict(rows.values_list("external_id", "our_status"))


def _counterpart(connection: Connection, field: str) -> ListCounterpart | None:
    name = field.removeprefix(ListCounterpart.FIELD)
    return ListCounterpart.objects.filter(connection=connection, name=name, writes=True).first()


def _grouped(changes: Iterable[Change]) -> dict[tuple[str, bool | str], list[Change]]:
    groups: dict[tuple[str, bool | str], list[Change]] = defaultdict(list)
    for change in changes:
        want = change.value if isinstance(change.value, str) else bool(change.value)
        groups[change.field, want].append(change)
    return groups
