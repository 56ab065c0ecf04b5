"""Mutated and hostile mail: something comes of each in time, in proportion to its size, in little memory.

CADENZA_RUNS=n sets how many mutations are tried.
"""

import os
import random
import time
import tracemalloc

import pytest

from mail.classify.parsed import MOST_BYTES
from mail.explained import explain
from tests.mail.corpus import CASES
from tests.mail.corpus.case import DAY
from tests.mail.test_classify_any import HEAD, HOSTILE, KINDS

RUNS = int(os.environ.get("CADENZA_RUNS", "300"))
#: Seconds of the processor that one email may cost.
LONGEST = 1.0
#: Bytes that one email may take while it is read.
MOST_MEMORY = 64 * 1024 * 1024
RAWS = [case.raw for case in CASES]
#: What parsers stumble over.
TOKENS = (
    b"\r\n", b"\n\n", b"\x00", b"\xff\xfe", b"=?utf-8?q?", b"=?utf-8?b?////", b"?=", b"--=_edge", b"--=_edge--",
    b'Content-Type: multipart/mixed; boundary=""\n', b"Content-Type: message/rfc822\n\n", b"charset=idna",
    b"Content-Type: message/delivery-status\n\n", b"Content-Transfer-Encoding: base64\n", b"Final-Recipient: rfc822;\n",
    b"Action: failed\n", b"<blockquote>", b"<!--", b"<style>", b"&#x110000;",
    b"> > > > ", b"On ", b" wrote:\n", b"@", b"<>", b"[", b"(",
    b"\xe2\x80\xae", b"+AGEAYg-", b"\x1b$B",
)  # fmt: skip


def mutated(seed):
    """One email of the corpus with bytes changed, cut, put in, and parts of another."""
    chance = random.Random(seed)  # noqa: S311 - the same with every run
    raw = bytearray(chance.choice(RAWS))
    for _ in range(chance.randint(1, 12)):
        place = chance.randint(0, len(raw))
        match chance.randrange(5):
            case 0:
                raw[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del raw[place : place + chance.randint(1, 200)]
            case 2:
                raw[place:place] = chance.choice(TOKENS) * chance.choice((1, 1, 2, 50, 2000))
            case 3:
                other = chance.choice(RAWS)
                start = chance.randrange(len(other))
                raw[place:place] = other[start : start + 400]
            case _:
                raw[place:place] = raw[place : place + 300] * chance.choice((1, 3, 100))
    return bytes(raw)


def seconds(raw):
    began = time.process_time()
    found = explain(raw, today=DAY)
    took = time.process_time() - began
    assert found["kind"] in KINDS
    return took


@pytest.mark.timeout(300 + RUNS)
def test_mutated_mail_costs_no_second():
    slow = {seed: took for seed in range(RUNS) if (took := seconds(mutated(seed))) > LONGEST}

    assert slow == {}


HTML = HEAD % (b"Re: A", b"Content-Type: text/html")
ROBOT = b"From: MAILER-DAEMON@x.example\nSubject: failure notice\n\n"
#: unit -> what stands before it; each is repeated up to the size.
UNITS = {
    b"On On On ": HEAD % (b"Re: A", b""),
    b">": HEAD % (b"Re: A", b""),
    b">>>>>>>> a\n": HEAD % (b"Re: A", b""),
    b"On Monday at 10:00 x <a@b.c>\nwro\n": HEAD % (b"Re: A", b""),
    b"please contact Jane Doe ": HEAD % (b"Re: A", b""),
    b"not very interested ": HEAD % (b"Re: A", b""),
    b"--b\n\na\n": b"Content-Type: multipart/mixed; boundary=b\n\n",
    b"Content-Type: message/rfc822\n\n": b"",
    b"X-Header: a\n": b"",
    b"=?utf-8?q?": b"Subject: ",
    b"=?utf-8?q?a?= ": b"Subject: ",
    b"a@b.example, ": b"From: ",
    b"<div><blockquote>": HTML,
    b"<table><tr><td>a": HTML,
    b"&nbsp;<": HTML,
    b"<style></style": HTML,
    b"Final-Recipient: rfc822;a@b.c\nAction: failed\n\n": ROBOT,
    b"the following recipients:\n": ROBOT,
    b"user unknown in ": ROBOT,
    b"* (": ROBOT,
}


@pytest.mark.parametrize("unit", UNITS)
def test_twice_the_size_takes_no_more_than_thrice_as_long(unit):
    whole = [
        UNITS[unit] + unit * (size // len(unit)) for size in (MOST_BYTES // 4, MOST_BYTES // 2)
    ]

    half, full = (min(seconds(raw) for _ in range(3)) for raw in whole)

    assert full < 3 * half + 0.05


@pytest.mark.parametrize("unit", UNITS)
def test_an_email_of_any_size_costs_no_second(unit):
    assert seconds(UNITS[unit] + unit * (2 * MOST_BYTES // len(unit))) < LONGEST


@pytest.mark.parametrize("name", ["many-parts", "nested", "headers", "tags", "mails-in-mails"])
def test_hostile_mail_takes_little_memory(name):
    tracemalloc.start()

    explain(HOSTILE[name], today=DAY)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_MEMORY
