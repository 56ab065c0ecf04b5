"""Lists of contacts and who is on them, as the account answers for them.

https://developers.hubspot.com/docs/api-reference/crm-lists-v3/guide
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from aiohttp import web

from sandbox.hubspot.errors import invalid, invalid_json, not_found
from sandbox.hubspot.schema import LISTS, MEMBERS, OBJECT_TYPES
from sandbox.hubspot.stamps import iso
from sandbox.store import Record, Store

#: The most that a page of members holds.
_PAGE = 250
#: And of a page of lists.
_MOST_LISTS = 500
_BY_HAND = ("MANUAL", "SNAPSHOT")


class Lists:
    def __init__(self, store: Store) -> None:
        self.store = store

    def routes(self) -> Sequence[web.RouteDef]:
        one = "/crm/v3/lists/{list}"
        return [
            web.get("/crm/v3/lists/object-type-id/{type}/name/{name}", self.by_name),
            web.post("/crm/v3/lists/search", self.search),
            web.get(one, self.by_id),
            web.get(f"{one}/memberships", self.members),
            web.put(f"{one}/memberships/add", self.add),
            web.put(f"{one}/memberships/remove", self.remove),
        ]

    async def by_name(self, request: web.Request) -> web.Response:
        asked = request.match_info
        for id_ in self.store.find(LISTS, "name", asked["name"]):
            if asked["type"] == OBJECT_TYPES["contacts"]:
                return web.json_response(
                    {"list": self._told(self.store.tables[LISTS].records[id_])}
                )
        raise not_found(f"No list exists with name {asked['name']}")

    async def by_id(self, request: web.Request) -> web.Response:
        return web.json_response({"list": self._told(self._list(request))})

    async def search(self, request: web.Request) -> web.Response:
        """All whose name has the words of `query`, in the order of their ids."""
        try:
            asked = json.loads(await request.read())
        except (ValueError, RecursionError) as error:
            raise invalid_json(str(error)) from None
        offset, count = int(asked.get("offset", 0)), int(asked.get("count", 20))
        if not 0 < count <= _MOST_LISTS:
            raise invalid(f"Invalid count {count}: it must be between 1 and {_MOST_LISTS}")
        rows = self.store.tables[LISTS].records.values()
        query = str(asked.get("query", "")).casefold()
        living = [
            row for row in rows if not row.archived and query in row.values["name"].casefold()
        ]
        found = sorted(living, key=lambda row: int(row.id))
        page = found[offset : offset + count]
        more = offset + count < len(found)
        told = {"lists": list(map(self._told, page)), "hasMore": more, "offset": offset + len(page)}
        return web.json_response({**told, "total": len(found)})

    async def members(self, request: web.Request) -> web.Response:
        """In the order of their ids, behind `after`."""
        limit, after = request.query.get("limit", "100"), request.query.get("after", "")
        if not limit.isdecimal() or not 0 < int(limit) <= _PAGE:
            raise invalid(f"Invalid limit {limit}: it must be between 1 and {_PAGE}")
        living = sorted(self._living(self._list(request)), key=_record_id)
        found = [row for row in living if _record_id(row) > after]
        page = found[: int(limit)]
        answer: dict[str, Any] = {
            "total": len(living),
            "results": [
                {"recordId": _record_id(row), "membershipTimestamp": iso(row.created_at)}
                for row in page
            ],
        }
        if len(found) > len(page):
            answer["paging"] = {"next": {"after": _record_id(page[-1]), "link": str(request.url)}}
        return web.json_response(answer)

    async def add(self, request: web.Request) -> web.Response:
        found, ids = await self._written(request)
        on_it = {_record_id(row) for row in self._living(found)}
        fresh = [id_ for id_ in ids if id_ not in on_it and self._contact(id_)]
        for id_ in fresh:
            self.store.create(MEMBERS, {"listId": found.id, "recordId": id_})
        return web.json_response(self._done(ids, added=fresh))

    async def remove(self, request: web.Request) -> web.Response:
        found, ids = await self._written(request)
        gone = [row for row in self._living(found) if _record_id(row) in ids]
        for row in gone:
            self.store.archive(MEMBERS, row.id)
        return web.json_response(self._done(ids, removed=list(map(_record_id, gone))))

    async def _written(self, request: web.Request) -> tuple[Record, list[str]]:
        found = self._list(request)
        try:
            ids = json.loads(await request.read())
        except (ValueError, RecursionError) as error:
            raise invalid_json(str(error)) from None
        if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
            raise invalid_json("a list of ids is needed")
        if found.values["processingType"] not in _BY_HAND:
            raise invalid(f"List {found.id} is active: who is on it cannot be set")
        return found, list(dict.fromkeys(ids))

    def _done(
        self, ids: Sequence[str], *, added: Sequence[str] = (), removed: Sequence[str] = ()
    ) -> dict[str, Any]:
        return {
            "recordsIdsAdded": list(added),
            "recordIdsRemoved": list(removed),
            "recordIdsMissing": [id_ for id_ in ids if not self._contact(id_)],
        }

    def _list(self, request: web.Request) -> Record:
        key = request.match_info["list"]
        found = self.store.get(LISTS, key)
        if found is None or found.archived:
            raise not_found(f"List does not exist with ID {key}")
        return found

    def _living(self, found: Record) -> Iterator[Record]:
        rows = self.store.tables[MEMBERS].records
        for id_ in self.store.find(MEMBERS, "listId", found.id):
            if self._contact(_record_id(rows[id_])):
                yield rows[id_]

    def _contact(self, id_: str) -> bool:
        record = self.store.get("contacts", id_)
        return record is not None and not record.archived

    def _told(self, record: Record) -> dict[str, Any]:
        return {
            "listId": record.id,
            "listVersion": 1,
            "name": record.values["name"],
            "objectTypeId": OBJECT_TYPES["contacts"],
            "processingStatus": "COMPLETE",
            "processingType": record.values["processingType"],
            "createdAt": iso(record.created_at),
            "updatedAt": iso(record.modified_at),
        }


def _record_id(row: Record) -> str:
    return str(row.values["recordId"])
