"""What every CRM adapter offers, in neutral words: records, a page, an update, and the verbs.

A connector is pure Python: it talks to one CRM, keeps no state but its kept-open session, and
decides nothing. Field names are ours (`status`, `stage`, ...); the vendor's stand in one table at
the top of each adapter.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from connectors.edits import Edit
from connectors.engagements import Completion, EventPage, Handover, Touch
from connectors.errors import Outcome
from connectors.lists import Lists

Kind = Literal["owner", "company", "lead", "deal"]
#: The kinds that are written to.
Written = Literal["company", "lead", "deal"]
WRITTEN: tuple[Written, ...] = ("company", "lead", "deal")
#: What a custom field may be declared as.
CustomType = Literal["text", "number", "bool", "date", "datetime", "multiselect"]
#: A custom field's value, the same for both sides: a date and a moment are texts in ISO 8601, the latter
#: in UTC; the choices of a multiselect are sorted; only a text is blank as "".
Custom = str | int | float | bool | list[str] | None
#: In the order in which a full pull lands them: what refers comes after what is referred to.
KINDS: tuple[Kind, ...] = ("owner", "company", "lead", "deal")


@dataclass(frozen=True, kw_only=True)
class OwnerRecord:
    external_id: str
    email: str
    name: str
    active: bool = True
    modified_at: datetime | None = None
    deleted: bool = False
    #: Fields that this CRM does not have or did not answer: unknown, which is not blank.
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class CompanyRecord:
    external_id: str
    name: str
    domain: str = ""
    industry: str = ""
    country: str = ""
    employees: int | None = None
    owner_id: str = ""
    #: Custom fields by the workspace's mapping: our name -> the value in its declared type.
    extra: Mapping[str, Custom] = field(default_factory=dict)
    #: Ids that were merged into this one, and the id that this deleted one was merged into.
    merged_ids: tuple[str, ...] = ()
    merged_into: str = ""
    modified_at: datetime | None = None
    deleted: bool = False
    #: Fields that this CRM does not have or did not answer: unknown, which is not blank.
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class LeadRecord:
    """A person: a HubSpot contact, a Salesforce Lead until it is converted, or a Contact."""

    external_id: str
    email: str
    first_name: str = ""
    last_name: str = ""
    title: str = ""
    phone: str = ""
    country: str = ""
    #: BCP 47, for example "de" or "pt-BR"; blank when the CRM does not know.
    language: str = ""
    #: IANA name, for example "Europe/Berlin"; blank when the CRM does not know.
    timezone: str = ""
    #: HubSpot hs_lead_status, Salesforce Lead.Status; blank on a Salesforce Contact.
    status: str = ""
    lifecycle_stage: str = ""
    owner_id: str = ""
    company_id: str = ""
    do_not_contact: bool = False
    #: The same person's id in the other CRM, where a field for it is mapped.
    cross_id: str = ""
    #: The Contact that a converted Salesforce Lead became.
    converted_to: str = ""
    #: Ids that were merged into this one, and the id that this deleted one was merged into.
    merged_ids: tuple[str, ...] = ()
    merged_into: str = ""
    extra: Mapping[str, Custom] = field(default_factory=dict)
    modified_at: datetime | None = None
    deleted: bool = False
    #: Fields that this CRM does not have or did not answer: unknown, which is not blank.
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class DealRecord:
    external_id: str
    name: str
    #: The CRM's value, never its label: HubSpot dealstage id, Salesforce StageName.
    stage: str
    pipeline: str = ""
    amount: Decimal | None = None
    is_closed: bool = False
    is_won: bool = False
    created_at: datetime | None = None
    closed_at: datetime | None = None
    owner_id: str = ""
    company_id: str = ""
    #: External ids of the people on the deal, the primary one first.
    lead_ids: tuple[str, ...] = ()
    extra: Mapping[str, Custom] = field(default_factory=dict)
    modified_at: datetime | None = None
    deleted: bool = False
    #: Fields that this CRM does not have or did not answer: unknown, which is not blank.
    absent: frozenset[str] = frozenset()


Record = OwnerRecord | CompanyRecord | LeadRecord | DealRecord


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A record, or a custom field of one, in a shape that is none: left out and shown."""

    #: Blank when not even the id could be read.
    external_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """Records of one kind, and the cursor that may be saved once they have landed.

    Saving a page's cursor with its records and stopping there loses nothing: the next
    `changed(kind, cursor)` goes on behind it, and may repeat records but never skip one.
    """

    records: Sequence[Record]
    cursor: str
    skipped: Sequence[Skipped] = ()


@dataclass(frozen=True, kw_only=True)
class Update:
    """New values of one record's fields, in our names; `stage` of a deal, `status` of a lead..."""

    kind: Written
    external_id: str
    fields: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Choice:
    value: str
    label: str
    is_closed: bool = False
    is_won: bool = False


#: Our field -> its values; a field that takes any text is not among them.
Choices = Mapping[str, Sequence[Choice]]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many records go into one call, for forecasts."""

    listed: int
    read: int
    written: int
    #: People of a list, in a call that reads it.
    members: int = 1


class Connector(Protocol):
    """One CRM account. Every method may raise a ConnectorError; none waits over 30 seconds."""

    @property
    def calls(self) -> int:
        """Calls made over the wire since it was built, retries included."""

    def check(self) -> str:
        """Log in and say who we are, for people: account name or id. Raises Unauthorized."""

    def choices(self, kind: Written, names: Collection[str]) -> Choices:
        """The values that these fields of ours take there today, mapped ones among them.

        Raises Refused for a field that the CRM does not have.
        """

    @property
    def sizes(self) -> Sizes:
        """How many records go into one call."""

    def count(self, kind: Kind) -> int:
        """How many living records of a kind the CRM holds, in a call or two."""

    def changed(self, kind: Kind, cursor: str, *, now: datetime) -> Iterator[Page]:
        """Pages of what was created, changed or deleted since `cursor` ("" = everything).

        At least one page comes, empty when nothing changed; `now` bounds the window above.
        """

    def events(self, cursor: str, *, now: datetime) -> Iterator[EventPage]:
        """What was logged or ticked off since `cursor`; "" begins now."""

    def read(self, kind: Written, external_ids: Sequence[str]) -> Sequence[Record]:
        """The records as they are now, in any order; a missing one is left out."""

    def edits(
        self, kind: Written, field: str, external_ids: Sequence[str]
    ) -> Mapping[str, Sequence[Edit]]:
        """Record id -> who gave this field of ours which value when, oldest first.

        A record of which the CRM cannot tell is left out. Raises Refused or Unauthorized where the
        login may not read that.
        """

    def update(self, updates: Sequence[Update]) -> Sequence[Outcome]:
        """Write fields of many records with batch calls; one outcome each, in order.

        Raises Unavailable only when no outcome is known for any of them.
        """

    def log_touches(self, touches: Sequence[Touch]) -> Sequence[Outcome]:
        """Create one engagement each, on the timeline of its lead and deal; outcomes in order."""

    def find_touches(self, lead_ids: Sequence[str]) -> Mapping[str, str]:
        """Message-ID -> engagement id of the touches that the CRM already holds for these leads.

        Read from the records' own associations, never from a search index that lags.
        """

    def complete(self, completions: Sequence[Completion]) -> Sequence[Outcome]:
        """Tick off tasks and meetings; a Conflict where it is gone. Once more changes nothing."""

    def hand_over(self, handovers: Sequence[Handover]) -> Sequence[Outcome]:
        """Give tasks and meetings to other owners; a Conflict where one is gone.

        Refused where a task is nobody's.
        """

    @property
    def lists(self) -> Lists | None:
        """None: this CRM keeps no lists of people, as connectors.registry says of its kind."""

    def close(self) -> None:
        """Let go of kept-open sockets."""
