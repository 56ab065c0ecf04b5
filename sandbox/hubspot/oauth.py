"""HubSpot's token endpoint: a refresh token is good once, the access token that it buys for a while.

https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth
"""

import secrets
from datetime import datetime, timedelta

from aiohttp import web

from sandbox.world import World

LIVES = timedelta(seconds=1800)


class OAuth:
    def __init__(self, world: World) -> None:
        self.world = world
        self.refresh_token = world.keys.hubspot_refresh_token
        #: Access token -> when it runs out.
        self.tokens: dict[str, datetime] = {}
        self.granted = 0

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        keys = self.world.keys
        if form.get("grant_type") != "refresh_token":
            return _refused("unsupported_grant_type", "grant_type must be refresh_token")
        if (form.get("client_id"), form.get("client_secret")) != (
            keys.hubspot_client_id,
            keys.hubspot_client_secret,
        ):
            return _refused("BAD_CLIENT_SECRET", "missing or invalid client secret")
        if form.get("refresh_token") != self.refresh_token:
            return _refused("BAD_REFRESH_TOKEN", "missing or unknown refresh token")
        self.refresh_token = f"r-{secrets.token_hex(16)}"
        access = f"a-{secrets.token_hex(24)}"
        self.tokens[access] = self.world.moment + LIVES
        self.granted += 1
        return web.json_response(
            {
                "access_token": access,
                "refresh_token": self.refresh_token,
                "expires_in": int(LIVES.total_seconds()),
                "token_type": "bearer",
            }
        )

    def is_good(self, bearer: str) -> bool:
        until = self.tokens.get(bearer)
        return until is not None and self.world.moment < until


def _refused(status: str, message: str) -> web.Response:
    return web.json_response({"status": status, "message": message}, status=400)
