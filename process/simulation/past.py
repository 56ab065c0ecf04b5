"""Rates from a team's own history: what the people whom it wrote to really did."""

from django.db.models import Count

from crm.models import Activity, Lead
from process.models import Task
from process.simulation.rates import Rates

#: Fewer people who were written to say little; a guess is then as good.
ENOUGH = 200


def rates() -> Rates | None:
    """None while fewer than ENOUGH people were written to."""
    written = Activity.objects.filter(kind="email_sent", lead__isnull=False)
    people = written.values("lead").distinct().count()
    if people < ENOUGH:
        return None
    answered = Lead.objects.exclude(disposition="").filter(
        pk__in=Activity.objects.filter(kind="answered").values("lead")
    )
    counted = answered.values_list("disposition").annotate(n=Count("pk")).order_by("disposition")
    guess = Rates()
    tasks = Task.objects.exclude(step_id="")
    return guess.model_copy(
        update={
            "answers": {name: _percent(n, people) for name, n in counted},
            "unsubscribes": _percent(_who("unsubscribed"), people),
            "bounces": _percent(_who("bounced"), people),
            "out_of_office": _percent(_who("auto_replied"), people),
            "clicks": _percent(_count("clicked"), written.count()),
            "tasks_done": _percent(
                tasks.filter(done_at__isnull=False, skipped=False).count(), tasks.count()
            )
            if tasks.exists()
            else guess.tasks_done,
        }
    )


def _who(kind: str) -> int:
    """How many leads it happened with."""
    return Activity.objects.filter(kind=kind, lead__isnull=False).values("lead").distinct().count()


def _count(kind: str) -> int:
    return Activity.objects.filter(kind=kind, lead__isnull=False).count()


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
