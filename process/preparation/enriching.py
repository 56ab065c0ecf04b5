"""Asking for what nobody knows of leads that come to Preparation.

A reaction only writes down that somebody is to be asked about; a sweep asks, so that nothing waits for the
network. What comes is written where it is blank, and is owed to the CRMs as any change of ours.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from crm import edit, facts
from crm.models import Company, Lead
from crm.timeline import note
from mail.suppression import is_suppressed
from process import requirements, tasks
from process.blueprint import Blueprint
from process.preparation import filling, hook
from process.preparation.definition import EnrichmentSettings
from process.preparation.hook import NoAnswer
from process.preparation.models import Enricher, Enrichment, Question
from runtime import clock

STAGE = "Preparation"
ONLY = 1
DAY = timedelta(days=1)
#: After a failure it is asked again so much later, so often at most.
RETRY, ATTEMPTS = timedelta(hours=1), 3
#: So long somebody else's question about the same may be under way, and a claim is held.
UNDER_WAY, CLAIM = timedelta(minutes=2), timedelta(minutes=10)
#: People and real seconds of one sweep.
BATCH, SWEEP = 20, 30.0


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A question that is to be asked now, counted already."""

    settings: EnrichmentSettings
    question: Question
    known: dict[str, object]


def configure(blueprint: Blueprint) -> None:
    """As cadenza.yaml has it; without it nobody is asked about any more."""
    if blueprint.enrichment is None:
        Enricher.objects.all().delete()
        Enrichment.objects.all().delete()
        return
    settings = blueprint.enrichment.model_dump(mode="json")
    Enricher.objects.update_or_create(pk=ONLY, defaults={"settings": settings})
    # Whoever applies has mended what failed.
    given_up = Enrichment.objects.filter(due_at=None)
    given_up.update(due_at=clock.now(), attempts=0, last_error="")


def came(lead: Lead) -> None:
    """The lead is in its stage from now on."""
    if lead.stage != STAGE or not Enricher.objects.exists():
        return
    begun = {"created_at": clock.now(), "due_at": clock.now()}
    Enrichment.objects.filter(lead=lead, due_at=None).update(**begun, attempts=0, last_error="")
    Enrichment.objects.get_or_create(lead=lead, defaults=begun)


def are_due() -> bool:
    return Enrichment.objects.filter(due_at__lte=clock.now()).exists()


def next_due() -> datetime | None:
    rows = Enrichment.objects.exclude(due_at=None).order_by("due_at")
    return rows.values_list("due_at", flat=True).first()


def enrich_due() -> int:
    """Ask about those who are due; of how many something is known now."""
    filled, until = 0, clock.monotonic() + SWEEP
    due = Enrichment.objects.filter(due_at__lte=clock.now()).order_by("due_at", "pk")
    for lead_id in list(due.values_list("lead", flat=True)[:BATCH]):
        if clock.monotonic() < until:
            filled += _enrich(lead_id)
    return filled


def _enrich(lead_id: int) -> bool:
    """1. Claim it and count the question. 2. Ask, holding no lock. 3. Write down what came."""
    with transaction.atomic():
        begun = _begin(lead_id)
    if not isinstance(begun, Asking):
        return begun
    try:
        answer = hook.ask(begun.settings, begun.known)
    except NoAnswer as error:
        with transaction.atomic():
            _failed(lead_id, begun.question, str(error))
        return False
    wanted = {fact: answer[fact] for fact in begun.settings.fields if fact in answer}
    Question.objects.filter(pk=begun.question.pk).update(answer=wanted)
    with transaction.atomic():
        return _fill(lead_id, begun.settings, wanted)


def _begin(lead_id: int) -> Asking | bool:
    """What to ask; or whether it is settled without asking, by an answer that is kept."""
    row = Enricher.objects.select_for_update().filter(pk=ONLY).first()
    waiting = Enrichment.objects.filter(lead=lead_id, due_at__lte=clock.now()).first()
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead_id)
    if row is None or waiting is None:  # somebody was quicker
        return False
    settings = EnrichmentSettings.model_validate(row.settings)
    known_facts, now = facts.context(lead, None), clock.now()
    if _is_not_to_be_asked_about(lead) or not filling.blank(settings, known_facts):
        waiting.delete()
        return False
    known = filling.sent(settings, known_facts)
    key = filling.key(known, settings.fields)
    answer = _kept(settings, key, now) if known else {}
    if answer is not None:
        return _fill(lead_id, settings, answer)
    if until := _under_way_until(key, now) or _full_until(settings, now):
        _later(waiting, until)
        return False
    waiting.attempts += 1
    _later(waiting, now + CLAIM)
    question = Question.objects.create(lead=lead, key=key, asked_at=now)
    return Asking(settings=settings, question=question, known=known)


def _kept(settings: EnrichmentSettings, key: str, now: datetime) -> dict[str, object] | None:
    """The last answer to the same question, while it is good."""
    asked = Question.objects.filter(key=key, asked_at__gt=now - settings.cache.elapsed)
    answered = asked.filter(answer__isnull=False).order_by("-asked_at", "-pk")
    return answered.values_list("answer", flat=True).first()


def _under_way_until(key: str, now: datetime) -> datetime | None:
    """When to look again, while somebody else is asking the same."""
    lately = Question.objects.filter(key=key, asked_at__gt=now - UNDER_WAY)
    asked = lately.filter(answer__isnull=True, error="")
    return now + UNDER_WAY if asked.exists() else None


def _is_not_to_be_asked_about(lead: Lead) -> bool:
    """Whom nobody may write to is nobody's business."""
    return bool(lead.deleted_at or lead.do_not_contact or is_suppressed(lead.email, lead))


def _full_until(settings: EnrichmentSettings, now: datetime) -> datetime | None:
    """When the budget has room again; None: it has."""
    counted = Question.objects.filter(asked_at__gt=now - DAY).order_by("-asked_at")
    full = counted.values_list("asked_at", flat=True)[settings.per_day - 1 : settings.per_day]
    return next((at + DAY for at in full), None)


def _later(waiting: Enrichment, at: datetime) -> None:
    waiting.due_at = at
    waiting.save(update_fields=["due_at", "attempts"])


def _failed(lead_id: int, question: Question, error: str) -> None:
    Question.objects.filter(pk=question.pk).update(error=error[:300])
    waiting = Enrichment.objects.filter(lead=lead_id).first()
    if waiting is None:
        return
    waiting.last_error = error[:300]
    waiting.due_at = clock.now() + RETRY if waiting.attempts < ATTEMPTS else None
    waiting.save(update_fields=["last_error", "due_at"])
    row = Enricher.objects.filter(pk=ONLY).first()
    if waiting.due_at is None and row is not None:
        lead = Lead.objects.select_for_update(no_key=True).get(pk=lead_id)
        _ask_a_person(lead, EnrichmentSettings.model_validate(row.settings), waiting)


def _fill(lead_id: int, settings: EnrichmentSettings, answer: Mapping[str, object]) -> bool:
    """Write what is blank until now; whether there was any of it."""
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead_id)
    if lead.company_id is not None:
        lead.company = Company.objects.select_for_update(no_key=True).get(pk=lead.company_id)
    values, misfits = filling.fitting(filling.blank(settings, facts.context(lead, None)), answer)
    filled, refused = _write(lead, values)
    of_company = sorted(fact for fact in filled if fact.startswith("company."))
    if of_company:  # a change of the lead's own is noted where it is made
        data: dict[str, object] = {"fields": of_company, "by": "enrichment"}
        note("lead_changed", lead=lead, occurred_at=clock.now(), data=data)
    waiting = Enrichment.objects.filter(lead=lead).first()
    if waiting is not None:
        _ask_a_person(lead, settings, waiting)
        told = "; ".join([*misfits, *refused])[:300]
        if told:
            Enrichment.objects.filter(pk=waiting.pk).update(due_at=None, last_error=told)
        else:
            waiting.delete()
    return bool(filled)


def _write(lead: Lead, values: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """The facts that were written, and why others were not."""
    of_kind: dict[str, dict[str, object]] = defaultdict(dict)
    for fact, value in values.items():
        kind, _, name = fact.partition(".")
        of_kind[kind][name] = value
    filled, refused = [], []
    rows: dict[str, Lead | Company] = {"lead": lead}
    if lead.company is not None:
        rows["company"] = lead.company
    for kind, row in rows.items():
        for name, value in of_kind[kind].items():
            try:
                edit.change(row, {name: value}, by="enrichment")
            except edit.NotEditable as error:
                refused.append(str(error))
            else:
                filled.append(f"{kind}.{name}")
    return filled, refused


def _ask_a_person(lead: Lead, settings: EnrichmentSettings, waiting: Enrichment) -> None:
    """For what some stage or rule requires, and the hook did not know either."""
    required = requirements.required()
    blank = filling.blank(settings, facts.context(lead, None))
    if missing := [fact for fact in blank if fact in required]:
        title = f"Find out {', '.join(missing)} of {lead}"
        key = f"enrichment:{lead.pk}:{waiting.created_at.isoformat()}"
        tasks.make("research", title, lead=lead, key=key)
