"""What we owe the CRMs: every value that differs there, written down before anything is sent.

A Change is pending until the CRM took it, refused it, or something newer took its place. It is
made in the transaction that changed our row, so that neither is ever without the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from django.db.models import Q

from connectors import registry
from connectors.base import Kind
from crm import policy, values
from crm.merge import is_blank
from crm.models import Change, Company, Connection, Deal, ExternalRecord, Lead, ListCounterpart

Row = Company | Lead | Deal
#: What is written before what: people who want to be left alone come first.
PRIORITY_OPT_OUT, PRIORITY_STAGE, PRIORITY_TOUCH, PRIORITY_ENRICHMENT = range(4)
#: A change of it is owed on its own, see crm.owning: no value of a row, but a link of the record.
OWNER_ID = "owner_id"
_STAGE_FIELDS = {"status", "stage_value", OWNER_ID}
#: Why what was owed to a deleted record is not owed any more.
DELETED = "the record was deleted in the CRM"
#: Our field name -> the connector's, where they differ.
_CONNECTORS_NAME = {"stage_value": "stage"}


def settle(kind: str, rows: Iterable[Row], *, at: datetime) -> None:
    """Owe each linked CRM the values of `rows` that it does not hold, and nothing else."""
    ids = [row.pk for row in rows]
    if kind == "owner" or not ids:
        return
    links = list(
        ExternalRecord.objects.filter(kind=kind, deleted_at=None, **{f"{kind}__in": ids})
        .select_related("connection", kind)
        .order_by("id")
    )
    pending = _pending(links)
    for link in _current(kind, links):
        _settle_link(link, getattr(link, kind), pending.get(link.pk, {}), at=at)


def owe_update(record: ExternalRecord, field: str, value: object, *, at: datetime) -> None:
    """Owe the CRM a field's new value; an older pending one of the same field is superseded."""
    supersede(
        Change.objects.filter(
            record=record,
            field=field,
            status__in=(Change.Status.PENDING, Change.Status.REFUSED),
        )
    )
    Change.objects.create(
        connection_id=record.connection_id,
        kind=Change.Kind.UPDATE,
        record=record,
        field=field,
        value=value,
        priority=priority_of(field),
        due_at=at,
        created_at=at,
    )


def owe_touch(
    record: ExternalRecord,
    *,
    message_id: str,
    touch: Mapping[str, str],
    at: datetime,
    may_exist: bool = False,
) -> None:
    """Owe the CRM one engagement for what happened; once per Message-ID and connection.

    One that may exist there already is looked for first.
    """
    Change.objects.bulk_create(
        [
            Change(
                connection_id=record.connection_id,
                kind=Change.Kind.TOUCH,
                record=record,
                message_id=message_id,
                value=dict(touch),
                priority=PRIORITY_TOUCH,
                due_at=at,
                created_at=at,
                attempted_at=at if may_exist else None,
            )
        ],
        ignore_conflicts=True,
    )


def doubt_touches(connection_id: int, *, at: datetime) -> None:
    """The CRM may hold these already: each is looked for there before it is written."""
    pending = Change.objects.filter(connection=connection_id, status=Change.Status.PENDING)
    pending.filter(kind=Change.Kind.TOUCH, attempted_at=None).update(attempted_at=at)


def owe_completion(touch: Change, *, at: datetime, outcome: str = "") -> None:
    """Owe the CRM that the task of this touch is done, and of a call what came of it; once."""
    told = {"outcome": outcome} if outcome and _told(touch).get("work") == "call" else {}
    completion = _of_touch(Change.Kind.COMPLETION, touch, told, at=at)
    Change.objects.bulk_create([completion], ignore_conflicts=True)


def owe_handover(touch: Change, owner_id: str, *, at: datetime) -> None:
    """Owe the CRM that the task of this touch is another owner's, by its id there."""
    kind = Change.Kind.HANDOVER
    supersede(
        Change.objects.filter(
            connection=touch.connection_id,
            kind=kind,
            message_id=touch.message_id,
            status=Change.Status.PENDING,
        )
    )
    _of_touch(kind, touch, {"owner_id": owner_id}, at=at).save()


def _of_touch(kind: Change.Kind, touch: Change, told: Mapping[str, str], *, at: datetime) -> Change:
    """What is owed once the touch is there."""
    return Change(
        connection_id=touch.connection_id,
        kind=kind,
        record=touch.record,
        message_id=touch.message_id,
        value={"kind": _told(touch)["kind"], **told},
        priority=PRIORITY_TOUCH,
        due_at=max(at, touch.due_at),
        created_at=at,
    )


def owe_memberships(
    counterpart: ListCounterpart, wanted: Mapping[int, bool | str], *, at: datetime
) -> None:
    """Owe a CRM's list people: record -> whether its person is to be on it, or with which status."""
    Change.objects.bulk_create(
        [
            Change(
                connection_id=counterpart.connection_id,
                kind=Change.Kind.MEMBERSHIP,
                record_id=record,
                field=counterpart.field,
                value=there,
                priority=PRIORITY_ENRICHMENT,
                due_at=at,
                created_at=at,
            )
            for record, there in wanted.items()
        ],
        ignore_conflicts=True,
        batch_size=500,
    )


def _told(touch: Change) -> Mapping[str, str]:
    return cast("Mapping[str, str]", touch.value)


def owe_completion_again(touch: Change) -> None:
    """A task that was done while the CRM refused it is ticked off there after all."""
    Change.objects.filter(
        connection=touch.connection_id,
        kind=Change.Kind.COMPLETION,
        message_id=touch.message_id,
        status=Change.Status.SUPERSEDED,
    ).update(status=Change.Status.PENDING, due_at=touch.due_at)


def supersede(changes: Any, reason: str = "") -> None:
    changes.update(status=Change.Status.SUPERSEDED, last_error=reason)


def owner_is_told(link: ExternalRecord, owner_id: str, *, at: datetime) -> None:
    """The CRM names another owner than before: ours has arrived, or theirs stays."""
    owed = Change.objects.filter(record=link, field=OWNER_ID, status=Change.Status.PENDING)
    owed.filter(value=owner_id).update(status=Change.Status.PUSHED, pushed_at=at, last_error="")
    owed.exclude(value=owner_id).update(
        status=Change.Status.CONFLICTED,
        last_error="somebody set an owner in the CRM, who stays",
    )


def drop(link: ExternalRecord) -> None:
    """The record was deleted in its CRM: nothing more is written to it."""
    supersede(Change.objects.filter(record=link, status=Change.Status.PENDING), DELETED)


def take_up(link: ExternalRecord) -> None:
    """The record is there again: what else than its values was owed to it is owed again."""
    owed_before = dropped(Change.objects.filter(record=link))
    owed_before.filter(~Q(kind=Change.Kind.UPDATE) | Q(field=OWNER_ID)).update(
        status=Change.Status.PENDING, last_error=""
    )


def dropped(changes: Any) -> Any:
    return changes.filter(status=Change.Status.SUPERSEDED, last_error=DELETED)


def priority_of(field: str) -> int:
    if field == "do_not_contact":
        return PRIORITY_OPT_OUT
    return PRIORITY_STAGE if field in _STAGE_FIELDS else PRIORITY_ENRICHMENT


def connectors_name(field: str) -> str:
    """A Change's field as the connector calls it: custom ones by their plain name."""
    return _CONNECTORS_NAME.get(field, field).removeprefix(policy.EXTRA)


def ours(link: ExternalRecord, row: Row, names: Iterable[str]) -> dict[str, object]:
    """Our values for this CRM: its own words stand on its record, see crm.words."""
    found = values.of_row(row, names=names)
    if isinstance(row, Lead) and row.source_id != link.connection_id:
        for name in policy.OF_SOURCE["lead"] & found.keys():
            found[name] = link.words.get(name, link.base.get(name))
    return found


def takes(link: ExternalRecord) -> frozenset[str]:
    """Our names of what can be written on the record."""
    fields = link.connection.settings.get("fields")
    return registry.writable(
        link.connection.kind, cast("Kind", link.kind), link.external_id, fields
    )


def owed(link: ExternalRecord, row: Row) -> Mapping[str, object]:
    """Field -> our value, of the fields that the CRM should hold and does not."""
    connection, kind = link.connection, link.kind
    to_source = getattr(row, "source_id", connection.pk) == connection.pk
    declared = connection.settings.get("policies") or {}
    wanted: dict[str, object] = {}
    for name, value in ours(link, row, link.base).items():
        theirs = link.base.get(name)
        if value == theirs or (is_blank(value) and is_blank(theirs)):
            continue
        if name not in link.words and not policy.flows(kind, name, to_source=to_source):
            continue
        if is_blank(value) and policy.policy_of(kind, name, declared) != "crm":
            continue  # a blank is carried on only where the team says so
        if name == "do_not_contact" and (not value or (isinstance(row, Lead) and row.consented_at)):
            continue  # nobody is opted in by a program, nor out again who consented
        wanted[name] = value
    if not wanted:
        return wanted
    can = takes(link)
    return {name: value for name, value in wanted.items() if connectors_name(name) in can}


def _settle_link(
    link: ExternalRecord, row: Row, pending: Mapping[str, Change], *, at: datetime
) -> None:
    wanted = owed(link, row)
    for field, value in wanted.items():
        known = pending.get(field)
        if known is None or known.value != value:
            owe_update(link, field, value, at=at)
    done = []
    for field, change in pending.items():
        if field in wanted:
            continue
        may_stand_there = change.status == Change.Status.PENDING and change.attempted_at is not None
        if may_stand_there and field != "do_not_contact":
            # It may have arrived: only a newer write makes sure that ours is what stands there.
            owe_update(link, field, ours(link, row, [field])[field], at=at)
        else:
            done.append(change.pk)
    if done:
        supersede(Change.objects.filter(pk__in=done), "both sides agree again")


def _pending(links: Sequence[ExternalRecord]) -> Mapping[int, Mapping[str, Change]]:
    """Link -> field -> its pending change, or the refused one that asks for the same value."""
    found: dict[int, dict[str, Change]] = defaultdict(dict)
    rows = Change.objects.filter(
        record__in=links, kind=Change.Kind.UPDATE,
        status__in=(Change.Status.PENDING, Change.Status.REFUSED),
    ).exclude(field=OWNER_ID)  # fmt: skip
    for change in rows.order_by("id"):
        found[change.record_id][change.field] = change
    return found


def _current(kind: str, links: Sequence[ExternalRecord]) -> Iterable[ExternalRecord]:
    """The record that stands for a row in each connection: of several the newest."""
    newest: dict[tuple[int, int], ExternalRecord] = {}
    for link in links:
        if link.connection.status == Connection.Status.ACTIVE or link.base:
            newest[link.connection_id, getattr(link, f"{kind}_id")] = link
    return newest.values()
