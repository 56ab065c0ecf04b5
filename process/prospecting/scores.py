"""Keeping the leads' scores: counted when something happens, and when what counted grows old."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from crm import facts, history
from crm.models import Lead
from crm.stages import bound_deals
from mail.suppression import book_of
from process import outcomes
from process.models import LeadScore
from process.prospecting.qualifying import note_qualified
from process.prospecting.scoring import Happened, Score, Scoring, score
from runtime import clock

BATCH = 500
#: What is told of no lead, such as that its company grew, is seen after this time.
EVERY = timedelta(days=1)
#: Besides the events that rules count: what may change the facts that they read.
_OF_FACTS = frozenset(
    "lead_created lead_changed lead_restored deal_created deal_closed deal_restored stage_moved "
    "answered suppressed unsubscribed opted_out".split()
)
_COLUMNS = ("score", "fit", "engagement")


def happened(lead: Lead, kinds: Iterable[str]) -> None:
    """Count a lead's score anew, if what happened may change it. Its row is locked by the caller."""
    scoring = declared()
    if scoring is None or lead.deleted_at is not None:
        return
    if (scoring.kinds | _OF_FACTS).intersection(kinds):
        _keep(scoring, [lead])


def count_due() -> int:
    """Count those anew whose time has come, in batches; how many."""
    scoring, counted = declared(), 0
    while batch := _count_batch(scoring):
        counted += batch
    return counted


def are_due() -> bool:
    return LeadScore.objects.filter(due_at__lte=clock.now()).exists()


def next_due() -> datetime | None:
    return LeadScore.objects.order_by("due_at").values_list("due_at", flat=True).first()


def count_all() -> None:
    """The rules are others, or people came who were not told of one by one: all are due now."""
    if declared() is None:
        LeadScore.objects.all().delete()
        Lead.objects.exclude(score=None).update(score=None, fit=None, engagement=None)
        return
    now = clock.now()
    LeadScore.objects.update(due_at=now)
    fresh = Lead.objects.filter(leadscore=None, deleted_at=None).values_list("pk", flat=True)
    LeadScore.objects.bulk_create(
        (LeadScore(lead_id=pk, due_at=now) for pk in fresh.iterator(2000)), batch_size=BATCH
    )


def of(scoring: Scoring, leads: Sequence[Lead], now: datetime) -> Mapping[int, Score]:
    """Lead id -> its score at that moment."""
    deals, told = bound_deals([lead.pk for lead in leads]), _happened(scoring, leads)
    return {
        lead.pk: score(scoring, facts.context(lead, deals.get(lead.pk)), told[lead.pk], now)
        for lead in leads
    }


def declared() -> Scoring | None:
    process = outcomes.applied()
    return process.scoring if process else None


def _happened(scoring: Scoring, leads: Sequence[Lead]) -> Mapping[int, Sequence[Happened]]:
    told: dict[int, list[Happened]] = defaultdict(list)
    for lead_id, kind, at in history.moments([lead.pk for lead in leads], scoring.kinds):
        told[lead_id].append((kind, at))
    return told


def _count_batch(scoring: Scoring | None) -> int:
    due = LeadScore.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    ids = list(due.values_list("lead", flat=True)[:BATCH])
    if scoring is None or not ids:
        return 0
    with transaction.atomic():
        rows = Lead.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        leads = list(rows.select_related("company", "owner").filter(pk__in=ids).order_by("pk"))
        LeadScore.objects.filter(lead__in=ids).exclude(lead__deleted_at=None).delete()
        _keep(scoring, [lead for lead in leads if lead.deleted_at is None])
    return len(leads)


def _keep(scoring: Scoring, leads: Sequence[Lead]) -> None:
    now = clock.now()
    counted, known = of(scoring, leads, now), _rows(leads, now)
    book = book_of(leads)
    for lead in leads:
        row, found = known[lead.pk], counted[lead.pk]
        lead.score, lead.fit, lead.engagement = found.total, found.fit, found.engagement
        may_be_written_to = not (lead.do_not_contact or book.of_lead(lead))
        qualifies = found.total >= scoring.qualified_at and may_be_written_to
        row.reasons = reasons(found)
        if qualifies and not row.is_qualified:
            data: dict[str, object] = {"score": found.total, "reasons": row.reasons}
            note_qualified(lead, data, at=now)
        row.is_qualified, row.scored_at = qualifies, now
        row.due_at = min(found.ages_at or now + EVERY, now + EVERY)
    Lead.objects.bulk_update(leads, _COLUMNS, batch_size=BATCH)
    columns = ("reasons", "is_qualified", "scored_at", "due_at")
    LeadScore.objects.bulk_update(known.values(), columns, batch_size=BATCH)


def reasons(found: Score) -> list[dict[str, object]]:
    """The rules that count, without what they read of the person."""
    return [
        {"rule": judged.rule.name, "kind": judged.rule.kind, "points": judged.points}
        for judged in found.rules
        if judged.counts
    ]


def _rows(leads: Sequence[Lead], now: datetime) -> Mapping[int, LeadScore]:
    missing = [LeadScore(lead=lead, due_at=now) for lead in leads]
    LeadScore.objects.bulk_create(missing, ignore_conflicts=True)
    return {row.lead_id: row for row in LeadScore.objects.filter(lead__in=leads)}
