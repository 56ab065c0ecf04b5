"""Who wrote into a form before any CRM had them: noted by itself once one has."""

import pytest

from crm.models import Activity, Lead
from mail.suppression import suppress
from process.models import Form, Submission
from process.prospecting import submissions
from process.prospecting.forms import FormSettings, Submitted
from runtime import clock
from tests.sync.test_suppression import CONTACT, GRACE, react

SETTINGS = {
    "fields": {"mail": "lead.email", "what": "message"},
    "consent": "Write to me.",
    "allowed_origins": ["https://www.example.com"],
}


@pytest.fixture
def submit(db):
    form = Form.objects.create(name="demo", settings=SETTINGS)
    settings = FormSettings.model_validate(SETTINGS)

    def write(email, text="A demo?"):
        told = Submitted(email, {"message": text})
        return submissions.take_in(form, settings, told, page="", address="192.0.2.7")

    return write


def noted():
    found = Activity.objects.filter(kind="form_submitted").order_by("pk")
    return [(one.lead.email, one.data["told"]["message"], one.occurred_at) for one in found]


def test_the_pull_that_brings_the_address_notes_it(hubspot, submit):
    row, at = submit(GRACE["email"]), clock.now()
    submit("alan@customer.example")
    react()
    before = noted()
    hubspot.create(GRACE)
    hubspot.advance(hours=1)

    hubspot.pull()
    react()
    react()

    row.refresh_from_db()
    assert (before, noted()) == ([], [(GRACE["email"], "A demo?", at)])
    assert (row.state, row.lead) == ("noted", Lead.objects.get())
    assert [one.email for one in submissions.waiting()] == ["alan@customer.example"]


def test_the_first_pull_brings_everybody(crms, submit):
    crm = crms("salesforce")
    at = clock.now()
    submit(CONTACT["Email"])
    crm.create(CONTACT)

    crm.pull()
    react()

    assert noted() == [(CONTACT["Email"], "A demo?", at)]


def test_an_address_that_was_mended_in_the_crm_is_found(hubspot, submit):
    (id_,) = hubspot.create({**GRACE, "email": "grcae@customer.example"})
    hubspot.advance(hours=1)
    hubspot.pull()
    react()
    at = clock.now()
    submit(GRACE["email"])

    hubspot.edit(id_, email=GRACE["email"])
    hubspot.advance(hours=1)
    hubspot.pull()
    react()

    assert noted() == [(GRACE["email"], "A demo?", at)]


def test_whoever_is_suppressed_stays_so_and_is_told(hubspot, submit):
    suppress(GRACE["email"], "unsubscribed", at=clock.now())
    row = submit(GRACE["email"])
    waiting = submissions.told(row)["suppressed"]
    hubspot.create(GRACE)
    hubspot.advance(hours=1)

    hubspot.pull()
    react()

    lead = Lead.objects.get()
    assert waiting == f"unsubscribed since {row.at:%Y-%m-%d}"
    assert (lead.do_not_contact, Submission.objects.get().lead) == (True, lead)
