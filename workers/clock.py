"""Business time of a sandbox run: the row `Moment`, which only advances."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from runtime import clock
from workers.models import Moment

#: What this process wrote last, when it is the one that moves the clock; nobody else does.
_written: datetime | None = None


def use_moment() -> None:
    """Read business time from the row from now on; refused outside the sandbox mode.

    In sandbox mode every endpoint must be loopback: connectors and mailboxes refuse the others.
    """
    if settings.CADENZA_MODE != "sandbox":
        raise ImproperlyConfigured(
            "A clock other than the real one needs CADENZA_MODE=sandbox, "
            "in which only loopback endpoints are talked to."
        )
    clock.install(_now)


def use_moment_if_kept() -> None:
    """What every process of a sandbox run calls at its start; production keeps the real clock."""
    if settings.CADENZA_MODE == "sandbox" and Moment.objects.exists():
        use_moment()


def start(moment: datetime) -> datetime:
    """Begin a run at `moment`, or go on where an interrupted one was."""
    row, _ = Moment.objects.get_or_create(pk=1, defaults={"now": moment})
    use_moment()
    _remember(row.now)
    return row.now


def advance(to: datetime) -> None:
    """Jump forward; going back is refused."""
    if not Moment.objects.filter(pk=1, now__lte=to).update(now=to):
        raise ValueError(f"The clock only advances: {to} lies before {_now()}")
    _remember(to)


def _remember(moment: datetime) -> None:
    global _written  # noqa: PLW0603 - one mover of the clock per process is the point
    _written = moment


def _now() -> datetime:
    return _written or Moment.objects.values_list("now", flat=True).get(pk=1)
