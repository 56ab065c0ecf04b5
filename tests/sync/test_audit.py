"""The audit finds what was planted: in our rows, and in CRMs that it asks over HTTP."""

from datetime import timedelta

import pytest

from crm.models import Connection, ExternalRecord, Lead
from mail import suppression
from mail.models import EmailTemplate, Mailbox, Message, SentCopy, Suppression
from process import audit_crms
from runtime import clock
from sequences.models import AppliedVersion, Enrollment
from tests.sync.test_suppression import CONTACT, GRACE, flags, react, suppress


@pytest.fixture
def both(hubspot, salesforce):
    """Grace in both CRMs, suppressed, and everybody knows."""
    hubspot.create(GRACE), salesforce.create(CONTACT)
    hubspot.pull(), salesforce.pull()
    suppress()
    react()
    hubspot.push(), salesforce.push()
    return hubspot, salesforce


@pytest.fixture
def lead(both):
    return Lead.objects.get()


def email(lead, status="sent", sent_at=None):
    mailbox, _ = Mailbox.objects.get_or_create(
        address="ada@example.com", per_day=1, per_hour=1, gap=timedelta(0)
    )
    template, _ = EmailTemplate.objects.get_or_create(name="opening", digest="1")
    number = Message.objects.count()
    return Message.objects.create(
        enrollment_id=number, step_id="opening", token="t", lead=lead, mailbox=mailbox,
        template=template, to_email=lead.email, message_id=f"<{number}@example.com>", window={},
        status=status, enrolled_at=clock.now(), queued_at=clock.now(), due_at=clock.now(),
        sent_at=sent_at, handed_at=sent_at,
    )  # fmt: skip


def told():
    return [str(one) for one in audit_crms.audit().discrepancies]


def test_it_finds_nothing_where_everything_agrees(both, lead):
    email(lead, sent_at=clock.now() - timedelta(minutes=1))

    found = audit_crms.audit()

    assert found.discrepancies == []
    assert (found.suppressions, found.people, found.messages) == (2, 1, 0)
    assert found.records == {"hubspot": 1, "salesforce": 1}
    assert all(calls > 0 for calls in found.calls.values())


def test_an_email_that_left_after_the_suppression(both, lead):
    row = Suppression.objects.order_by("noted_at").first()
    late = email(lead, sent_at=row.noted_at + timedelta(minutes=1))

    [line] = told()

    assert line == (
        f"grace@customer.example (lead {lead.pk}) is suppressed (manual) since "
        f"{row.at:%Y-%m-%d %H:%M:%S}, and email {late.message_id} left at "
        f"{late.sent_at:%Y-%m-%d %H:%M:%S} (UTC); apologize, and find out why: cadenza explain {lead.pk}"
    )


def test_an_email_that_only_a_sent_folder_knows(both, lead):
    mailbox = email(lead, status="cancelled").mailbox
    sent_at = clock.now() + timedelta(minutes=1)
    SentCopy.objects.create(
        mailbox=mailbox, message_id="<x@example.com>", to_email=lead.email, sent_at=sent_at, raw=b""
    )

    [line] = told()

    assert line.startswith("grace@customer.example is suppressed (manual) since ")
    assert line.endswith("(UTC); apologize, and find out why in the Sent folder")


def test_an_email_that_left_before_we_knew_is_counted_apart(both, lead):
    noted_at = clock.now()
    Suppression.objects.update(at=noted_at - timedelta(minutes=9), noted_at=noted_at)
    email(lead, sent_at=noted_at - timedelta(minutes=5))

    found = audit_crms.audit()

    assert (found.discrepancies, found.on_their_way) == ([], 1)


def test_an_open_enrollment_and_a_queued_email(both, lead):
    waiting = email(lead, status="queued")
    version = AppliedVersion.objects.create(
        sequence="cold", digest="1", definition={}, templates={}, applied_at=clock.now()
    )
    Enrollment.objects.create(
        lead=lead, version=version, sequence="cold", timezone="UTC", started_at=clock.now(),
        mailbox_id=waiting.mailbox_id,
    )  # fmt: skip

    who, step = f"grace@customer.example (lead {lead.pk})", "start `cadenza run` (or a worker)"
    assert told() == [
        f"{who} is suppressed, and email {waiting.message_id} is queued; {step}, which ends it",
        f"{who} is suppressed, and active in cold; {step}, which ends it",
    ]


@pytest.mark.parametrize("name", ["hubspot", "salesforce"])
def test_a_crm_that_lost_the_opt_out_gets_it_back(both, lead, name):
    [crm] = [one for one in both if one.name == name]
    [id_] = crm.records()
    crm.edit(id_, **_unset(crm))

    found = audit_crms.audit()
    left = audit_crms.mend(found)
    crm.push()

    assert [str(one) for one in found.discrepancies] == [
        f"{name}: grace@customer.example (lead {lead.pk}) is suppressed here and not opted out there; "
        "cadenza suppression audit --mend, then cadenza sync"
    ]
    assert (left, flags(crm), told()) == ([], [True], [])


def _unset(crm):
    return {"hs_email_optout": ""} if crm.name == "hubspot" else {"HasOptedOutOfEmail": False}


def test_an_opt_out_that_only_the_crm_knows_is_taken_over(salesforce):
    [id_] = salesforce.create(CONTACT)
    salesforce.pull()
    salesforce.edit(id_, HasOptedOutOfEmail=True)

    found = audit_crms.audit()
    left = audit_crms.mend(found)
    react()

    [one] = found.discrepancies
    assert (one.what, one.connection, left, told()) == ("unknown", "salesforce", [], [])
    assert suppression.is_suppressed("grace@customer.example")


def test_what_waits_is_refused_or_was_not_pulled_is_told_with_its_next_move(hubspot, salesforce):
    salesforce.create(CONTACT)
    salesforce.pull()
    suppress()
    react()
    hubspot.create(GRACE, {"email": "ada@elsewhere.example", "hs_email_optout": "true"})

    lines = [line.replace(str(Lead.objects.get().pk), "N") for line in told()]

    assert [line.partition(" (record")[0] for line in lines[:2]] == [
        "hubspot: grace@customer.example",
        "hubspot: ada@elsewhere.example",
    ]
    assert lines[2] == (
        "salesforce: grace@customer.example (lead N) is not opted out there yet: it waits to be "
        "written; cadenza sync"
    )
    salesforce.changes().update(status="refused", last_error="no such field")
    assert told()[2].endswith(
        "is not opted out there: the CRM refused it (no such field); mend what it says, then cadenza "
        "sync retry"
    )


def test_a_lead_that_no_reaction_has_reached_yet_can_be_mended(salesforce):
    salesforce.create(CONTACT)
    salesforce.pull()
    suppress()

    found = audit_crms.audit()
    left = audit_crms.mend(found)
    salesforce.push()

    assert [one.what for one in found.discrepancies] == ["not_flagged", "lost"]
    assert (left, flags(salesforce), told()) == ([], [True], [])


def test_a_crm_that_does_not_answer_is_told_and_the_others_are_asked(both):
    hubspot, _ = both
    hubspot.fault("error", status=401)
    Connection.objects.filter(name="salesforce").update(status="stopped", last_error="no login")

    found = audit_crms.audit().discrepancies

    assert [(one.connection, one.what) for one in found] == [
        ("hubspot", "not_asked"),
        ("salesforce", "not_asked"),
    ]
    assert str(found[1]) == "salesforce: its opt-outs are not known: no login; cadenza sync"


def test_a_lead_that_came_to_a_suppressed_company_later_was_written_to_rightly(salesforce):
    [company] = salesforce.create({"Name": "Hopper Ltd"}, object_="Account")
    [id_] = salesforce.create(CONTACT)
    salesforce.pull()
    suppress("Hopper Ltd", "company")
    salesforce.advance(minutes=20)
    early = email(Lead.objects.get(), sent_at=clock.now())
    salesforce.advance(minutes=20)
    salesforce.edit(id_, AccountId=company)
    salesforce.pull()
    react()
    salesforce.push()

    before = told()
    Message.objects.filter(pk=early.pk).update(sent_at=clock.now() + timedelta(minutes=1))

    assert (before, len(told())) == ([], 1)
    assert ExternalRecord.objects.filter(kind="lead").count() == 1
