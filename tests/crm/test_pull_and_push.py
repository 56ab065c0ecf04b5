"""The mirror against a CRM that changes, lies, fails and takes what we write."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import DealRecord, LeadRecord, Page, Skipped
from connectors.errors import Unavailable
from crm import stages
from crm.ledger import owe_touch
from crm.models import Activity, Change, Connection, Deal, ExternalRecord, Lead, StageCounterpart
from crm.pull import pull
from crm.push import push
from runtime import clock
from tests.connectors.fake import FakeCrm

pytestmark = pytest.mark.django_db
GRACE = LeadRecord(external_id="l1", email="Grace@Customer.example", status="NEW")


@pytest.fixture
def crm(monkeypatch):
    fake = FakeCrm()
    connector = fake.connector()
    for module in ("crm.pull", "crm.push"):
        monkeypatch.setattr(f"{module}.connector_of", lambda _connection: connector)
    return fake


@pytest.fixture
def connection(frozen_clock):
    connection = Connection.objects.create(
        name="fake", kind="hubspot", pull_every=timedelta(hours=1)
    )
    for value, stage in (("NEW", "Prospecting"), ("OPEN", "Approach")):
        StageCounterpart.objects.create(
            connection=connection, object="lead", value=value, stage=stage, written=True
        )
    return connection


def touch(message_id="<1@us.example>"):
    owe_touch(
        ExternalRecord.objects.get(kind="lead"),
        message_id=message_id,
        touch={
            "subject": "Hello",
            "text": "Hello",
            "sent_at": clock.now().isoformat(),
            "from_email": "ada@us.example",
            "to_email": "grace@customer.example",
            "deal_id": "",
            "owner_id": "",
        },
        at=clock.now(),
    )


def test_a_second_pull_writes_nothing(crm, connection):
    crm.put("lead", GRACE)
    crm.put("lead", replace(GRACE, external_id="l2", email="ada@customer.example"))
    assert pull(connection.pk).landed["lead"].created == 2
    noted = Activity.objects.count()
    landed = pull(connection.pk).landed["lead"]
    assert (landed.created, landed.changed) == (0, 0)
    assert Activity.objects.count() == noted
    assert Lead.objects.count() == 2
    assert Lead.objects.first().email == "grace@customer.example"


def test_a_change_lands_once(crm, connection):
    crm.put("lead", GRACE)
    pull(connection.pk)
    crm.put("lead", replace(GRACE, first_name="Grace"))
    assert pull(connection.pk).landed["lead"].changed == 1
    assert Lead.objects.get().first_name == "Grace"
    assert pull(connection.pk).landed["lead"].changed == 0


def test_an_interrupted_pull_goes_on_behind_the_last_page(crm, connection, frozen_clock):
    for number in range(5):
        crm.put("lead", replace(GRACE, external_id=f"l{number}", email=f"p{number}@c.example"))
    pages = crm.connector().changed("lead", "", now=clock.now())
    first = next(iter(pages))
    assert len(first.records) == 2
    connection.cursors = {"lead": first.cursor}
    connection.save()
    assert pull(connection.pk).landed["lead"].seen == 3


def test_a_failure_is_kept_and_tried_again_later(crm, connection, frozen_clock):
    crm.failures = [Unavailable("503")]
    assert pull(connection.pk).error == "503"
    connection.refresh_from_db()
    assert connection.last_error == "503"
    assert connection.pull_due_at > clock.now()
    assert pull(connection.pk, only_if_due=True) is None
    frozen_clock.now = connection.pull_due_at
    assert pull(connection.pk, only_if_due=True).error == ""


def test_what_is_left_out_is_told_once(crm, connection, monkeypatch):
    class Lying:
        calls = 0
        lists = None

        def changed(self, kind, cursor, *, now):
            skipped = [Skipped(external_id="9", reason="email is a list")] if kind == "lead" else []
            yield Page(records=[], skipped=skipped, cursor=cursor)

        def events(self, cursor, *, now):
            return iter(())

    monkeypatch.setattr("crm.pull.connector_of", lambda _connection: Lying())
    assert pull(connection.pk).landed["lead"].skipped == 1
    pull(connection.pk)
    told = Activity.objects.get(kind="record_skipped")
    assert told.data["reason"] == "email is a list"


def test_a_stage_that_we_moved_is_written_and_does_not_come_back_as_news(crm, connection):
    crm.put("lead", GRACE)
    pull(connection.pk)
    lead = Lead.objects.get()
    stages.move(lead, "Approach", at=clock.now(), because={"rule": "test"})
    assert push(connection.pk).pushed == 1
    assert crm.records["lead"]["l1"].status == "OPEN"
    noted = Activity.objects.count()
    assert pull(connection.pk).landed["lead"].changed == 0
    assert Activity.objects.count() == noted
    assert push(connection.pk).pushed == 0


def test_a_value_of_several_stages_moves_only_who_is_in_none_of_them(crm, connection):
    StageCounterpart.objects.create(
        connection=connection, object="lead", value="OPEN", stage="Presentation", written=True
    )
    crm.put("lead", GRACE)
    pull(connection.pk)
    stages.move(Lead.objects.get(), "Presentation", at=clock.now(), because={"rule": "test"})
    push(connection.pk)

    there = crm.records["lead"]["l1"]
    seen = []
    for status in ("NEW", "OPEN"):
        crm.put("lead", replace(there, status=status))
        pull(connection.pk)
        seen.append(Lead.objects.get().stage)
    stages.move(Lead.objects.get(), "Presentation", at=clock.now(), because={"rule": "test"})
    crm.put("lead", replace(there, status="OPEN", phone="1"))
    pull(connection.pk)

    assert there.status == "OPEN"
    assert seen == ["Prospecting", "Approach"]
    assert Lead.objects.get().stage == "Presentation"


def test_a_stage_that_the_crm_cannot_say_is_kept_until_somebody_moves_the_lead_there(
    crm, connection
):
    crm.put("lead", replace(GRACE, status="OPEN"))
    pull(connection.pk)
    stages.move(Lead.objects.get(), "Closing", at=clock.now(), because={"rule": "test"})

    crm.put("lead", replace(GRACE, status="OPEN", phone="1"))
    pull(connection.pk)
    kept = Lead.objects.get()
    crm.put("lead", replace(GRACE, status="NEW", phone="1"))
    pull(connection.pk)

    assert (kept.phone, kept.stage) == ("1", "Closing")
    assert Lead.objects.get().stage == "Prospecting"


def test_only_the_newest_of_several_moves_is_written(crm, connection):
    crm.put("lead", GRACE)
    pull(connection.pk)
    lead = Lead.objects.get()
    for stage in ("Approach", "Prospecting", "Approach"):
        stages.move(lead, stage, at=clock.now(), because={"rule": "test"})
    assert sorted(Change.objects.values_list("status", flat=True)) == [
        "pending",
        "superseded",
        "superseded",
    ]
    assert push(connection.pk).pushed == 1


def test_a_persons_newer_edit_in_the_crm_wins(crm, connection, frozen_clock):
    crm.put("lead", GRACE)
    pull(connection.pk)
    stages.move(Lead.objects.get(), "Approach", at=clock.now(), because={"rule": "test"})
    frozen_clock.now += timedelta(minutes=30)
    crm.put("lead", replace(GRACE, status="UNQUALIFIED"))
    report = push(connection.pk)
    assert (report.pushed, report.conflicted) == (0, 1)
    assert crm.records["lead"]["l1"].status == "UNQUALIFIED"
    assert Change.objects.get().status == "conflicted"


def test_a_refused_value_is_kept_with_its_reason(crm, connection):
    crm.put("lead", GRACE)
    pull(connection.pk)
    crm.statuses = ["NEW"]
    stages.move(Lead.objects.get(), "Approach", at=clock.now(), because={"rule": "test"})
    assert push(connection.pk).refused == 1
    change = Change.objects.get()
    assert change.status == "refused"
    assert "OPEN" in change.last_error
    assert Activity.objects.filter(kind="change_refused").exists()


def test_a_touch_is_owed_once_and_written_once(crm, connection):
    crm.put("lead", GRACE)
    pull(connection.pk)
    touch()
    touch()
    assert push(connection.pk).pushed == 1
    assert push(connection.pk).pushed == 0
    assert len(crm.touches) == 1


def test_a_touch_whose_answer_was_lost_is_looked_up_and_not_written_again(
    crm, connection, frozen_clock
):
    crm.put("lead", GRACE)
    pull(connection.pk)
    touch()
    push(connection.pk)
    assert len(crm.touches) == 1
    Change.objects.update(status="pending", pushed_at=None, external_id="")  # as if killed here
    asked = crm.asked["log_touches"]
    assert push(connection.pk).pushed == 1
    assert crm.asked["log_touches"] == asked
    assert Change.objects.get().external_id
    assert len(crm.touches) == 1


def test_a_failed_write_stays_owed_and_waits(crm, connection, frozen_clock):
    crm.put("lead", GRACE)
    pull(connection.pk)
    touch()
    crm.failures = [Unavailable("503")]
    assert push(connection.pk).error == "503"
    change = Change.objects.get()
    assert change.status == "pending"
    assert change.due_at > clock.now()
    frozen_clock.now += timedelta(days=1)
    assert push(connection.pk).pushed == 1


def test_a_deletion_in_the_crm_is_seen(crm, connection):
    crm.put("lead", GRACE)
    pull(connection.pk)
    crm.delete("lead", "l1")
    pull(connection.pk)
    assert Lead.objects.get().deleted_at is not None


def test_two_people_with_one_email_are_both_in_doubt(crm, connection):
    crm.put("lead", GRACE)
    crm.put("lead", replace(GRACE, external_id="l2", email="grace@customer.EXAMPLE"))
    pull(connection.pk)
    doubts = Lead.objects.exclude(doubt="").values_list("doubt", flat=True)
    assert len(doubts) >= 1
    assert all("same email" in doubt for doubt in doubts)


def test_a_persons_deal_decides_the_stage(crm, connection):
    StageCounterpart.objects.create(
        connection=connection, object="deal", value="open", stage="Closing", written=True
    )
    crm.put("lead", GRACE)
    crm.put("deal", DealRecord(external_id="d1", name="Halo", stage="open", lead_ids=("l1",)))
    pull(connection.pk)
    assert Deal.objects.get().lead == Lead.objects.get()
    assert Lead.objects.get().stage == "Closing"
