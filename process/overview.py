"""How things stand, for an operator: what works, what waits, what needs a person."""

from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet

from crm import health
from crm.models import Activity, Change, Connection, StageMove
from mail import compose, pauses, watch
from mail.models import Mailbox, Message, Pause, SentCopy
from mail.pacing import DAY
from process.models import Enrichment, HeldMove
from runtime import clock
from sequences.models import Enrollment
from workspace.counts import counted

Rows = list[dict[str, Any]]


def overview() -> dict[str, Rows]:
    """Tables by name; an empty one has nothing to tell. What failed alike is a row with an example."""
    return {
        "redirected": [{"redirect_to": to}] if (to := compose.redirect_to()) else [],
        "paused": [_paused(pause) for pause in Pause.objects.order_by("since", "pk")],
        "connections": _connections(),
        "enrollments": _rows(
            Enrollment.objects.values("sequence", "status")
            .annotate(count=Count("pk"))
            .order_by("sequence", "status")
        ),
        "emails": _rows(
            Message.objects.values("status").annotate(count=Count("pk")).order_by("status")
        ),
        "mailboxes": _mailboxes(),
        "limits": _limits(),
        "mailboxes_in_trouble": _rows(
            Mailbox.objects.exclude(status="active", last_error="").values(
                "address", "status", "last_error"
            )
        ),
        "nobody_rings_the_sweeps": [
            {"since": since, "so": "nothing leaves", "do": "start `cadenza beat`, or `run`"}
        ]
        if (since := watch.silent_since())
        else [],
        "mailboxes_asked_what_left": _rows(
            Mailbox.objects.exclude(unaccounted_since=None).values(
                "address", "unaccounted_since", "last_error"
            )
        ),
        "emails_nobody_knows": _rows(
            SentCopy.objects.filter(settled_at=None).values("sent_at", "found_in", to=F("to_email"))
        ),
        "unconfirmed": _rows(
            Message.objects.filter(status="unconfirmed").values(
                "handed_at", email=F("pk"), to=F("to_email")
            )
        ),
        "moved_out_of_order": _rows(
            StageMove.objects.filter(out_of_order=True).values(
                "lead", "from_stage", "to_stage", "who", "at"
            )
        ),
        "moves_that_wait_for_facts": _rows(
            HeldMove.objects.values("lead", "from_stage", "to_stage")
        ),
        "enrichments_that_failed": _rows(
            Enrichment.objects.exclude(last_error="")
            .values(error=F("last_error"))
            .annotate(leads=Count("pk"), for_example=Min("lead"), asked_again_at=Min("due_at"))
            .order_by("-leads", "error")
        ),
        "refused_changes": health.refused(),
        "failed_reactions": _rows(
            Activity.objects.filter(reacted_at=None)
            .exclude(reaction_error="")
            .values("kind", error=F("reaction_error"))
            .annotate(
                activities=Count("pk"), for_example=Min("pk"), attempts=Max("reaction_attempts")
            )
            .order_by("-activities", "kind", "error")
        ),
    }


def staging() -> str:
    """What nobody may overlook; blank when emails go to their leads."""
    to = compose.redirect_to()
    return f"STAGING: every email goes to {to}, and none to its lead (redirect_to)." if to else ""


def _rows(values: QuerySet[Any, Any]) -> Rows:
    return [dict(row) for row in values]


def _paused(pause: Pause) -> dict[str, Any]:
    return {
        "paused": str(pause),
        "since": pause.since,
        "by": pause.by,
        "reason": pause.reason,
        "emails_waiting": pauses.held_by(pause).count(),
    }


def _mailboxes() -> Rows:
    """Those that may begin something: what left in the last 24 hours, of what may by now."""
    now = clock.now()
    lately = Q(message__sent_at__gt=now - DAY)
    rows = Mailbox.objects.exclude(owner=None).annotate(sent=Count("message", filter=lately))
    return [
        {
            "address": row.address,
            "status": row.status,
            "sent_in_24_hours": row.sent,
            "may_send": row.most_at(now),
            "per_day": row.per_day,
            "ramp_up": _ramp_up(row, now),
            "read_at": row.read_at,
        }
        for row in rows.order_by("address")
    ]


def _ramp_up(mailbox: Mailbox, now: datetime) -> str:
    """Blank: it is not new, or no longer."""
    if mailbox.ramp is None or mailbox.most_at(now) == mailbox.per_day:
        return ""
    return f"sent on {counted(mailbox.sending_days, 'day')}"


def _limits() -> Rows:
    """Of what the mailboxes send together; each of them has the same."""
    limits: dict[str, Any] = Mailbox.objects.values_list("team_limits", flat=True).first() or {}
    return [{"limit": name, "per_hour": None, "per_day": None, **limits[name]} for name in limits]


def _connections() -> Rows:
    pending = dict(
        Change.objects.filter(status="pending")
        .values_list("connection")
        .annotate(count=Count("pk"))
        .values_list("connection", "count")
    )
    return [
        {
            "connection": connection.name,
            "status": "braked" if connection.brake else connection.status,
            "pulled_at": connection.pulled_at,
            "pending": pending.get(connection.pk, 0),
            "calls_ever": connection.calls,
            "last_error": connection.last_error,
        }
        for connection in Connection.objects.order_by("name")
    ]
