"""HubSpot's webhooks, as a storm of them comes: repeated, out of order, many at once.

https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide
"""

import asyncio
import base64
import hmac
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from sandbox.world import World

#: Events of one request.
_EVENTS = 100
_SINGULAR = {"contacts": "contact", "companies": "company", "deals": "deal"}


class Webhooks:
    def __init__(self, world: World) -> None:
        self.world = world

    async def storm(self, request: web.Request) -> web.Response:
        """Tell {"url", "secret"} of every record of {"object"}, {"times"} over, {"at_once"} requests.

        A tenth of the requests comes twice. The statuses that came back, each with its count.
        """
        asked = await request.json()
        events = self._events(asked["object"], int(asked["times"]))
        mixer = random.Random(self.world.seed)  # noqa: S311 - a storm that can be had again
        mixer.shuffle(events)
        bodies = [
            json.dumps(events[start : start + _EVENTS]).encode()
            for start in range(0, len(events), _EVENTS)
        ]
        bodies += mixer.sample(bodies, len(bodies) // 10)
        return web.json_response(await self._send(asked, bodies))

    def _events(self, object_: str, times: int) -> list[Mapping[str, Any]]:
        at = int(self.world.moment.timestamp() * 1000)
        return [
            {
                "eventId": number,
                "subscriptionType": f"{_SINGULAR[object_]}.propertyChange",
                "objectId": int(id_),
                "occurredAt": at,
                "attemptNumber": 0,
            }
            for number in range(times)
            for id_ in self.world.stores["hubspot"].tables[object_].records
        ]

    async def _send(self, asked: Mapping[str, Any], bodies: Sequence[bytes]) -> Mapping[str, int]:
        url, secret = asked["url"], asked["secret"]
        timestamp = str(int(self.world.moment.timestamp() * 1000))
        statuses: Counter[str] = Counter()
        gate = asyncio.Semaphore(int(asked["at_once"]))

        async def send(session: ClientSession, body: bytes) -> None:
            signed = f"POST{url}".encode() + body + timestamp.encode()
            digest = hmac.new(secret.encode(), signed, sha256).digest()
            headers = {
                "Content-Type": "application/json",
                "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
                "X-HubSpot-Request-Timestamp": timestamp,
            }
            async with gate:
                try:
                    async with session.post(url, data=body, headers=headers) as answer:
                        statuses[str(answer.status)] += 1
                except (ClientError, TimeoutError) as error:
                    statuses[type(error).__name__] += 1

        async with ClientSession(timeout=ClientTimeout(total=30)) as session:
            await asyncio.gather(*(send(session, body) for body in bodies))
        return dict(statuses)
