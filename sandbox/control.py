"""The witness's own door: hand it a moment, and ask it what it received."""

import json
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox.bookings import Bookings
from sandbox.faults import BadFault, Fault, Faults
from sandbox.hands import Hands
from sandbox.hubspot.webhooks import Webhooks
from sandbox.mail.post import readable
from sandbox.names import ONE_CLOCK
from sandbox.parties import Person
from sandbox.phone import Phone
from sandbox.world import World


def application(
    world: World, people: dict[str, dict[int, str]], faults: Faults, bookings: Bookings
) -> web.Application:
    """`people` is CRM -> person id -> the id of the record that stands for that person."""
    control = _Control(world, people)
    doors = _Faults(faults)
    hands = Hands(world)
    app = web.Application(client_max_size=64 * 2**20)
    app.add_routes(
        [
            web.post("/moment", control.moment),
            web.get("/state", control.state),
            web.get("/journal", control.journal),
            web.get("/people", control.people),
            web.get("/records", control.records),
            web.get("/history", control.history),
            web.get("/engagements", control.engagements),
            web.get("/calls", control.calls),
            web.get("/faults", doors.told),
            web.post("/faults", doors.switch_on),
            web.delete("/faults", doors.forget),
            web.post("/hands", hands.act),
            web.post("/calls", Phone(world, bookings).call),
            web.post("/moves", control.moves),
            web.post("/webhooks", Webhooks(world).storm),
        ]
    )
    return app


class _Faults:
    """Switches: POST a fault as JSON, GET what was met, DELETE to have everything work again."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    async def told(self, _request: web.Request) -> web.Response:
        return web.json_response(self.faults.told())

    async def switch_on(self, request: web.Request) -> web.Response:
        try:
            self.faults.on.append(Fault.parse(await request.json()))
        except (BadFault, json.JSONDecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(self.faults.told())

    async def forget(self, _request: web.Request) -> web.Response:
        self.faults.forget()
        return web.json_response(self.faults.told())


class _Control:
    def __init__(self, world: World, people: dict[str, dict[int, str]]) -> None:
        self.world = world
        self.record_of = people
        self.edits = 0
        for store in world.stores.values():
            store.on_change.append(self._count_edit)

    async def moment(self, request: web.Request) -> web.Response:
        """Advance to {"now": ISO}; what happens until then happens before the answer."""
        self.world.heard()
        try:
            now = datetime.fromisoformat((await request.json())["now"])
            before = dict(self.world.delivered)
            edits = self.edits
            await self.world.advance(now)
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            return web.json_response({"error": f"an ISO moment is needed: {error}"}, status=400)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=409)
        delivered = {
            address: count - before.get(address, 0)
            for address, count in self.world.delivered.items()
            if count > before.get(address, 0)
        }
        return web.json_response(
            {**self._now(), "delivered": delivered, "crm_edits": self.edits - edits}
        )

    async def moves(self, request: web.Request) -> web.Response:
        """[{"email", "to"}, ...]: whom reps move to which stage in the team's own program."""
        self.world.heard()
        told = [
            self.world.journal.append("lead.moved", email=readable(one["email"]), to=one["to"])
            for one in await request.json()
        ]
        return web.json_response(len(told))

    async def state(self, _request: web.Request) -> web.Response:
        self.world.heard()
        return web.json_response(self._now())

    async def journal(self, request: web.Request) -> web.Response:
        """Entries of a kind (a prefix) behind `after`, oldest first."""
        kind, after = request.query.get("kind", ""), int(request.query.get("after", "0"))
        return web.json_response(list(self.world.journal.entries(kind, after=after)))

    async def people(self, _request: web.Request) -> web.Response:
        told = []
        for person in self.world.company.people:
            kind = {"hubspot": "contacts"}.get(
                person.crm, "Lead" if person.kind == "lead" else "Contact"
            )
            told.append(
                {
                    "id": person.id,
                    "email": person.email,
                    "crm": person.crm,
                    "object": kind,
                    "record": self.record_of[person.crm][person.id],
                    "persona": person.persona,
                    "timezone": person.timezone or self._clock_of(person),
                }
            )
        return web.json_response(told)

    def _clock_of(self, person: Person) -> str:
        """What the person's country tells of the time there, else the company's."""
        accounts = {account.id: account for account in self.world.company.accounts}
        account = accounts.get(person.account_id or 0)
        of_account = ONE_CLOCK.get(account.country, "") if account else ""
        return ONE_CLOCK.get(person.country, of_account)

    async def records(self, request: web.Request) -> web.Response:
        """Living records of one object: {"id", "values", "linked": {object: [ids]}}."""
        store = self.world.stores[request.query["crm"]]
        kind = request.query["object"]
        wanted = request.query.getall("linked", [])
        return web.json_response(
            [
                {
                    "id": record.id,
                    "values": record.values,
                    "linked": {
                        other: sorted(store.linked((kind, record.id), other)) for other in wanted
                    },
                }
                for record in store.tables[kind].records.values()
                if not record.archived
            ]
        )

    async def history(self, request: web.Request) -> web.Response:
        """Every value that a field of one object ever got, with when and by whom."""
        store = self.world.stores[request.query["crm"]]
        kind, name = request.query["object"], request.query["field"]
        return web.json_response(
            [
                {
                    "id": entry.id,
                    "value": entry.value,
                    "at": entry.at.isoformat(),
                    "by": entry.by,
                    "journal": entry.journal,
                }
                for entry in store.history
                if entry.object == kind and entry.field == name
            ]
        )

    async def engagements(self, _request: web.Request) -> web.Response:
        """Emails that were logged: Message-ID and the records that they are on."""
        return web.json_response([*self._hubspot_emails(), *self._salesforce_tasks()])

    async def calls(self, _request: web.Request) -> web.Response:
        return web.json_response({crm: dict(counts) for crm, counts in self.world.calls.items()})

    def _hubspot_emails(self) -> list[dict[str, Any]]:
        store = self.world.stores["hubspot"]
        return [
            {
                "crm": "hubspot",
                "id": record.id,
                "message_id": record.values.get("hs_email_message_id") or "",
                "people": sorted(store.linked(("emails", record.id), "contacts")),
            }
            for record in store.tables["emails"].records.values()
            if not record.archived and record.values.get("hs_email_direction") == "EMAIL"
        ]

    def _salesforce_tasks(self) -> list[dict[str, Any]]:
        store = self.world.stores["salesforce"]
        told = []
        for record in store.tables["Task"].records.values():
            if record.archived or record.values.get("TaskSubtype") != "Email":
                continue
            lines = str(record.values.get("Description") or "").splitlines()
            marked = [line for line in lines if line.startswith("Message-ID: ")]
            told.append(
                {
                    "crm": "salesforce",
                    "id": record.id,
                    "message_id": marked[-1].removeprefix("Message-ID: ").strip() if marked else "",
                    "people": [record.values["WhoId"]] if record.values.get("WhoId") else [],
                }
            )
        return told

    def _now(self) -> dict[str, Any]:
        next_due = self.world.agenda.next_due
        return {
            "now": self.world.moment.isoformat(),
            "next_due": next_due.isoformat() if next_due else None,
        }

    def _count_edit(self, _kind: str, _id: str, _changed: Any, by: str) -> None:
        self.edits += by == "person"
