"""A person's consent to log in to their mailbox: by a browser on this machine (RFC 8252, with PKCE).

https://developers.google.com/identity/protocols/oauth2/native-app
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from connectors.errors import Unauthorized
from mail import oauth
from mail.models import Mailbox
from runtime import clock

AUTHORIZE_URLS = {
    "google": "https://accounts.google.com/o/oauth2/v2/auth",
    "microsoft": "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
}
SCOPES = {
    "google": "https://mail.google.com/",
    "microsoft": "https://outlook.office.com/SMTP.Send "
    "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
}
#: Google gives a refresh token only when asked like this.
_BESIDES = {"google": {"access_type": "offline", "prompt": "consent"}, "microsoft": {}}
_LOOK = 0.2  #: seconds between looks at the clock
_SAID = b"You can close this window and go back to the terminal.\n"


class Consent:
    """Asked for at `url`; its answer comes to a port of this machine alone."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._server = _Server()
        self._state, self._verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)

    @property
    def url(self) -> str:
        given = self._mailbox.oauth or {}
        kind = given["kind"]
        challenge = urlsafe_b64encode(sha256(self._verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "client_id": oauth.client_id(self._mailbox),
            "redirect_uri": self._server.url,
            "scope": SCOPES[kind],
            "state": self._state,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
            "login_hint": self._mailbox.address,
            **_BESIDES[kind],
        }
        return f"{_page(given)}?{urlencode(asked)}"

    def keep(self, *, within: float) -> None:
        """Wait so many seconds for the answer, and keep the tokens that it buys.

        Raises ConnectorError.
        """
        try:
            answer = self._server.answer(self._state, until=clock.monotonic() + within)
        finally:
            self._server.server_close()
        if "code" not in answer:
            why = str(answer.get("error") or f"no answer within {within:.0f} seconds")[:100]
            raise Unauthorized(f"{self._mailbox.address}: no consent was given ({why})")
        oauth.keep(
            self._mailbox,
            {
                "grant_type": "authorization_code",
                "code": answer["code"],
                "redirect_uri": self._server.url,
                "code_verifier": self._verifier,
            },
        )


def _page(given: Mapping[str, Any]) -> str:
    """In a national cloud it stands beside Microsoft's token endpoint there."""
    if given["kind"] == "microsoft" and given["token_url"]:
        return f"{given['token_url'].removesuffix('/token')}/authorize"
    return AUTHORIZE_URLS[given["kind"]].format(tenant=given["tenant"])


class _Server(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.timeout = _LOOK
        self.answers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        # Microsoft lets a registered http://localhost have any port, and 127.0.0.1 none.
        return f"http://localhost:{self.server_port}"

    def answer(self, state: str, *, until: float) -> dict[str, str]:
        """The first that knows our state: another is not of our asking. Empty for none."""
        while clock.monotonic() < until:
            self.handle_request()
            for answer in self.answers:
                if secrets.compare_digest(answer.get("state", "").encode(), state.encode()):
                    return answer
            self.answers.clear()
        return {}


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5  # a connection that says nothing holds nobody up

    def do_GET(self) -> None:
        self.server.answers.append(dict(parse_qsl(urlsplit(self.path).query)))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(_SAID)))
        self.end_headers()
        self.wfile.write(_SAID)

    def log_message(self, *_said: object) -> None:
        """Nothing: the address has the code in it."""
