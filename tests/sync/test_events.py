"""What others log in the CRM is on our timeline once; what we logged is not."""

from datetime import timedelta

import pytest

from crm.models import Activity
from runtime import clock
from tests.sync.test_cases import contact, person, touch


def noted():
    rows = Activity.objects.filter(kind__startswith="crm_")
    return sorted((row.kind, row.data["subject"]) for row in rows)


def log(crm, object_, id_, **values):
    (made,) = crm.create({"hs_timestamp": clock.now().isoformat(), **values}, object_=object_)
    crm.hands("link", made, object_=object_, to=["contacts", id_])


def test_emails_calls_and_meetings_of_others_are_events_once(hubspot):
    (id_,) = hubspot.create(person(1))
    hubspot.sync()
    hubspot.advance(minutes=5)
    log(hubspot, "emails", id_, hs_email_direction="EMAIL", hs_email_subject="By hand")
    log(hubspot, "emails", id_, hs_email_direction="INCOMING_EMAIL", hs_email_subject="Yes")
    log(hubspot, "calls", id_, hs_call_title="Rang")
    log(hubspot, "meetings", id_, hs_meeting_title="Demo", hs_meeting_outcome="SCHEDULED")
    log(hubspot, "meetings", id_, hs_meeting_title="Off", hs_meeting_outcome="CANCELED")
    log(hubspot, "meetings", id_, hs_meeting_title="Held", hs_meeting_outcome="COMPLETED")
    log(hubspot, "meetings", id_, hs_meeting_title="Gone", hs_meeting_outcome="NO_SHOW")

    for _ in range(3):
        hubspot.advance(minutes=5)
        hubspot.sync()

    assert noted() == [
        ("crm_call", "Rang"),
        ("crm_email", "By hand"),
        ("crm_meeting", "Demo"),
        ("crm_meeting", "Gone"),
        ("crm_meeting", "Held"),
        ("crm_meeting_canceled", "Off"),
        ("crm_meeting_held", "Held"),
        ("crm_meeting_missed", "Gone"),
        ("crm_reply", "Yes"),
    ]


def test_salesforce_tells_calls_emails_and_booked_meetings(salesforce):
    (id_,) = salesforce.create(contact(1))
    salesforce.sync()
    salesforce.advance(minutes=5)
    ahead = (clock.now() + timedelta(days=3)).isoformat()
    salesforce.create(
        {"WhoId": id_, "Subject": "Rang", "TaskSubtype": "Call", "Status": "Completed"},
        {"WhoId": id_, "Subject": "By hand", "TaskSubtype": "Email", "Status": "Completed"},
        {"WhoId": id_, "Subject": "Done", "TaskSubtype": "Task", "Status": "Completed"},
        {"WhoId": id_, "Subject": "To ring", "TaskSubtype": "Call", "Status": "Not Started"},
        object_="Task",
    )
    salesforce.create(
        {"WhoId": id_, "Subject": "Demo", "StartDateTime": ahead, "EndDateTime": ahead},
        object_="Event",
    )

    for _ in range(3):
        salesforce.advance(minutes=5)
        salesforce.sync()

    assert noted() == [("crm_call", "Rang"), ("crm_email", "By hand"), ("crm_meeting", "Demo")]
    booked = Activity.objects.get(kind="crm_meeting")
    assert booked.occurred_at <= clock.now()
    assert booked.data["at"] == ahead


@pytest.mark.parametrize("name", ["hubspot", "salesforce"])
def test_what_we_logged_ourselves_is_no_event(crms, name):
    crm = crms(name)
    (id_,) = crm.create(person(1) if name == "hubspot" else contact(1))
    crm.sync()
    touch(crm, id_)
    crm.advance(minutes=5)

    for _ in range(3):
        crm.sync()
        crm.advance(minutes=5)

    assert len(crm.records("emails" if name == "hubspot" else "Task")) == 1
    assert noted() == []


def test_a_login_that_may_not_read_activities_still_pulls(hubspot):
    hubspot.create(person(1))
    hubspot.advance(minutes=5)
    hubspot.fault("expired_token", path="/objects/emails")

    assert hubspot.pull().landed["lead"].created == 1

    told = Activity.objects.get(kind="record_skipped")
    assert told.data["reason"].startswith("activities are not read")
