"""An IMAP server that says a byte now and then holds nobody for longer than one answer may take."""

import re
import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
import trustme
from django.db import connection as database

from mail import imap as answering
from mail import inbound, listen, mailboxes
from mail.models import Mailbox
from runtime import bell, clock

#: Real seconds for an answer here, and by when even a slow machine has given up on it.
WITHIN, AT_MOST = 0.4, 10.0
EVERY = 0.05
RAW = b"From: x@x.example\r\n\r\n" + b"x" * 9
#: What is said before the tagged answer; other commands get that alone.
ANSWERS = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n",
    "EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] valid\r\n",
    "SEARCH": b"* SEARCH 1\r\n",
    "SIZE": b'* 1 FETCH (UID 1 RFC822.SIZE 30 INTERNALDATE "02-Mar-2026 09:00:00 +0000")\r\n',
    "BODY": b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b)\r\n" % (len(RAW), RAW),
}
KINDS = ("CAPABILITY", "LOGIN", "EXAMINE", "SEARCH", "SIZE", "BODY", "IDLE", "NOOP")


class Server:
    """Answers the command `at` with `begins` and `drop` for ever, and the others at once."""

    def __init__(self, at="", *, begins=b"", drop=b"x", trust=None):
        self.at, self.begins, self.drop, self.trust = at, begins, drop, trust
        self.calls, self.left = 0, threading.Semaphore(0)
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self):
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=AT_MOST)

    def _accept(self):
        while not self.over.is_set():
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self.calls += 1
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller):
        try:
            caller = self.trust.wrap_socket(caller, server_side=True) if self.trust else caller
            with caller, caller.makefile("rb") as lines:
                self._converse(caller, lines)
        except OSError:
            pass
        finally:
            self.left.release()

    def _converse(self, caller, lines):
        if self.at == "connect":
            self._drip(caller)
        caller.sendall(b"* OK hello\r\n")
        while line := lines.readline().decode():
            tag, _, said = line.strip().partition(" ")
            kind = next((kind for kind in KINDS if kind in said), "")
            if kind and kind == self.at:
                self._drip(caller)
            if kind == "IDLE":
                caller.sendall(b"+ idling\r\n")
                lines.readline()  # DONE
            caller.sendall(ANSWERS.get(kind, b"") + f"{tag} OK done\r\n".encode())

    def _drip(self, caller):
        caller.sendall(self.begins)
        while not self.over.wait(EVERY):
            caller.sendall(self.drop)


@contextmanager
def serving(mailbox, *args, **options):
    mailboxes.close_all()
    server = Server(*args, **options)
    scheme = "imaps" if server.trust else "imap"
    Mailbox.objects.filter(pk=mailbox.pk).update(
        imap_url=f"{scheme}://localhost:{server.port}", uidvalidity=0, read_at=None
    )
    yield server
    mailboxes.close_all()
    server.close()


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(mailboxes, "CONNECT_WITHIN", WITHIN)
    monkeypatch.setattr(mailboxes, "ANSWER_WITHIN", WITHIN)


def read(mailbox):
    """What came of it in time, and the last error."""
    began = clock.monotonic()
    counts = inbound.read(mailbox.pk)
    assert clock.monotonic() - began < AT_MOST
    mailbox.refresh_from_db()
    return dict(counts), re.sub(r"^imaps?://localhost:\d+: ", "", mailbox.last_error)


@pytest.mark.parametrize(
    ("at", "begins", "drop"),
    [
        ("connect", b"* OK", b"x"),
        ("connect", b"", b"* OK wait\r\n"),
        ("CAPABILITY", b"* CAP", b"x"),
        ("LOGIN", b"* OK", b"x"),
        ("LOGIN", b"", b"* OK wait\r\n"),
        ("EXAMINE", b"* 1", b"1"),
        ("SEARCH", b"* SEARCH 1", b" 1"),
        ("SIZE", b"* 1 FETCH (UID 1 ", b"x"),
        ("BODY", b"* 1 FETCH (UID 1 BODY[] {99999}\r\n", b"x"),
        ("BODY", b"", b"* 2 EXISTS\r\n"),
    ],
)
def test_an_answer_has_to_be_whole_in_time(mailbox, hurried, at, begins, drop):
    with serving(mailbox, at, begins=begins, drop=drop):
        counts, error = read(mailbox)

    assert counts == {"failed": 1}
    assert error in {"the answer took too long", "timed out"}


def test_so_has_an_encrypted_one(mailbox, hurried, monkeypatch):
    authority = trustme.CA()
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(trust)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: ours)
    with serving(mailbox, trust=trust):
        whole = read(mailbox)
    with serving(mailbox, "SEARCH", begins=b"* SEARCH 1", drop=b" 1", trust=trust):
        counts, error = read(mailbox)

    assert whole == ({"ignored": 1}, "")
    assert counts == {"failed": 1}
    assert error in {"the answer took too long", "The read operation timed out"}


def test_a_long_answer_may_take_long_as_long_as_it_goes_on(mailbox, hurried, monkeypatch):
    monkeypatch.setattr(answering, "PIECE", 2)
    began = clock.monotonic()
    with serving(mailbox) as server:
        monkeypatch.setattr(server, "_converse", slowly(server))
        counts, error = read(mailbox)

    assert (counts, error) == ({"ignored": 1}, "")
    assert clock.monotonic() - began > WITHIN


def test_but_not_for_ever(mailbox, hurried, monkeypatch):
    monkeypatch.setattr(answering, "PIECE", 1)
    monkeypatch.setattr(answering, "IN_ALL", 2 * WITHIN)
    with serving(mailbox, "BODY", drop=b"* 2 EXISTS\r\n"):
        counts, error = read(mailbox)

    assert counts == {"failed": 1}
    assert error in {"the answer took too long", "timed out"}


def slowly(server):
    """The texts of emails come byte by byte."""
    converse = server._converse

    class Slow:
        def __init__(self, caller):
            self._caller = caller

        def sendall(self, said):
            pieces = [bytes([byte]) for byte in said] if b"BODY[]" in said else [said]
            for piece in pieces:
                self._caller.sendall(piece)
                server.over.wait(EVERY / 4)

    return lambda caller, lines: converse(Slow(caller), lines)


@pytest.fixture
def listening(mailbox, hurried, monkeypatch):
    """Start a listener; end it behind the test."""
    for name in ("ASK_AFTER", "FIRST_RETRY", "LOOK", "RENEW"):
        monkeypatch.setattr(listen, name, 0.1)
    monkeypatch.setattr(bell, "ring", lambda *_: None)
    stop = threading.Event()

    def run():
        try:
            listen.Listener(stop, name="we").run()
        finally:
            database.close()

    thread = threading.Thread(target=run)
    yield thread.start
    stop.set()
    thread.join(timeout=AT_MOST)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    "drip",
    [
        {"at": "IDLE", "begins": b"+ idling\r\n", "drop": b"x"},
        {"at": "IDLE", "begins": b"+ idling\r\n", "drop": b"* OK wait\r\n"},
        {"at": "IDLE", "begins": b"+ id", "drop": b"x"},
        {"at": "NOOP", "begins": b"* OK", "drop": b"x"},
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_listener_leaves_a_server_that_does_not_come_to_an_end(mailbox, listening, drip):
    with serving(mailbox, **drip) as server:
        listening()

        assert server.left.acquire(timeout=AT_MOST)


@pytest.mark.django_db(transaction=True)
def test_a_listener_lets_a_talkative_server_go_with_its_mailbox(mailbox, listening):
    with serving(mailbox) as server:
        chatting = threading.Event()
        server._converse = chatty(server, chatting)
        listening()
        assert chatting.wait(AT_MOST)

        Mailbox.objects.update(status="paused")

        assert server.left.acquire(timeout=AT_MOST)
        assert server.calls == 1


def chatty(server, chatting):
    """It has something to say at every moment of an IDLE, and ends it when it is asked to."""
    converse = server._converse

    def talk(caller, lines):
        over = threading.Event()

        class Talking:
            def sendall(self, said):
                caller.sendall(said)
                if said.startswith(b"+"):
                    over.clear()
                    threading.Thread(target=chat, daemon=True).start()
                    chatting.set()

        class Heard:
            def readline(self):
                line = lines.readline()
                over.set()
                return line

        def chat():
            try:
                while not over.wait(EVERY / 5):
                    caller.sendall(b"* OK still here\r\n")
            except OSError:
                pass

        converse(Talking(), Heard())

    return talk
