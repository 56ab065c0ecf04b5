"""A mass change stops and asks a person: `cadenza sync approve` lets it pass, once.

A CRM that was emptied by mistake, an import gone wrong, a mapping that blanks a column: what would
change or delete more than its share of the mirror, or write more than a set number of records, waits.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from crm.limits import CHANGED, DELETED, PUSHED
from crm.models import Change, Connection, ExternalRecord

#: Counts below these never brake: shares of small mirrors say nothing.
DELETED_AT_LEAST, CHANGED_AT_LEAST = 20, 200


Direction = Literal["pull", "push"]
What = Literal["changed", "deleted", "written"]


@dataclass(frozen=True, kw_only=True)
class Brake:
    direction: Direction
    kind: str
    what: What
    count: int
    limit: int
    at: str  #: ISO moment

    def __str__(self) -> str:
        verb = {"deleted": "delete", "changed": "change", "written": "write"}[self.what]
        return (
            f"this {self.direction} would {verb} {self.count:,} {self.kind}s or more, and "
            f"{self.limit:,} pass without a person; look at the CRM, then `cadenza sync approve`"
        )


class Braked(Exception):
    """Nothing of this page was taken over, and nothing of this push was sent."""

    def __init__(
        self, direction: Direction, kind: str, what: What, *, count: int, limit: int, now: datetime
    ) -> None:
        self.brake = Brake(
            direction=direction, kind=kind, what=what, count=count, limit=limit, at=now.isoformat()
        )
        super().__init__(str(self.brake))


def check_scan(
    connection: Connection, kind: str, *, changed: int, deleted: int, now: datetime
) -> None:
    """Count a page of the scan under way; raises Braked before it is too much."""
    so_far = connection.braking.get(kind) or [0, 0]
    counts = [so_far[0] + changed, so_far[1] + deleted]
    if not (changed or deleted):
        return
    if connection.brake_approved != "pull":
        total = (
            ExternalRecord.objects.filter(connection=connection, kind=kind, deleted_at=None).count()
            + so_far[1]
        )
        share = connection.settings.get("brakes") or {}
        limits: dict[What, int] = {
            "changed": max(CHANGED_AT_LEAST, int(total * share.get("changed", CHANGED))),
            "deleted": max(DELETED_AT_LEAST, int(total * share.get("deleted", DELETED))),
        }
        for (what, limit), count in zip(limits.items(), counts, strict=True):
            if count > limit:
                raise Braked("pull", kind, what, count=count, limit=limit, now=now)
    connection.braking = {**connection.braking, kind: counts}


def check_push(connection: Connection, *, now: datetime) -> None:
    """Raises Braked when more records wait to be written than pass without a person."""
    limit = (connection.settings.get("brakes") or {}).get("pushed", PUSHED)
    if connection.brake_approved == "push":
        return
    waiting = Change.objects.filter(
        connection=connection,
        kind=Change.Kind.UPDATE,
        status=Change.Status.PENDING,
        due_at__lte=now,
    )
    count = waiting.values("record").distinct().count()
    if count > limit:
        raise Braked("push", "record", "written", count=count, limit=limit, now=now)


def hold(connection: Connection, brake: Brake) -> None:
    """Keep the brake on the connection, for `sync status` and for the next attempts."""
    Connection.objects.filter(pk=connection.pk).update(brake=asdict(brake), last_error=str(brake))


def held(connection: Connection, direction: str) -> str:
    """Why this direction waits for a person; blank when it does not."""
    brake = connection.brake
    return str(Brake(**brake)) if brake and brake["direction"] == direction else ""


def approve(connection: Connection, *, at: datetime) -> bool:
    """Let the braked scan or push pass; False when nothing is braked."""
    if not connection.brake:
        return False
    Connection.objects.filter(pk=connection.pk).update(
        brake={},
        brake_approved=connection.brake["direction"],
        pull_due_at=at,
        push_due_at=None,
        last_error="",
    )
    return True


def passed(connection: Connection, direction: Direction) -> None:
    """The approved scan or push has ended: the next one asks again."""
    Connection.objects.filter(pk=connection.pk, brake_approved=direction).update(brake_approved="")
