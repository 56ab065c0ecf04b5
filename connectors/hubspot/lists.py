"""HubSpot's lists, which it calls segments today, and the contacts on them.

https://developers.hubspot.com/docs/api-reference/crm-lists-v3/guide
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.batches import in_batches
from connectors.errors import Conflict, Outcome, Refused, Unavailable
from connectors.hubspot.wire import Wire
from connectors.lists import CrmList, Member, MemberPage
from connectors.values import Malformed, identity, mapping, sequence, text
from connectors.vendor_text import shown

_CONTACTS = "0-1"
#: The most that a page holds; a write has no limit that is told, and takes as many.
_PAGE = 250
#: So many lists of all kinds are looked through for a person to choose from.
_MOST = 1000
#: Whose members HubSpot itself finds, by filters.
_ACTIVE = "DYNAMIC"


class HubSpotLists:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def find(self, *, name: str = "", id_: str = "") -> CrmList:
        """See Lists.find. Names are unique in an account."""
        if "/" in name:  # no path can hold it
            raise Refused(f'HubSpot finds no list by a name with "/", {name!r}: name it by its id')
        path = id_ or f"object-type-id/{_CONTACTS}/name/{name}"
        answer = self._wire.get(f"/crm/v3/lists/{path}")
        try:
            found = mapping(answer.get("list"))
            if found.get("objectTypeId") != _CONTACTS:
                raise Refused(
                    f"HubSpot's list {shown(text(found.get('name')))} is none of contacts"
                )
            return _list(found)
        except Malformed as error:
            raise Unavailable(f"HubSpot's list: {error}") from error

    def all(self) -> list[CrmList]:
        """See Lists.all.

        https://developers.hubspot.com/docs/api-reference/legacy/crm/lists/search-lists
        """
        found: list[CrmList] = []
        for offset in range(0, _MOST, _PAGE):
            asked = {"query": "", "count": _PAGE, "offset": offset}
            answer = self._wire.post("/crm/v3/lists/search", asked, repeatable=True)
            try:
                rows = [mapping(row) for row in sequence(answer.get("lists"))]
                found += [_list(row) for row in rows if row.get("objectTypeId") == _CONTACTS]
            except Malformed as error:
                raise Unavailable(f"HubSpot's lists: {error}") from error
            if answer.get("hasMore") is not True:
                break
        return found

    def statuses(self, list_id: str) -> None:
        """See Lists.statuses."""

    def members(self, list_id: str, cursor: str) -> Iterator[MemberPage]:
        """See Lists.members."""
        while True:
            query = {"limit": str(_PAGE), **({"after": cursor} if cursor else {})}
            answer = self._wire.get(f"/crm/v3/lists/{list_id}/memberships", query)
            page = _page(answer)
            if page.cursor and page.cursor == cursor:
                raise Unavailable("HubSpot's list: the same page comes again")
            yield page
            cursor = page.cursor
            if not cursor:
                return

    def add(
        self,
        list_id: str,
        lead_ids: Sequence[str],
        *,
        status: str = "",  # noqa: ARG002 - its members have none
    ) -> list[Outcome]:
        """See Lists.add."""
        return in_batches(lead_ids, _PAGE, lambda batch: self._write("add", list_id, batch))

    def mark(
        self,
        list_id: str,  # noqa: ARG002 - the protocol's
        lead_ids: Sequence[str],
        *,
        given: Mapping[str, str],  # noqa: ARG002 - likewise
        status: str,  # noqa: ARG002 - likewise
    ) -> list[Outcome]:
        """See Lists.mark."""
        error = Refused("on a list of HubSpot nobody has a status")
        return [Outcome(external_id="", error=error)] * len(lead_ids)

    def remove(self, list_id: str, lead_ids: Sequence[str]) -> list[Outcome]:
        """See Lists.remove."""
        return in_batches(lead_ids, _PAGE, lambda batch: self._write("remove", list_id, batch))

    def _write(self, verb: str, list_id: str, lead_ids: Sequence[str]) -> list[Outcome]:
        """Who is missing is told apart; what is refused is refused for the list, not for a person."""
        try:
            answer = self._wire.put(f"/crm/v3/lists/{list_id}/memberships/{verb}", list(lead_ids))
        except Refused as error:
            return [Outcome(external_id="", error=error)] * len(lead_ids)
        try:
            missing = {identity(id_) for id_ in sequence(answer.get("recordIdsMissing") or [])}
        except Malformed as error:
            raise Unavailable(f"HubSpot's list: {error}") from error
        return [_outcome(id_, missing) for id_ in lead_ids]


def _list(found: Mapping[str, Any]) -> CrmList:
    active = found.get("processingType") == _ACTIVE
    reason = "it is an active list, whose members HubSpot finds itself" if active else ""
    name, id_ = text(found.get("name")), identity(found.get("listId"))
    return CrmList(external_id=id_, name=name, read_only=reason)


def _page(answer: Mapping[str, Any]) -> MemberPage:
    try:
        rows = [mapping(row) for row in sequence(answer.get("results"))]
        ids = [identity(row.get("recordId")) for row in rows]
        following = mapping(mapping(answer.get("paging") or {}).get("next") or {})
        cursor = text(following.get("after"))
    except Malformed as error:
        raise Unavailable(f"HubSpot's list: {error}") from error
    return MemberPage(members=[Member(external_id=id_) for id_ in ids], cursor=cursor)


def _outcome(id_: str, missing: set[str]) -> Outcome:
    if id_ not in missing:
        return Outcome(external_id=id_)
    gone = Conflict(f"HubSpot has no contact {id_}: it was merged or deleted")
    return Outcome(external_id="", error=gone)
