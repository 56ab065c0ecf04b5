"""What is read of a server, and whether it said anything that nobody asked for."""

import select
import smtplib
import socket
import ssl
import time
from contextlib import contextmanager, suppress
from threading import Thread

import pytest
import trustme
from hypothesis import example, given
from hypothesis import strategies as st

from mail.smtp import LONGEST_ANSWER, Smtp, SmtpOverTls

GREETING = b"220 hello\r\n"
#: Seconds.
WITHIN = 5
_WORDS = st.sampled_from(
    [b"250 ", b"250-", b"250", b"354 go", b"\n", b"\r\n", b"\r", b"421 bye\r\n", b"xyz", b" ", b"-",
     b"a" * 8191, b"a" * 8192, b"\0"]
)  # fmt: skip


def heard(kind, said, sizes):
    """Replies, and how it ended, of what is said in pieces of these sizes before the end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = kind()
        server.sock = ours
        for size in sizes:
            theirs.sendall(said[:size])
            said = said[size:]
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        replies = []
        try:
            while True:
                replies.append(server.getreply())
        except smtplib.SMTPException as error:
            return replies, type(error), str(error)


@given(st.lists(_WORDS, max_size=12).map(b"".join), st.lists(st.integers(1, 20), max_size=8))
@example(b"250-one\r\n250 two\r\n", [3])
@example(b"250 " + b"a" * 9000 + b"\r\n", [])
def test_answers_are_read_as_by_the_library(said, sizes):
    assert heard(Smtp, said, sizes) == heard(smtplib.SMTP, said, sizes)


VERSIONS = [None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name if version else "plain")
def connection(request):
    """A client of a server that has greeted it, and the server's end."""
    if request.param is None:
        with _serving(lambda sock: sock) as (port, peers):
            yield from _called(Smtp("127.0.0.1", port, timeout=WITHIN), peers)
        return
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(theirs)
    authority.configure_trust(ours)
    ours.minimum_version = ours.maximum_version = request.param
    with _serving(lambda sock: theirs.wrap_socket(sock, server_side=True)) as (port, peers):
        yield from _called(SmtpOverTls("localhost", port, timeout=WITHIN, context=ours), peers)


def _called(client, peers):
    yield client, peers[0]
    client.close()


def test_an_answer_without_an_end_is_not_kept_in_memory(connection):
    client, server = connection
    said = []

    def go_on():
        with suppress(OSError):
            while True:
                server.sendall(b"250-and so on\r\n" * 1000)
                said.append(15_000)

    thread = Thread(target=go_on)
    thread.start()
    with pytest.raises(smtplib.SMTPServerDisconnected, match="more than 1,048,576 bytes"):
        client.getreply()
    thread.join()

    assert client.sock is None
    assert sum(said) < 20 * LONGEST_ANSWER


@contextmanager
def _serving(wrapped):
    """The port, and the server's end of each connection: it says the greeting and no more by itself."""
    listener = socket.create_server(("127.0.0.1", 0))
    peers = []

    def greet():
        peer = wrapped(listener.accept()[0])
        peers.append(peer)
        peer.sendall(GREETING)

    thread = Thread(target=greet)
    thread.start()
    yield listener.getsockname()[1], peers
    thread.join()
    listener.close()
    for peer in peers:
        peer.close()


def test_a_server_that_waits_is_silent(connection):
    client, _ = connection

    assert client.is_silent()
    assert client.is_silent()
    assert client.sock.gettimeout() == WITHIN


@pytest.mark.parametrize("unasked", [b"421 bye\r\n", b"4"])
def test_what_it_says_unasked_is_heard_and_kept(connection, unasked):
    client, server = connection

    server.sendall(unasked)

    assert _speaks(client)
    server.sendall(b"21 bye\r\n" if unasked == b"4" else b"")
    assert client.getreply() == (421, b"bye")
    assert client.sock.gettimeout() == WITHIN


def test_what_it_says_behind_an_answer_is_heard(connection):
    client, server = connection

    server.sendall(b"250 fine\r\n250 fine\r\n")

    assert client.getreply() == (250, b"fine")
    assert not client.is_silent()
    assert client.getreply() == (250, b"fine")
    assert client.is_silent()


def test_one_that_hung_up_is_not_silent(connection):
    client, server = connection

    server.shutdown(socket.SHUT_RDWR)
    server.close()

    assert _speaks(client)


def test_one_whose_encryption_broke_is_not_silent(connection):
    client, server = connection

    with socket.socket(fileno=server.detach()) as beneath:
        beneath.sendall(b"421 nothing that TLS would say\r\n")
        spoke = _speaks(client)

    assert spoke
    assert client.sock.gettimeout() == WITHIN


def test_nobody_is_silent_who_was_never_called():
    assert not Smtp().is_silent()


def test_a_closed_connection_is_not_silent(connection):
    client, _ = connection

    client.close()

    assert not client.is_silent()


def _speaks(client):
    """Whether it is heard within the time for an answer."""
    by = time.monotonic() + WITHIN
    while client.is_silent() and time.monotonic() < by:
        select.select([client.sock], [], [], 0.1)
    return not client.is_silent()
