"""Whatever a stranger sends: it is something, in linear time, and no word of a person's is lost."""

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.classify import reply_text
from mail.explained import explain
from tests.mail.corpus import CASES
from tests.mail.corpus.case import DAY, message
from tests.mail.corpus.replies import MARKED, OURS, UNMARKED, quoted

#: No figure of speed, which a busy machine would make fail: beyond it something is not linear.
ABSURD = 5.0
KINDS = {"reply", "auto_reply", "bounce", "delayed", "complaint", "unsubscribe", "other"}
RAWS = [case.raw for case in CASES]


def classified(raw):
    began = time.process_time()
    found = explain(raw, today=DAY)
    assert time.process_time() - began < ABSURD
    return found


@given(raw=st.binary(max_size=5000))
def test_any_bytes_are_something(raw):
    assert classified(raw)["kind"] in KINDS


@given(data=st.data())
@settings(max_examples=300)
def test_mutated_mail_is_something(data):
    raw = bytearray(data.draw(st.sampled_from(RAWS)))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.integers(0, 200))
        other = data.draw(st.sampled_from(RAWS))
        start = data.draw(st.integers(0, len(other)))
        put = data.draw(st.one_of(st.binary(max_size=20), st.just(other[start : start + 300])))
        raw[place : place + cut] = put

    found = classified(bytes(raw))

    assert found["kind"] in KINDS
    assert str(found).encode("utf-8")


@given(raw=st.sampled_from(RAWS), times=st.integers(1, 3), end=st.integers(0, 4000))
def test_cut_and_repeated_mail_is_something(raw, times, end):
    assert classified(raw[:end] * times)["kind"] in KINDS


#: Charsets that are none, or come in pieces.
ODD = ["*=utf-8''utf-8", "*0=utf; charset*1=-8", "*=x", "*=undefined''x", "*=a\0b''x", "=a\0b"]


@pytest.mark.parametrize("charset", ODD)
@pytest.mark.parametrize(
    "kind", ["text/plain", "text/html", "text/calendar", "text/rfc822-headers"]
)
def test_a_charset_of_any_form_is_something(kind, charset):
    headers = {"Subject": "Re: A question", "Content-Type": f"{kind}; charset{charset}"}

    found = classified(message(headers, "Ja, später."))

    expected = "Ja, später." if kind in {"text/plain", "text/html"} else ""
    assert (found["kind"], found["new_text"]) == ("reply", expected)


WORD = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzäéøщж中文한日0123456789,;?!'()"),
    min_size=1,
    max_size=12,
)
LINE = st.lists(WORD, min_size=1, max_size=8).map(" ".join)
TEXT = st.lists(st.one_of(LINE, st.just("")), min_size=1, max_size=12).map("\n".join)
QUOTES = st.one_of(
    st.sampled_from([f"{intro}\n{quoted(OURS)}" for intro in MARKED.values()]),
    st.sampled_from([f"{intro}\n{OURS}" for intro in UNMARKED.values()]),
)


@given(text=TEXT, quote=QUOTES, how=st.sampled_from(["8bit", "quoted-printable", "base64"]))
def test_no_word_above_a_quote_is_lost(text, quote, how):
    raw = message({"In-Reply-To": "<touch-1@sender.example>"}, f"{text}\n\n{quote}\n", how=how)

    found = str(explain(raw, today=DAY)["new_text"])

    assert found.split()[: len(text.split())] == text.split()


@given(above=TEXT, below=TEXT)
def test_no_word_around_a_marked_quote_is_lost(above, below):
    found = reply_text.extract(f"{above}\n\n{MARKED['gmail-en']}\n{quoted(OURS)}\n\n{below}\n")

    assert found.split() == [*above.split(), *below.split()]


HEAD = b"From: grace@customer.example\nTo: ada@sender.example\nSubject: %s\n%s\n\n"
BOUNCE = HEAD % (b"Undelivered Mail", b"Return-Path: <>")
SIZE = 240_000


def filled(unit, head=HEAD % (b"Re: A question", b"")):
    return head + unit * (SIZE // len(unit))


def nested(kind, depth, tail):
    """Mail in mail in mail, and then lines that the parser compares with every open boundary."""
    layers = (
        b"Content-Type: %s; boundary=b%d\n\n--b%d\n" % (kind, number, number)
        for number in range(depth)
    )
    return b"".join(layers) + tail * (SIZE // len(tail))


HOSTILE = {
    "on-on-on": filled(b"On "),
    "on-lines": filled(b"On\n"),
    "wrote": filled(b"On 4 Mar 2026 at 09:00 wrote:\n"),
    "header-lines": filled(b"From: a\n"),
    "dashes": filled(b"-----\n"),
    "signatures": filled(b"-- \n"),
    "signatures-and-text": filled(b"-- \na\n"),
    "angles": filled(b"<"),
    "spaces": filled(b" "),
    "blank-lines": filled(b" \n"),
    "bounce-spaces": filled(b" ", BOUNCE),
    "bounce-blank-lines": filled(b"\n", BOUNCE),
    "bounce-addresses": filled(b"a@b.c:\n", BOUNCE),
    "bounce-at": filled(b"@", BOUNCE),
    "bounce-word": filled(b"a", BOUNCE),
    "bounce-user": filled(b"user ", BOUNCE),
    "bounce-exceed": filled(b"exceeded", BOUNCE),
    "bounce-codes": filled(b"5.1.", BOUNCE),
    "bounce-digits": filled(b"5", BOUNCE),
    "bounce-dashes": filled(b"-", BOUNCE),
    "tags": filled(b"<div>", HEAD % (b"Re: A", b"Content-Type: text/html")),
    "open-tags": filled(b"<div ", HEAD % (b"Re: A", b"Content-Type: text/html")),
    "styles": filled(b"<style>", HEAD % (b"Re: A", b"Content-Type: text/html")),
    "comments": filled(b"<!--", HEAD % (b"Re: A", b"Content-Type: text/html")),
    "entities": filled(b"&amp", HEAD % (b"Re: A", b"Content-Type: text/html")),
    "quotes-in-html": filled(b"<blockquote>a", HEAD % (b"Re: A", b"Content-Type: text/html")),
    "punycode": filled(b"a-", HEAD % (b"Re: A", b"Content-Type: text/plain; charset=punycode")),
    "headers": b"A: b\n" * (SIZE // 5),
    "long-header": b"Subject: " + b"=?" * (SIZE // 2),
    "parameters": b'Content-Type: multipart/mixed; a="' + b";" * SIZE + b"\n\n",
    "folded-parameters": b'Content-Type: multipart/mixed; a="' + b";\n ;" * (SIZE // 4) + b"\n\n",
    "references": b"References: " + b"<a@b> " * (SIZE // 6) + b"\n\n",
    "nested": nested(b"multipart/mixed", 400, b"\n"),
    "nested-reports": nested(b"multipart/report", 100, b"\n"),
    "many-parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\na\n" * (SIZE // 7),
    "mails-in-mails": b"Content-Type: message/rfc822\n\n" * (SIZE // 30),
    "status-blocks": b"Content-Type: message/delivery-status\n\n" + b"Action: failed\n\n" * (SIZE // 16),
    "dates": filled(b"12. 3. ", HEAD % (b"Re: A", b"Auto-Submitted: auto-replied")),
    "weekdays": filled(b"monday ", HEAD % (b"Re: A", b"Auto-Submitted: auto-replied")),
}  # fmt: skip


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_takes_linear_time(raw):
    assert classified(raw)["kind"] in KINDS


def test_touches_are_asked_by_ids_recipients_and_addresses():
    asked = []

    def touches(ids, recipients, addresses):
        asked.append((ids, recipients, addresses))
        return (
            "<touch-1@sender.example>",
            "We wrote this line ourselves, to Grace.",
            "Out of office",
        )

    text = "Yes.\nWe wrote this line ourselves, to Grace.\n"
    headers = {
        "Subject": "Re: Out of office",
        "In-Reply-To": "<touch-1@sender.example>",
        "To": "Ada <ada+x@sender.example>",
    }
    raw = message(headers, text)

    found = explain(raw, today=date(2026, 3, 4), touches=touches, meaning=lambda text: f"of {text}")

    assert asked == [
        (("<touch-1@sender.example>",), ("ada+x@sender.example",), ("grace@customer.example",))
    ]
    assert (found["touch"], found["new_text"], found["intent"]) == (
        "<touch-1@sender.example>",
        "Yes.",
        "of Yes.",
    )
