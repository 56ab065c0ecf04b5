"""Proofs go through a real server to whoever asked for them, and leave nothing behind."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from crm.facts import FIELDS
from mail import unsubscribe
from mail.definition import DkimSettings
from mail.handing import Kind
from mail.models import Message
from process import proofs
from process.blueprint import load
from process.preview import mailbox_for, preview
from process.sample import sample
from tests.mail import conftest
from tests.mail.test_dkim import KEY, pem, verified
from workspace.problems import Fault

pytestmark = pytest.mark.django_db
TESTER = "tester@example.com"

sink = conftest.sink


@pytest.fixture
def loaded(starter, sink, monkeypatch, settings):
    settings.CADENZA_MODE = "sandbox"
    monkeypatch.setenv("MAIL_PASSWORD_ADA", "pw")
    path = starter / "cadenza.yaml"
    text = path.read_text().replace(
        "smtp+starttls://smtp.example.com:587", f"smtp://127.0.0.1:{sink.port}"
    )
    path.write_text(f"{text}\nredirect_to: staging@example.com\n")
    return load(starter, schema=FIELDS)


def prove(loaded, name, to=TESTER):
    lead, deal = sample(loaded, stage="Approach")
    emails = preview(loaded, name, lead, deal, proof_to=to)
    return list(proofs.send(emails, mailbox_for(loaded, lead), to=to))


def test_a_proof_goes_to_whoever_asked_also_in_staging(loaded, sink):
    [(email, outcome)] = prove(loaded, "approach-cold-opening")

    mail = message_from_bytes(sink.taken[0], policy=policy.default)
    assert (email.template, outcome.kind) == ("approach-cold-opening", Kind.SENT)
    assert (sink.recipients, mail["To"]) == ([TESTER], TESTER)
    assert mail["Subject"] == (
        "[Proof for grace.hopper@hopper.example] Where the week goes at Hopper Ltd"
    )
    assert mail["X-Cadenza-Original-To"] == "grace.hopper@hopper.example"
    assert not Message.objects.exists()


def test_a_real_leads_proof_unsubscribes_nobody(loaded):
    lead, deal = sample(loaded, stage="Approach")
    lead.pk = 7

    [email] = preview(loaded, "approach-cold-opening", lead, deal, proof_to=TESTER)
    live = replace(loaded, redirect_to="")
    [other] = preview(live, "approach-cold-opening", lead, deal)

    nobody, token = unsubscribe.token(unsubscribe.nobody()), unsubscribe.token(lead)
    assert (_links(email).count(nobody), _links(email).count(token)) == (4, 0)
    assert (_links(other).count(nobody), _links(other).count(token)) == (0, 4)


def test_a_proof_is_signed_where_the_mailbox_signs(loaded, sink, monkeypatch):
    monkeypatch.setenv("DKIM_KEY", pem(KEY))
    dkim = DkimSettings(domain="example.com", selector="cadenza1", key="${DKIM_KEY}")
    first, *others = loaded.mailboxes
    signing = replace(loaded, mailboxes=(first.model_copy(update={"dkim": dkim}), *others))

    prove(signing, "approach-cold-opening")

    assert verified(sink.taken[0])


def test_each_is_sent_though_one_is_refused(loaded, sink):
    sink.answers["DATA"] = ["550 5.7.1 spam"]

    outcomes = [outcome for _, outcome in prove(loaded, "approach-cold")]

    assert [str(outcome.kind) for outcome in outcomes] == ["refused", "sent", "sent", "sent"]
    assert outcomes[0].reply == "550 5.7.1 spam"
    assert len(sink.taken) == 3


def test_what_is_no_address_is_refused(loaded):
    with pytest.raises(Fault) as refused:
        proofs.recipient_of("tester")

    assert str(refused.value) == "'tester' is no email address"


def _links(email):
    mail = message_from_bytes(email.raw)
    parts = [
        part.get_payload(decode=True).decode()
        for part in mail.walk()
        if part.get_payload(decode=True)
    ]
    return "".join([mail["List-Unsubscribe"], *parts])
