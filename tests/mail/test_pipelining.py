"""What is said at once to a server that offers it, and what its answers mean one by one."""

import socket
from threading import Thread

import pytest

from mail import handing
from mail.handing import Kind
from mail.smtp import Smtp

ENVELOPE = [b"MAIL FROM:<ada@example.com>", b"RCPT TO:<grace@customer.example>", b"DATA"]
EMAIL = [b"Subject: x", b"", b"..dot"]


class Scripted:
    """Answers what it hears only once all of it has come; keeps what it heard."""

    def __init__(self, heard_at_once):
        self.ours, self.theirs = socket.socketpair()
        for end in (self.ours, self.theirs):
            end.settimeout(10)
        self.heard = []
        self._thread = Thread(target=self._answer, args=[heard_at_once])
        self._thread.start()

    def _answer(self, script):
        with self.theirs, self.theirs.makefile("rb") as lines:
            for count, answers in script:
                self.heard += [lines.readline().rstrip(b"\r\n") for _ in range(count)]
                self.theirs.sendall("".join(f"{answer}\r\n" for answer in answers).encode())

    def hand(self, raw=b"Subject: x\r\n\r\n.dot\r\n"):
        server = Smtp()
        server.sock = self.ours
        server.esmtp_features = {"pipelining": ""}
        server.does_esmtp = True
        outcome = handing.hand(
            server,
            sender="ada@example.com",
            recipient="grace@customer.example",
            raw=raw,
        )
        server.close()
        self._thread.join()
        return outcome


def test_the_envelope_is_said_at_once():
    server = Scripted([(3, ["250 fine", "250 fine", "354 go"]), (4, ["250 taken"])])

    outcome = server.hand()

    assert outcome == handing.Outcome(kind=Kind.SENT, reply="250 taken")
    assert server.heard == [*ENVELOPE, *EMAIL, b"."]


@pytest.mark.parametrize(
    ("answers", "kind", "reply"),
    [
        (["550 5.7.1 not you", "503 no", "503 no"], Kind.SENDER_FAULT, "550 5.7.1 not you"),
        (["250 fine", "550 5.1.1 unknown", "554 for nobody"], Kind.GONE, "550 5.1.1 unknown"),
        (["250 fine", "451 later", "503 no"], Kind.LATER, "451 later"),
        (["250 fine", "250 fine", "554 5.7.1 spam"], Kind.REFUSED, "554 5.7.1 spam"),
    ],
)
def test_the_first_refusal_counts_and_the_next_email_begins_anew(answers, kind, reply):
    server = Scripted([(3, answers), (1, ["250 fine"])])

    outcome = server.hand()

    assert outcome == handing.Outcome(kind=kind, reply=reply)
    assert server.heard == [*ENVELOPE, b"rset"]


def test_a_server_that_waits_for_an_email_to_nobody_gets_none():
    refused = ["250 fine", "550 5.1.1 unknown", "354 go"]
    server = Scripted([(3, refused), (1, ["554 for nobody"]), (1, ["250 fine"])])

    outcome = server.hand()

    assert outcome == handing.Outcome(kind=Kind.GONE, reply="550 5.1.1 unknown")
    assert server.heard == [*ENVELOPE, b".", b"rset"]


@pytest.mark.parametrize("answers", [[], ["250 fine"], ["250 fine", "250 fine"]])
def test_a_connection_lost_before_the_go_ahead_has_carried_no_email(answers):
    server = Scripted([(3, answers)])

    outcome = server.hand()

    assert outcome.kind == Kind.LOST
    assert server.heard == ENVELOPE


@pytest.mark.parametrize(
    ("answers", "reply"),
    [
        (["354 go", "250 fine", "250 fine"], "354 go (to MAIL)"),
        (["250 fine", "252 perhaps", "354 go"], "252 perhaps (to RCPT)"),
        (["250 fine", "250 fine", "250 fine"], "250 fine (to DATA)"),
        (["250 fine", "250 fine", "what?"], "-1 ? (to DATA)"),
    ],
)
def test_an_answer_out_of_step_means_that_nothing_left(answers, reply):
    server = Scripted([(3, answers)])

    outcome = server.hand()

    assert outcome == handing.Outcome(kind=Kind.LOST, reply=reply)
    assert server.heard == ENVELOPE


def test_a_large_email_whose_end_was_never_said_has_not_left():
    server = Scripted([(3, ["250 fine", "250 fine", "354 go"]), (1, [])])

    outcome = server.hand(raw=b"Subject: x\r\n\r\n" + b"x\r\n" * 1_000_000)

    assert outcome.kind == Kind.LOST
    assert server.heard == [*ENVELOPE, b"Subject: x"]


def test_a_large_email_is_said_whole():
    lines = [b"Subject: x", b"", *[b"%d" % number for number in range(50_000)]]
    envelope = (3, ["250 fine", "250 fine", "354 go"])
    server = Scripted([envelope, (len(lines) + 1, ["250 taken"])])

    outcome = server.hand(raw=b"\r\n".join([*lines, b""]))

    assert outcome.kind == Kind.SENT
    assert server.heard == [*ENVELOPE, *lines, b"."]


def test_an_answer_to_nothing_leaves_the_email_in_doubt():
    server = Scripted([(3, ["250 fine", "250 fine", "354 go"]), (4, ["354 go on"])])

    outcome = server.hand()

    assert outcome == handing.Outcome(kind=Kind.UNKNOWN, reply="354 go on")


def test_a_server_that_goes_away_says_so_once():
    server = Scripted([(3, ["421 4.3.2 bye"])])

    outcome = server.hand()

    assert outcome == handing.Outcome(kind=Kind.LATER, reply="421 4.3.2 bye")
