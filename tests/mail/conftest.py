"""A mailbox on a real SMTP and a real IMAP server, and a lead to write to."""

import os
import socket
import ssl
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from imapclient import IMAPClient

from crm.models import Connection, Lead
from mail import mailboxes, outbox
from mail.models import EmailTemplate, Mailbox, Message, Sender
from runtime import clock

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
WINDOW = {
    "days": ["mon", "tue", "wed", "thu", "fri"],
    "from": "09:00",
    "to": "17:00",
    "timezone": "Europe/Berlin",
}
CHECKOUT = Path(__file__).resolve().parents[2]
ADA = "ada@example.com"
PASSWORD = "pw"


class Time:
    """Business time in the test's hands."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> datetime:
        self.now += timedelta(**delta)
        return self.now


@pytest.fixture
def time():
    moment = Time(NOON)
    clock.install(moment)
    yield moment
    clock.install(None)


@dataclass
class Sink:
    """An SMTP server's handler: keeps what it takes, answers as a test says."""

    #: command -> the answers to give in turn; a command without any is fine.
    answers: dict[str, list[str]] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    #: Whatever came, taken or not.
    offered: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    connections: int = 0
    before_answer: list = field(default_factory=list)
    port: int = 0

    def mails(self) -> list[Mail]:
        return [message_from_bytes(raw) for raw in self.taken]

    def _next(self, command: str) -> str:
        answers = self.answers.get(command)
        return answers.pop(0) if answers else ""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 - aiosmtpd's name
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        answer = self._next("MAIL")
        if not answer:
            envelope.mail_from = address
            self.options += options
        return answer or "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        answer = self._next("RCPT")
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.offered.append(envelope.content)
        answer = self._next("DATA")
        if answer == "drop":
            server.transport.abort()
            return "250 too late"
        if answer == "take and drop":
            self.taken.append(envelope.content)
            server.transport.abort()
            return "250 too late"
        if not answer:
            self.taken.append(envelope.content)
            self.senders.append(envelope.mail_from)
            self.recipients += envelope.rcpt_tos
        for action in self.before_answer:
            action()
        return answer or "250 2.0.0 taken"


class Server(Controller):
    utf8 = False

    def factory(self):
        return SMTP(self.handler, enable_SMTPUTF8=self.utf8, ident="test", data_size_limit=10**8)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def sink():
    handler = Sink()
    server = Server(handler, hostname="127.0.0.1", port=free_port())
    handler.port = server.port
    server.start()
    yield handler
    mailboxes.close_all()
    server.stop()


@dataclass
class Imap:
    port: int

    def open(self) -> IMAPClient:
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=10)
        client.login(ADA, PASSWORD)
        return client

    def arrive(self, raw: bytes | str, at: datetime = NOON, folder: str = "INBOX") -> None:
        raw = raw.encode() if isinstance(raw, str) else raw
        with self.open() as client:
            if folder != "INBOX" and not client.folder_exists(folder):
                client.create_folder(folder)
            client.append(folder, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), (), at)


@pytest.fixture(scope="session")
def imap_servers(tmp_path_factory):
    """Call it with a port to have a fresh server there in place of the last; 0 ends that."""
    command = [sys.executable, "-m", "tests.mail.imap_servers", ADA, PASSWORD]
    log = tmp_path_factory.mktemp("imap") / "pymap.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603 - our own server
            command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            text=True,
        ) as process,
    ):  # fmt: skip

        def start(port):
            process.stdin.write(f"{port}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n", log.read_text()

        yield start


@pytest.fixture
def imap(imap_servers):
    server = Imap(free_port())
    imap_servers(server.port)
    deadline = clock.monotonic() + 20
    while clock.monotonic() < deadline:
        try:
            server.open().logout()
            break
        except OSError:
            continue
    else:
        pytest.fail(f"no IMAP server on port {server.port}")
    yield server
    mailboxes.close_all()
    imap_servers(0)


@pytest.fixture
def connection(db):
    return Connection.objects.create(name="hubspot", kind="hubspot", pull_every=timedelta(hours=1))


@pytest.fixture
def sender(db):
    return Sender.objects.create(
        company="Example GmbH",
        postal_address="Musterstraße 1, 10115 Berlin",
        public_url="https://out.example.com",
        timezone="Europe/Berlin",
    )


@pytest.fixture
def mailbox(db, sender, sink, imap, time, monkeypatch, settings):
    settings.CADENZA_MODE = "sandbox"
    monkeypatch.setitem(os.environ, "MAIL_PASSWORD_ADA", PASSWORD)
    return Mailbox.objects.create(
        address=ADA,
        display_name="Ada Byron",
        smtp_url=f"smtp://127.0.0.1:{sink.port}",
        imap_url=f"imap://127.0.0.1:{imap.port}",
        username=ADA,
        password="${MAIL_PASSWORD_ADA}",
        per_day=100,
        per_hour=100,
        gap=timedelta(0),
    )


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """Whose certificates this machine trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority


class Trusting(Controller):
    """Its first client, which only sees that it is up, knows the issuer of its certificate."""

    def __init__(self, issuer: trustme.CA, handler: "Sink", **options: Any) -> None:
        super().__init__(handler, "127.0.0.1", **options)
        self.issuer = issuer

    def _trigger_server(self):
        context = ssl.create_default_context()
        self.issuer.configure_trust(context)
        address = ("127.0.0.1", self.port)
        with (
            socket.create_connection(address) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as client,
        ):
            client.recv(100)


def _let_in(
    _server: object, _session: object, _envelope: object, _how: str, who: Any
) -> AuthResult:
    return AuthResult(success=(who.login, who.password) == (ADA.encode(), PASSWORD.encode()))


@pytest.fixture
def encrypted(mailbox, sink):
    """The mailbox on an SMTP server with a certificate of this issuer."""
    servers = []

    def start(issuer, scheme="smtps", **certificate):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        issuer.issue_cert("127.0.0.1", **certificate).configure_cert(context)
        if scheme == "smtps":
            server: Controller = Trusting(issuer, sink, port=free_port(), ssl_context=context)
        else:
            options: dict[str, Any] = {
                "tls_context": context,
                "require_starttls": True,
                "authenticator": _let_in,
            }
            server = Controller(sink, "127.0.0.1", free_port(), **options)
        server.start()
        servers.append(server)
        mailbox.smtp_url = f"{scheme}://127.0.0.1:{server.port}"
        mailbox.save()
        return mailbox

    yield start
    mailboxes.close_all()
    for server in servers:
        server.stop()


@pytest.fixture
def international(mailbox):
    """The mailbox on a server that offers SMTPUTF8."""
    handler = Sink()
    server = Server(handler, hostname="127.0.0.1", port=free_port())
    server.utf8 = True
    server.start()
    mailbox.smtp_url = f"smtp://127.0.0.1:{server.port}"
    mailbox.save()
    yield handler
    mailboxes.close_all()
    server.stop()


@pytest.fixture
def template(db):
    return EmailTemplate.objects.create(
        name="opening",
        digest="1",
        subject='A question, {{ lead.first_name | default("hello") }}',
        text="Hello {{ lead.first_name }}\n\n{{ sender.company }}\nUnsubscribe: {{ unsubscribe_url }}\n",
        html="<p>Hello {{ lead.first_name }}</p><a href='{{ unsubscribe_url }}'>Unsubscribe</a>",
    )


@pytest.fixture
def make_lead(connection):
    def make(email="grace@customer.example", **values):
        values = {"first_name": "Grace", "timezone": "Europe/Berlin", **values}
        return Lead.objects.create(email=email, source=connection, created_at=NOON, **values)

    return make


@pytest.fixture
def lead(make_lead):
    return make_lead()


@pytest.fixture
def queue(mailbox, template):
    """Queue one email, due now."""

    def put(lead, step="opening", enrollment=None, deal=None, parent=None, **values):
        arguments = {
            "enrollment_id": enrollment or lead.pk,
            "step_id": step,
            "sequence": "approach",
            "token": f"token-{lead.pk}.{step}",
            "lead_id": lead.pk,
            "deal_id": deal and deal.pk,
            "mailbox_id": mailbox.pk,
            "template_id": template.pk,
            "parent_id": parent and parent.pk,
            "to_email": lead.email,
            "message_id": outbox.message_id(mailbox.address),
            "window": WINDOW,
            "enrolled_at": clock.now() - timedelta(hours=1),
            "due_at": clock.now(),
            "because": {"rule": "step"},
        }
        draft = outbox.Draft(**{**arguments, **values})
        outbox.queue([draft])
        return Message.objects.get(enrollment_id=draft.enrollment_id, step_id=step)

    return put
