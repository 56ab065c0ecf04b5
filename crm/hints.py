"""What a webhook says is a hint that a record may have changed: it is read again, and that counts.

Hints come twice, late and in any order; one row per record is all that is kept of them.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.db import transaction

from connectors.base import Written
from connectors.batches import chunks
from connectors.errors import ConnectorError, Unauthorized
from crm import brakes, lease, ledger, order
from crm.asking import Asking
from crm.connections import UNUSABLE, connector_of
from crm.land import land
from crm.models import Connection, ExternalRecord, Hint
from crm.pull import fail
from crm.timeline import note
from runtime import bell, clock

#: Records that are read and landed at once.
BATCH = 200
_LARGEST_ID = 10**18
_KINDS = {"contact": "lead", "company": "company", "deal": "deal"}


def take_in(connection: Connection, events: Iterable[Any]) -> int:
    """Keep what HubSpot's events are about; how many records that is. Others are left aside."""
    wanted: dict[tuple[str, str], bool] = {}
    for event in events:
        if not isinstance(event, dict):
            continue
        object_, _, what = str(event.get("subscriptionType", "")).partition(".")
        id_ = event.get("objectId")
        if object_ in _KINDS and type(id_) is int and 0 <= id_ < _LARGEST_ID:
            key = (_KINDS[object_], str(id_))
            wanted[key] = wanted.get(key, False) or what == "privacyDeletion"
    Hint.objects.bulk_create(
        [
            Hint(connection=connection, kind=kind, external_id=id_, forgotten=forgotten)
            # In one order: two requests about the same records would wait for each other.
            for (kind, id_), forgotten in sorted(wanted.items())
        ],
        update_conflicts=True,
        unique_fields=["connection", "kind", "external_id", "forgotten"],
        update_fields=["mark"],
    )
    if wanted:
        transaction.on_commit(lambda: bell.ring("reread", [connection.pk]))
    return len(wanted)


def all_of(connection: Connection, kind: Written) -> None:
    """Every record of a kind: what is read of them is another than before."""
    rows = ExternalRecord.objects.filter(connection=connection, kind=kind, deleted_at=None)
    ids = rows.order_by("external_id").values_list("external_id", flat=True)
    for chunk in chunks(list(ids), BATCH):
        Hint.objects.bulk_create(
            [Hint(connection=connection, kind=kind, external_id=id_) for id_ in chunk],
            ignore_conflicts=True,
        )


def due() -> Sequence[int]:
    """Connections with records to be read again."""
    rows = Hint.objects.filter(connection__status=Connection.Status.ACTIVE)
    return sorted(set(rows.values_list("connection", flat=True)))


def reread(connection_id: int) -> int:
    """Read what was hinted at, and land it; how many records came. Errors are kept, not raised."""
    with lease.taken(Connection, connection_id, "pull_claimed_until") as connection:
        if connection is None or connection.status != Connection.Status.ACTIVE:
            return 0
        _forget_all(connection)
        if connection.first_pulled_at is None or brakes.held(connection, "pull"):
            return 0
        seen = 0
        try:
            while hints := list(
                Hint.objects.filter(connection=connection).order_by("kind")[:BATCH]
            ):
                seen += _reread(connection, hints)
                lease.keep()
        except ConnectorError as error:
            fail(connection, error, "pull_due_at")
        except UNUSABLE as error:  # a person has to act
            fail(connection, Unauthorized(str(error)), "pull_due_at")
        except brakes.Braked as braked:
            brakes.hold(connection, braked.brake)
        return seen


def _reread(connection: Connection, hints: Sequence[Hint]) -> int:
    kind = hints[0].kind
    hints = [hint for hint in hints if hint.kind == kind]
    asked_at = order.draw(connection.pk)
    ids = sorted({hint.external_id for hint in hints})
    connector, written = connector_of(connection), cast("Written", kind)
    records = connector.read(written, ids)
    edits = Asking(connection, connector).authors(written, records)
    with transaction.atomic():
        land(connection, written, records, now=clock.now(), asked_at=asked_at, edits=edits)
        # One that came again while we read has another mark, and stays.
        read = {"pk__in": [hint.pk for hint in hints], "mark__in": [hint.mark for hint in hints]}
        Hint.objects.filter(**read).delete()
    return len(records)


def _forget_all(connection: Connection) -> None:
    """Before anything else, and whatever is braked: nothing needs to be read for it."""
    for hint in Hint.objects.filter(connection=connection, forgotten=True).order_by("pk"):
        with transaction.atomic():
            _forget(connection, hint)
            hint.delete()


def _forget(connection: Connection, hint: Hint) -> None:
    """The person used the right to be forgotten: no email leaves any more, and a person here acts."""
    link = (
        ExternalRecord.objects.filter(
            connection=connection, kind=hint.kind, external_id=hint.external_id, deleted_at=None
        )
        .select_related("lead")
        .first()
    )
    if link is None or link.lead is None:
        return
    link.deleted_at = clock.now()
    link.save(update_fields=["deleted_at"])
    ledger.drop(link)
    link.lead.deleted_at = clock.now()
    link.lead.save(update_fields=["deleted_at"])
    note(
        "lead_deleted",
        lead=link.lead,
        connection=connection,
        occurred_at=clock.now(),
        key=f"forgotten:{link.pk}",
        data={"reason": "privacy deletion in the CRM"},
    )
