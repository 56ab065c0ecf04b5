"""What `decide` may know of enrollments, read from the rows: a few queries for many of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from crm import facts, history
from mail.models import Message
from sequences.cadence import State, Taken
from sequences.models import Enrollment, StepRun
from sequences.versions import definition_of

_OUTSTANDING = (Message.Status.QUEUED, Message.Status.SENDING, Message.Status.UNCONFIRMED)


def state_of(enrollment: Enrollment) -> State:
    return states_of([enrollment])[enrollment.pk]


def states_of(enrollments: Sequence[Enrollment]) -> Mapping[int, State]:
    """Enrollment id -> its state. Lead, company, owner, deal and version are loaded already."""
    ids = [enrollment.pk for enrollment in enrollments]
    taken = _taken(ids)
    outstanding = dict(
        Message.objects.filter(enrollment_id__in=ids, status__in=_OUTSTANDING).values_list(
            "enrollment_id", "step_id"
        )
    )
    events = _events(enrollments)
    return {
        enrollment.pk: State(
            lead_id=enrollment.lead_id,
            unit=unit_of(enrollment),
            started_at=enrollment.started_at,
            timezone=enrollment.timezone,
            taken=taken[enrollment.pk],
            outstanding=outstanding.get(enrollment.pk, ""),
            facts={
                **facts.context(enrollment.lead, enrollment.deal),
                "event": events.get(enrollment.lead_id, {}),
            },
            owner_gone=enrollment.lead.owner is not None and not enrollment.lead.owner.active,
            anchor=enrollment.anchor,
            anchored_at=enrollment.anchored_at,
        )
        for enrollment in enrollments
    }


def unit_of(enrollment: Enrollment) -> str:
    """People of one company get the same variant."""
    company = enrollment.lead.company_id
    return f"company {company}" if company else f"lead {enrollment.lead_id}"


def _taken(ids: Iterable[int]) -> Mapping[int, dict[str, Taken]]:
    taken: dict[int, dict[str, Taken]] = defaultdict(dict)
    runs = StepRun.objects.filter(enrollment__in=ids)
    for enrollment_id, step_id, at, way, ended_at in runs.values_list(
        "enrollment", "step_id", "at", "way", "ended_at"
    ):
        taken[enrollment_id][step_id] = Taken(at=at, way=way, ended_at=ended_at)
    return taken


def _events(enrollments: Sequence[Enrollment]) -> Mapping[int, Mapping[str, int]]:
    """Lead id -> event -> how often since the enrollment began, of the events that are asked for."""
    asked = {e.lead_id: e for e in enrollments if definition_of(e.version).events}
    names = {name for e in asked.values() for name in definition_of(e.version).events}
    starts = {lead_id: e.started_at for lead_id, e in asked.items()}
    return history.since(starts, {lead_id: e.lead for lead_id, e in asked.items()}, names)
