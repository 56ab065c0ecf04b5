"""Why a lead may not enter a sequence: every refusal is a sentence that `plan` shows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm import facts, history
from crm.models import Deal, Lead
from mail import compose
from mail.models import EmailTemplate, Mailbox, Sender, Suppression
from runtime import clock
from sequences.definition import Enroll
from sequences.definition import Sequence as Definition
from sequences.models import Enrollment
from workspace.expressions import look_up

OPEN = (Enrollment.Status.ACTIVE, Enrollment.Status.PAUSED)
#: What a throttle holds back is judged again after so long, or when a place is free.
RETRY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A lead for which a sequence's rule is true; `refusal` is blank when it may be enrolled."""

    lead: Lead
    deal: Deal | None
    mailbox_id: int | None
    refusal: str
    #: When a refusal that passes with time may have passed; None: it does not.
    retry_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    text: str
    retry_at: datetime | None = None


class Judge:
    """Judges leads for one sequence, one after the other: who was let in counts for the next."""

    def __init__(
        self, definition: Definition, templates: Sequence[EmailTemplate], *, again: bool = False
    ) -> None:
        """`again`: a person enrolls by hand, though the lead was in it before."""
        self._definition, self._templates, self._again = definition, templates, again
        self._rule = definition.enroll or Enroll(when="true")
        self._sender = Sender.objects.first()
        self._mailboxes = {row.owner_id: row for row in Mailbox.objects.exclude(owner=None)}
        self._let_in = _LetIn.of(definition.name, self._rule)

    def candidates(self, leads: Sequence[Lead], deals: Mapping[int, Deal]) -> Iterator[Candidate]:
        """In the leads' order. Company and owner are loaded already."""
        known = _Known.of(self._definition.name, self._rule, leads)
        for lead in leads:
            deal, mailbox = deals.get(lead.pk), self._mailboxes.get(lead.owner_id)
            refusal = self._refusal(lead, deal, mailbox, known)
            if refusal is None:
                self._let_in.add(lead)
            yield Candidate(
                lead=lead,
                deal=deal,
                mailbox_id=mailbox.pk if mailbox else None,
                refusal=refusal.text if refusal else "",
                retry_at=refusal.retry_at if refusal else None,
            )

    def _refusal(
        self, lead: Lead, deal: Deal | None, mailbox: Mailbox | None, known: "_Known"
    ) -> Refusal | None:
        lasting = (
            _of_person(lead, known.suppressed)
            or ("already in a sequence" if lead.pk in known.busy else "")
            or self._was_in_it(lead, known)
            or (self._unrenderable(lead, deal, mailbox) if mailbox else _no_mailbox(lead))
            or self._missing(lead, deal)
        )
        return Refusal(text=lasting) if lasting else self._passing(lead, known)

    def _passing(self, lead: Lead, known: "_Known") -> Refusal | None:
        """What time heals."""
        return (
            self._rests_after_last_time(lead, known)
            or self._was_touched_lately(lead, known)
            or self._company_is_taken(lead)
            or self._rep_is_busy(lead)
        )

    def _was_in_it(self, lead: Lead, known: "_Known") -> str:
        never = self._rule.again is None
        return (
            f"was in {self._definition.name} before"
            if never and not self._again and lead.pk in known.ended
            else ""
        )

    def _rests_after_last_time(self, lead: Lead, known: "_Known") -> Refusal | None:
        if self._again or self._rule.again is None or lead.pk not in known.ended:
            return None
        until = known.ended[lead.pk] + self._rule.again.elapsed
        text = f"was in {self._definition.name} until {known.ended[lead.pk]:%Y-%m-%d} (again)"
        return Refusal(text=text, retry_at=until) if until > clock.now() else None

    def _was_touched_lately(self, lead: Lead, known: "_Known") -> Refusal | None:
        if self._rule.quiet_for is None or lead.pk not in known.touched:
            return None
        until = known.touched[lead.pk] + self._rule.quiet_for.elapsed
        text = f"was in touch with us on {known.touched[lead.pk]:%Y-%m-%d} (quiet_for)"
        return Refusal(text=text, retry_at=until) if until > clock.now() else None

    def _company_is_taken(self, lead: Lead) -> Refusal | None:
        if self._rule.exclusive != "company" or lead.company_id not in self._let_in.companies:
            return None
        text = f"somebody else at {lead.company} is in a sequence (exclusive)"
        return Refusal(text=text, retry_at=clock.now() + RETRY)

    def _rep_is_busy(self, lead: Lead) -> Refusal | None:
        most = self._rule.active_per_rep
        if most is None or self._let_in.of_rep[lead.owner_id] < most:
            return None
        text = f"{lead.owner} has {most} active in {self._definition.name} (active_per_rep)"
        return Refusal(text=text, retry_at=clock.now() + RETRY)

    def _missing(self, lead: Lead, deal: Deal | None) -> str:
        context = facts.context(lead, deal)
        missing = [f for f in self._rule.requires if look_up(f.split("."), context) is None]
        return f"lacks {', '.join(missing)}" if missing else ""

    def _unrenderable(self, lead: Lead, deal: Deal | None, mailbox: Mailbox) -> str:
        for template in self._templates:
            problem = compose.problem(template, lead, deal, mailbox=mailbox, sender=self._sender)
            if problem:
                return f"template {template.name}: {problem}"
        return ""


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the refusals of some leads ask for, read at once."""

    suppressed: frozenset[str]
    busy: frozenset[int]
    #: Lead id -> when its last enrollment in this sequence ended.
    ended: Mapping[int, datetime]
    touched: Mapping[int, datetime]

    @classmethod
    def of(cls, sequence: str, rule: Enroll, leads: Sequence[Lead]) -> "_Known":
        ids = [lead.pk for lead in leads]
        emails = Suppression.objects.filter(email__in=[lead.email for lead in leads])
        of_leads = Enrollment.objects.filter(lead__in=ids)
        ended = {
            lead_id: at or clock.now()
            for lead_id, at in of_leads.filter(sequence=sequence)
            .order_by("pk")
            .values_list("lead_id", "ended_at")
        }
        return cls(
            suppressed=frozenset(emails.values_list("email", flat=True)),
            busy=frozenset(of_leads.filter(status__in=OPEN).values_list("lead_id", flat=True)),
            ended=ended,
            touched=history.last_touches(ids) if rule.quiet_for else {},
        )


@dataclass(kw_only=True)
class _LetIn:
    """Who is in already, as far as the rule's throttles ask; grows while leads are judged."""

    companies: set[int | None] = field(default_factory=set)
    of_rep: Counter[int | None] = field(default_factory=Counter)

    @classmethod
    def of(cls, sequence: str, rule: Enroll) -> "_LetIn":
        open_ = Enrollment.objects.filter(status__in=OPEN)
        found = cls()
        if rule.exclusive == "company":
            companies = open_.exclude(lead__company=None).values_list("lead__company", flat=True)
            found.companies = set(companies.distinct())
        if rule.active_per_rep is not None:
            reps = open_.filter(sequence=sequence).values_list("lead__owner", flat=True)
            found.of_rep = Counter(reps)
        return found

    def add(self, lead: Lead) -> None:
        if lead.company_id is not None:
            self.companies.add(lead.company_id)
        self.of_rep[lead.owner_id] += 1


def _of_person(lead: Lead, suppressed: frozenset[str]) -> str:
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
