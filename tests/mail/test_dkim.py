"""Signatures of ours, verified by dkimpy."""

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import dkim as witness
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from mail import dkim, mime, outbox
from mail.models import Mailbox, Message

AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def record(name, timeout=5):
    """What stands in the DNS."""
    public = KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    known = {b"cadenza1._domainkey.example.com.": b"v=DKIM1; k=rsa; p=" + b64encode(public)}
    return known[name]


def verified(raw):
    return witness.verify(raw, dnsfunc=record)


def signed_names(raw):
    (names,) = re.findall(rb" h=([a-z:-]+);", raw)
    return names.decode().split(":")


@pytest.fixture
def signing(mailbox, monkeypatch):
    monkeypatch.setenv("DKIM_KEY", pem(KEY))
    mailbox.dkim = {"domain": "example.com", "selector": "cadenza1", "key": "${DKIM_KEY}"}
    mailbox.save()
    return mailbox


def test_what_arrives_is_signed_and_is_what_was_kept(signing, queue, lead, sink):
    message = queue(lead)

    outbox.deliver(signing.pk)

    message.refresh_from_db()
    (raw,) = sink.taken
    assert verified(raw)
    assert bytes(message.raw) == raw
    assert signed_names(raw) == [
        "from", "from", "to", "subject", "date", "message-id",
        "list-unsubscribe", "list-unsubscribe-post",
    ]  # fmt: skip


def test_each_of_a_batch_has_its_own_signature(signing, queue, make_lead, sink):
    signing.gap = timedelta(0)
    signing.save()
    messages = [queue(make_lead(email=f"grace{number}@example.org")) for number in range(12)]

    assert outbox.deliver(signing.pk) == {"sent": 12}

    assert all(map(verified, sink.taken))
    kept = [bytes(Message.objects.get(pk=message.pk).raw or b"") for message in messages]
    assert kept == sink.taken
    assert len(set(kept)) == len(kept)


def test_what_is_sent_elsewhere_in_staging_is_signed_as_it_is(signing, sender, queue, lead, sink):
    sender.redirect_to = "staging@example.com"
    sender.save()
    queue(lead)

    outbox.deliver(signing.pk)

    (raw,) = sink.taken
    assert verified(raw)
    assert b"\r\nTo: staging@example.com\r\n" in raw


def test_a_follow_ups_thread_is_signed_too(signing, queue, lead, sink):
    first = queue(lead)
    outbox.deliver(signing.pk)
    first.refresh_from_db()
    queue(lead, step="reminder", parent=first)

    outbox.deliver(signing.pk)

    raw = sink.taken[1]
    assert verified(raw)
    assert signed_names(raw)[6:8] == ["in-reply-to", "references"]


@pytest.mark.parametrize(
    "changed",
    [
        (b"Subject: A", b"Subject: B"),
        (b"To: g", b"To: h"),
        (b"List-Unsubscribe-Post: L", b"List-Unsubscribe-Post: M"),
        (b"List-Unsubscribe: <h", b"List-Unsubscribe: <g"),
        (b"Message-ID: <", b"Message-ID: <x"),
        (b"Hello Grace", b"Hello Mallory"),
        (b"From: ", b"From: mallory@example.com\r\nFrom: "),
    ],
)
def test_what_was_changed_on_its_way_is_found_out(signing, queue, lead, sink, changed):
    queue(lead)
    outbox.deliver(signing.pk)
    (raw,) = sink.taken

    forged = raw.replace(*changed, 1)

    assert forged != raw
    assert not verified(forged)


def test_a_mailbox_without_a_key_leaves_signing_to_its_server(mailbox, queue, lead, sink):
    queue(lead)

    outbox.deliver(mailbox.pk)

    assert b"DKIM-Signature" not in sink.taken[0]


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")),
    st.text(st.characters(codec="utf-8")),
)
def test_any_email_verifies(subject, text):
    subject = "".join(filter(str.isprintable, subject))
    headers = {"From": "ada@example.com", "Subject": mime.words(subject, "Subject")}
    identity = dkim.Identity(domain="example.com", selector="cadenza1", key=KEY)

    raw = dkim.sign(mime.build(headers, text=text, html=""), identity, at=AT)

    assert verified(raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("body", [b"", b"\r\n", b"a  b \t\r\n\r\n\r\n", b" \r\n \r\n", b"a"])
def test_any_body_verifies(body):
    raw = b"From: ada@example.com\r\nSubject:  two\r\n\twords \r\n\r\n" + body
    identity = dkim.Identity(domain="example.com", selector="cadenza1", key=KEY)

    assert verified(dkim.sign(raw, identity, at=AT))


def test_a_key_may_stand_in_a_file(tmp_path):
    path = tmp_path / "dkim.pem"
    path.write_text(pem(KEY))

    assert dkim.read_key(str(path)).private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("MIIEvQIBADAN", "is neither a key in PEM nor a file that can be read"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n", "is no private key in PEM without a passphrase"),
        (
            pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)).replace("M", "N"),
            "is no private key in PEM without a passphrase",
        ),
        (
            pem(ed25519.Ed25519PrivateKey.generate()),
            "is no RSA key; make one: openssl genrsa 2048",
        ),
    ],
)
def test_a_bad_key_is_told_and_not_shown(secret, told):
    with pytest.raises(dkim.BadKey) as caught:
        dkim.read_key(secret)

    assert str(caught.value) == told


def test_a_mailbox_that_cannot_sign_is_paused_and_nothing_leaves(
    signing, queue, lead, sink, monkeypatch
):
    monkeypatch.delenv("DKIM_KEY")
    message = queue(lead)

    outcome = outbox.deliver(signing.pk)

    message.refresh_from_db()
    signing.refresh_from_db()
    assert (outcome, message.status, message.attempts) == ({"paused": 1}, Message.Status.QUEUED, 0)
    assert signing.status == Mailbox.Status.PAUSED
    assert signing.last_error == ("ada@example.com: the environment variable DKIM_KEY is not set")
    assert sink.taken == []
