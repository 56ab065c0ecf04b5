"""What came of the variants of an email step, counted from the rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from crm.kinds import EVENTS
from crm.models import Activity
from mail.models import Message
from runtime import clock
from sequences.definition import EmailStep
from sequences.effects import NEVER
from sequences.experiments import Arm
from sequences.models import AppliedVersion, Enrollment
from sequences.steps import everywhere
from sequences.versions import definition_of

#: Who was written to so long ago and has not answered is not waited for any more.
PATIENCE = timedelta(days=14)


@dataclass(kw_only=True)
class Tally:
    """Companies that got one variant; a lead without a company is one of its own."""

    units: int = 0
    replies: int = 0
    meetings: int = 0
    #: Without a reply, or without a meeting, but not for long yet: by measure.
    waiting: dict[str, int] = field(default_factory=lambda: {"replies": 0, "meetings": 0})

    def arm(self, name: str, weight: int, measure: str) -> Arm:
        hits = {"replies": self.replies, "meetings": self.meetings}[measure]
        waiting = self.waiting[measure]
        return Arm(name=name, weight=weight, units=self.units, hits=hits, waiting=waiting)


@dataclass(kw_only=True)
class _Unit:
    variant: str  #: the first that it got, whatever its people got when they had changed company
    sent_at: datetime
    replied: bool = False
    met: bool = False


@dataclass(frozen=True, kw_only=True)
class Tallies:
    #: When the step got these variants, weights and texts; None: it is not at work yet.
    since: datetime | None
    by_variant: Mapping[str, Tally]


def tallies(sequence: str, step: EmailStep, texts: Mapping[str, int]) -> Tallies:
    """What came of each variant, whose EmailTemplate `texts` names.

    Versions in which the step has the same variants, weights and texts count together; with others
    it is another experiment. What counts is a reply or a meeting after the email and within its
    enrollment: named by the activity, or before the lead's next enrollment began.
    """
    alike = _alike(sequence, step, texts)
    since = min((version.applied_at for version in alike), default=None)
    by_variant = {name: Tally() for name in step.email}
    for unit in _units(alike, since, step, texts) if since else ():
        found = by_variant[unit.variant]
        is_early = unit.sent_at > clock.now() - PATIENCE
        found.units += 1
        found.replies += unit.replied
        found.meetings += unit.met
        found.waiting["replies"] += is_early and not unit.replied
        found.waiting["meetings"] += is_early and not unit.met
    return Tallies(since=since, by_variant=by_variant)


def _alike(sequence: str, step: EmailStep, texts: Mapping[str, int]) -> Sequence[AppliedVersion]:
    return [
        version
        for version in AppliedVersion.objects.filter(sequence=sequence)
        if any(
            isinstance(found, EmailStep)
            and (found.id, _pairs(found)) == (step.id, _pairs(step))
            and {name: version.templates[name] for name in found.email} == texts
            for _, found in everywhere(definition_of(version).steps)
        )
    ]


def _pairs(step: EmailStep) -> Sequence[tuple[str, int]]:
    """The order counts: companies are dealt by it."""
    return list(step.email.items())


def _units(
    versions: Sequence[AppliedVersion], since: datetime, step: EmailStep, texts: Mapping[str, int]
) -> Iterable[_Unit]:
    units: dict[str, _Unit] = {}
    # Who has moved over from a version with other variants was dealt one of those.
    rows = _sent(versions).filter(
        step_id=step.id, template__in=texts.values(), queued_at__gte=since
    )
    told = rows.values_list("lead", "lead__company", "template__name", "sent_at", "replied", "met")
    for lead, company, template, sent_at, replied, met in told.iterator():
        key = f"company {company}" if company else f"lead {lead}"
        unit = units.setdefault(key, _Unit(variant=template, sent_at=sent_at))
        unit.sent_at = sent_at
        unit.replied |= replied
        unit.met |= met
    return units.values()


def _sent(versions: Sequence[AppliedVersion]) -> QuerySet[Any, Any]:
    """Their emails, the earliest first, with what came of each."""
    enrollments = Enrollment.objects.filter(version__in=versions)
    later = Enrollment.objects.filter(
        lead=OuterRef("lead"), started_at__gt=OuterRef("enrolled_at")
    ).order_by("started_at")
    return (
        Message.objects.filter(
            status=Message.Status.SENT, enrollment_id__in=enrollments.values("pk")
        )
        .annotate(until=Coalesce(Subquery(later.values("started_at")[:1]), Value(NEVER)))
        .annotate(replied=_came("answered"), met=_came("meeting_booked"))
        .order_by("sent_at", "pk")
    )


def _came(event: str) -> Exists:
    within = Q(enrollment_id=OuterRef("enrollment_id"))
    unnamed = Q(enrollment_id=None, occurred_at__lt=OuterRef("until"))
    return Exists(
        Activity.objects.filter(
            within | unnamed,
            lead=OuterRef("lead"),
            kind__in=EVENTS[event],
            occurred_at__gt=OuterRef("sent_at"),
        )
    )
