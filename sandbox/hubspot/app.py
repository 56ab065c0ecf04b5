"""The HubSpot account over HTTP: which path is answered by what."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.faults import Faults
from sandbox.hubspot import associations, render
from sandbox.hubspot.batch import Batch, completed, inputs_of, names_of
from sandbox.hubspot.errors import HubSpotError, invalid, invalid_json, not_found, unauthenticated
from sandbox.hubspot.lists import Lists
from sandbox.hubspot.oauth import OAuth
from sandbox.hubspot.records import Records
from sandbox.hubspot.schema import LIFECYCLE_STAGES, OBJECT_TYPES, PIPELINE, PROPERTIES, STAGES
from sandbox.hubspot.search import search
from sandbox.hubspot.seed import owner_id, user_id
from sandbox.hubspot.stamps import iso
from sandbox.store import Record
from sandbox.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_PAGE = 100
_WRITES = {"POST", "PATCH", "PUT", "DELETE"}
_READING = ("/search", "/batch/read")


def application(world: World, faults: Faults) -> web.Application:
    account = _Account(world, faults)
    oauth = OAuth(world)
    app = web.Application(
        middlewares=[_middleware(world, faults, oauth)], client_max_size=20 * 2**20
    )
    objects = "/crm/v3/objects/{object}"
    app.add_routes(
        [
            *Lists(account.store).routes(),
            web.post("/oauth/v3/token", oauth.token),
            web.get("/account-info/v3/details", account.details),
            web.get("/crm/v3/owners", account.owners),
            web.get("/crm/v3/owners/", account.owners),
            web.get("/crm/v3/pipelines/deals", account.pipelines),
            web.get("/crm/v3/properties/{object}", account.properties),
            web.get("/crm/v3/properties/{object}/{name}", account.property),
            web.post(f"{objects}/search", account.search),
            web.post(f"{objects}/batch/{{verb}}", account.batch),
            web.get(objects, account.list),
            web.post(objects, account.create),
            web.get(f"{objects}/{{id}}", account.get),
            web.patch(f"{objects}/{{id}}", account.change),
            web.delete(f"{objects}/{{id}}", account.archive),
            web.post(
                "/communication-preferences/v4/statuses/batch/unsubscribe-all",
                account.unsubscribe_all,
            ),
            web.post("/crm/v4/associations/{from}/{to}/batch/read", account.associated),
            web.post("/crm/v4/associations/{from}/{to}/batch/create", account.associate),
        ]
    )
    return app


class _Account:
    def __init__(self, world: World, faults: Faults) -> None:
        self.world, self.faults = world, faults
        self.store = world.stores["hubspot"]
        self.reps = {owner_id(rep.id): rep for rep in world.company.reps}
        self.records = Records(self.store, self.reps)
        self._batch = Batch(self.records, self.now)

    def now(self) -> str:
        return iso(self.world.moment)

    async def details(self, _request: web.Request) -> web.Response:
        return web.json_response({"portalId": 7_000_007, "accountType": "DEVELOPER_TEST"})

    async def owners(self, request: web.Request) -> web.Response:
        archived = request.query.get("archived") == "true"
        told = [
            {
                "id": id_,
                "type": "PERSON",
                "email": rep.email,
                "firstName": rep.name.split(" ")[0],
                "lastName": rep.name.partition(" ")[2],
                "userId": user_id(id_),
                "createdAt": iso(self.world.start),
                "updatedAt": iso(self.world.start),
                "archived": False,
            }
            for id_, rep in self.reps.items()
        ]
        return web.json_response({"results": [] if archived else told})

    async def pipelines(self, _request: web.Request) -> web.Response:
        stages = [
            {
                "id": id_,
                "label": label,
                "displayOrder": order,
                "archived": False,
                "createdAt": iso(self.world.start),
                "updatedAt": iso(self.world.start),
                "metadata": {"isClosed": str(closed).lower(), "probability": probability},
            }
            for order, (id_, label, probability, closed) in enumerate(STAGES)
        ]
        pipeline = {
            "id": PIPELINE,
            "label": "Sales Pipeline",
            "displayOrder": 0,
            "archived": False,
            "createdAt": iso(self.world.start),
            "updatedAt": iso(self.world.start),
            "stages": stages,
        }
        return web.json_response({"results": [pipeline]})

    async def properties(self, request: web.Request) -> web.Response:
        kind = _kind(request)
        return web.json_response({"results": [_property(kind, name) for name in PROPERTIES[kind]]})

    async def property(self, request: web.Request) -> web.Response:
        kind, name = _kind(request), request.match_info["name"]
        if name not in PROPERTIES[kind]:
            raise not_found(f"Property {name} of {kind} does not exist")
        return web.json_response(_property(kind, name))

    async def search(self, request: web.Request) -> web.Response:
        kind, body = _kind(request), await _body(request)
        total, found, after = search(
            self.store, kind, body, lambda record: self.faults.knows("hubspot", record)
        )
        table = self.store.tables[kind]
        strangers = [table.records[id_] for id_ in table.by_id[:2]]
        total, found = self.faults.searched(request, total, found, strangers)
        names = names_of(body.get("properties"))
        answer: dict[str, Any] = {
            "total": total,
            "results": [render.told(record, names) for record in found],
        }
        if after:
            answer["paging"] = {"next": {"after": after}}
        return web.json_response(answer)

    async def batch(self, request: web.Request) -> web.Response:
        kind, verb, body = _kind(request), request.match_info["verb"], await _body(request)
        archived = request.query.get("archived") == "true"
        match verb:
            case "read":
                return self._batch.read(kind, body, archived=archived)
            case "create":
                return self._batch.create(kind, body)
            case "update":
                return self._batch.update(kind, body)
            case "upsert":
                return self._batch.upsert(kind, body)
            case "archive":
                return self._batch.archive(kind, body)
        raise not_found()

    async def list(self, request: web.Request) -> web.Response:
        kind = _kind(request)
        limit = _limit(request.query.get("limit", "10"))
        archived = request.query.get("archived") == "true"
        table = self.store.tables[kind]
        found: list[Record] = []
        after = ""
        for id_ in table.ids_from(request.query.get("after", "")):
            record = table.records[id_]
            if record.archived is not archived:
                continue
            if len(found) == limit:
                after = id_
                break
            found.append(record)
        answer: dict[str, Any] = {"results": [self._shown(request, record) for record in found]}
        if after:
            answer["paging"] = {"next": {"after": after, "link": str(request.url)}}
        return web.json_response(answer)

    async def create(self, request: web.Request) -> web.Response:
        kind, body = _kind(request), await _body(request)
        values, links = self.records.check_new(kind, body)
        record = self.records.create(kind, values, links)
        return web.json_response(render.told(record, list(values)), status=201)

    async def get(self, request: web.Request) -> web.Response:
        record = self._living(request)
        return web.json_response(self._shown(request, record))

    async def change(self, request: web.Request) -> web.Response:
        body = await _body(request)
        record = self._living(request)
        checked = self.records.check_change(record, body.get("properties"))
        self.records.change(record, checked)
        return web.json_response(render.told(record, list(checked)))

    async def archive(self, request: web.Request) -> web.Response:
        self.store.archive(_kind(request), request.match_info["id"])
        return web.Response(status=204)

    async def unsubscribe_all(self, request: web.Request) -> web.Response:
        """https://developers.hubspot.com/docs/api-reference/communication-preferences-subscriptions-v4"""
        if request.query.get("channel") != "EMAIL":
            raise invalid("channel: EMAIL is the only one")
        emails = (await _body(request)).get("inputs")
        if not isinstance(emails, list) or not all(isinstance(one, str) for one in emails):
            raise invalid("inputs: a list of email addresses is needed")
        for email in emails:
            for id_ in self.store.find("contacts", "email", email):
                self.store.edit("contacts", id_, {"hs_email_optout": "true"}, by="api")
        told = [{"subscriberIdString": email, "statuses": []} for email in emails]
        return web.json_response(completed(told, self.now()))

    async def associated(self, request: web.Request) -> web.Response:
        start, end = _pair(request)
        results = []
        for each in inputs_of(await _body(request), limit=1000):
            key = str(each.get("id", ""))
            linked = render.living_links(self.store, (start, key), end)
            if linked:
                to = [
                    {"toObjectId": id_, "associationTypes": associations.told(numbers)}
                    for id_, numbers in linked
                ]
                results.append({"from": {"id": key}, "to": to})
        return web.json_response(completed(results, self.now()))

    async def associate(self, request: web.Request) -> web.Response:
        start, end = _pair(request)
        checked = []
        for each in inputs_of(await _body(request), limit=2000):
            ids = [str((each.get(side) or {}).get("id", "")) for side in ("from", "to")]
            numbers = associations.numbers_of(each.get("types"), (start, end))
            for kind, key in zip((start, end), ids, strict=True):
                if self.records.living(kind, key) is None:
                    raise not_found(f"{kind} {key} does not exist")
            checked.append((ids, numbers))
        for (one, other), numbers in checked:
            associations.associate(self.store, (start, one), (end, other), numbers)
        return web.json_response(completed([], self.now()), status=201)

    def _living(self, request: web.Request) -> Record:
        record = self.records.living(
            _kind(request), request.match_info["id"], request.query.get("idProperty", "")
        )
        if record is None:
            raise not_found()
        return record

    def _shown(self, request: web.Request, record: Record) -> dict[str, Any]:
        names = _listed(request, "properties")
        others = [associations.object_name(text) for text in _listed(request, "associations")]
        return render.with_associations(
            render.told(record, names), self.store, record, [other for other in others if other]
        )


def _middleware(world: World, faults: Faults, oauth: OAuth) -> Any:
    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        world.heard()
        route = request.match_info.route.resource
        path = route.canonical if route else request.path
        world.calls["hubspot"][f"{request.method} {path}"] += 1
        response = await faults.before("hubspot", request)
        if response is None:
            response = await _answered(world, oauth, request, handler)
            response = await faults.after("hubspot", request, response)
        response.headers["X-Cadenza-Sandbox"] = "1"
        return response

    return answer


async def _answered(
    world: World, oauth: OAuth, request: web.Request, handler: Handler
) -> web.StreamResponse:
    try:
        if request.path == "/oauth/v3/token":
            return await handler(request)
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if bearer != world.keys.hubspot_token and not oauth.is_good(bearer):
            raise unauthenticated()
        if request.method in _WRITES and not request.path.endswith(_READING):
            body = (await request.read()).decode("utf-8", "replace")
            world.journal.append(
                "hubspot.write", route=f"{request.method} {request.path}", body=body
            )
        return await handler(request)
    except HubSpotError as error:
        return error.response()
    except web.HTTPException as error:
        return HubSpotError(error.status, error.reason).response()


def _kind(request: web.Request) -> str:
    kind = associations.object_name(request.match_info["object"])
    if kind is None:
        valid = ", ".join(OBJECT_TYPES)
        raise invalid(f"Unable to infer object type from: {request.match_info['object']} ({valid})")
    return kind


def _pair(request: web.Request) -> tuple[str, str]:
    start = associations.object_name(request.match_info["from"])
    end = associations.object_name(request.match_info["to"])
    if start is None or end is None or (start, end) not in associations.TYPES:
        raise invalid("no such association")
    return start, end


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise invalid_json(str(error)) from None
    if not isinstance(body, dict):
        raise invalid_json("an object is needed")
    return body


def _limit(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _PAGE:
        raise invalid(f"Invalid limit {text}: it must be between 1 and {_PAGE}")
    return int(text)


def _listed(request: web.Request, name: str) -> list[str]:
    return [part for given in request.query.getall(name, []) for part in given.split(",") if part]


_FIELD_TYPES = {
    "enumeration": "select", "bool": "booleancheckbox", "number": "number", "date": "date"
}  # fmt: skip


def _property(kind: str, name: str) -> dict[str, Any]:
    schema = PROPERTIES[kind][name]
    options = LIFECYCLE_STAGES if name == "lifecyclestage" else schema.options
    return {
        "name": name,
        "label": schema.label or name,
        "type": schema.type,
        "description": "",
        "fieldType": "checkbox" if schema.multiple else _FIELD_TYPES.get(schema.type, "text"),
        "groupName": "information",
        "options": [
            {
                "value": value,
                "label": label,
                "displayOrder": order,
                "hidden": False,
                "description": "",
            }
            for order, (value, label) in enumerate(options)
        ],
        "calculated": schema.calculated,
        "hasUniqueValue": schema.unique,
        "modificationMetadata": {
            "archivable": False,
            "readOnlyDefinition": True,
            "readOnlyValue": schema.calculated,
        },
    }
