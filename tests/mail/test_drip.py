"""A server that says a byte now and then holds nobody for longer than one answer may take."""

import socket
import threading
from contextlib import contextmanager

import pytest

from connectors import deadline
from mail import inbound, mailboxes, oauth, outbox
from mail.handing import Kind, Outcome, hand
from mail.smtp import Smtp
from runtime import clock
from tests.mail.test_oauth import endpoint  # noqa: F401 - a fixture

#: Real seconds for an answer here, and by when even a slow machine has given up on it.
WITHIN, AT_MOST = 0.4, 5.0
EVERY = 0.05


def handed(server):
    return hand(server, sender="ada@example.com", recipient="grace@customer.example", raw=b"x\r\n")


@contextmanager
def dripping(at, begins=b"250-"):
    """An SMTP server that answers the command `at` for ever, and the others at once."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve():
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                try:
                    _converse(connection, lines, at, begins, over)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    over.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=AT_MOST)


def _converse(connection, lines, at, begins, over):
    said, answers = "connect", {"connect": b"220 hello\r\n", "DATA": b"354 go\r\n"}
    while True:
        if said == at:
            connection.sendall(begins)
            while not over.wait(EVERY):
                connection.sendall(b"x")
            return
        connection.sendall(answers.get(said, b"250 fine\r\n"))
        line = lines.readline()
        while said == "DATA" and line not in {b".\r\n", b""}:
            line = lines.readline()
        said = "end" if said == "DATA" else line.decode()[:4].strip()
        if not said:
            return


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        ("MAIL", Kind.LOST),
        ("RCPT", Kind.LOST),
        ("DATA", Kind.LOST),
        ("end", Kind.UNKNOWN),
    ],
)
def test_an_answer_has_to_be_whole_in_time(at, kind):
    with dripping(at) as port:
        server = Smtp("127.0.0.1", port, timeout=WITHIN)
        began = clock.monotonic()

        outcome = handed(server)

        assert clock.monotonic() - began < AT_MOST
        server.close()
    assert outcome.kind == kind
    assert outcome.reply.startswith("Connection unexpectedly closed: ")


@pytest.mark.parametrize(
    ("at", "counts", "status"),
    [
        ("connect", {"unreachable": 1}, "queued"),
        ("ehlo", {"unreachable": 1}, "queued"),
        ("RCPT", {"retried": 1}, "queued"),
        ("end", {"unconfirmed": 1}, "unconfirmed"),
    ],
)
def test_nothing_is_lost_or_doubled_by_it(mailbox, queue, lead, monkeypatch, at, counts, status):
    inbound.read(mailbox.pk)
    mailbox.refresh_from_db()
    message = queue(lead)
    monkeypatch.setattr(mailboxes, "CONNECT_WITHIN", WITHIN)
    monkeypatch.setattr(mailboxes, "ANSWER_WITHIN", WITHIN)
    with dripping(at) as port:
        mailbox.smtp_url = f"smtp://127.0.0.1:{port}"
        mailbox.save()
        began = clock.monotonic()

        outcome = outbox.deliver(mailbox.pk)

        assert clock.monotonic() - began < AT_MOST
        mailboxes.close_all()
    message.refresh_from_db()
    assert (outcome, message.status) == (counts, status)


def test_a_wait_without_a_byte_is_as_long_as_before():
    with dripping("RCPT", begins=b"") as port:
        server = Smtp("127.0.0.1", port, timeout=WITHIN)
        handed(server)
        server.close()
    with dripping("never") as port:
        server = Smtp("127.0.0.1", port, timeout=WITHIN)

        outcomes = [handed(server) for _ in range(2)]

        timeout = server.sock.gettimeout()
        server.close()
    assert (outcomes, timeout) == ([Outcome(kind=Kind.SENT, reply="250 fine")] * 2, WITHIN)


@contextmanager
def dripping_web(begins):
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve():
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.sendall(begins)
                    while not over.wait(EVERY):
                        connection.sendall(b"x")
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/token"
    over.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=AT_MOST)


@pytest.mark.parametrize(
    "begins",
    [b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"],
)
def test_a_token_endpoint_has_to_answer_in_time(mailbox, queue, lead, monkeypatch, begins):
    monkeypatch.setattr(oauth, "IN_ALL", WITHIN)
    monkeypatch.setattr("connectors.retry.rest", lambda _seconds: None)
    inbound.read(mailbox.pk)
    mailbox.refresh_from_db()
    mailboxes.close_all()
    message = queue(lead)
    with dripping_web(begins) as url:
        mailbox.password = ""
        mailbox.oauth = {
            "kind": "google", "tenant": None, "client_id": "app", "client_secret": "secret",
            "refresh_token": "r0", "token_url": url,
        }  # fmt: skip
        mailbox.save()
        began = clock.monotonic()

        outcome = outbox.deliver(mailbox.pk)

        assert clock.monotonic() - began < 2 * AT_MOST
    message.refresh_from_db()
    assert (outcome, message.status) == ({"unreachable": 1}, "queued")
    assert message.last_error == f"ada@example.com: {url}: no whole answer within {WITHIN:g} s"


def test_what_is_answered_in_time_is_told_as_ever(endpoint):  # noqa: F811 - a fixture
    with deadline.session(AT_MOST) as session:
        assert session.post(endpoint.url, data={}, timeout=AT_MOST).status_code == 400
