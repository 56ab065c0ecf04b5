"""A person consents in a browser: the code that comes back buys tokens, and nothing else does."""

import threading
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from typer.testing import CliRunner

from config.cli import mailbox as command  # noqa: F401 - adds the command
from config.cli.app import app
from connectors.errors import ConnectorError
from mail import mailboxes, oauth
from mail.consent import Consent
from mail.models import Mailbox, MailboxLogin
from tests.mail.conftest import ADA
from tests.mail.oauth_servers import imap_by_token, submission, token_endpoint


@pytest.fixture
def endpoint():
    with token_endpoint() as running:
        yield running


@pytest.fixture
def mailbox(mailbox, imap, endpoint, monkeypatch):
    monkeypatch.setenv("APP", "app-1")
    with submission(endpoint.good) as smtp, imap_by_token(imap.port, endpoint.good) as port:
        mailbox.smtp_url = f"smtp://127.0.0.1:{smtp.port}"
        mailbox.imap_url = f"imap://127.0.0.1:{port}"
        mailbox.password = ""
        mailbox.oauth = {
            "kind": "microsoft",
            "tenant": "example.com",
            "client_id": "${APP}",
            "client_secret": None,
            "refresh_token": None,
            "token_url": endpoint.url,
        }
        mailbox.save()
        yield mailbox
        mailboxes.close_all()


def asked(url):
    return dict(parse_qsl(urlsplit(url).query))


def browse(url, *answers):
    """What a browser brings back, in the background; `{state}` stands for the one that was sent."""
    page = asked(url)

    def visit():
        for answer in answers:
            told = {name: value.format(**page) for name, value in answer.items()}
            requests.get(page["redirect_uri"], params=told, timeout=10)

    thread = threading.Thread(target=visit)
    thread.start()
    return thread


GIVEN = {"code": "code-1", "state": "{state}"}


def test_the_page_asks_for_what_sending_and_reading_need(mailbox):
    consent = Consent(mailbox)

    page = asked(consent.url)

    assert (page["client_id"], page["login_hint"], page["response_type"]) == ("app-1", ADA, "code")
    assert page["scope"].split() == [
        "https://outlook.office.com/SMTP.Send",
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "offline_access",
    ]
    consent._server.server_close()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"kind": "google"}, "https://accounts.google.com/o/oauth2/v2/auth"),
        ({}, "https://login.microsoftonline.com/example.com/oauth2/v2.0/authorize"),
        (
            {"token_url": "https://login.microsoftonline.us/x/oauth2/v2.0/token"},
            "https://login.microsoftonline.us/x/oauth2/v2.0/authorize",
        ),
    ],
)
def test_the_page_is_the_vendors(mailbox, settings, values, expected):
    settings.CADENZA_MODE = "production"
    mailbox.oauth = {**mailbox.oauth, "token_url": None, **values}
    consent = Consent(mailbox)

    page = consent.url.partition("?")[0]

    assert page == expected
    consent._server.server_close()


def test_consent_buys_tokens_that_are_kept_and_refreshed(mailbox, endpoint):
    consent = Consent(mailbox)
    page = asked(consent.url)
    browser = browse(consent.url, GIVEN)

    consent.keep(within=20)
    browser.join()

    assert oauth.access_token(mailbox) == "access-of-code"
    verifier = endpoint.asked[0]["code_verifier"].encode()
    assert (
        urlsafe_b64encode(sha256(verifier).digest()).decode().rstrip("=")
        == (page["code_challenge"])
    )
    assert (endpoint.asked[0]["code"], endpoint.asked[0]["redirect_uri"]) == (
        "code-1",
        page["redirect_uri"],
    )
    MailboxLogin.objects.update(good_until=1.0)
    assert oauth.access_token(mailbox) == "access-2"
    assert endpoint.asked[1]["refresh_token"] == endpoint.refresh_token


def test_an_answer_that_knows_not_our_state_is_passed_over(mailbox, endpoint):
    consent = Consent(mailbox)
    foreign = [{"code": "code-of-another", "state": "x"}, {"code": "code-of-another"}, {}]
    browser = browse(consent.url, *foreign, GIVEN)

    consent.keep(within=20)
    browser.join()

    assert [form["code"] for form in endpoint.asked] == ["code-1"]


@pytest.mark.parametrize(
    ("answers", "within", "error"),
    [
        ([{"error": "access_denied", "state": "{state}"}], 20, "access_denied"),
        ([], 0.3, "no answer within 0 seconds"),
    ],
)
def test_without_consent_nothing_is_kept(mailbox, endpoint, answers, within, error):
    consent = Consent(mailbox)
    browser = browse(consent.url, *answers)

    with pytest.raises(ConnectorError) as caught:
        consent.keep(within=within)
    browser.join()

    assert str(caught.value) == f"{ADA}: no consent was given ({error})"
    assert (endpoint.asked, MailboxLogin.objects.count()) == ([], 0)


def test_before_consent_the_mailbox_names_the_command(mailbox, endpoint):
    with pytest.raises(mailboxes.Refused) as caught:
        mailboxes.smtp(mailbox)

    assert str(caught.value) == (
        f"{ADA}: nobody has consented yet; run `cadenza mailbox login {ADA}`"
    )
    assert endpoint.asked == []


@pytest.fixture
def cadenza(monkeypatch):
    def run(*arguments):
        monkeypatch.setattr("config.cli.django.ready", lambda: None)
        return CliRunner().invoke(app, arguments)

    return run


def test_the_command_logs_in_and_tries_the_mailbox_again(mailbox, cadenza, monkeypatch):
    Mailbox.objects.update(status="paused", last_error="revoked")
    monkeypatch.setattr("webbrowser.open", lambda url: browse(url, GIVEN))

    outcome = cadenza("mailbox", "login", ADA)

    mailbox.refresh_from_db()
    assert (outcome.exit_code, mailbox.status, mailbox.last_error) == (0, "active", "")
    assert outcome.output.splitlines()[-1] == (
        f"{ADA} is logged in: its servers take the login for sending and for reading."
    )


def test_the_command_tells_when_the_server_does_not_take_the_login(
    mailbox, cadenza, monkeypatch, endpoint
):
    endpoint.good = set()
    Mailbox.objects.update(status="paused")
    monkeypatch.setattr("webbrowser.open", lambda url: browse(url, GIVEN))

    outcome = cadenza("mailbox", "login", ADA)

    mailbox.refresh_from_db()
    assert (outcome.exit_code, mailbox.status) == (1, "paused")
    assert f"login as {ADA} refused: 535" in outcome.output


@pytest.mark.parametrize("address", ["nobody@example.com", ADA])
def test_the_command_is_for_mailboxes_without_a_refresh_token(mailbox, cadenza, address):
    Mailbox.objects.update(oauth={**mailbox.oauth, "refresh_token": "${GRANT}"})

    outcome = cadenza("mailbox", "login", address)

    assert outcome.exit_code == 2
    said = {
        "nobody@example.com": f"no mailbox nobody@example.com; valid: {ADA}",
        ADA: f"{ADA} does not log in by consent",
    }
    assert said[address] in " ".join(outcome.output.replace("│", " ").split())
