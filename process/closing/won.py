"""A won deal: what sells to the company's people ends, and its owner hands it over."""

from collections.abc import Iterator

from django.db.models import QuerySet
from jinja2 import TemplateError

from crm import customers, facts
from crm.models import Activity, Deal, Lead
from process import outcomes, tasks
from runtime import clock
from sequences import engine, versions
from sequences.definition import Sequence as Definition
from sequences.models import Enrollment
from sequences.refusals import OPEN
from workspace.templating import render
from workspace.zones import known

_WON = "company won"


def stop_prospecting(activity: Activity) -> None:
    """Whatever its people are in before Closing ends; a deal may also come to us as won already."""
    deal = activity.deal
    if deal is None or not deal.is_won:
        return
    because = {"rule": _WON, "activity": activity.pk, "deal": deal.pk}
    people = Lead.objects.filter(customers.people(deal))
    for enrollment, _ in _selling(Enrollment.objects.filter(lead__in=people)):
        engine.stop(enrollment.pk, _WON, at=activity.occurred_at, because=because)


def stop_joined(activity: Activity) -> None:
    """Whoever came to a company that had bought from us before: what sells to them ends, too.

    What is to begin only later does where customers are let in.
    """
    at, because = activity.occurred_at, {"rule": _WON, "activity": activity.pk}
    for enrollment, definition in _selling(Enrollment.objects.filter(lead=activity.lead)):
        if enrollment.started_at <= at or not definition.is_for_customers:
            engine.stop(enrollment.pk, _WON, at=at, because=because)


def hand_over(activity: Activity) -> None:
    process, deal, lead = outcomes.applied(), activity.deal, activity.lead
    if process is None or process.handoff is None or deal is None or lead is None:
        return
    if deal.is_won:
        rule = process.handoff
        tasks.make(
            rule.task,
            _rendered(rule.title, lead, deal) or f"Hand {deal} over",
            lead=lead,
            key=f"handoff:{deal.pk}:{activity.pk}",
            say=_rendered(rule.say or "", lead, deal),
            due_at=rule.due.after(clock.now(), known(lead.timezone)),
        )


def _selling(rows: QuerySet[Enrollment]) -> Iterator[tuple[Enrollment, Definition]]:
    for enrollment in rows.filter(status__in=OPEN).select_related("version").order_by("pk"):
        definition = versions.definition_of(enrollment.version)
        if definition.is_prospecting:
            yield enrollment, definition


def _rendered(template: str, lead: Lead, deal: Deal) -> str:
    try:
        return render(template, facts.context(lead, deal)).strip()
    except TemplateError:
        return ""
