"""`esp` of a mailbox in cadenza.yaml: what it needs, and how it reaches the rows that workers read."""

import pytest

from crm.facts import FIELDS
from mail.handing import Kind
from mail.models import Mailbox, Message
from process import proofs
from process.apply import configure
from process.blueprint import Invalid, load
from process.preview import mailbox_for, preview
from process.sample import sample
from tests.mail.esp import conftest

api = conftest.api

SMTP = """\
    smtp: smtp+starttls://smtp.example.com:587
    imap: imaps://imap.example.com:993
    username: ada@example.com
    password: ${MAIL_PASSWORD_ADA}
"""
READ = """\
    imap: imaps://imap.example.com:993
    password: ${MAIL_PASSWORD_ADA}
"""
POSTMARK = "    esp: { kind: postmark, server_token: '${TOKEN}', webhook_secret: '${HOOK}' }\n"
AT = "cadenza.yaml:35"


@pytest.fixture
def loading(starter):
    """Load the starter, its mailbox having these settings."""
    file = starter / "cadenza.yaml"
    text = file.read_text()

    def of(settings):
        assert SMTP in text
        file.write_text(text.replace(SMTP, settings))
        return load(starter, schema=FIELDS)

    return of


@pytest.mark.parametrize(
    "esp",
    [
        {"kind": "postmark", "server_token": "${TOKEN}", "webhook_secret": "${HOOK}"},
        {
            "kind": "postmark",
            "server_token": "${TOKEN}",
            "message_stream": "sales",
            "webhook_secret": "${HOOK}",
        },
        {"kind": "mailgun", "api_key": "${KEY}", "webhook_signing_key": "${SIGNING}"},
        {
            "kind": "mailgun",
            "api_key": "${KEY}",
            "url": "https://api.eu.mailgun.net/v3",
            "webhook_signing_key": "${SIGNING}",
        },
        {"kind": "sendgrid", "api_key": "${KEY}", "webhook_secret": "${HOOK}"},
    ],
)
@pytest.mark.django_db
def test_a_mailbox_by_esp_is_configured(loading, esp):
    written = ", ".join(f"{key}: '{value}'" for key, value in esp.items())

    configure(loading(f"    esp: {{ {written} }}\n"))

    mailbox = Mailbox.objects.get(address="ada@example.com")
    assert mailbox.esp == esp
    assert (mailbox.smtp_url, mailbox.imap_url, mailbox.password) == ("", "", "")


@pytest.mark.django_db
def test_an_esp_may_send_what_imap_reads_and_a_mailbox_may_move(loading):
    configure(loading(SMTP))

    configure(loading(READ + "    esp: { kind: mailgun, api_key: '${KEY}' }\n"))

    mailbox = Mailbox.objects.get(address="ada@example.com")
    assert mailbox.esp == {"kind": "mailgun", "api_key": "${KEY}"}
    assert (mailbox.smtp_url, mailbox.imap_url) == ("", "imaps://imap.example.com:993")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("", f"{AT}:5: mailboxes.0: needs one that sends, smtp or esp, and not both"),
        (SMTP + POSTMARK, f"{AT}:5: mailboxes.0: needs one that sends, smtp or esp, and not both"),
        (
            "    esp: { kind: postmrk, server_token: '${TOKEN}' }\n",
            'cadenza.yaml:37:18: mailboxes.0.esp.kind: unknown value "postmrk"; '
            'did you mean "postmark"? valid: mailgun, postmark, sendgrid',
        ),
        (
            "    esp: { kind: postmark, api_key: '${KEY}', server_token: '${TOKEN}' }\n",
            'cadenza.yaml:37:28: unknown field "api_key"; valid: kind, message_stream, '
            "server_token, url, webhook_secret",
        ),
        (
            "    esp: { kind: mailgun }\n",
            'cadenza.yaml:37:10: the field "api_key" of mailboxes.0.esp is missing',
        ),
        (
            "    esp: { kind: sendgrid, api_key: SG.secret }\n",
            "cadenza.yaml:37:37: mailboxes.0.esp.api_key: a secret must not be written out here; "
            "name an environment variable, such as ${HUBSPOT_TOKEN}",
        ),
        (
            "    esp: { kind: sendgrid, api_key: '${KEY}' }\n",
            "cadenza.yaml:37:10: mailboxes.0.esp: without imap sendgrid brings in what arrives, and "
            "that needs webhook_secret",
        ),
        (
            "    esp: { kind: mailgun, api_key: '${KEY}' }\n",
            "cadenza.yaml:37:10: mailboxes.0.esp: without imap mailgun brings in what arrives, and "
            "that needs webhook_signing_key",
        ),
        (
            "    esp: { kind: mailgun, api_key: '${KEY}', url: 'http://api.example.com' }\n",
            "cadenza.yaml:37:51: mailboxes.0.esp.url: 'http://api.example.com' would send the token "
            "in clear; use https://",
        ),
        (
            "    esp: { kind: mailgun, api_key: '${KEY}', url: api.example.com }\n",
            'cadenza.yaml:37:51: mailboxes.0.esp.url: "api.example.com" is no web address; write it '
            "like https://example.com",
        ),
        (
            "    password: ${P}\n" + POSTMARK,
            "cadenza.yaml:37:15: mailboxes.0.password: is for smtp and imap, and there is neither",
        ),
        (
            POSTMARK + "    dkim: { domain: example.com, selector: one, key: '${DKIM}' }\n",
            "cadenza.yaml:38:11: mailboxes.0.dkim: is for smtp; what an ESP sends it also signs",
        ),
        (
            "    imap: imaps://imap.example.com:993\n" + POSTMARK,
            f"{AT}:5: mailboxes.0: needs one login, a password or oauth, and not both",
        ),
        (
            SMTP.replace("    imap: imaps://imap.example.com:993\n", ""),
            f"{AT}:5: mailboxes.0: ada@example.com needs `imap` or `pipe: true` to be read, and "
            "neither is there",
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(loading, settings, told):
    with pytest.raises(Invalid) as caught:
        loading(settings)

    assert list(map(str, caught.value.problems)) == [told]


@pytest.mark.parametrize("kind", ["postmark", "sendgrid"])
def test_a_webhook_secret_with_which_no_esp_can_call(loading, monkeypatch, kind):
    monkeypatch.setenv("HOOK", "password-alone")
    key = {"postmark": "server_token", "sendgrid": "api_key"}[kind]

    with pytest.raises(Invalid) as caught:
        loading(f"    esp: {{ kind: {kind}, {key}: '${{TOKEN}}', webhook_secret: '${{HOOK}}' }}\n")

    [told] = map(str, caught.value.problems)
    assert told.partition(": ")[2] == (
        "mailboxes.0.esp.webhook_secret: ${HOOK} has to be user:password, as the ESP calls with it"
    )


@pytest.mark.django_db
def test_a_proof_goes_by_esp(loading, api, monkeypatch, settings):
    settings.CADENZA_MODE = "sandbox"
    monkeypatch.setenv("TOKEN", "key-1")
    loaded = loading(POSTMARK.replace("kind:", f"url: 'http://127.0.0.1:{api.port}', kind:"))
    lead, deal = sample(loaded, stage="Approach")
    emails = preview(loaded, "approach-cold-opening", lead, deal, proof_to="tester@example.com")

    [(_, outcome)] = proofs.send(emails, mailbox_for(loaded, lead), to="tester@example.com")

    assert outcome.kind == Kind.SENT
    assert api.recipients() == ["tester@example.com"]
    assert api.headers()["X-Cadenza-Original-To"] == "grace.hopper@hopper.example"
    assert not Message.objects.exists()
