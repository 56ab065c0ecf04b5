"""Who enters a sequence: by its rule, by `apply`'s frozen set, or by a person's word.

Every refusal has a reason that `plan` shows; nobody is left out silently.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from crm import facts
from crm.models import Deal, Lead
from crm.stages import bound_deals
from mail import compose
from mail.models import EmailTemplate, Mailbox, Sender, Suppression
from runtime import bell, clock
from sequences import versions
from sequences.definition import Sequence as Definition
from sequences.models import AppliedVersion, Enrollment
from workspace.expressions import evaluate

_OPEN = (Enrollment.Status.ACTIVE, Enrollment.Status.PAUSED)
#: Leads are walked by key in pages of this size.
PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A lead for which a sequence's rule is true; `refusal` is blank when it may be enrolled."""

    lead: Lead
    deal: Deal | None
    mailbox_id: int | None
    refusal: str


def enroll_matching(lead_ids: Sequence[int], *, moved: bool) -> int:
    """Enroll newcomers: these leads into the first active sequence whose rule is true for them.

    `moved` says that they came to where they are just now. A sequence that leaves out those of whom
    its rule is already true (`existing: false`) takes no others: an old customer whose phone number
    changes is not thanked once more.
    """
    free = Lead.objects.filter(pk__in=lead_ids).exclude(enrollment__status__in=_OPEN)
    leads = list(_with_relations(free))
    if not leads:
        return 0
    deals = bound_deals([lead.pk for lead in leads])
    enrolled = 0
    for version in versions.active():
        definition = versions.definition_of(version)
        if definition.enroll is not None and (moved or definition.enroll.existing):
            matching = _matching(definition.enroll.when, leads, deals)
            if matching:
                enrolled += enroll_all(version, _of_version(version, matching, deals))
    return enrolled


def candidates(definition: Definition, templates: Sequence[EmailTemplate]) -> Iterator[Candidate]:
    """Every lead for which the rule is true, with the refusal of those who may not be enrolled.

    Each of the `templates` is rendered for each lead, so that none fails when its time comes.
    """
    if definition.enroll is None:
        return
    last = 0
    while page := list(
        _with_relations(Lead.objects.filter(pk__gt=last, deleted_at=None)).order_by("pk")[:PAGE]
    ):
        last = page[-1].pk
        deals = bound_deals([lead.pk for lead in page])
        matching = _matching(definition.enroll.when, page, deals)
        yield from _refusals(definition, templates, matching, deals)


def enroll_all(version: AppliedVersion, found: Iterable[Candidate]) -> int:
    """Enroll those who may be, each in the first slot that the throttle leaves free."""
    definition = versions.definition_of(version)
    per_day = definition.enroll.per_day if definition.enroll else None
    welcome = [candidate for candidate in found if not candidate.refusal]
    if not welcome:
        return 0
    slots = _Slots(version.sequence, per_day)
    count = 0
    for candidate in welcome:
        if enroll(version, candidate, start_at=slots.free()):
            slots.take()
            count += 1
    return count


def enroll(
    version: AppliedVersion,
    candidate: Candidate,
    *,
    start_at: datetime,
    because: Mapping[str, object] | None = None,
) -> Enrollment | None:
    """Enroll one lead; None when it came into another sequence in the meantime."""
    assert candidate.mailbox_id is not None, candidate.refusal  # noqa: S101 - callers check refusal
    definition = versions.definition_of(version)
    rule = definition.enroll.when if definition.enroll else ""
    with transaction.atomic():
        lead = Lead.objects.select_for_update(no_key=True).get(pk=candidate.lead.pk)
        if Enrollment.objects.filter(lead=lead, status__in=_OPEN).exists():
            return None
        enrollment = Enrollment.objects.create(
            lead=lead,
            version=version,
            sequence=version.sequence,
            deal=candidate.deal if candidate.deal and not candidate.deal.is_closed else None,
            mailbox_id=candidate.mailbox_id,
            timezone=_timezone(definition, lead),
            because=dict(because or {"rule": rule, "version": version.digest[:8]}),
            started_at=start_at,
            due_at=start_at,
        )
        transaction.on_commit(lambda: bell.ring("advance"))
    return enrollment


def judge(version: AppliedVersion, lead: Lead, *, again: bool = False) -> Candidate:
    """One lead for one sequence by a person's word: the rule is not asked, the refusals are."""
    [found] = _of_version(version, [lead], bound_deals([lead.pk]), once=not again)
    return found


def _matching(rule: str, leads: Sequence[Lead], deals: Mapping[int, Deal]) -> Sequence[Lead]:
    return [lead for lead in leads if evaluate(rule, facts.context(lead, deals.get(lead.pk)))]


def _of_version(
    version: AppliedVersion,
    leads: Sequence[Lead],
    deals: Mapping[int, Deal],
    *,
    once: bool = True,
) -> Iterator[Candidate]:
    definition, templates = versions.definition_of(version), versions.templates_of(version)
    return _refusals(definition, templates, leads, deals, once=once)


def _refusals(
    definition: Definition,
    templates: Sequence[EmailTemplate],
    leads: Sequence[Lead],
    deals: Mapping[int, Deal],
    *,
    once: bool = True,
) -> Iterator[Candidate]:
    if not leads:
        return
    sender = Sender.objects.first()
    mailboxes = {row.owner_id: row for row in Mailbox.objects.exclude(owner=None)}
    suppressed = set(
        Suppression.objects.filter(email__in=[lead.email for lead in leads]).values_list(
            "email", flat=True
        )
    )
    open_or_done = Enrollment.objects.filter(lead__in=[lead.pk for lead in leads])
    busy = set(open_or_done.filter(status__in=_OPEN).values_list("lead_id", flat=True))
    had = set(open_or_done.filter(sequence=definition.name).values_list("lead_id", flat=True))
    for lead in leads:
        deal = deals.get(lead.pk)
        mailbox = mailboxes.get(lead.owner_id)
        refusal = (
            _person_refusal(lead, suppressed)
            or ("already in a sequence" if lead.pk in busy else "")
            or (f"was in {definition.name} before" if once and lead.pk in had else "")
            or (
                _unrenderable(templates, lead, deal, mailbox, sender)
                if mailbox
                else _no_mailbox(lead)
            )
        )
        yield Candidate(
            lead=lead, deal=deal, mailbox_id=mailbox.pk if mailbox else None, refusal=refusal
        )


def _person_refusal(lead: Lead, suppressed: set[str]) -> str:
    if lead.deleted_at is not None:
        return "deleted in the CRM"
    if not lead.email:
        return "has no email address"
    if lead.doubt:
        return lead.doubt
    if lead.do_not_contact:
        return "asked not to be contacted (flag in the CRM)"
    return "suppressed" if lead.email in suppressed else ""


def _no_mailbox(lead: Lead) -> str:
    return f"owner {lead.owner} has no mailbox here" if lead.owner else "has no owner"


def _unrenderable(
    templates: Sequence[EmailTemplate],
    lead: Lead,
    deal: Deal | None,
    mailbox: Mailbox,
    sender: Sender | None,
) -> str:
    for template in templates:
        if problem := compose.problem(template, lead, deal, mailbox=mailbox, sender=sender):
            return f"template {template.name}: {problem}"
    return ""


def _timezone(definition: Definition, lead: Lead) -> str:
    sender = Sender.objects.first()
    return lead.timezone or definition.window.timezone or (sender.timezone if sender else "UTC")


def _with_relations(rows: QuerySet[Lead]) -> QuerySet[Lead]:
    return rows.select_related("company", "owner").exclude(~Q(deleted_at=None))


class _Slots:
    """The starts that a throttle leaves free: so many a day, today first."""

    def __init__(self, sequence: str, per_day: int | None) -> None:
        self.sequence, self.per_day = sequence, per_day
        self.start = clock.now()
        self.left = self._left_on(self.start)

    def free(self) -> datetime:
        while self.left <= 0:
            midnight = self.start.replace(hour=0, minute=0, second=0, microsecond=0)
            self.start = midnight + timedelta(days=1)
            self.left = self._left_on(self.start)
        return self.start

    def take(self) -> None:
        self.left -= 1

    def _left_on(self, moment: datetime) -> float:
        if self.per_day is None:
            return float("inf")
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        begun = Enrollment.objects.filter(
            sequence=self.sequence,
            started_at__gte=midnight,
            started_at__lt=midnight + timedelta(days=1),
        ).count()
        return self.per_day - begun
