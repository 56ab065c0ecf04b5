"""What the parts of a simulation share: the team's files, the people, the moment, what was noted."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain, count

from crm.calls import Calls
from crm.kinds import EVENTS, activities_of
from mail.legal import Rules
from mail.proof import Parts
from mail.quotas import Quotas
from process.definition import Process
from process.simulation.rows import (
    NOTHING,
    Connection,
    Deal,
    Email,
    Enrollment,
    Lead,
    Mailbox,
    Move,
    Noted,
    Touch,
    Wait,
)
from process.simulation.witness import Witness
from process.simulation.world import Happening
from sequences.definition import Enroll
from sequences.definition import Sequence as Definition
from sequences.judging import COLLEAGUE


@dataclass(frozen=True, kw_only=True)
class Files:
    """The workspace as the simulation reads it."""

    process: Process
    sequences: Mapping[str, Definition]
    digests: Mapping[str, str]
    templates: Mapping[str, Parts]
    lists: Mapping[str, frozenset[str]]
    timezone: str
    privacy: Rules
    #: What templates read besides the facts: sender, unsubscribe_url.
    letterhead: Mapping[str, object]

    @cached_property
    def rules(self) -> Sequence[tuple[Definition, Enroll, frozenset[str]]]:
        """The sequences with a rule, and the kinds of Activity at which alone it is asked, if any.

        Those that wait for an event come first.
        """
        found = [(one, one.enroll) for one in self.sequences.values() if one.enroll is not None]
        by_event_first = sorted(found, key=lambda one: not one[1].on)
        return [
            (definition, rule, frozenset().union(*map(activities_of, rule.on)))
            for definition, rule in by_event_first
        ]


@dataclass(kw_only=True)
class Scene:
    files: Files
    now: datetime
    leads: Mapping[int, Lead]
    connections: Mapping[str, Connection]
    #: By the owner whose leads are written to from them.
    mailboxes: Mapping[int, Sequence[Mailbox]]
    #: What domains and companies got from all mailboxes.
    quotas: Quotas = field(default_factory=lambda: Quotas({}))
    #: Sequence -> lead -> who waits for a place there, the longest waiting first.
    waits: dict[str, dict[int, Wait]] = field(default_factory=lambda: defaultdict(dict))
    #: Company -> the sequences and people that may have to wait there for a colleague.
    behind_colleagues: dict[int | None, set[tuple[str, int]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    suppressed: set[str] = field(default_factory=set)
    #: Company -> a deal that was won there before the simulation began.
    customers: Mapping[int | None, str] = field(default_factory=dict)
    #: Lead -> likewise, of its own.
    buyers: Mapping[int, str] = field(default_factory=dict)
    #: List that comes from CRMs -> who is on it now; nobody foresees who will be.
    listed: Mapping[str, Collection[int]] = field(default_factory=dict)
    #: Lead -> the calls that may be one with another.
    calls: Mapping[int, Calls] = field(default_factory=lambda: defaultdict(Calls))
    #: How many open enrollments: ("company", company) and (sequence, owner).
    open: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    #: Mailbox -> how many open enrollments.
    load: Counter[int] = field(default_factory=Counter)
    #: (sequence, day) -> how many began.
    begun: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    #: Lead -> its move, from and to, that waits for facts; the longest waiting first.
    held: dict[int, tuple[str, str]] = field(default_factory=dict)
    noted: list[Noted] = field(default_factory=list)
    #: Stages that are on their way into a CRM.
    written: list[tuple[Lead, str]] = field(default_factory=list)
    #: Connection -> what happened there and was not pulled yet.
    news: dict[str, list[Happening]] = field(default_factory=lambda: defaultdict(list))
    #: Mailboxes of which an email was queued or put off, or that have just sent.
    stirred: set[Mailbox] = field(default_factory=set)
    touches: list[Touch] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    enrollments: list[Enrollment] = field(default_factory=list)
    #: Whose time in a stage ran out by then was asked; None: nobody was.
    timed_until: datetime | None = None
    witness: Witness = field(default_factory=Witness)

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._due: list[tuple[datetime, int, Enrollment]] = []
        self._due_now: list[tuple[datetime, int, Enrollment]] = []
        self._agenda: list[tuple[datetime, int, Happening]] = []
        self._retries: list[tuple[datetime, int, Wait]] = []
        #: Company -> who answered there, and when.
        self._answers: dict[int | None, list[tuple[datetime, Lead]]] = defaultdict(list)
        self.of_company: dict[int, list[Lead]] = defaultdict(list)
        for lead in self.leads.values():
            if lead.company_id is not None:
                self.of_company[lead.company_id].append(lead)
        self._naming: dict[int, list[Deal]] = defaultdict(list)
        for deal in chain.from_iterable(lead.deals for lead in self.leads.values()):
            if deal.company_id is not None:
                self._naming[deal.company_id].append(deal)

    def bought(self, lead: Lead) -> str | None:
        """The name of a won deal that counts for the lead, as crm.customers says."""
        company = lead.company_id
        before = self.buyers.get(lead.pk, self.customers.get(company))
        of_company = self._deals_of(company) if company is not None else ()
        deals = chain(lead.deals, of_company)
        won = (str(deal.facts["name"] or "") for deal in deals if deal.is_won)
        return before if before is not None else next(won, None)

    def people(self, deal: Deal, lead: Lead) -> Sequence[Lead]:
        """For whom a deal of the lead counts, once it is won, as crm.customers says."""
        company = deal.company_id or lead.company_id
        found = self.of_company.get(company, []) if company is not None else []
        return [lead, *(one for one in found if one is not lead)]

    def _deals_of(self, company: int) -> Iterator[Deal]:
        yield from self._naming.get(company, ())
        for one in self.of_company[company]:
            yield from (deal for deal in one.deals if deal.company_id is None)

    def number(self) -> int:
        """What comes later has the higher one, as rows of a database have."""
        return next(self._numbers)

    def note(
        self,
        kind: str,
        lead: Lead,
        *,
        enrollment: Enrollment | None = None,
        at: datetime | None = None,
        data: Mapping[str, object] = NOTHING,
    ) -> None:
        at = at or self.now
        self.happened(lead, kind, at)
        self.noted.append(Noted(kind=kind, lead=lead, at=at, enrollment=enrollment, data=data))

    def happened(self, lead: Lead, kind: str, at: datetime) -> None:
        """For those who count events; reactions come to what is noted."""
        lead.events.append((at, kind))
        if kind in EVENTS["answered"]:
            self._answers[lead.company_id].append((at, lead))

    def answers_of_others(self, lead: Lead, since: datetime) -> int:
        """How often others of the lead's company have answered."""
        answers = self._answers.get(lead.company_id, ())
        return sum(at > since and other is not lead for at, other in answers)

    def enter(self, enrollment: Enrollment) -> None:
        """Somebody begins a sequence, or is in it already when the simulation begins."""
        lead, name = enrollment.lead, enrollment.sequence.name
        lead.enrollment = enrollment
        self.enrollments.append(enrollment)
        self.open["company", lead.company_id] += 1
        self.open[name, lead.owner_id] += 1
        self.load[enrollment.mailbox.pk] += 1
        midnight = enrollment.started_at.replace(hour=0, minute=0, second=0, microsecond=0)
        self.begun[name, midnight] += 1
        self.schedule(enrollment, enrollment.due_at)

    def open_in(self, sequence: str) -> list[Enrollment]:
        return [e for e in self.enrollments if e.is_open and e.sequence.name == sequence]

    def leave(self, enrollment: Enrollment, reason: str, *, at: datetime) -> None:
        """It ends, and what it has queued does not leave."""
        lead, name = enrollment.lead, enrollment.sequence.name
        enrollment.reason, enrollment.ended_at, enrollment.due_at = reason, at, None
        if enrollment.email is not None:
            enrollment.email.is_cancelled, enrollment.email = True, None
        lead.enrollment, lead.ended[name] = None, at
        self.open["company", lead.company_id] -= 1
        self.open[name, lead.owner_id] -= 1
        self.load[enrollment.mailbox.pk] -= 1
        self.note("unenrolled", lead, enrollment=enrollment, at=at)

    def is_on(self, name: str, lead: Lead) -> bool:
        """Whether a list's file names the lead, or a CRM's list does."""
        in_file = lead.email in self.files.lists.get(name, ())
        return in_file or lead.pk in self.listed.get(name, ())

    # -- enrollments by their due time -------------------------------------------------------

    def schedule(self, enrollment: Enrollment, due_at: datetime | None) -> None:
        enrollment.due_at = due_at
        if due_at == self.now:  # half of them: they need no place among all the others
            self._due_now.append((due_at, enrollment.pk, enrollment))
        elif due_at is not None:
            heapq.heappush(self._due, (due_at, enrollment.pk, enrollment))

    def take_due(self) -> list[Enrollment]:
        """The open enrollments that are due, the longest due first."""
        if not self._due_now and (not self._due or self._due[0][0] > self.now):
            return []
        due, self._due_now = self._due_now, []
        while self._due and self._due[0][0] <= self.now:
            due.append(heapq.heappop(self._due))
        found = {
            pk: enrollment
            for due_at, pk, enrollment in sorted(due)
            if enrollment.is_open and enrollment.due_at == due_at
        }
        return list(found.values())

    def next_enrollment(self) -> datetime | None:
        while self._due:
            due_at, _, enrollment = self._due[0]
            if enrollment.is_open and enrollment.due_at == due_at:
                return due_at
            heapq.heappop(self._due)
        return None

    # -- what others do ----------------------------------------------------------------------

    def expect(self, happenings: Iterable[Happening]) -> None:
        for happening in happenings:
            moment = max(happening.at, self.now)
            heapq.heappush(self._agenda, (moment, self.number(), happening))

    def take_happening(self) -> Happening | None:
        if self._agenda and self._agenda[0][0] <= self.now:
            return heapq.heappop(self._agenda)[2]
        return None

    def next_happening(self) -> datetime | None:
        return self._agenda[0][0] if self._agenda else None

    # -- who waits for a place --------------------------------------------------------------

    def wait(self, wait: Wait) -> None:
        self.waits[wait.sequence][wait.lead.pk] = wait
        if wait.reason == COLLEAGUE:
            self.behind_colleagues[wait.lead.company_id].add((wait.sequence, wait.lead.pk))
        heapq.heappush(self._retries, (wait.retry_at, self.number(), wait))

    def take_waits(self) -> list[Wait]:
        """Those whose time has come, the longest waiting first."""
        if not self._retries or self._retries[0][0] > self.now:
            return []
        found: dict[int, Wait] = {}
        while (moment := self.next_wait()) is not None and moment <= self.now:
            _, _, wait = heapq.heappop(self._retries)
            found[wait.number] = wait
        return [wait for _, wait in sorted(found.items())]

    def next_wait(self) -> datetime | None:
        while self._retries:
            retry_at, _, wait = self._retries[0]
            if self.waits[wait.sequence].get(wait.lead.pk) is wait and wait.retry_at == retry_at:
                return retry_at
            heapq.heappop(self._retries)
        return None

    # -- emails ------------------------------------------------------------------------------

    def queue(self, email: Email) -> None:
        email.enrollment.email = email
        self.postpone(email, email.due_at)

    def postpone(self, email: Email, until: datetime) -> None:
        mailbox = email.enrollment.mailbox
        mailbox.postpone(email, until)
        self.stirred.add(mailbox)

    def all_mailboxes(self) -> Sequence[Mailbox]:
        found = chain.from_iterable(self.mailboxes.values())
        return sorted(found, key=lambda mailbox: mailbox.pk)
