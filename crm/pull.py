"""Pulling: what changed in a CRM lands in the mirror, page by page, each with its cursor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import F

from connectors.base import KINDS, Connector, Kind, Skipped
from connectors.errors import ConnectorError, RateLimited, Refused, Unauthorized
from crm import brakes, events, lease, lists, order
from crm.asking import Asking
from crm.connections import UNUSABLE, connector_of
from crm.land import land
from crm.landing.page import Landed
from crm.models import Connection
from crm.timeline import note
from runtime import clock

#: Told after every landed page: connection, kind, records seen so far.
Progress = Callable[[str, str, int], None]
#: A failed pull is tried again after this much business time.
RETRY_AFTER = timedelta(minutes=5)
_NEXT = (
    "mend what it says (the login, its scopes, the environment), then run `cadenza sync`; the others "
    "go on meanwhile"
)
#: Told to wait this long or longer, a connection rests altogether.
LONG = timedelta(minutes=10)


@dataclass(kw_only=True)
class Pulled:
    connection: str
    calls: int = 0
    landed: dict[str, Landed] = field(default_factory=dict)
    error: str = ""


def pull(
    connection_id: int, *, progress: Progress | None = None, only_if_due: bool = False
) -> Pulled | None:
    """Land everything that changed since the last pull; None when somebody else is at it.

    With `only_if_due` also None when it is not time yet: a bell may ring twice for one due moment.

    Interrupted at any instruction, the next pull goes on behind the last page that landed. A
    failure is kept on the connection and told in the answer, never raised.
    """
    with lease.taken(Connection, connection_id, "pull_claimed_until") as connection:
        if connection is None or connection.status != Connection.Status.ACTIVE:
            return None
        if braked := brakes.held(connection, "pull"):
            return Pulled(connection=connection.name, error=braked)
        due_at = connection.pull_due_at
        if only_if_due and due_at is not None and due_at > clock.now():
            return None
        pulled = Pulled(connection=connection.name)
        try:
            _pull_all(connection, pulled, progress)
        except brakes.Braked as braked_now:
            pulled.error = str(braked_now)
            brakes.hold(connection, braked_now.brake)
            Connection.objects.filter(pk=connection.pk).update(
                pull_due_at=clock.now() + connection.pull_every
            )
        except ConnectorError as error:
            pulled.error = str(error)
            fail(connection, error, "pull_due_at")
        except UNUSABLE as error:  # a person has to act
            pulled.error = str(error)
            fail(connection, Unauthorized(str(error)), "pull_due_at")
        return pulled


def fail(connection: Connection, error: ConnectorError, due_field: str) -> None:
    """Keep the error on the connection; a permanent one stops it, another sets the next try."""
    values: dict[str, object] = {"last_error": str(error)}
    if isinstance(error, Unauthorized):
        values["status"] = Connection.Status.STOPPED
        values["last_error"] = f"{error}; this connection is stopped: {_NEXT}"
    else:
        wait = (
            timedelta(seconds=error.retry_after) if isinstance(error, RateLimited) else RETRY_AFTER
        )
        values[due_field] = clock.now() + wait
        if wait >= LONG:  # the account's limit for the day: neither direction may call
            values |= dict.fromkeys(("pull_due_at", "push_due_at"), clock.now() + wait)
    Connection.objects.filter(pk=connection.pk).update(**values)


def _pull_all(connection: Connection, pulled: Pulled, progress: Progress | None) -> None:
    connector = connector_of(connection)
    started_at, calls_before = clock.now(), connector.calls
    asks = Asking(connection, connector)
    try:
        for kind in KINDS:
            landed = pulled.landed[kind] = Landed()
            pages = connector.changed(kind, connection.cursors.get(kind, ""), now=started_at)
            while True:
                asked_at, read_at = order.draw(connection.pk), clock.now()
                page = next(pages, None)
                if page is None:
                    break
                edits = asks.authors(kind, page.records)
                with transaction.atomic():
                    landed.add(
                        land(
                            connection,
                            kind,
                            page.records,
                            now=started_at,
                            asked_at=asked_at,
                            read_at=read_at,
                            edits=edits,
                        )
                    )
                    landed.skipped += _tell_skipped(connection, kind, page.skipped, now=started_at)
                    if connection.cursors.get(kind) != page.cursor:
                        connection.cursors[kind] = page.cursor
                    connection.save(update_fields=["cursors", "braking"])
                    lease.keep()
                if progress:
                    progress(connection.name, kind, landed.seen)
        _take_in_events(connection, connector, now=started_at)
        lists.read(connection, connector, now=started_at)
    finally:
        pulled.calls = connector.calls - calls_before
        Connection.objects.filter(pk=connection.pk).update(calls=F("calls") + pulled.calls)
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(
            pulled_at=started_at,
            first_pulled_at=connection.first_pulled_at or started_at,
            pull_due_at=started_at + connection.pull_every,
            last_error="",
            braking={},
        )
        if connection.first_pulled_at is None:  # none of its leads was noted by itself
            note("first_pulled", connection=connection, occurred_at=started_at)
    brakes.passed(connection, "pull")


def _take_in_events(connection: Connection, connector: Connector, *, now: datetime) -> None:
    """What others logged. A login that may not read that is told, and stops nothing else."""
    try:
        for told in connector.events(connection.cursors.get("event", ""), now=now):
            with transaction.atomic():
                events.land(connection, told.events, now=now)
                if connection.cursors.get("event") != told.cursor:
                    connection.cursors["event"] = told.cursor
                    connection.save(update_fields=["cursors"])
    except (Unauthorized, Refused) as error:
        reason = f"activities are not read: {error}"
        _tell_skipped(connection, "lead", [Skipped(external_id="", reason=reason)], now=now)


def _tell_skipped(
    connection: Connection, kind: Kind, skipped: Sequence[Skipped], *, now: datetime
) -> int:
    """Note what was left out, once however often it is seen in the same shape; how many there are."""
    for record in skipped:
        shape = sha256(f"{record.external_id} {record.reason}".encode()).hexdigest()[:16]
        note(
            "record_skipped",
            connection=connection,
            occurred_at=now,
            key=f"skipped:{connection.pk}:{kind}:{shape}",
            data={"kind": kind, "id": record.external_id, "reason": record.reason},
        )
    return len(skipped)
