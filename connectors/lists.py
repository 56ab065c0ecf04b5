"""Lists of people that a CRM keeps, and who is on them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors.errors import Outcome


@dataclass(frozen=True, kw_only=True)
class CrmList:
    """A list of people that the CRM keeps: a segment of HubSpot, a campaign of Salesforce."""

    external_id: str
    name: str
    #: Why nobody can be put on it or taken off by a program; blank where one can.
    read_only: str = ""


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody who is on a list."""

    #: The person's id.
    external_id: str
    #: Of a campaign's member, in the CRM's own word; blank where members have none.
    status: str = ""


@dataclass(frozen=True, kw_only=True)
class MemberPage:
    """Members, and the cursor that may be saved once they have landed; blank on the last page."""

    members: Sequence[Member]
    cursor: str


class Lists(Protocol):
    """The lists of a CRM, and who is on them. Every method may raise a ConnectorError."""

    def find(self, *, name: str = "", id_: str = "") -> CrmList:
        """The list that is called so, or has that id. Refused where there is none, or several."""

    def all(self) -> Sequence[CrmList]:
        """Those of people, for a person to choose from: a thousand at most."""

    def statuses(self, list_id: str) -> Sequence[str] | None:
        """What a member of it may have as status, in the CRM's order; None: members have none."""

    def members(self, list_id: str, cursor: str) -> Iterator[MemberPage]:
        """Everybody on it, behind `cursor`; "" begins. At least one page comes."""

    def add(self, list_id: str, lead_ids: Sequence[str], *, status: str = "") -> Sequence[Outcome]:
        """Put people on it, with batch calls; outcomes in order. Once more changes nothing.

        `status` is given to those who are new there, where members have one. A Conflict where the
        person is gone; Refused, each, where nobody can be put on the list.
        """

    def mark(
        self, list_id: str, lead_ids: Sequence[str], *, given: Mapping[str, str], status: str
    ) -> Sequence[Outcome]:
        """Give this status to people who still have there what they were `given`, likewise.

        A Conflict for whoever is not on it, or has got another one since.
        """

    def remove(self, list_id: str, lead_ids: Sequence[str]) -> Sequence[Outcome]:
        """Take people off it, likewise."""
