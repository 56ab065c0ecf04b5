"""Why sent, why not, what next and when: each with the rule, the event and the YAML line."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.models import Activity, Company, Deal
from crm.timeline import note
from mail.models import Sender
from process import events
from process.explain import explanation
from runtime import clock
from sequences.models import Enrollment
from tests.workers.test_life import answers, leaves, settle, until_queued
from workspace.problems import Fault
from workspace.wording import moment
from workspace.zones import zone

pytestmark = pytest.mark.django_db
FILE = "sequences/approach-cold.yaml"


def told(lead):
    lead.refresh_from_db()
    return list(explanation(lead))


def test_who_is_in_the_middle_sees_past_and_future(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    leaves(until_queued(frozen_clock))
    settle(frozen_clock)

    lines = told(lead)

    begin = lines.index(
        "approach-cold: active (times in Europe/Berlin by the lead, no holidays of the lead's "
        "country, which is not known)"
    )
    rule = (
        'lead.stage in ["Prospecting", "Preparation", "Approach"] and not deal.is_closed '
        'and answer.disposition != "declined"'
    )
    assert lines[begin + 1].startswith("  Mon 2026-03-02 07:00  enrolled")
    assert [line[24:] for line in lines[begin + 1 : begin + 10]] == [
        f"enrolled  because {rule}  [{FILE}:6]",
        f"task research  because due  [{FILE}:39]",
        f"email opening  because due  (variant approach-cold-opening)  [{FILE}:45]",
        f"next: email reminder (approach-cold-reminder)  because due  [{FILE}:50]",
        f"then: branch looked-further: way 2  because all others  [{FILE}:54]",
        f"then: task call: call, due 2026-03-12  because due  [{FILE}:66]",
        f"then: email closing-note (approach-cold-closing)  because due  [{FILE}:75]",
        f"then: ends: finished  because every step was taken  [{FILE}:38]",
        "",
    ]


def test_who_answered_sees_the_event_and_why_nothing_else_came(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    message = until_queued(frozen_clock)
    leaves(message)
    frozen_clock.now += timedelta(hours=1)
    answers(message, "Not interested.")
    settle(frozen_clock)

    lines = told(lead)

    stopped = next(line for line in lines if "  stopped  " in line)
    assert "because answered  (activity " in stopped
    assert "answer declined)" in stopped
    assert (
        'not in won-handoff: lead.stage == "Follow-up" and deal.is_won is not true: deal.is_won is '
        'no, lead.stage is "Approach" [sequences/won-handoff.yaml:6]'
    ) in lines


@pytest.mark.parametrize("kind", ["answered", "meeting_booked"])
def test_an_answer_is_told_before_a_worker_has_seen_it(team, make_lead, frozen_clock, kind):
    lead = make_lead()
    team()
    leaves(until_queued(frozen_clock))
    settle(frozen_clock)
    assert any("  next: " in line for line in told(lead))
    frozen_clock.now += timedelta(hours=1)
    note(kind, lead=lead, occurred_at=clock.now(), data={"text": "Too expensive."})

    lines = told(lead)

    at = moment(clock.now(), zone("Europe/Berlin"))
    expected = (
        f"  {at}  {kind}: nothing of it leaves any more; a worker has yet to end it  "
        f"(activity {Activity.objects.get(kind=kind).pk})"
    )
    assert expected in lines
    assert not any("  next: " in line for line in lines)
    settle(frozen_clock)
    assert Enrollment.objects.get(sequence="approach-cold").status == "stopped"
    assert expected not in told(lead)


def test_an_answer_from_before_the_enrollment_does_not_end_it(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    settle(frozen_clock)
    started_at = Enrollment.objects.get(sequence="approach-cold").started_at

    note("crm_reply", lead=lead, occurred_at=started_at - timedelta(days=1))

    assert any("  next: " in line for line in told(lead))


def test_a_sequence_for_newcomers_promises_nothing_to_who_was_there_before(team, make_lead):
    lead = make_lead(stage="Follow-up")
    Deal.objects.create(
        name="Halo", stage_value="won", is_closed=True, is_won=True, lead=lead, source=lead.source
    )
    team()

    assert (
        "not in won-handoff: its rule is true; it enrolls who moves there from now on "
        "(existing: false) [sequences/won-handoff.yaml:6]"
    ) in told(lead)


def test_an_event_by_hand_ends_what_it_ends(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    settle(frozen_clock)
    frozen_clock.now += timedelta(minutes=1)

    events.write(lead, "meeting_booked", at=clock.now(), by="test")
    settle(frozen_clock)

    assert Enrollment.objects.get(sequence="approach-cold").reason == "meeting booked"
    assert any("meeting_booked by: test" in line for line in told(lead))


def test_the_timeline_is_by_the_leads_clock_and_in_words(team, make_lead, frozen_clock):
    lead = make_lead(stage_since=clock.now())
    data = {
        "fields": ["status", "title"],
        "gate": True,
        "due_at": "2026-03-03T06:00:00+00:00",
        "meaning": {"answer": "price", "sure": False},
        "left_out": None,
    }
    note("lead_changed", lead=lead, occurred_at=clock.now(), data=data)
    note("answered", lead=lead, occurred_at=clock.now(), data={"text": "so " * 100})

    lines = told(lead)

    assert lines[1:3] == [
        "stage Approach since Mon 2026-03-02 07:00, owner Ada Byron",
        "times in Europe/Berlin, where nothing else is said",
    ]
    assert lines[lines.index("timeline (times in Europe/Berlin):") + 1 :] == [
        "  Mon 2026-03-02 07:00  lead_changed due_at: Tue 2026-03-03 07:00, fields: status, title, "
        "gate: yes, meaning: (answer price, sure no)",
        f"  Mon 2026-03-02 07:00  answered text: {('so ' * 65).rstrip()}...",
    ]


def test_a_lead_with_whom_nothing_happened_has_no_timeline(team, make_lead):
    assert told(make_lead())[-1] == "timeline: nothing happened yet"


def test_a_lead_of_no_known_place_is_told_by_the_teams_clock(team, make_lead, frozen_clock):
    lead = make_lead(timezone="")
    team()

    expected = Sender.objects.get().timezone
    assert expected != "UTC"
    assert f"times in {expected}, where nothing else is said" in told(lead)


def test_an_answer_by_hand_is_an_answer(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    settle(frozen_clock)
    frozen_clock.now += timedelta(minutes=1)

    events.write(lead, "answered", at=clock.now(), by="test", text="It is too expensive.")
    settle(frozen_clock)

    lead.refresh_from_db()
    assert (lead.disposition, lead.stage) == ("price", "Handling Objections")


def test_an_unsubscription_by_hand_lasts(team, make_lead, frozen_clock):
    lead = make_lead()
    team()
    settle(frozen_clock)

    events.write(lead, "unsubscribed", at=clock.now(), by="test")
    settle(frozen_clock)

    assert any(line.startswith("suppressed since ") for line in told(lead))
    assert Enrollment.objects.get(sequence="approach-cold").status == "stopped"


def test_an_unknown_event_is_told_with_the_valid_ones(team, make_lead):
    team()
    with pytest.raises(Fault, match='unknown event "meeting_boked"; did you mean "meeting_booked"'):
        events.write(make_lead(), "meeting_boked", at=clock.now(), by="test")


def test_who_told_the_time_zone_and_whose_holiday_it_is(team, make_lead, frozen_clock):
    lead = make_lead(timezone="", country="Deutschland")
    team()
    frozen_clock.now = datetime(2026, 4, 6, 8, 0, tzinfo=UTC)

    lines = told(lead)

    enrolled = Enrollment.objects.get().because
    assert enrolled["timezone"] == {"zone": "Europe/Berlin", "country": "DE", "from": "lead"}
    assert enrolled["holidays"] == {"countries": ["DE"], "from": "lead"}
    place = "Europe/Berlin by the lead's country, holidays of DE by the lead"
    assert f"approach-cold: active (times in {place})" in lines
    assert "  no email today: Easter Monday in DE" in lines


def test_an_email_carries_the_holidays_of_its_lead(team, make_lead, frozen_clock):
    make_lead(timezone="Berlin", country="Ruritania", company=Company.objects.create(country="FR"))
    team()

    message = until_queued(frozen_clock)

    assert (message.window["timezone"], message.window["holidays"]) == ("Europe/Paris", ["FR"])
