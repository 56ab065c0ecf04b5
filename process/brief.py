"""What whoever talks to a lead should have read before: a brief, made of rows that are read once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from crm import facts, stages
from crm.kinds import TOUCHES
from crm.models import Activity, Deal, Lead, StageMove
from mail.models import Message
from process import outcomes
from process.definition import Process
from process.models import Task
from sequences.models import Enrollment

#: So many of each are told, the newest first.
TOUCHES_TOLD = 8
PAINS_TOLD = 5
COLLEAGUES_TOLD = 20
#: What a lead or its rep said of its needs: kind of activity -> where the words stand.
_SAID: Mapping[str, tuple[str, ...]] = {
    "answered": ("text",),
    "task_done": ("note",),
    "nps": ("comment",),
    "rejected": ("reason",),
}
#: The tables of one row.
OF_ONE = ("lead", "company", "meeting", "deal")
#: Facts that are told as the state of a deal.
_STATES = frozenset({"exists", "is_closed", "is_won", "is_open"})
_LONGEST = 400
_READ = {*TOUCHES, *_SAID, "meeting_missed", "no_show"}

Told = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """All that a brief is made of."""

    lead: Lead
    process: Process | None
    deal: Deal | None  #: the one that decides the lead's stage
    deals: Sequence[Deal]  #: of the lead and of its company, open ones first, then the newest
    colleagues: Sequence[Lead]
    activities: Sequence[Activity]  #: the newest first
    subjects: Mapping[int, str]  #: of the emails among them
    moves: Sequence[StageMove]
    enrollments: Sequence[Enrollment]
    tasks: Sequence[Task]


def read(lead: Lead) -> Rows:
    of_company = Lead.objects.filter(company=lead.company_id, deleted_at=None).exclude(pk=lead.pk)
    activities = Activity.objects.filter(lead=lead, kind__in=_READ).order_by("-occurred_at", "-pk")
    emails = {row.message_id for row in activities if row.message_id}
    deals = Deal.objects.filter(deleted_at=None)
    own = deals.filter(company=lead.company_id) if lead.company_id else deals.none()
    return Rows(
        lead=lead,
        process=outcomes.applied(),
        deal=stages.bound_deal(lead),
        deals=list(
            (deals.filter(lead=lead) | own)
            .select_related("lead")
            .order_by("is_closed", F("created_at").desc(nulls_last=True), "-pk")
        ),
        colleagues=list(of_company.order_by("pk")[:COLLEAGUES_TOLD]) if lead.company_id else [],
        activities=list(activities),
        subjects=dict(Message.objects.filter(pk__in=emails).values_list("pk", "subject")),
        moves=list(StageMove.objects.filter(lead=lead).order_by("at", "pk")),
        enrollments=list(Enrollment.objects.filter(lead=lead).order_by("started_at", "pk")),
        tasks=list(Task.objects.filter(lead=lead, done_at=None).order_by("due_at", "pk")),
    )


def brief(rows: Rows, now: datetime) -> dict[str, Sequence[Told]]:
    """Tables by name; what is not known is left out."""
    known = facts.context(rows.lead, rows.deal)
    deal = rows.deal or min(rows.deals, key=lambda one: one.lead_id != rows.lead.pk, default=None)
    return {
        "lead": [_lead(rows, known, now)],
        "company": [told] if (told := _plain(known["company"])) else [],
        "missing": [{"stage": stage, "fact": fact} for stage, fact in _missing(rows, known)],
        "meeting": [_meeting(told)] if (told := _plain(known["meeting"])) else [],
        "said": list(_said(rows))[:PAINS_TOLD],
        "stakeholders": [_colleague(one) for one in rows.colleagues],
        "deal": [_deal(deal)] if deal else [],
        "other_deals": [_other_deal(one) for one in rows.deals if one != deal],
        "last_touches": list(_touches(rows))[:TOUCHES_TOLD],
        "history": sorted(_history(rows), key=lambda told: str(told["at"])),
        "open_tasks": [
            {"task": one.pk, "kind": one.kind, "title": one.title, "due_at": one.due_at}
            for one in rows.tasks
        ],
    }


def _lead(rows: Rows, known: facts.Facts, now: datetime) -> Told:
    lead, stage = rows.lead, rows.process and rows.process.stage(rows.lead.stage)
    told: Told = {"lead": lead.pk, "name": f"{lead.first_name} {lead.last_name}".strip()}
    told |= {name: value for name, value in _plain(known["lead"]).items() if "_name" not in name}
    told |= {"owner": lead.owner and lead.owner.email, "in_stage_since": lead.stage_since}
    if stage and lead.stage_since:
        until = stage.service_level.after(lead.stage_since, "UTC")
        told |= {"objective": stage.objective, "service_level_ends": until, "late": until < now}
    if lead.do_not_contact:
        told["do_not_contact"] = True
    return {name: value for name, value in told.items() if value not in (None, "")}


def _plain(group: Mapping[str, object]) -> Told:
    """Known facts, those of the custom fields among them."""
    extra = group.get("extra")
    both = {**group, **(extra if isinstance(extra, Mapping) else {})}
    return {n: v for n, v in both.items() if n != "extra" and v not in (None, "", {}, [])}


def _missing(rows: Rows, known: facts.Facts) -> Iterator[tuple[str, str]]:
    """What this stage and those that it leads to require."""
    process = rows.process
    stage = process.stage(rows.lead.stage) if process else None
    if process is None or stage is None:
        return
    for name in dict.fromkeys([stage.name, *(rule.to for rule in stage.exit)]):
        for fact in process.missing(name, lambda: known):
            yield name, fact


def _said(rows: Rows) -> Iterator[Told]:
    """In their own words, or in the rep's: needs, pains and objections."""
    for activity in rows.activities:
        words = [str(activity.data.get(name) or "") for name in _SAID.get(activity.kind, ())]
        text = " ".join(" ".join(words).split())
        if text:
            cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
            yield {"at": activity.occurred_at, "kind": activity.kind, "text": cut}


def _colleague(lead: Lead) -> Told:
    return {
        "lead": lead.pk,
        "name": str(lead),
        "title": lead.title,
        "stage": lead.stage,
        "last_answer": lead.disposition,
        "do_not_contact": lead.do_not_contact,
    }


def _meeting(told: Told) -> Told:
    """Without its day and time, which are those of its start."""
    start = datetime.fromisoformat(str(told["start"]))
    rest = {name: told[name] for name in ("title", "url") if name in told}
    return {"status": told["status"], "start": start, "timezone": told["timezone"]} | rest


def _deal(deal: Deal) -> Told:
    """The one that decides the lead's stage, else its own, else the company's: all that is known."""
    known = {n: v for n, v in _plain(facts.of_deal(deal)).items() if n not in _STATES}
    return _other_deal(deal) | {"stage": known.pop("stage_value", "")} | known


def _other_deal(deal: Deal) -> Told:
    return {
        "name": deal.name,
        "state": ("won" if deal.is_won else "lost") if deal.is_closed else "open",
        "amount": deal.amount,
        "person": str(deal.lead or ""),
        "since": deal.created_at and deal.created_at.date(),
    }


def _touches(rows: Rows) -> Iterator[Told]:
    for activity in rows.activities:
        if activity.kind in _SAID and activity.kind not in TOUCHES:
            continue
        data: Mapping[str, Any] = activity.data
        subject = rows.subjects.get(activity.message_id or 0) or data.get("subject") or ""
        what = activity.kind.removeprefix("crm_").replace("_", " ")
        yield {"at": activity.occurred_at, "what": what, "about": str(subject)}


def _history(rows: Rows) -> Iterator[Told]:
    for move in rows.moves:
        why = str(move.because.get("why") or move.because.get("rule") or "")
        yield {"at": move.at, "what": f"to {move.to_stage}", "why": why}
    for enrollment in rows.enrollments:
        ended = ": ".join(dict.fromkeys(filter(None, (enrollment.status, enrollment.reason))))
        yield {"at": enrollment.started_at, "what": f"sequence {enrollment.sequence}", "why": ended}
