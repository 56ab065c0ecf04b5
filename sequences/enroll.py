"""Who enters a sequence: by its rule, by `apply`'s frozen set, or by a person's word.

Every refusal has a reason that `plan` shows; nobody is left out silently.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from crm import customers, facts
from crm.kinds import activities_of
from crm.models import Company, Deal, Lead, Listed
from crm.stages import bound_deals
from mail.models import EmailTemplate, Sender
from runtime import bell, clock
from sequences import versions, whereabouts
from sequences.definition import Enroll
from sequences.definition import Sequence as Definition
from sequences.mailboxes import Rotation
from sequences.models import AppliedVersion, Enrollment, ListMember, Waiting
from sequences.refusals import OPEN, Candidate, Candidates
from sequences.slots import Slots
from sequences.whereabouts import Because
from workspace.expressions import evaluate

__all__ = [
    "Candidate",
    "candidates",
    "enroll",
    "enroll_all",
    "enroll_matching",
    "judge",
    "lets_in",
    "whereabouts_of",
]

#: Leads are walked by key in pages of this size.
PAGE = 500


def enroll_matching(lead_ids: Sequence[int], *, moved: bool, event: str = "") -> int:
    """Enroll newcomers: these leads into the first active sequence whose rule is true for them,
    those that ask for an event before those that do not.

    `event` is the kind of activity that just happened: a rule with `on` asks for one. `moved` says
    that they came to where they are just now. A sequence that leaves out those of whom its rule is
    already true (`existing: false`) takes no others: an old customer whose phone number changes is
    not thanked once more.
    """
    free = Lead.objects.filter(pk__in=lead_ids).exclude(enrollment__status__in=OPEN)
    leads = list(_with_relations(free))
    if not leads:
        return 0
    deals = bound_deals([lead.pk for lead in leads])
    enrolled = 0
    # Who asked for a demo gets what answers that, and no cold email that fits everybody.
    by_event_first = sorted(versions.active(), key=lambda one: not versions.definition_of(one).on)
    for version in by_event_first:
        rule = versions.definition_of(version).enroll
        if rule is not None and _is_asked(rule, moved=moved, event=event):
            matching = _matching(rule, leads, deals)
            if matching:
                because = {"event": event} if rule.on else {}
                enrolled += enroll_all(version, _judged(version, matching, deals), because=because)
    return enrolled


def candidates(
    definition: Definition, templates: Sequence[EmailTemplate], *, rotation: Rotation | None = None
) -> Iterator[Candidate]:
    """Every lead for which the rule is true, with the refusal of those who may not be enrolled.

    Each of the `templates` is rendered for each lead, so that none fails when its time comes.
    `rotation` remembers what other sequences gave the mailboxes; without it they are read anew.
    """
    rule = definition.enroll
    if rule is None or rule.on:
        return
    judging = Candidates(definition, templates, rotation=rotation)
    last = 0
    while page := list(_with_relations(Lead.objects.filter(pk__gt=last)).order_by("pk")[:PAGE]):
        last = page[-1].pk
        deals = bound_deals([lead.pk for lead in page])
        yield from judging.among(_matching(rule, page, deals), deals)


def enroll_all(
    version: AppliedVersion,
    found: Iterable[Candidate],
    *,
    because: Mapping[str, object] | None = None,
) -> int:
    """Enroll those who may be, each in the first slot that the throttle leaves free.

    Whom only a throttle or a rest holds back waits, and is judged again.
    """
    definition = versions.definition_of(version)
    per_day = definition.enroll.per_day if definition.enroll else None
    slots: Slots | None = None
    count = 0
    for candidate in found:
        if candidate.refusal:
            _wait(version.sequence, candidate)
            continue
        slots = slots or Slots(per_day, clock.now(), begun=partial(_begun, version.sequence))
        if enroll(version, candidate, start_at=slots.free(), per_day=per_day, because=because):
            slots.take()
            count += 1
        else:
            _wait(version.sequence, judge(version, candidate.lead))
    return count


def enroll(
    version: AppliedVersion,
    candidate: Candidate,
    *,
    start_at: datetime,
    per_day: int | None = None,
    because: Mapping[str, object] | None = None,
) -> Enrollment | None:
    """Enroll one lead; None when it, or the place for it, was taken in the meantime.

    With `per_day` it begins later than `start_at` where that day is full by now.
    """
    assert candidate.mailbox_id is not None, candidate.refusal  # noqa: S101 - callers check refusal
    definition = versions.definition_of(version)
    rule = definition.enroll
    told = {"rule": rule.when if rule else "", "at": definition.place("enroll")}
    place = whereabouts_of(definition, candidate.lead)
    with transaction.atomic():
        lead = Lead.objects.select_for_update(no_key=True).get(pk=candidate.lead.pk)
        if Enrollment.objects.filter(lead=lead, status__in=OPEN).exists():
            return None
        if rule is not None and _place_is_taken(version, rule, lead):
            return None
        if not definition.is_for_customers and customers.bought([lead]):
            return None
        start_at = Slots(per_day, start_at, begun=partial(_begun, version.sequence)).free()
        Waiting.objects.filter(lead=lead, sequence=version.sequence).delete()
        enrollment = Enrollment.objects.create(
            lead=lead,
            version=version,
            sequence=version.sequence,
            deal=candidate.deal if candidate.deal and not candidate.deal.is_closed else None,
            mailbox_id=candidate.mailbox_id,
            timezone=place["timezone"]["zone"],
            because={**told, **place, "version": version.digest[:8], **(because or {})},
            started_at=start_at,
            due_at=start_at,
        )
        transaction.on_commit(lambda: bell.ring("advance"))
    return enrollment


def judge(version: AppliedVersion, lead: Lead, *, again: bool = False) -> Candidate:
    """One lead for one sequence by a person's word: the rule is not asked, the refusals are."""
    [found] = _judged(version, [lead], bound_deals([lead.pk]), again=again)
    return found


def lets_in(version: AppliedVersion, lead: Lead) -> bool:
    """Whether the sequence's own rule is true of the lead; one without a rule takes whoever is sent."""
    rule = versions.definition_of(version).enroll
    return rule is None or bool(_matching(rule, [lead], bound_deals([lead.pk])))


def retry_waiting() -> int:
    """Judge those again whose wait is over; how many were enrolled."""
    enrolled = 0
    due = Waiting.objects.filter(retry_at__lte=clock.now()).order_by("since", "pk")
    for waiting in list(due.select_related("lead__company", "lead__owner")[:PAGE]):
        version = versions.active_of(waiting.sequence)
        found = _still_matching(version, waiting.lead) if version else []
        if version and found:
            enrolled += enroll_all(version, found)
        if not found or found[0].retry_at is None:
            # Whose place was taken meanwhile waits on, until another moment.
            Waiting.objects.filter(pk=waiting.pk, retry_at=waiting.retry_at).delete()
    return enrolled


def _still_matching(version: AppliedVersion, lead: Lead) -> list[Candidate]:
    rule, deals = versions.definition_of(version).enroll, bound_deals([lead.pk])
    return list(_judged(version, _matching(rule, [lead], deals), deals)) if rule else []


def waiting_is_due() -> bool:
    return Waiting.objects.filter(retry_at__lte=clock.now()).exists()


def _is_asked(rule: Enroll, *, moved: bool, event: str) -> bool:
    if rule.on:
        return any(event in activities_of(name) for name in rule.on)
    return moved or rule.existing


def _matching(rule: Enroll, leads: Sequence[Lead], deals: Mapping[int, Deal]) -> Sequence[Lead]:
    if rule.list is not None:
        leads = _on_list(rule.list, leads)
    return [lead for lead in leads if evaluate(rule.when, facts.context(lead, deals.get(lead.pk)))]


def _on_list(name: str, leads: Sequence[Lead]) -> Sequence[Lead]:
    """Whom the list's file names by address, or a CRM's list by its record."""
    emails = [lead.email for lead in leads if lead.email]
    named = ListMember.objects.filter(list=name, email__in=emails)
    members = set(named.values_list("email", flat=True))
    listed = Listed.objects.filter(list=name, lead__in=[lead.pk for lead in leads])
    ids = set(listed.values_list("lead_id", flat=True))
    return [lead for lead in leads if lead.email in members or lead.pk in ids]


def _judged(
    version: AppliedVersion,
    leads: Sequence[Lead],
    deals: Mapping[int, Deal],
    *,
    again: bool = False,
) -> Iterator[Candidate]:
    definition, templates = versions.definition_of(version), versions.templates_of(version)
    return Candidates(definition, templates, again=again).among(leads, deals)


def _wait(sequence: str, candidate: Candidate) -> None:
    if candidate.retry_at is not None:
        Waiting.objects.update_or_create(
            sequence=sequence,
            lead=candidate.lead,
            defaults={"reason": candidate.refusal[:300], "retry_at": candidate.retry_at},
            create_defaults={
                "reason": candidate.refusal[:300],
                "retry_at": candidate.retry_at,
                "since": clock.now(),
            },
        )


def _place_is_taken(version: AppliedVersion, rule: Enroll, lead: Lead) -> bool:
    """Asked with the rows locked of those who have places, so that two never take one at once."""
    if rule.exclusive == "company" and _company_is_taken(lead):
        return True
    if rule.per_day is not None or rule.active_per_rep is not None:
        AppliedVersion.objects.select_for_update(no_key=True).get(pk=version.pk)
    if rule.active_per_rep is None:
        return False
    open_ = Enrollment.objects.filter(sequence=version.sequence, status__in=OPEN)
    return open_.filter(lead__owner=lead.owner_id).count() >= rule.active_per_rep


def _company_is_taken(lead: Lead) -> bool:
    if lead.company_id is None:
        return False
    Company.objects.select_for_update(no_key=True).get(pk=lead.company_id)
    return Enrollment.objects.filter(lead__company=lead.company_id, status__in=OPEN).exists()


def whereabouts_of(definition: Definition, lead: Lead) -> dict[str, Because]:
    """In which time zone emails leave, on whose holidays none does, and who says so."""
    sender = Sender.objects.first()
    told = facts.context(lead, None)
    window = definition.window
    return {
        "timezone": whereabouts.timezone_of(
            told, window=window.timezone, workspace=sender.timezone if sender else "UTC"
        ),
        "holidays": whereabouts.holidays_of(told, window.holidays or ()),
    }


def _begun(sequence: str, day: datetime) -> int:
    """How many began on the day that begins at that moment."""
    since = Enrollment.objects.filter(sequence=sequence, started_at__gte=day)
    return since.filter(started_at__lt=day + timedelta(days=1)).count()


def _with_relations(rows: QuerySet[Lead]) -> QuerySet[Lead]:
    return rows.select_related("company", "owner").filter(deleted_at=None)
