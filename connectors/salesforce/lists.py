"""Salesforce's campaigns and their members: Leads, and Contacts, which converted Leads become.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_campaignmember.htm
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from simple_salesforce.format import quote_soql_value

from connectors.batches import in_batches
from connectors.errors import Conflict, Outcome, Refused, Unavailable
from connectors.lists import CrmList, Member, MemberPage
from connectors.salesforce import fields
from connectors.salesforce.changes import Changes
from connectors.salesforce.errors import error_code, row_error
from connectors.salesforce.wire import Wire
from connectors.values import Malformed, identity, mapping, text

_CAMPAIGN = "SELECT Id, Name FROM Campaign WHERE {} ORDER BY Id LIMIT 10"
_CAMPAIGNS = "SELECT Id, Name FROM Campaign ORDER BY Name LIMIT 1000"
_STATUSES = "SELECT Label FROM CampaignMemberStatus WHERE CampaignId = {} ORDER BY SortOrder"
_MEMBERS = "SELECT Id, LeadId, ContactId, Status FROM CampaignMember WHERE CampaignId = {}"
#: Members of one query: the most that an answer holds at once.
_PAGE = 2000
_BATCH = 200
#: The person's object -> the member's reference to it.
_REFERENCES = {"Lead": "LeadId", "Contact": "ContactId"}
#: It is as it should be: put there, or taken off, by an attempt whose answer was lost, or by others.
_THERE, _GONE = {"DUPLICATE_VALUE"}, {"ENTITY_IS_DELETED", "NOT_FOUND"}


class _Row(NamedTuple):
    id_: str  #: the member's own
    status: str


class Campaigns:
    def __init__(self, wire: Wire, changes: Changes) -> None:
        self._wire, self._changes = wire, changes

    def find(self, *, name: str = "", id_: str = "") -> CrmList:
        """See Lists.find. Campaigns may share a name."""
        wanted = f"Id = {quote_soql_value(id_)}" if id_ else f"Name = {quote_soql_value(name)}"
        found = self._campaigns(_CAMPAIGN.format(wanted))
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(one.external_id for one in found)
            raise Refused(f"several campaigns are called {name!r}; name one by its id: {ids}")
        raise Refused(f"Salesforce has no campaign {id_ or name!r}")

    def all(self) -> list[CrmList]:
        """See Lists.all."""
        return self._campaigns(_CAMPAIGNS)

    def statuses(self, list_id: str) -> list[str]:
        """See Lists.statuses. Each campaign has its own.

        https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_campaignmemberstatus.htm
        """
        soql = _STATUSES.format(quote_soql_value(list_id))
        rows = [row for page, _ in self._changes.rows(soql) for row in page]
        try:
            return [text(row.get("Label")) for row in map(mapping, rows)]
        except Malformed as error:
            raise Unavailable(f"Salesforce's campaign member statuses: {error}") from error

    def members(self, list_id: str, cursor: str) -> Iterator[MemberPage]:
        """See Lists.members; the cursor is a member's Id."""
        while True:
            rows = self._rows(list_id, f" AND Id > {quote_soql_value(cursor)}" if cursor else "")
            cursor = rows[-1][0] if len(rows) == _PAGE else ""
            yield MemberPage(members=[member for _, member in rows], cursor=cursor)
            if not cursor:
                return

    def add(self, list_id: str, lead_ids: Sequence[str], *, status: str = "") -> list[Outcome]:
        """See Lists.add. Whoever is there already keeps the status that they have."""
        given = {"CampaignId": list_id, **({"Status": status} if status else {})}
        return _of_people(lead_ids, partial(self._create, given))

    def mark(
        self, list_id: str, lead_ids: Sequence[str], *, given: Mapping[str, str], status: str
    ) -> list[Outcome]:
        """See Lists.mark."""
        return _of_people(lead_ids, partial(self._mark, list_id, given, status))

    def remove(self, list_id: str, lead_ids: Sequence[str]) -> list[Outcome]:
        """See Lists.remove."""
        return _of_people(lead_ids, partial(self._delete, list_id))

    def _campaigns(self, soql: str) -> list[CrmList]:
        rows = [row for page, _ in self._changes.rows(soql) for row in page]
        try:
            return [
                CrmList(external_id=identity(row.get("Id")), name=text(row.get("Name")))
                for row in map(mapping, rows)
            ]
        except Malformed as error:
            raise Unavailable(f"Salesforce's campaigns: {error}") from error

    def _create(self, given: Mapping[str, str], lead_ids: Sequence[str]) -> list[Outcome]:
        rows = [
            {"attributes": {"type": "CampaignMember"}, _reference(id_): id_, **given}
            for id_ in lead_ids
        ]
        # Nobody is a member twice: the platform says so of each row.
        results = self._wire.collection("POST", rows, repeatable=True)
        return [_outcome(*row, done=_THERE) for row in zip(lead_ids, results, strict=True)]

    def _mark(
        self, list_id: str, given: Mapping[str, str], status: str, lead_ids: Sequence[str]
    ) -> list[Outcome]:
        found = self._on_it(list_id, lead_ids)
        # A person may have given another one since the list was read; ours may be there already.
        there = [
            id_
            for id_ in lead_ids
            if id_ in found and found[id_].status in (given.get(id_), status)
        ]
        attributes = {"attributes": {"type": "CampaignMember"}}
        rows = [{**attributes, "id": found[id_].id_, "Status": status} for id_ in there]
        results = self._wire.collection("PATCH", rows, repeatable=True) if rows else []
        outcomes = {
            id_: _outcome(id_, result, done=set())
            for id_, result in zip(there, results, strict=True)
        }
        why = "is not on this campaign any more, or has got another status there"
        return [outcomes.get(id_) or _stranger(id_, why) for id_ in lead_ids]

    def _delete(self, list_id: str, lead_ids: Sequence[str]) -> list[Outcome]:
        found = self._on_it(list_id, lead_ids)
        there = [id_ for id_ in lead_ids if id_ in found]
        results = self._wire.delete_all([found[id_].id_ for id_ in there]) if there else []
        outcomes = {
            id_: _outcome(id_, result, done=_GONE)
            for id_, result in zip(there, results, strict=True)
        }
        return [outcomes.get(id_, Outcome(external_id=id_)) for id_ in lead_ids]

    def _on_it(self, list_id: str, lead_ids: Sequence[str]) -> dict[str, _Row]:
        """Person -> the member that stands for it."""
        found: dict[str, _Row] = {}
        for reference in _REFERENCES.values():
            mine = [id_ for id_ in lead_ids if _reference(id_) == reference]
            if mine:
                for id_, member in self._rows(
                    list_id, f" AND {reference} IN {quote_soql_value(mine)}"
                ):
                    found[member.external_id] = _Row(id_, member.status)
        return found

    def _rows(self, list_id: str, also: str) -> list[tuple[str, Member]]:
        """Up to a page of members, each with its own id, in the order of these."""
        soql = _MEMBERS.format(quote_soql_value(list_id)) + also + f" ORDER BY Id LIMIT {_PAGE}"
        rows = [row for page, _ in self._changes.rows(soql) for row in page]
        try:
            return [(identity(row.get("Id")), _member(row)) for row in map(mapping, rows)]
        except Malformed as error:
            raise Unavailable(f"Salesforce's campaign members: {error}") from error


def _member(row: Mapping[str, Any]) -> Member:
    """A converted Lead's member names the Lead and the Contact that it became."""
    person = identity(row.get("ContactId") or row.get("LeadId"))
    return Member(external_id=person, status=text(row.get("Status")))


def _of_people(
    lead_ids: Sequence[str], send: Callable[[Sequence[str]], Sequence[Outcome]]
) -> list[Outcome]:
    """In batches; an id that is no Lead's and no Contact's is answered here."""
    people = [id_ for id_ in lead_ids if _reference(id_)]
    done = dict(zip(people, in_batches(people, _BATCH, send), strict=True))
    return [done.get(id_) or _stranger(id_) for id_ in lead_ids]


def _reference(id_: str) -> str:
    return _REFERENCES.get(fields.PREFIXES.get(id_[:3], ""), "")


def _stranger(id_: str, why: str = "is no id of a Salesforce lead") -> Outcome:
    error = Conflict(f"{id_!r} {why}")
    return Outcome(external_id="", error=error)


def _outcome(id_: str, result: Mapping[str, Any], *, done: set[str]) -> Outcome:
    """A row whose error says that all is as it should be is done: an answer was lost before."""
    if result.get("success") is True or error_code(result) in done:
        return Outcome(external_id=id_)
    if result.get("success") is not False:
        return Outcome(external_id="", error=Unavailable("Salesforce's answer skips this row"))
    return Outcome(external_id="", error=row_error(result))
