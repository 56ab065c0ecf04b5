"""Candidates for a sequence, judged by what the rows say of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm import customers, facts, history
from crm.models import Deal, Lead
from mail import compose, sent_copies
from mail.legal import Rules
from mail.models import EmailTemplate, Mailbox, Sender
from mail.suppression import book_of
from runtime import clock
from sequences import invitations
from sequences.definition import Enroll
from sequences.definition import Sequence as Definition
from sequences.judging import Judge, Known, LetIn
from sequences.mailboxes import Rotation
from sequences.models import Enrollment

OPEN = (Enrollment.Status.ACTIVE, Enrollment.Status.PAUSED)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A lead for which a sequence's rule is true; `refusal` is blank when it may be enrolled."""

    lead: Lead
    deal: Deal | None
    mailbox_id: int | None
    refusal: str
    #: When a refusal that passes with time may have passed; None: it does not.
    retry_at: datetime | None = None


class Candidates:
    """Judges leads for one sequence, one after the other: who was let in counts for the next."""

    def __init__(
        self,
        definition: Definition,
        templates: Sequence[EmailTemplate],
        *,
        again: bool = False,
        rotation: Rotation | None = None,
    ) -> None:
        """`again`: a person enrolls by hand, though the lead was in it before."""
        self._definition, self._templates, self._again = definition, templates, again
        self._rule = definition.enroll or Enroll(when="true")
        self._sender = Sender.objects.first()
        self._rotation = rotation or Rotation()
        self._let_in = _let_in(definition.name, self._rule)

    def among(self, leads: Sequence[Lead], deals: Mapping[int, Deal]) -> Iterator[Candidate]:
        """In the leads' order. Company and owner are loaded already."""
        judge = Judge(
            sequence=self._definition.name,
            rule=self._rule,
            now=clock.now(),
            known=_known(self._definition, self._rule, leads),
            let_in=self._let_in,
            privacy=Rules.of(self._sender.privacy if self._sender else None),
            again=self._again,
        )
        written_from = self._rotation.written_from(leads)
        for lead in leads:
            mailbox = self._rotation.mailbox_of(lead, written_from)
            yield self._judged(judge, lead, deals.get(lead.pk), mailbox)

    def _judged(
        self, judge: Judge, lead: Lead, deal: Deal | None, mailbox: Mailbox | None
    ) -> Candidate:
        refusal = judge.refusal(
            lead,
            facts.context(lead, deal),
            has_mailbox=mailbox is not None,
            problem=lambda: self._problem(lead, deal, mailbox) if mailbox else "",
        )
        if mailbox and refusal is None:
            self._rotation.take(mailbox.pk)
        return Candidate(
            lead=lead,
            deal=deal,
            mailbox_id=mailbox.pk if mailbox else None,
            refusal=refusal.text if refusal else "",
            retry_at=refusal.retry_at if refusal else None,
        )

    def _problem(self, lead: Lead, deal: Deal | None, mailbox: Mailbox) -> str:
        for template in self._templates:
            problem = compose.problem(template, lead, deal, mailbox=mailbox, sender=self._sender)
            if problem:
                return f"template {template.name}: {problem}"
        return invitations.problem(self._definition, facts.context(lead, deal), clock.now())


def _known(definition: Definition, rule: Enroll, leads: Sequence[Lead]) -> Known:
    ids = [lead.pk for lead in leads]
    book = book_of(leads)
    of_leads = Enrollment.objects.filter(lead__in=ids)
    ended = {
        lead_id: at or clock.now()
        for lead_id, at in of_leads.filter(sequence=definition.name)
        .order_by("pk")
        .values_list("lead_id", "ended_at")
    }
    return Known(
        suppressed=frozenset(lead.email for lead in leads if book.of_lead(lead)),
        in_doubt=sent_copies.in_doubt([lead.email for lead in leads if lead.email]),
        busy=frozenset(of_leads.filter(status__in=OPEN).values_list("lead_id", flat=True)),
        ended=ended,
        touched=history.last_touches(ids) if rule.quiet_for else {},
        bought={} if definition.is_for_customers else customers.bought(leads),
    )


def _let_in(sequence: str, rule: Enroll) -> LetIn:
    open_ = Enrollment.objects.filter(status__in=OPEN)
    found = LetIn()
    if rule.exclusive == "company":
        companies = open_.exclude(lead__company=None).values_list("lead__company", flat=True)
        found.companies = set(companies.distinct())
    if rule.active_per_rep is not None:
        reps = open_.filter(sequence=sequence).values_list("lead__owner", flat=True)
        found.of_rep = Counter(reps)
    return found
