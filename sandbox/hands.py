"""What people do in their CRM by hand: create, edit, delete, merge, convert.

POST /hands takes one act, or a list of acts, each {"do": ..., "crm": ..., "object": ...}.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox import reps
from sandbox.hubspot import associations
from sandbox.hubspot.schema import PROPERTIES
from sandbox.salesforce.schema import FIELDS
from sandbox.store import Record, Store
from sandbox.world import World

Act = Mapping[str, Any]


class Hands:
    def __init__(self, world: World) -> None:
        self.world = world
        self._acts: Mapping[str, Callable[[Store, Act], Sequence[str]]] = {
            "create": self._create,
            "edit": self._edit,
            "delete": self._delete,
            "merge": self._merge,
            "convert": self._convert,
            "link": self._link,
            "drop": self._drop,
            "lose": self._lose,
        }

    async def act(self, request: web.Request) -> web.Response:
        """Ids of what was made or touched, act by act; 400 with what is wrong."""
        self.world.heard()
        try:
            given = await request.json()
            acts = given if isinstance(given, list) else [given]
            done = [self._acts[act["do"]](self.world.stores[act["crm"]], act) for act in acts]
        except (KeyError, TypeError, ValueError, json.JSONDecodeError) as error:
            return web.json_response({"error": repr(error)}, status=400)
        return web.json_response([list(ids) for ids in done])

    def _create(self, store: Store, act: Act) -> Sequence[str]:
        """{"rows": [values, ...], "at": ISO or none}: as if entered at that moment."""
        at = datetime.fromisoformat(act["at"]) if act.get("at") else None
        kind = act["object"]
        made = [store.create(kind, row, by="person", at=at).id for row in act["rows"]]
        if kind == "OpportunityContactRole":
            for id_, row in zip(made, act["rows"], strict=True):
                store.link(("Opportunity", row["OpportunityId"]), (kind, id_), [1])
        return made

    def _edit(self, store: Store, act: Act) -> Sequence[str]:
        """{"ids": [...], "values": {...}, "at": ISO or none, "user": an owner or none, "by": how}."""
        at = datetime.fromisoformat(act["at"]) if act.get("at") else None
        how = {"by": act.get("by", "person"), "user": act.get("user", ""), "at": at}
        for id_ in act["ids"]:
            store.edit(act["object"], id_, act["values"], **how)
        return list(act["ids"])

    def _delete(self, store: Store, act: Act) -> Sequence[str]:
        for id_ in act["ids"]:
            self._archive(store, act["object"], id_)
        return list(act["ids"])

    def _merge(self, store: Store, act: Act) -> Sequence[str]:
        """{"ids": [kept, merged away, ...]}: HubSpot makes a new id, Salesforce keeps the first."""
        kind, ids = act["object"], list(act["ids"])
        kept = store.tables[kind].records[ids[0]]
        if store.crm == "salesforce":
            for id_ in ids[1:]:
                self._archive(store, kind, id_)
                store.tables[kind].records[id_].values["MasterRecordId"] = kept.id
            store.edit(kind, kept.id, {"Title": f"{kept.values.get('Title') or ''} "}, by="person")
            return [kept.id]
        merged = [
            *_merged_ids(kept),
            *(i for id_ in ids[1:] for i in self._chain(store, kind, id_)),
        ]
        values = {n: v for n, v in kept.values.items() if n not in {"hs_object_id", "createdate"}}
        values |= {"hs_merged_object_ids": ";".join([*merged, kept.id])}
        for id_ in ids:
            self._archive(store, kind, id_)
        made = store.create(kind, values, by="person")
        for other in store.tables:
            for linked, numbers in dict(store.linked((kind, kept.id), other)).items():
                associations.associate(store, (kind, made.id), (other, linked), sorted(numbers))
        return [made.id]

    def _chain(self, store: Store, kind: str, id_: str) -> list[str]:
        return [*_merged_ids(store.tables[kind].records[id_]), id_]

    def _convert(self, store: Store, act: Act) -> Sequence[str]:
        """{"ids": [lead]}: a Contact with the Lead's values, and the Lead points to it."""
        lead = store.tables["Lead"].records[act["ids"][0]]
        names = "FirstName LastName Email Title Phone HasOptedOutOfEmail OwnerId".split()
        values = {
            name: lead.values.get(name) for name in names if lead.values.get(name) is not None
        }
        contact = store.create("Contact", values, by="person")
        for id_, row in store.tables["CampaignMember"].records.items():
            if row.values.get("LeadId") == lead.id and not row.archived:
                store.edit("CampaignMember", id_, {"ContactId": contact.id}, by="person")
        store.edit(
            "Lead", lead.id, {"IsConverted": True, "ConvertedContactId": contact.id}, by="person"
        )
        return [contact.id]

    def _link(self, store: Store, act: Act) -> Sequence[str]:
        """HubSpot alone: {"object", "ids": [one], "to": [object, id]}."""
        other = (act["to"][0], act["to"][1])
        number = associations.TYPES[act["object"], other[0]]
        associations.associate(store, (act["object"], act["ids"][0]), other, [number])
        return list(act["ids"])

    def _drop(self, store: Store, act: Act) -> Sequence[str]:
        """{"field": name}: an admin removes a field from the object, for good."""
        schema: dict[str, Any] = (
            FIELDS[act["object"]] if store.crm == "salesforce" else PROPERTIES[act["object"]]
        )
        del schema[act["field"]]
        return [act["field"]]

    def _lose(self, store: Store, act: Act) -> Sequence[str]:
        """{"ids": [deals], "reason": why}."""
        for id_ in act["ids"]:
            reps.lose(store, id_, act["reason"])
        return list(act["ids"])

    def _archive(self, store: Store, kind: str, id_: str) -> None:
        store.archive(kind, id_, by="person")
        if store.crm == "salesforce":
            store.tables[kind].records[id_].values["IsDeleted"] = True


def _merged_ids(record: Record) -> list[str]:
    return [id_ for id_ in str(record.values.get("hs_merged_object_ids") or "").split(";") if id_]
