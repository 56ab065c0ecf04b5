"""A mass change stops and asks a person: `cadenza sync approve NAME` lets it pass, once.

A CRM that was emptied by mistake, an import gone wrong, a mapping that blanks a column: what would
change or delete more than its share of the mirror, or write more than a set number of records, waits.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from crm.limits import CHANGED, DELETED, PUSHED
from crm.models import Change, Connection, ExternalRecord
from workspace.counts import counted

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
    connection: str = "NAME"

    @property
    def name(self) -> str:
        """What is approved: other changes of the same scan ask for themselves."""
        return f"{self.direction} {self.kind} {self.what}"

    def __str__(self) -> str:
        verb = {"deleted": "delete", "changed": "change", "written": "write"}[self.what]
        return (
            f"this {self.direction} would {verb} {counted(self.count, self.kind)} or more, and "
            f"{self.limit:,} pass without a person; look at the CRM, then "
            f"`cadenza sync approve {self.connection}`"
        )


class Braked(Exception):
    """Nothing of this page was taken over, and nothing of this push was sent."""

    def __init__(self, brake: Brake) -> None:
        self.brake = brake
        super().__init__(str(brake))


def check_scan(
    connection: Connection, kind: str, *, changed: int, deleted: int, now: datetime
) -> None:
    """Count a page of the scan under way; raises Braked before it is too much."""
    so_far = connection.braking.get(kind) or [0, 0]
    counts = [so_far[0] + changed, so_far[1] + deleted]
    if not (changed or deleted):
        return
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
            _brake(connection, "pull", kind, what, count=count, limit=limit, now=now)
    connection.braking = {**connection.braking, kind: counts}


def check_list(connection: Connection, name: str, *, left: int, of: int, now: datetime) -> None:
    """Raises Braked when more have left a list of the CRM than pass without a person."""
    share = (connection.settings.get("brakes") or {}).get("deleted", DELETED)
    limit = max(DELETED_AT_LEAST, int(of * share))
    if left > limit:
        kind = f"{name} member"
        _brake(connection, "pull", kind, "deleted", count=left, limit=limit, now=now)


def check_push(connection: Connection, *, now: datetime) -> None:
    """Raises Braked when more records wait to be written than pass without a person."""
    limit = (connection.settings.get("brakes") or {}).get("pushed", PUSHED)
    waiting = Change.objects.filter(
        connection=connection,
        kind__in=(Change.Kind.UPDATE, Change.Kind.MEMBERSHIP),
        status=Change.Status.PENDING,
        due_at__lte=now,
    )
    count = waiting.values("record").distinct().count()
    if count > limit:
        _brake(connection, "push", "record", "written", count=count, limit=limit, now=now)


def _brake(
    connection: Connection,
    direction: Direction,
    kind: str,
    what: What,
    *,
    count: int,
    limit: int,
    now: datetime,
) -> None:
    brake = Brake(
        direction=direction,
        kind=kind,
        what=what,
        count=count,
        limit=limit,
        at=now.isoformat(),
        connection=connection.name,
    )
    if brake.name not in connection.brake_approved:
        raise Braked(brake)


def hold(connection: Connection, brake: Brake) -> None:
    """Keep the brake on the connection, for `sync status` and for the next attempts."""
    Connection.objects.filter(pk=connection.pk).update(brake=asdict(brake), last_error=str(brake))


def held(connection: Connection, direction: str) -> str:
    """Why this direction waits for a person; blank when it does not."""
    brake = connection.brake
    return str(Brake(**brake)) if brake and brake["direction"] == direction else ""


def approve(connection: Connection, *, at: datetime) -> bool:
    """Let what is braked pass, of this kind and no other; False when nothing is braked."""
    if not connection.brake:
        return False
    approved = {*connection.brake_approved, Brake(**connection.brake).name}
    Connection.objects.filter(pk=connection.pk).update(
        brake={},
        brake_approved=sorted(approved),
        pull_due_at=at,
        push_due_at=None,
        last_error="",
    )
    return True


def passed(connection: Connection, direction: Direction) -> None:
    """The approved scan or push has ended: the next one asks again."""
    left = [name for name in connection.brake_approved if not name.startswith(direction)]
    if left != connection.brake_approved:
        Connection.objects.filter(pk=connection.pk).update(brake_approved=left)
