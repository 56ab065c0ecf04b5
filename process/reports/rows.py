"""What reports are made of; one lead's rows at a time, so that a long timeline needs little memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple


class Event(NamedTuple):
    """An Activity, with what its ids stand for; a tuple, since there may be a million."""

    id: int
    kind: str
    at: datetime
    lead: int | None
    owner: str  #: the lead's present owner, an address
    deal: int | None
    connection: str
    enrollment: int | None
    message: int | None
    message_id: str  #: as every mail server and CRM knows the email
    sequence: str
    version: str  #: the digest's beginning
    step: str
    variant: str  #: the email's template
    mailbox: str
    domain: str  #: that the email went to
    data: Mapping[str, Any]


class Person(NamedTuple):
    """A lead as it is now."""

    lead: int
    owner: str
    stage: str
    timezone: str


class History(NamedTuple):
    """A lead and its events, the earliest first."""

    person: Person
    events: Sequence[Event]


@dataclass(frozen=True, kw_only=True)
class Work:
    """A task for a person."""

    owner: str
    kind: str
    made_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    skipped: bool


@dataclass(frozen=True, kw_only=True)
class ClosedDeal:
    """A deal that was won or lost."""

    id: int
    owner: str
    lead: int | None
    won: bool
    amount: Decimal | None
    currency: str  #: as the CRM has it; blank: it tells none
    source: str  #: as the CRM has it, else the connection
    closed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Box:
    """A mailbox as it is now."""

    address: str
    owner: str
    status: str
    since: datetime | None
    reason: str
