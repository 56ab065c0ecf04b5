"""How we log in to Salesforce: what its token endpoint is sent."""

from dataclasses import dataclass, field

import jwt

from connectors.errors import Unauthorized
from connectors.logins import Tokens
from runtime import clock

#: Whom an assertion is made out to; test.salesforce.com for a sandbox org.
AUDIENCE = "https://login.salesforce.com"
_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, kw_only=True)
class Login:
    """A connected app's client and one of: its secret, a private key and a user, kept tokens."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    #: PEM, whose certificate the connected app knows; and whom it logs in.
    private_key: str = field(default="", repr=False)
    username: str = ""
    audience: str = AUDIENCE
    tokens: Tokens | None = None

    def form(self, refresh_token: str) -> dict[str, str]:
        """What the token endpoint is sent."""
        if refresh_token:
            form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
            secret = {"client_secret": self.client_secret} if self.client_secret else {}
            return {**form, "client_id": self.client_id, **secret}
        if self.private_key:
            return {"grant_type": _BEARER, "assertion": self._assertion()}
        form = {"client_id": self.client_id, "client_secret": self.client_secret}
        return {"grant_type": "client_credentials", **form}

    def _assertion(self) -> str:
        """https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm"""
        claims = {
            "iss": self.client_id,
            "sub": self.username,
            "aud": self.audience,
            # The server's clock decides; three minutes are the most that it takes.
            "exp": int(clock.monotonic()) + 180,
        }
        try:
            return jwt.encode(claims, self.private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise Unauthorized("private_key: is no RSA key in PEM form") from error
