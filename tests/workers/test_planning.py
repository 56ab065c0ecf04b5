"""A plan says what apply will do, and apply does just that or refuses."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crm.models import Company, Lead, StageMove
from crm.timeline import note
from mail.definition import SharedCaps, TeamLimits
from mail.models import Suppression
from process import apply, freezing, frozen, planning
from process.definition import Process
from runtime import clock
from sequences.definition import Sequence
from sequences.judging import in_common
from sequences.models import Enrollment
from tests.workers.test_language import CALL, OPENING, at_work, happens, sequence  # noqa: F401 - a fixture
from tests.workers.test_life import leaves, settle, until_queued

pytestmark = pytest.mark.django_db


def entry(loaded, name="approach-cold"):
    return next(e for e in planning.plan(loaded).sequences if e.sequence == name)


def test_who_gets_what_when_and_who_is_left_out(loaded, make_lead, frozen_clock):
    lead, _ = make_lead(), make_lead("", first_name="No", last_name="Address")

    found = entry(loaded)

    assert [candidate.lead for candidate in found.enrolls] == [lead]
    assert found.refused == {"has no email address": 1}
    assert [(touch.kind, touch.what) for touch in found.touches[lead.pk]] == [
        ("task", "research"),
        ("email", "approach-cold-opening"),
        ("email", "approach-cold-reminder"),
        ("task", "call"),
        ("email", "approach-cold-closing"),
    ]
    assert not Enrollment.objects.exists()


def test_refusals_that_pass_are_a_line_with_the_days(loaded, make_lead, frozen_clock):
    rule = sequence({"id": "w", "wait": "1 day"}, enroll={"quiet_for": "10 days"})
    known = {"test": Sequence.model_validate(rule)}
    planned = replace(loaded, sequences=known, digests={"test": "x"})
    for number in range(3):
        happens(make_lead(f"lead{number}@customer.example"), "crm_call")
        frozen_clock.now += timedelta(days=2)

    found = entry(planned, "test")
    frozen_clock.now += timedelta(days=7)
    later = entry(planned, "test")

    lately = "was in touch with us lately (quiet_for)"
    assert found.refused == {
        f"{lately}; the first may enter on 2026-03-12, the last on 2026-03-16": 3
    }
    assert {candidate.refusal for candidate in found.refusals} == {
        f"was in touch with us on 2026-03-0{day} (quiet_for)" for day in (2, 4, 6)
    }
    assert later.refused == {f"{lately}; may enter on 2026-03-16": 1}


@pytest.mark.parametrize(
    ("refusal", "common"),
    [
        (
            "was in touch with us on 2026-03-26 (quiet_for)",
            "was in touch with us lately (quiet_for)",
        ),
        ("was in cold-2026 until 2026-03-26 (again)", "was in cold-2026 lately (again)"),
        (
            "lacks lead.line on 2026-03-26 (again) today",
            "lacks lead.line on 2026-03-26 (again) today",
        ),
        ("has no owner", "has no owner"),
    ],
)
def test_refusals_are_counted_by_what_they_have_in_common(refusal, common):
    assert in_common(refusal) == common


def test_what_is_planned_is_what_is_sent(loaded, make_lead, frozen_clock):
    lead = make_lead()
    foreseen = entry(loaded).touches[lead.pk]
    apply.apply(loaded)

    for touch in [touch for touch in foreseen if touch.kind == "email"]:
        message = until_queued(frozen_clock)
        assert (message.step_id, clock.now()) == (touch.step, touch.at)
        leaves(message)


def test_the_teams_limits_are_named(loaded, frozen_clock):
    limits = TeamLimits(per_domain=SharedCaps(per_hour=20))

    plan = planning.plan(replace(loaded, limits=limits))

    assert plan.limits == [{"limit": "per_domain", "per_hour": 20, "per_day": None}]


def test_load_of_mailboxes_and_reps_and_costs(loaded, make_lead, frozen_clock):
    make_lead(), make_lead("b@x.example")

    plan = planning.plan(loaded)

    [mailbox] = plan.mailboxes
    assert (mailbox.address, mailbox.emails, mailbox.per_day) == ("ada@example.com", 6, 100)
    assert 1 <= mailbox.on_that_day <= 2
    assert plan.limits == []
    assert plan.reps == {"Ada Byron": 4}
    assert [(cost.connection, cost.writes) for cost in plan.costs] == [("hubspot", 10)]


def test_a_plan_survives_its_file_and_is_applied(loaded, make_lead, frozen_clock):
    lead = make_lead()
    planned = freezing.freeze(planning.plan(loaded))
    kept = frozen.Frozen.of(planned.as_json())

    assert kept == planned
    assert apply.apply(loaded, kept).enrolled["approach-cold"] == 1
    assert Enrollment.objects.get().lead == lead


@pytest.mark.parametrize(
    ("moves", "told"),
    [
        (lambda lead, make: make("new@x.example"), "approach-cold: Grace has come in"),
        (
            lambda lead, make: Suppression.objects.create(
                email=lead.email, kind="manual", at=clock.now()
            ),
            "approach-cold: Grace is out: suppressed",
        ),
        (
            lambda lead, make: Lead.objects.filter(pk=lead.pk).update(stage="Closing"),
            "approach-cold: Grace is out: its rule is no longer true",
        ),
    ],
)
def test_a_world_that_moved_is_refused(loaded, make_lead, frozen_clock, moves, told):
    lead = make_lead()
    planned = freezing.freeze(planning.plan(loaded))
    moves(lead, make_lead)

    with pytest.raises(frozen.Moved, match=told):
        apply.apply(loaded, planned)

    assert not Enrollment.objects.exists()


def test_many_people_of_whom_one_thing_changed_are_one_line(loaded, make_lead, frozen_clock):
    stay, *gone = [make_lead(f"p{n}@x.example", first_name=f"P{n}") for n in range(7)]
    planned = freezing.freeze(planning.plan(loaded))
    Lead.objects.filter(pk__in=[lead.pk for lead in gone]).update(stage="Closing")
    Suppression.objects.create(email=stay.email, kind="manual", at=clock.now())
    come = [make_lead(f"n{n}@x.example", first_name=f"N{n}") for n in range(3)]

    with pytest.raises(frozen.Moved) as caught:
        apply.apply(loaded, planned)

    made_at = clock.now().strftime("%Y-%m-%d %H:%M")
    assert str(caught.value).splitlines() == [
        f"the plan of {made_at} no longer holds:",
        "  approach-cold: P0 is out: suppressed",
        "  approach-cold: 6 people are out: its rule is no longer true (P1, P2, P3 and 3 more)",
        "  approach-cold: 3 people have come in (N0, N1, N2)",
        "Plan again: cadenza plan",
    ]
    told = [(one.what, one.lead, one.name, one.why) for one in caught.value.differences]
    assert told == [
        ("out", stay.pk, "P0", "suppressed"),
        *(("out", lead.pk, lead.first_name, "its rule is no longer true") for lead in gone),
        *(("in", lead.pk, lead.first_name, "") for lead in come),
    ]


def test_many_sorts_of_changes_are_told_by_some(loaded, make_lead, frozen_clock):
    leads = [make_lead(f"p{n}@x.example") for n in range(freezing.MOST + 2)]
    planned = freezing.freeze(planning.plan(loaded))
    for number, lead in enumerate(leads):
        Lead.objects.filter(pk=lead.pk).update(doubt=f"doubt {number:02}")

    with pytest.raises(frozen.Moved) as caught:
        apply.apply(loaded, planned)

    _, *lines, last, _ = str(caught.value).splitlines()
    assert len(lines) == freezing.MOST
    assert last == "  and 2 more sorts of change; see --json"
    assert [one.why for one in caught.value.differences] == [
        f"doubt {number:02}" for number in range(len(leads))
    ]


def test_another_deal_or_mailbox_is_told_and_so_are_sequences(loaded, make_lead, frozen_clock):
    leads = [make_lead(f"p{n}@x.example") for n in range(2)]
    planned = freezing.freeze(planning.plan(loaded))
    rows = [[lead.pk, 7, None] for lead in leads]
    digests = {**planned.digests, "gone": "0"}
    del digests["check-in"]
    changed = replace(planned, digests=digests, enrolls={**planned.enrolls, "approach-cold": rows})

    with pytest.raises(frozen.Moved) as caught:
        apply.apply(loaded, changed)

    assert str(caught.value).splitlines()[1:-1] == [
        "  approach-cold: 2 people have another deal or mailbox (Grace, Grace)",
        "  sequences: check-in is new",
        "  sequences: gone is gone",
    ]


def test_files_that_changed_are_refused(loaded, make_lead, frozen_clock):
    make_lead()
    planned = freezing.freeze(planning.plan(loaded))
    edited = replace(loaded, digests={**loaded.digests, "approach-cold": "other"})

    with pytest.raises(
        frozen.Moved, match="approach-cold: its file, a template of it or process.yaml"
    ):
        apply.apply(edited, planned)


@pytest.mark.parametrize("data", [{}, {"made_at": 1}, {"digests": 1, "enrolls": 2}])
def test_what_is_no_plan_is_refused(data):
    with pytest.raises(frozen.Moved, match="the file is no plan"):
        frozen.Frozen.of(data)


def test_what_changes_for_those_in_flight(loaded, at_work, make_lead, frozen_clock):  # noqa: F811
    make_lead()
    wait = {"id": "pause", "wait": "5 days"}
    at_work(sequence(OPENING, wait, when_changed="move"))
    leaves(until_queued(frozen_clock))
    settle(frozen_clock)
    from sequences.definition import Sequence

    edited = Sequence.model_validate(sequence(OPENING, CALL, when_changed="move"))
    planned = planning.plan(replace(loaded, sequences={"test": edited}, digests={"test": "other"}))

    [found] = planned.sequences
    assert found.version == "changed"
    assert found.in_flight is not None
    assert found.in_flight.changes == {"goes on behind opening, next: call at once": 1}


def test_whom_the_exits_move_at_once_is_planned_and_then_moved(loaded, make_lead, frozen_clock):
    apply.configure(loaded)
    old, young = make_lead(), make_lead("b@x.example")
    Lead.objects.filter(pk=old.pk).update(stage_since=clock.now() - timedelta(days=20))
    Lead.objects.filter(pk=young.pk).update(stage_since=clock.now() - timedelta(days=5))
    settle(frozen_clock)
    shorter = with_exit(loaded, {"after": "10 days", "to": "Prospecting"})

    as_it_is, (planned,) = planned_and_applied(loaded, shorter, frozen_clock)

    assert as_it_is == []
    assert (planned.lead, planned.to, planned.missing) == (old, "Prospecting", ())
    assert planned.because == {"rule": "exit of Approach after 10 days"}
    assert list(StageMove.objects.values_list("lead", "to_stage")) == [(old.pk, "Prospecting")]


def test_lines_that_moved_in_the_file_move_nobody(loaded, make_lead, frozen_clock):
    apply.configure(loaded)
    lead = make_lead(stage_since=clock.now())
    steel = with_exit(loaded, {"when": 'company.industry == "Steel"', "to": "Closing"})
    apply.configure(steel)
    settle(frozen_clock)
    Company.objects.update(industry="Steel")  # by which nothing happens with the lead
    written = steel.process.model_dump(mode="json")
    below = Process.model_validate(written).placed({"Approach.exit.0": "process.yaml:99"})

    planned = planning.plan(replace(steel, process=below)).departures
    apply.configure(replace(steel, process=below))
    settle(frozen_clock)
    unmoved = list(StageMove.objects.all())
    apply.configure(loaded)

    assert (planned, unmoved) == ([], [])
    assert [one.lead for one in planning.plan(steel).departures] == [lead]


def test_a_move_that_would_wait_for_facts_is_planned_as_such(loaded, make_lead, frozen_clock):
    make_lead(stage_since=clock.now(), phone="")
    by_condition = with_exit(loaded, {"when": "lead.title is none", "to": "Presentation"})

    (planned,) = planning.plan(requiring("lead.phone", by_condition)).departures

    assert (planned.to, planned.missing) == ("Presentation", ("lead.phone",))


@pytest.mark.parametrize("stage", ["Approach", "Prospecting"])
def test_who_waits_for_facts_that_are_required_no_more_is_planned_and_then_moved(
    loaded, make_lead, frozen_clock, stage
):
    """In a stage with exits that wait for no event, by one of which another would move, and in one without."""
    strict = requiring("lead.phone", loaded)
    apply.configure(strict)
    lead = make_lead(stage=stage, stage_since=clock.now(), phone="")
    note("meeting_booked", lead=lead, occurred_at=clock.now())
    settle(frozen_clock)
    lenient = with_exit(loaded, {"when": "lead.phone is none", "to": "Closing"})

    as_it_is, (planned,) = planned_and_applied(strict, lenient, frozen_clock)

    assert as_it_is == []
    assert (planned.lead, planned.to, planned.missing) == (lead, "Presentation", ())
    assert planned.because["rule"] == f"exit of {stage} on meeting_booked"
    assert list(StageMove.objects.values_list("from_stage", "to_stage")) == [(stage, planned.to)]


def planned_and_applied(old, new, frozen_clock):
    """The departures that are planned with the old files and with the new, which are applied."""
    planned = [planning.plan(loaded).departures for loaded in (old, new)]
    apply.configure(new)
    settle(frozen_clock)
    return planned


def requiring(fact, loaded):
    """Of whoever comes to Presentation."""
    stages = tuple(
        stage.model_copy(update={"requires": (fact,)}) if stage.name == "Presentation" else stage
        for stage in loaded.process.stages
    )
    return replace(loaded, process=loaded.process.model_copy(update={"stages": stages}))


def with_exit(loaded, rule):
    """The starter with this exit of Approach alone."""
    process = loaded.process.model_dump(mode="json")
    [approach] = [stage for stage in process["stages"] if stage["name"] == "Approach"]
    approach["exit"] = [rule]
    return replace(loaded, process=Process.model_validate(process))
