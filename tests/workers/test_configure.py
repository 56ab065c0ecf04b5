"""What a changed cadenza.yaml means for the records that are here already."""

from datetime import timedelta

from crm.facts import FIELDS
from crm.models import Hint
from mail import pauses
from mail.models import Mailbox
from process import apply, blueprint
from process.overview import overview
from runtime import clock
from tests.workers.test_life import leaves, until_queued


def test_records_are_read_again_when_their_mapping_changes(make_lead, loaded, folder):
    lead = make_lead()
    apply.configure(loaded)
    assert not Hint.objects.exists()
    path = folder / "cadenza.yaml"
    written = path.read_text()

    path.write_text(written.replace("{ timezone: hs_timezone }", "{ timezone: tz, seats: seats }"))
    apply.configure(blueprint.load(folder, schema=FIELDS))

    (hint,) = Hint.objects.all()
    assert (hint.connection.name, hint.kind, hint.external_id) == ("hubspot", "lead", str(lead.pk))


def test_applying_tries_a_mended_mailbox_again_and_leaves_a_persons_pauses(team, frozen_clock):
    address = Mailbox.objects.earliest("pk").address
    Mailbox.objects.update(status=Mailbox.Status.PAUSED, last_error="535 no")
    for scope, name in (("all", ""), ("mailbox", address)):
        pauses.pause(scope, name, by="ada", reason="a wrong price")

    team()

    paused = {"since": frozen_clock.now, "by": "ada", "reason": "a wrong price"}
    assert set(Mailbox.objects.values_list("status", "last_error")) == {("active", "")}
    assert overview()["paused"] == [
        {"paused": "all sending", **paused, "emails_waiting": 0},
        {"paused": f"mailbox {address}", **paused, "emails_waiting": 0},
    ]


def test_healthy_mailboxes_and_the_teams_limits_are_told(team, make_lead, frozen_clock):
    make_lead()
    team()
    Mailbox.objects.update(
        ramp_up={"start": 10, "add": 5}, sending_days=1, last_sending_day=clock.now().date(),
        read_at=clock.now(), team_limits={"per_domain": {"per_hour": 20}},
    )  # fmt: skip
    leaves(until_queued(frozen_clock))

    told = overview()

    [mailbox] = told["mailboxes"]
    assert mailbox == {
        "address": "ada@example.com", "status": "active", "sent_in_24_hours": 1, "may_send": 15,
        "per_day": 100, "ramp_up": "sent on 1 day", "read_at": mailbox["read_at"],
    }  # fmt: skip
    assert told["limits"] == [{"limit": "per_domain", "per_hour": 20, "per_day": None}]

    frozen_clock.now += timedelta(days=1, minutes=1)
    Mailbox.objects.update(ramp_up=None)
    [later] = overview()["mailboxes"]
    assert (later["sent_in_24_hours"], later["may_send"], later["ramp_up"]) == (0, 100, "")
