"""A mailbox examined over real servers: names, encryption, logins; and what the command says."""

from datetime import UTC, datetime, timedelta

import pytest
import trustme

from mail.doctor import examine, logins
from runtime import clock


def test_a_mailbox_whose_domain_publishes_what_it_should(mailbox, server, settings):
    settings.CADENZA_RESOLVER = f"127.0.0.1:{server.port}"
    server.text("example.com", "v=spf1 mx ~all")
    server.text("_dmarc.example.com", "v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com")
    server.zone["example.com", "MX"] = ["10 mx.example.com."]
    server.zone["mx.example.com", "A"] = ["192.0.2.1"]

    found = examine.examine([mailbox], print)

    assert [(each.check, str(each.grade)) for each in found] == [
        ("spf", "fine"),
        ("dkim", "unknown"),
        ("dmarc", "fine"),
        ("mx", "fine"),
        ("tls", "fine"),
        ("smtp", "warning"),  # the server wants no login
        ("tls", "fine"),
        ("imap", "fine"),
        ("sent folder", "warning"),  # the server marks none
        ("web", "unknown"),
    ]


def test_without_a_name_server_the_rest_is_examined(mailbox, settings):
    settings.CADENZA_RESOLVER = ""

    found = examine.examine([mailbox], print)

    assert {each.check for each in found if each.grade == "unknown"} >= {"spf", "dmarc", "mx"}
    assert "imap" in {each.check for each in found if each.grade == "fine"}


def test_a_wrong_password(mailbox, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD_ADA", "wrong")

    (found,) = logins.examine_imap(mailbox, clock.now())

    assert (found.check, str(found.grade)) == ("imap", "fault")
    assert found.fix.endswith(f"cadenza resume --mailbox {mailbox.address}")


def test_a_server_that_may_not_be_reached_is_no_matter_of_the_password(mailbox):
    mailbox.imap_url = "imaps://imap.example.com"

    (found,) = logins.examine_imap(mailbox, clock.now())

    assert (found.check, str(found.grade), found.fix) == (
        "imap",
        "fault",
        "name the right server in cadenza.yaml, or run this where its servers may be reached",
    )


def test_a_login_that_nobody_has_consented_to(mailbox, monkeypatch):
    monkeypatch.setenv("CLIENT", "our-client")
    mailbox.password = ""
    mailbox.oauth = {
        "kind": "google",
        "client_id": "${CLIENT}",
        "client_secret": "${CLIENT}",
        "refresh_token": None,
        "token_url": "http://127.0.0.1:1/token",
    }
    mailbox.save()

    (found,) = logins.examine_imap(mailbox, clock.now())

    assert found.fix == f"have its owner consent: cadenza mailbox login {mailbox.address}"


def test_a_server_that_is_not_there(mailbox):
    mailbox.smtp_url = "smtp://127.0.0.1:1"

    (found,) = logins.examine_smtp(mailbox, clock.now())

    assert (found.check, str(found.grade)) == ("smtp", "fault")
    assert "firewall" in found.fix


def test_a_certificate_that_ends_soon(authority, encrypted):
    now = datetime.now(UTC)  # as the servers see it
    mailbox = encrypted(authority, not_after=now + timedelta(days=3))

    encryption, _ = logins.examine_smtp(mailbox, now)

    assert (encryption.check, str(encryption.grade)) == ("tls", "warning")


def test_a_certificate_of_nobody(authority, encrypted):
    mailbox = encrypted(trustme.CA())

    (found,) = logins.examine_smtp(mailbox, clock.now())

    assert (found.check, str(found.grade)) == ("tls", "fault")
    assert "certificate" in found.fix


def test_a_password_in_the_clear(mailbox):
    found = logins._encryption("smtp://mail.example.com", object(), clock.now())

    assert str(found.grade) == "fault"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:1 does not answer: Connection refused"),
        (
            "https://out..example",
            '"https://out..example" is no web address: no host can be called "out..example"',
        ),
    ],
)
def test_a_public_address_that_does_not_answer_is_told_in_words(url, said, settings):
    settings.CADENZA_MODE = "sandbox"

    (found,) = examine.examine([], print, url)

    assert (str(found.grade), found.said) == ("fault", said)
    assert found.fix
