"""What a simulation holds in memory where production holds rows: leads, deals, enrollments, emails."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from crm import binding
from crm.meeting_facts import Standing
from mail.pacing import Limits, RampUp
from sequences.cadence import Taken
from sequences.definition import Sequence

Facts = dict[str, dict[str, object]]
NOTHING: Mapping[str, object] = {}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True, eq=False, kw_only=True)
class Deal:
    pk: int
    facts: dict[str, object]
    company_id: int | None = None  #: that it names
    created_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def is_closed(self) -> bool:
        return bool(self.facts["is_closed"])

    @property
    def is_won(self) -> bool:
        return bool(self.facts["is_won"])

    def close(self, at: datetime, *, won: bool) -> None:
        self.closed_at = at
        self.facts |= {"is_closed": True, "is_won": won, "is_open": False}


@dataclass(slots=True, eq=False, kw_only=True)
class Lead:
    pk: int
    facts: Facts  #: lead, company, owner, answer, meeting; without the deal
    source: str  #: the connection in which it was first seen
    company_id: int | None = None
    owner_id: int | None = None
    owner_active: bool = True
    doubt: str = ""
    do_not_contact: bool = False
    deleted_at: datetime | None = None
    stage_since: datetime | None = None
    put_here_from: str = ""  #: the stage out of which a person moved it into this one
    deals: list[Deal] = field(default_factory=list)
    #: What happened with it, oldest first.
    events: list[tuple[datetime, str]] = field(default_factory=list)
    touched_at: datetime | None = None
    written_from: int | None = None  #: the mailbox that wrote to it last
    meetings: list[Standing] = field(default_factory=list)
    enrollment: "Enrollment | None" = None  #: the open one
    #: Sequence -> when its last enrollment there ended.
    ended: dict[str, datetime] = field(default_factory=dict)

    @property
    def email(self) -> str:
        return str(self.facts["lead"]["email"] or "")

    @property
    def stage(self) -> str:
        return str(self.facts["lead"]["stage"] or "")

    @property
    def owner(self) -> object:
        return self.facts["owner"]["name"] or self.facts["owner"]["email"]

    def bound_deal(self) -> Deal | None:
        """The one that decides its stage."""
        bound = binding.in_order(self.deals) if self.deals else []
        return bound[-1] if bound else None

    def context(self, deal: Deal | None) -> Mapping[str, object]:
        """The facts that expressions and templates read."""
        return {**self.facts, "deal": deal.facts if deal else NO_DEAL}


@dataclass(slots=True, eq=False, kw_only=True)
class Enrollment:
    pk: int
    lead: Lead
    sequence: Sequence
    digest: str
    deal: Deal | None
    mailbox: "Mailbox"
    timezone: str
    started_at: datetime
    due_at: datetime | None
    is_announced: bool = False  #: that it began was noted
    is_paused: bool = False
    taken: dict[str, Taken] = field(default_factory=dict)
    email: "Email | None" = None  #: the one that is queued
    anchor: str = ""
    anchored_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    #: How often what its sequence asks for has happened since it began, see `count_events`.
    events: dict[str, int] = field(default_factory=dict)
    events_seen: int = 0  #: so many of the lead's are counted, or do not count

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    def count_events(self, names: Mapping[str, str]) -> None:
        """Add those of the lead that are new; `names` are those that are asked for, by their kinds."""
        for at, kind in self.lead.events[self.events_seen :]:
            if kind in names and at > self.started_at:
                self.events[names[kind]] = self.events.get(names[kind], 0) + 1
        self.events_seen = len(self.lead.events)

    def forget_events(self) -> None:
        """Another version may ask for others."""
        self.events, self.events_seen = {}, 0


@dataclass(slots=True, eq=False, kw_only=True)
class Email:
    """A queued email, in the order in which it was queued."""

    pk: int
    enrollment: Enrollment
    step_id: str
    template: str
    due_at: datetime
    leave_before: datetime | None = None
    invite: Mapping[str, object] | None = None  #: as Message.invite has it
    attempts: int = 0
    is_cancelled: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Mailbox:
    """What waits is asked in the order in which it was queued, once its time has come."""

    pk: int
    address: str
    limits: Limits
    ramp: RampUp | None = None
    is_held: bool = False  #: it is paused
    #: When its emails of the last day left, the last one last.
    history: list[datetime] = field(default_factory=list)
    #: Before this nothing leaves: the caps and the spacing say so.
    held_until: datetime | None = None
    _later: list[tuple[datetime, int, Email]] = field(default_factory=list)
    _due: list[tuple[int, Email]] = field(default_factory=list)
    _ramped: Limits | None = None  #: as they were when they were asked for last

    def most_at(self, now: datetime) -> int:
        return min(
            most for rule, most, _ in self.limits_at(now).caps if rule in {"ramp_up", "per_day"}
        )

    def limits_at(self, now: datetime) -> Limits:
        if self.ramp is None:
            return self.limits
        most, limits = self.ramp.most(now), self._ramped
        if limits is None or limits.ramp_up != most:
            limits = self._ramped = replace(self.limits, ramp_up=most)
        return limits

    def sent(self, now: datetime) -> None:
        self.ramp = self.ramp and self.ramp.sent(now)

    @property
    def next_due(self) -> datetime | None:
        """When one of its emails is to be asked about."""
        due, later, held_until = self._due, self._later, self.held_until or _LONG_AGO
        while due and (due[0][1].is_cancelled or due[0][1].due_at > held_until):
            heapq.heappop(due)  # it was cancelled or put off since
        if due:
            return held_until
        while later and later[0][2].is_cancelled:
            heapq.heappop(later)
        return max(later[0][0], held_until) if later else None

    def postpone(self, email: Email, until: datetime) -> None:
        email.due_at = until
        heapq.heappush(self._later, (until, email.pk, email))

    def hold(self, email: Email, until: datetime) -> None:
        """It and all that is due wait together."""
        self.held_until = until
        heapq.heappush(self._due, (email.pk, email))

    def let_in(self, now: datetime) -> None:
        """One that was admitted did not leave: who is held waits on, whoever comes next is asked."""
        until = self.held_until
        if until is None or until <= now:
            return
        waiting = {pk: email for pk, email in self._due if email.due_at <= now}
        self._due, self.held_until = [], None
        for email in waiting.values():
            self.postpone(email, until)

    def take_due(self, now: datetime) -> Email | None:
        """The first in line."""
        while self._later and self._later[0][0] <= now:
            due_at, pk, email = heapq.heappop(self._later)
            if email.due_at == due_at:
                heapq.heappush(self._due, (pk, email))
        while self._due:
            _, email = heapq.heappop(self._due)
            while self._due and self._due[0][1] is email:  # it was put off in the meantime
                heapq.heappop(self._due)
            if not email.is_cancelled and email.due_at <= now:
                return email
        return None


#: Kinds of connections that tell when somebody changed a stage.
WITH_HISTORY = frozenset({"hubspot", "salesforce"})


@dataclass(slots=True, kw_only=True)
class Connection:
    """Where the CRM's news come from, at each of its pulls."""

    name: str
    pull_every: timedelta
    pull_due_at: datetime
    tells_when: bool = False  #: its history tells when a stage was changed

    def skip_to(self, now: datetime) -> None:
        """Leave out the pulls before `now`, which brought nothing."""
        if self.pull_due_at < now:
            self.pull_due_at += -((self.pull_due_at - now) // self.pull_every) * self.pull_every


@dataclass(slots=True, kw_only=True)
class Wait:
    """A lead whom only a throttle or a rest holds back."""

    number: int  #: who waits longer has the lower one
    lead: Lead
    sequence: str
    reason: str
    retry_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """What a person at the other end, or a rep, got to see."""

    at: datetime
    lead_id: int
    sequence: str
    step: str
    kind: str  #: email | task
    what: str  #: the template, or the kind of task
    by: str  #: the mailbox's address, or the rep


class Noted(NamedTuple):
    """An activity whose reactions are to come."""

    kind: str
    lead: Lead
    at: datetime
    enrollment: Enrollment | None = None
    data: Mapping[str, object] = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    at: datetime
    lead_id: int
    before: str
    after: str


NO_DEAL: dict[str, object] = {
    "name": None, "stage_value": None, "pipeline": None, "amount": None, "extra": None,
    "exists": False, "is_closed": False, "is_won": False, "is_open": False,
}  # fmt: skip
