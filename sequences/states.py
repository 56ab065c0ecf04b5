"""What `decide` may know of enrollments, read from the rows: a few queries for many of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from crm import facts, history, people, rows
from crm.models import Deal
from crm.people import Person
from mail.models import Message
from sequences import dispositions, versions
from sequences.cadence import Because, State, Taken
from sequences.models import AppliedVersion, Enrollment, StepRun
from sequences.versions import definition_of

_OUTSTANDING = frozenset(
    {Message.Status.QUEUED, Message.Status.SENDING, Message.Status.UNCONFIRMED}
)
_SENT = Message.Status.SENT
_Deals = Mapping[int | None, dict[str, object]]


class Enrolled(Protocol):
    """What of an enrollment a step asks for."""

    @property
    def pk(self) -> int: ...
    @property
    def lead_id(self) -> int: ...
    @property
    def deal_id(self) -> int | None: ...
    @property
    def version_id(self) -> int: ...
    @property
    def sequence(self) -> str: ...
    @property
    def mailbox_id(self) -> int: ...
    @property
    def timezone(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def anchor(self) -> str: ...
    @property
    def anchored_at(self) -> datetime | None: ...


class Asked(NamedTuple):
    """An enrollment about which `decide` is asked, and what is known of it."""

    enrollment: Enrolled
    person: Person
    version: AppliedVersion
    newest: AppliedVersion | None  #: the active version of its sequence
    state: State
    #: The email that left last, which the next one of its thread follows.
    latest: int | None
    #: Why it was enrolled; None once it has taken a step.
    because: Because | None


class _Mail(NamedTuple):
    """An enrollment's messages."""

    outstanding: str = ""
    latest: int | None = None


_NO_MAIL = _Mail()


def state_of(enrollment: Enrolled) -> State:
    return ask_about([enrollment])[0].state


def ask_about(enrollments: Sequence[Enrolled]) -> list[Asked]:
    """What is known of each, in this order."""
    known = _Known(enrollments)
    return [known.asked(enrollment) for enrollment in enrollments]


def ask_for_step(enrollments: Sequence[Enrolled]) -> list[Asked]:
    """The same, without the facts for which no step of their sequences can ask."""
    known = _Known(enrollments, only_read=True)
    return [known.asked(enrollment) for enrollment in enrollments]


class _Known:
    """What was read of some enrollments; each is found in it by its ids."""

    def __init__(self, enrollments: Sequence[Enrolled], *, only_read: bool = False) -> None:
        ids = [enrollment.pk for enrollment in enrollments]
        self._versions = versions.with_active({one.version_id for one in enrollments})
        active = (version for version in self._versions.values() if version.active)
        self._newest = {version.sequence: version for version in active}
        fields = self._fields_read(enrollments) if only_read else facts.FIELDS
        self._people = people.read((one.lead_id for one in enrollments), fields)
        self._taken, self._mail = _taken(ids), _mail(ids)
        self._deals = _deals({enrollment.deal_id for enrollment in enrollments} - {None})
        self._events = _events(enrollments, self._versions, self._people)
        fresh = [
            pk
            for pk in ids
            if pk not in self._taken and not self._mail.get(pk, _NO_MAIL).outstanding
        ]
        begun = rows.read(Enrollment, ("id", "because"), fresh)
        self._because = {pk: {**because} for pk, because in begun}

    def _fields_read(self, enrollments: Sequence[Enrolled]) -> Mapping[str, set[str]]:
        """By the versions that they are in, and by those to which they may move."""
        own = [self._versions[pk] for pk in {one.version_id for one in enrollments}]
        newest = [self._newest[one.sequence] for one in own if one.sequence in self._newest]
        read: dict[str, set[str]] = defaultdict(set)
        for version in (*own, *newest):
            for name, field in definition_of(version).facts_read:
                read[name].add(field)
        return read

    def asked(self, enrollment: Enrolled) -> Asked:
        version = self._versions[enrollment.version_id]
        person = self._people[enrollment.lead_id]
        mail = self._mail.get(enrollment.pk, _NO_MAIL)
        return Asked(  # by position: a tuple is made of names in more than twice the time
            enrollment,
            person,
            version,
            self._newest.get(version.sequence),
            self._state(enrollment, person, mail),
            mail.latest,
            self._because.get(enrollment.pk),
        )

    def _state(self, enrollment: Enrolled, person: Person, mail: _Mail) -> State:
        taken = self._taken.get(enrollment.pk, {})
        deal = self._deals[enrollment.deal_id]
        events = self._events.get(enrollment.lead_id, {})
        task = dispositions.told(taken)
        return State(  # by position as well
            enrollment.lead_id,
            enrollment.started_at,
            enrollment.timezone,
            taken,
            {**person.facts, "deal": deal, "event": events, "task": task},
            unit_of(person),
            mail.outstanding,
            person.owner_is_gone,
            enrollment.anchor,
            enrollment.anchored_at,
        )


def unit_of(person: Person) -> str:
    """People of one company get the same variant."""
    return f"company {person.company_id}" if person.company_id else f"lead {person.pk}"


def _taken(ids: Iterable[int]) -> Mapping[int, dict[str, Taken]]:
    taken: dict[int, dict[str, Taken]] = defaultdict(dict)
    fields = ("enrollment_id", "step_id", "at", "way", "ended_at", "disposition")
    for id_, step_id, at, way, ended_at, how in rows.read(StepRun, fields, ids, by="enrollment_id"):
        taken[id_][step_id] = Taken(at, way, ended_at, how)
    return taken


def _mail(ids: Iterable[int]) -> Mapping[int, _Mail]:
    found: dict[int, _Mail] = {}
    fields = ("enrollment_id", "step_id", "status", "sent_at", "id")
    made = rows.read(Message, fields, ids, by="enrollment_id")
    sent = sorted(
        (at, pk, enrollment_id) for enrollment_id, _, status, at, pk in made if status == _SENT
    )
    for _, pk, enrollment_id in sent:
        found[enrollment_id] = _Mail(latest=pk)
    for enrollment_id, step_id, status, *_ in made:
        if status in _OUTSTANDING:
            latest = found.get(enrollment_id, _NO_MAIL).latest
            found[enrollment_id] = _Mail(step_id, latest)
    return found


def _deals(ids: Iterable[int | None]) -> _Deals:
    deals = Deal.objects.in_bulk([pk for pk in ids if pk is not None])
    return {None: facts.of_deal(None)} | {pk: facts.of_deal(deal) for pk, deal in deals.items()}


def _events(
    enrollments: Sequence[Enrolled],
    known: Mapping[int, AppliedVersion],
    persons: Mapping[int, Person],
) -> Mapping[int, Mapping[str, int]]:
    """Lead id -> event -> how often since the enrollment began, of the events that are asked for."""
    asked = {pk: definition_of(version).events for pk, version in known.items()}
    starts = {e.lead_id: e.started_at for e in enrollments if asked[e.version_id]}
    names = {name for e in enrollments for name in asked[e.version_id]}
    return history.since(starts, {pk: persons[pk].company_id for pk in starts}, names)
