"""Mailboxes that log in by access token: won, kept, refreshed once, revoked."""

import json
import os
import subprocess
import sys
import threading

import pytest

from mail import inbound, mailboxes, outbox, pauses
from mail.models import Mailbox, MailboxLogin
from tests.mail.conftest import ADA
from tests.mail.oauth_servers import (
    imap_by_token,
    imap_that_hangs_up_at_login,
    submission,
    token_endpoint,
)


@pytest.fixture
def endpoint():
    with token_endpoint() as running:
        yield running


@pytest.fixture
def mailbox(mailbox, imap, endpoint, monkeypatch):
    """The mailbox of every test, on servers that take no password."""
    for name, value in {"APP": "app-1", "APP_SECRET": "s3cret", "GRANT": "r0"}.items():
        monkeypatch.setenv(name, value)
    with submission(endpoint.good) as smtp, imap_by_token(imap.port, endpoint.good) as port:
        mailbox.smtp_url = f"smtp://127.0.0.1:{smtp.port}"
        mailbox.imap_url = f"imap://127.0.0.1:{port}"
        mailbox.password = ""
        mailbox.oauth = settings_of(endpoint.url)
        mailbox.save()
        mailbox.servers = smtp
        yield mailbox
        mailboxes.close_all()


def settings_of(url):
    return {
        "kind": "google",
        "tenant": None,
        "client_id": "${APP}",
        "client_secret": "${APP_SECRET}",
        "refresh_token": "${GRANT}",
        "token_url": url,
    }


def run_out():
    MailboxLogin.objects.update(good_until=1.0)


def answer(status, body=None, **headers):
    return status, headers, "<html>" if body is None else json.dumps(body)


def test_one_token_sends_and_reads(mailbox, imap, queue, lead, endpoint):
    queue(lead)
    imap.arrive(f"From: {lead.email}\nTo: {ADA}\nSubject: Yes\nMessage-ID: <1@c>\n\nYes!\n")

    read = inbound.read(mailbox.pk)
    sent = outbox.deliver(mailbox.pk)

    assert (read, sent) == ({"reply": 1}, {"cancelled": 1})
    assert endpoint.asked == [
        {
            "client_id": "app-1",
            "client_secret": "s3cret",
            "grant_type": "refresh_token",
            "refresh_token": "r0",
        }
    ]


def test_the_server_gets_the_token_and_the_email(mailbox, queue, lead):
    queue(lead)

    outcome = outbox.deliver(mailbox.pk)

    assert outcome == {"sent": 1}
    assert mailbox.servers.logins == [f"user={ADA}\1auth=Bearer access-1\1\1"]
    assert [mail["To"] for mail in mailbox.servers.mails()] == [lead.email]


def test_tokens_are_kept_encrypted(mailbox, endpoint):
    endpoint.answers = [
        answer(200, {"access_token": "access-first", "refresh_token": "grant-next"})
    ]
    endpoint.good.add("access-first")

    mailboxes.smtp(mailbox)

    kept = MailboxLogin.objects.get(address=ADA)
    texts = [kept.access_token, kept.refresh_token]
    assert [text for text in texts if "access" in text or "grant" in text] == []
    endpoint.refresh_token = "grant-next"
    mailboxes.close_all()
    run_out()
    mailboxes.smtp(mailbox)
    assert [form["refresh_token"] for form in endpoint.asked] == ["r0", "grant-next"]


def test_a_token_is_kept_for_the_next_connection_and_won_anew_before_it_runs_out(mailbox, endpoint):
    for _ in range(2):
        mailboxes.smtp(mailbox)
        mailboxes.close_all()
    endpoint.good_for = 299
    run_out()
    for _ in range(2):
        mailboxes.smtp(mailbox)
        mailboxes.close_all()

    sent = [login.partition("Bearer ")[2].strip("\1") for login in mailbox.servers.logins]
    assert sent == ["access-1", "access-1", "access-2", "access-3"]


@pytest.mark.parametrize("protocol", ["smtp", "imap"])
def test_a_token_that_was_taken_back_before_its_time_is_won_anew(mailbox, endpoint, protocol):
    getattr(mailboxes, protocol)(mailbox)
    mailboxes.close_all()
    endpoint.good.clear()

    getattr(mailboxes, protocol)(mailbox)

    assert len(endpoint.asked) == 2
    assert mailbox.servers.to_error == ([b""] if protocol == "smtp" else [])


def test_a_revoked_login_pauses_the_mailbox_and_names_the_next_move(
    mailbox, queue, lead, endpoint, monkeypatch, time
):
    endpoint.refresh_token = "another"
    message = queue(lead)

    outbox.deliver(mailbox.pk)

    mailbox.refresh_from_db()
    message.refresh_from_db()
    assert (mailbox.status, message.status, message.attempts) == ("paused", "queued", 0)
    assert mailbox.last_error == (
        f"{ADA}: google takes the refresh token no more (invalid_grant, AADSTS700082): it ran out "
        "or was revoked; win another, put it into ${GRANT} and run `cadenza apply`"
    )
    monkeypatch.setenv("GRANT", "another")
    pauses.try_again(Mailbox.objects.all())
    time.forward(minutes=2)
    assert outbox.deliver(mailbox.pk) == {"sent": 1}


def test_a_wrong_secret_pauses_the_mailbox_and_shows_no_secret(mailbox, endpoint):
    endpoint.answers = [answer(401, {"error": "invalid_client", "error_description": "s3cret"})]

    with pytest.raises(mailboxes.Refused) as caught:
        mailboxes.smtp(mailbox)

    assert str(caught.value) == (
        f"{ADA}: google refuses the login (invalid_client): look at client_id ${{APP}}, "
        "its secret and what it was granted"
    )


@pytest.mark.parametrize(
    "answers",
    [
        [answer(503)] * 4,
        [answer(200)] * 4,
        [answer(400)] * 4,
        [answer(400, {"error": "temporarily_unavailable"})] * 4,
        [answer(200, ["access_token"])] * 4,
        [answer(429, {"error": "quota"}, **{"Retry-After": "600"})],
        [answer(302, Location="https://elsewhere.example/")] * 4,
    ],
)
def test_temporary_trouble_leaves_the_mailbox_active_and_the_email_queued(
    mailbox, queue, lead, endpoint, answers, monkeypatch
):
    monkeypatch.setattr("connectors.retry.rest", lambda _seconds: None)
    inbound.read(mailbox.pk)
    mailboxes.close_all()
    run_out()
    message = queue(lead)
    endpoint.answers = list(answers)

    outcome = outbox.deliver(mailbox.pk)

    mailbox.refresh_from_db()
    message.refresh_from_db()
    assert (outcome, endpoint.answers) == ({"unreachable": 1}, [])
    assert (mailbox.status, message.status, message.attempts) == ("active", "queued", 0)


def test_a_short_outage_is_sat_out(mailbox, endpoint, monkeypatch):
    monkeypatch.setattr("connectors.retry.rest", lambda _seconds: None)
    endpoint.answers = [answer(503), answer(502)]

    mailboxes.smtp(mailbox)

    assert len(endpoint.asked) == 3


def test_a_server_that_refuses_for_now_costs_no_token(mailbox, endpoint):
    mailbox.servers.answers["AUTH"] = ["454 4.7.0 Temporary authentication failure"]

    with pytest.raises(mailboxes.Unreachable):
        mailboxes.smtp(mailbox)

    assert len(endpoint.asked) == 1


def test_a_server_that_hangs_up_at_the_login_refuses_nothing(mailbox):
    with imap_that_hangs_up_at_login() as port:
        mailbox.imap_url = f"imap://127.0.0.1:{port}"

        with pytest.raises(mailboxes.Unreachable):
            mailboxes.imap(mailbox)


def test_in_sandbox_mode_no_token_is_asked_for_elsewhere(mailbox):
    mailbox.oauth = settings_of(None)

    with pytest.raises(mailboxes.Refused) as caught:
        mailboxes.smtp(mailbox)

    assert str(caught.value) == (
        f"{ADA}: oauth.token_url: oauth2.googleapis.com is not this machine; with "
        "CADENZA_MODE=sandbox only 127.0.0.1 is talked to"
    )


def test_a_secret_that_is_not_set_is_named(mailbox, monkeypatch):
    monkeypatch.delenv("GRANT")

    with pytest.raises(mailboxes.Refused) as caught:
        mailboxes.smtp(mailbox)

    assert str(caught.value) == f"{ADA}: the environment variable GRANT is not set"


LOG_IN = f"""
import os, sys
import django
django.setup()
from mail import mailboxes
from mail.models import Mailbox
print("ready", flush=True)
sys.stdin.readline()
print("asks", flush=True)
mailboxes.smtp(Mailbox.objects.get(address="{ADA}"))
print("logged in", flush=True)
"""
SET_UP = """
import json, os, sys
import django
django.setup()
from datetime import timedelta
from django.core.management import call_command
from mail.models import Mailbox
call_command("migrate", verbosity=0)
Mailbox.objects.create(gap=timedelta(0), per_day=1, per_hour=1, **json.loads(sys.argv[1]))
"""


def test_of_two_processes_one_refreshes_and_both_log_in(endpoint, tmp_path):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "CADENZA_WORKSPACE": str(tmp_path),
        "APP": "app-1",
        "APP_SECRET": "s3cret",
        "GRANT": "r0",
    }
    environment.pop("DATABASE_URL", None)
    (tmp_path / ".cadenza").mkdir()
    both_ask = threading.Event()
    endpoint.before = lambda: both_ask.wait(60)

    def process(*arguments):
        return subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    with submission(endpoint.good) as smtp:
        values = {
            "address": ADA,
            "username": ADA,
            "smtp_url": f"smtp://127.0.0.1:{smtp.port}",
            "oauth": settings_of(endpoint.url),
        }
        process(SET_UP, json.dumps(values)).communicate(timeout=120)
        pair = [process(LOG_IN), process(LOG_IN)]
        ready = [each.stdout.readline() for each in pair]
        for each in pair:
            each.stdin.write("\n")
            each.stdin.flush()
        asking = [each.stdout.readline() for each in pair]
        both_ask.set()
        said = [each.communicate(timeout=60)[0] for each in pair]

    assert (ready, asking, said) == (["ready\n"] * 2, ["asks\n"] * 2, ["logged in\n"] * 2)
    assert len(endpoint.asked) == 1
    assert smtp.logins == [f"user={ADA}\1auth=Bearer access-1\1\1"] * 2
