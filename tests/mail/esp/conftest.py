"""A mailbox by ESP, and a server that stands in for the ESP's API."""

import json
import os
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from mail.esp import sessions
from mail.models import Mailbox
from tests.mail.conftest import ADA

SECRETS = {"ESP_KEY": "key-1", "ESP_HOOK": "cadenza:hook-1", "MAILGUN_SIGNING": "signing-1"}
BLOCKS = {
    "postmark": {"server_token": "${ESP_KEY}", "webhook_secret": "${ESP_HOOK}"},
    "mailgun": {"api_key": "${ESP_KEY}", "webhook_signing_key": "${MAILGUN_SIGNING}"},
    "sendgrid": {"api_key": "${ESP_KEY}", "webhook_secret": "${ESP_HOOK}"},
}
#: What each API says to an email that it takes, as its documentation has it.
TAKEN = {
    "postmark": (200, {"To": "{to}", "MessageID": "{id}", "ErrorCode": 0, "Message": "OK"}),
    "mailgun": (200, {"id": "<{id}@mg.example>", "message": "Queued. Thank you."}),
    "sendgrid": (202, None),
}


@dataclass(frozen=True, kw_only=True)
class Request:
    path: str
    headers: dict[str, str]
    body: dict
    connection: int


@dataclass
class Api:
    """Keeps what it takes, answers as a test says."""

    kind: str = "postmark"
    #: In turn: (status, body), "hang up" before an answer or "say nothing"; without any, fine.
    answers: list = field(default_factory=list)
    taken: list[Request] = field(default_factory=list)
    before_answer: list = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    port: int = 0

    def recipients(self) -> list[str]:
        return [_recipient(request.body) for request in self.taken]

    def headers(self) -> dict[str, str]:
        """Those that the last email was given."""
        body = self.taken[-1].body
        if self.kind == "postmark":
            return {header["Name"]: header["Value"] for header in body["Headers"]}
        if self.kind == "mailgun":
            return {name[2:]: value for name, value in body.items() if name.startswith("h:")}
        return body["headers"]

    def tag(self) -> str:
        body = self.taken[-1].body
        if self.kind == "postmark":
            return body["Metadata"]["cadenza"]
        return body["v:cadenza"] if self.kind == "mailgun" else body["custom_args"]["cadenza"]


def _recipient(body: dict) -> str:
    if "personalizations" in body:
        return body["personalizations"][0]["to"][0]["email"]
    return body.get("To") or body["to"]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    api: Api


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.api.connections += 1
        self.number = self.server.api.connections

    def do_POST(self):
        api: Api = self.server.api
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"].startswith("application/json"):
            body = json.loads(raw)
        else:
            body = {name: values[-1] for name, values in parse_qs(raw.decode()).items()}
        taken = Request(
            path=self.path, headers=dict(self.headers), body=body, connection=self.number
        )
        api.taken.append(taken)
        for action in api.before_answer:
            action()
        answer = api.answers.pop(0) if api.answers else TAKEN[api.kind]
        if answer == "say nothing":
            api.done.wait(30)
        if isinstance(answer, str):
            self.close_connection = True
            return
        self._answer(*answer, to=_recipient(body), number=len(api.taken))

    def _answer(self, status, body, *, to, number):
        text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        given = text.replace("{id}", f"id-{number}").replace("{to}", to).encode()
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(given)))
        self.end_headers()
        self.wfile.write(given)

    def log_message(self, *args):
        pass


@pytest.fixture
def api():
    standing_in = Api()
    server = Server(("127.0.0.1", 0), Handler)
    server.api = standing_in
    standing_in.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield standing_in
    sessions.close_all()
    standing_in.done.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["postmark"])
def kind(request):
    return request.param


@pytest.fixture
def mailbox(db, sender, api, time, monkeypatch, settings, kind):
    """Ada's, by this ESP alone."""
    settings.CADENZA_MODE = "sandbox"
    for name, value in SECRETS.items():
        monkeypatch.setitem(os.environ, name, value)
    api.kind = kind
    url = f"http://127.0.0.1:{api.port}"
    return Mailbox.objects.create(
        address=ADA,
        display_name='Ada "Countess" Byron, Ähm',
        esp={"kind": kind, "url": url, **BLOCKS[kind]},
        username=ADA,
        per_day=100,
        per_hour=100,
        gap=timedelta(0),
    )


@pytest.fixture
def message(mailbox, queue, lead):
    return queue(lead)


every_kind = pytest.mark.parametrize("kind", list(BLOCKS), indirect=True)
