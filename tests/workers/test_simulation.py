"""A simulation in memory and the workers over the rows do the same, whatever is written and happens.

CADENZA_RUNS sets how many are tried.
"""

import hashlib
import os
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from unittest.mock import ANY, patch

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.engagements import Event as ExternalEvent
from crm import events as news
from crm import meetings, stages
from crm.models import Company, Connection, ExternalRecord, Lead, Owner, StageMove
from crm.timeline import note
from mail import claims, compose, stops, unsubscribe
from mail import settle as settling
from mail.definition import RampUpSettings, TeamLimits
from mail.models import Mailbox, Message
from process import apply, tasks
from process import events as notes
from process.definition import Process
from process.emails import Template
from process.meetings import by_hand
from process.models import Task
from process.simulation import load
from process.simulation.engine import Simulation
from process.simulation.files import files
from process.simulation.world import Happening
from runtime import clock
from sequences import engine
from sequences.definition import Sequence
from sequences.models import Enrollment, StepRun
from sequences.steps import everywhere
from sequences.task_step import TaskStep
from tests.sequences.strategies import DISPOSITIONS, IDS, sequences
from tests.workers.test_life import settle, until_queued
from workers import schedule
from workspace.durations import Duration

pytestmark = pytest.mark.django_db

DAYS = 60
PEOPLE = 3
PHRASES = {"price": "too expensive", "interested": "sounds interesting", "other": "hm"}
RULES = (
    'lead.stage == "Approach"',
    'lead.stage in ["Approach", "Handling Objections"]',
    'lead.title == "CTO"',
    "lead.title is none",
    "deal.is_open or company.industry is none",
    'meeting.status == "booked"',
    "meeting.start is none and not lead.nps >= 9",
)
ENROLLS = st.fixed_dictionaries(
    {"when": st.sampled_from(RULES)},
    optional={
        "again": st.sampled_from(["3 days", "20 days"]),
        "quiet_for": st.just("2 days"),
        "per_day": st.integers(1, 2),
        "active_per_rep": st.integers(1, 2),
        "exclusive": st.just("company"),
        "on": st.sampled_from([["clicked"], ["stage_moved"], ["meeting_booked"], ["nps"]]),
        "requires": st.sampled_from([["lead.title"], ["lead.first_name"]]),
        "list": st.just("guests"),
        "existing": st.booleans(),
    },
)
LISTS = {"guests": frozenset({"p0@x.example", "p2@x.example"})}
INVITE = {"title": "Demo", "start": "meeting.start", "duration": "30 minutes"}
#: per_day, per_hour, per_minute and the minutes between two, of each mailbox.
CAPS = st.sampled_from([(100, 25, None, 1), (1, 1, None, 1), (2, 1, 1, 45), (3, 2, 1, 0)])
#: How Ada's second mailbox starts.
RAMPS = st.sampled_from([None, RampUpSettings(start=1, add=1), RampUpSettings(start=2, add=3)])
#: What a domain and a company get from both.
LIMITS = st.sampled_from([
    {},
    {"per_domain": {"per_hour": 1}},
    {"per_company": {"per_day": 1}},
    {"per_domain": {"per_hour": 1, "per_day": 2}, "per_company": {"per_day": 1}},
])  # fmt: skip
#: Exits of the stages in which the people are, before those of the starter.
EXITS = st.lists(
    st.sampled_from([
        ("Approach", {"on": "clicked", "to": "Presentation"}),
        ("Approach", {"on": "clicked", "after": "4 days", "to": "Closing"}),
        ("Approach", {"on": "meeting_held", "when": 'lead.title == "CTO"', "to": "Closing"}),
        ("Approach", {"on": "task_done", "task": "call", "to": "Presentation"}),
        ("Approach", {"on": "called", "to": "Handling Objections"}),
        ("Approach", {"after": "9 days", "to": "Prospecting"}),
        ("Approach", {"when": "lead.title is none", "to": "Handling Objections"}),
        ("Presentation", {"when": 'lead.title == "CTO"', "to": "Closing"}),
        ("Presentation", {"when": "lead.title is none", "after": "3 days", "to": "Follow-up"}),
        ("Presentation", {"on": "no_show", "to": "Approach"}),
        ("Handling Objections", {"after": "36 hours", "to": "Approach"}),
        ("Closing", {"on": "form_submitted", "to": "Follow-up"}),
        ("Closing", {"when": 'company.industry == "Steel"', "after": "5 days", "to": "Approach"}),
        ("Follow-up", {"after": "10 days", "to": "Prospecting"}),
    ]),
    unique_by=str,
    max_size=8,
)  # fmt: skip
REQUIRED = st.lists(
    st.sampled_from([
        ("Presentation", "lead.title"), ("Closing", "company.industry"), ("Approach", "lead.title"),
    ]),
    unique=True,
)  # fmt: skip
#: What answers open: a sequence that may be gone, or a task.
PLAY = st.sampled_from(["any", "other", "gone", {"task": "call", "title": "Call"}])
OBJECTIONS = st.dictionaries(st.sampled_from(["price", "interested"]), PLAY)
PROCESS = st.tuples(EXITS, REQUIRED, OBJECTIONS)
EVENTS = (
    "clicked", "form_submitted", "meeting_held", "meeting_booked", "answered", "auto_replied",
    "unsubscribed", "task_done", "task_skipped", "stage", "title", "bounced", "complained", "crm_reply",
    "crm_meeting", "called", "no title", "meeting_moved", "meeting_canceled", "meeting_missed", "nps",
    "no_show", "lead back",
)  # fmt: skip
#: By an answer: the meeting is so far ahead, the score is this one.
AHEAD = {"price": timedelta(hours=5), "interested": timedelta(days=2), "other": timedelta(days=9)}
SCORES = {"price": 3, "interested": 10, "other": 9}
HAPPENINGS = st.tuples(
    st.integers(0, 25 * 24), st.integers(0, PEOPLE - 1), st.sampled_from(EVENTS),
    st.sampled_from(sorted(PHRASES)), st.sampled_from(IDS), st.sampled_from(DISPOSITIONS),
)  # fmt: skip


@st.composite
def files_of_a_team(draw):
    """Two sequences of the whole language, with rules."""
    found = {}
    for name in ("any", "other"):
        sequence = draw(sequences()).model_dump(mode="json", by_alias=True)
        holidays = draw(st.sampled_from([[], ["DE"], ["DE", "US", "IL"], ["lead"]]))
        for step in sequence["steps"]:
            if "email" in step and draw(st.booleans()):
                step["thread"] = "new"
            if "email" in step and draw(st.integers(0, 3)) == 0:
                step["invite"] = INVITE
        window = {**sequence["window"], "holidays": holidays}
        found[name] = type(draw(sequences())).model_validate(
            {**sequence, "name": name, "enroll": draw(ENROLLS), "window": window}
        )
    return found


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # or it hides what differs
@pytest.mark.timeout(900)  # a difference takes long to shrink
@settings(
    max_examples=int(os.environ.get("CADENZA_RUNS", "40")), deadline=None, print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture,
                           HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip
@given(
    before=files_of_a_team(), after=st.none() | files_of_a_team(),
    edited_at=st.integers(1, 20 * 24), happenings=st.lists(HAPPENINGS, min_size=2, max_size=14),
    caps=st.tuples(CAPS, CAPS, CAPS), limits=LIMITS, ramp=RAMPS, exits=st.tuples(PROCESS, PROCESS),
)  # fmt: skip
def test_the_workers_do_what_was_simulated(
    before, after, edited_at, happenings, caps, limits, ramp, exits, loaded, make_lead, frozen_clock
):
    start = frozen_clock.now
    with undone():
        # Nobody knows since when the first is in Approach; of the others the time runs already.
        since = [None, *(start - timedelta(days=4 * n) for n in range(1, PEOPLE))]
        people = [make_lead(f"p{n}@x.example", stage_since=at) for n, at in enumerate(since)]
        bob, _ = Owner.objects.get_or_create(email="bob@example.com", defaults={"name": "Bob"})
        Lead.objects.filter(pk=people[-1].pk).update(
            company=Company.objects.create(name="Else", industry="Steel"),
            timezone="America/New_York",
            country="US",
            owner=bob,
        )
        team = _team(loaded, caps, limits, ramp)
        first, second = (replace(team, process=_process(team, *added)) for added in exits)
        apply.configure(first)
        Connection.objects.update(first_pulled_at=start)
        blueprints = [_blueprint(first, before), *([_blueprint(second, after)] if after else [])]
        events = sorted(happenings)

        simulated = simulate(blueprints, people, events, edited_at, start)
        lived = live(blueprints, people, events, edited_at, frozen_clock)
        frozen_clock.now = start

        assert simulated == lived


def test_who_is_paused_by_hand_stays_so_in_a_simulation(loaded, make_lead, frozen_clock):
    lead = make_lead()
    written = {"name": "any", "stage": "Approach", "steps": [{"id": "s0", "email": "a"}]}
    rule = {"when": 'lead.stage == "Approach"'}
    found = {"any": Sequence.model_validate({**written, "enroll": rule})}
    blueprint = _blueprint(loaded, found)
    apply.apply(blueprint)
    message = until_queued(frozen_clock)
    engine.pause(message.enrollment_id, until=None)
    absence = Happening(
        at=clock.now() + timedelta(hours=1),
        lead_id=lead.pk,
        kind="auto_replied",
        data={},
        enrollment_id=None,
    )

    scene = load.scene(blueprint, clock.now())
    Simulation(scene, Script([absence])).run(clock.now() + timedelta(days=30))

    assert scene.touches == []


@pytest.mark.parametrize("waits", [[], [{"id": "w", "wait": "3 days"}]])
def test_who_cannot_be_invited_is_not_in_a_simulation_either(
    loaded, make_lead, frozen_clock, waits
):
    for name, start in {"blank": None, "soon": 1, "later": 9}.items():
        at = start and (clock.now() + timedelta(days=start)).isoformat()
        make_lead(f"{name}@x.example", extra={"demo_at": at}, company=None)
    invite = {**INVITE, "start": "lead.extra.demo_at"}
    steps = [*waits, {"id": "s0", "email": "a", "invite": invite}]
    written = {"name": "any", "stage": "Approach", "steps": steps}
    rule = {"when": 'lead.stage == "Approach"'}
    blueprint = _blueprint(loaded, {"any": Sequence.model_validate({**written, "enroll": rule})})
    apply.configure(blueprint)
    people = list(Lead.objects.order_by("pk"))

    simulated = simulate([blueprint], people, [], 0, clock.now())
    lived = live([blueprint], people, [], 0, frozen_clock)

    assert simulated == lived
    written_to = [people[0].pk + number for number in ((1, 2) if not waits else (2,))]
    assert sorted(touch[1] for touch in lived["touches"]) == written_to
    failed = [end[0] for end in lived["ends"] if end[-1] == "the email was refused"]
    assert failed == ([] if not waits else [people[0].pk, people[1].pk])


@pytest.mark.parametrize(("begins", "leaves"), [("1 day", False), ("3 days", True)])
def test_an_invitation_that_is_queued_already_leaves_before_its_meeting_alone(
    loaded, make_lead, frozen_clock, begins, leaves
):
    begins = Duration.parse(begins).elapsed
    lead = make_lead(extra={"demo_at": (clock.now() + begins).isoformat()})
    steps = [{"id": "s0", "email": "a", "invite": {**INVITE, "start": "lead.extra.demo_at"}}]
    written = {"name": "any", "stage": "Approach", "steps": steps}
    rule = {"when": 'lead.stage == "Approach"'}
    blueprint = _blueprint(loaded, {"any": Sequence.model_validate({**written, "enroll": rule})})
    apply.configure(blueprint)
    apply.apply(blueprint)
    until_queued(frozen_clock)
    Message.objects.update(due_at=clock.now() + timedelta(days=2))

    simulated = simulate([blueprint], [lead], [], 0, clock.now())
    lived = live([blueprint], [lead], [], 0, frozen_clock)

    assert simulated == lived
    assert (len(lived["touches"]), lived["ends"][0][-1]) == (
        (1, "finished") if leaves else (0, "the email was refused")
    )


def test_an_email_that_was_tried_before_is_given_up_as_soon_in_a_simulation(
    team, loaded, make_lead, frozen_clock
):
    make_lead()
    team()
    message = until_queued(frozen_clock)
    Message.objects.update(attempts=settling.MOST_ATTEMPTS - 1)

    scene = load.scene(loaded, clock.now())
    Simulation(scene, Refusing([])).run(clock.now() + timedelta(minutes=1))

    assert message.due_at <= clock.now()
    assert [one.reason for one in scene.enrollments] == ["the email was refused"]


@pytest.mark.parametrize("disposition", DISPOSITIONS)
def test_who_was_reached_by_a_call_task_was_called_in_both(
    loaded, make_lead, frozen_clock, disposition
):
    gate = {"id": "s0", "task": "call", "title": "Call", "due": "1 day", "gate": True}
    reached = {"when": "event.called", "steps": [{"id": "s1", "email": "a"}]}
    ways = {"id": "way", "branch": [reached, {"steps": [{"id": "s2", "email": "b"}]}]}
    written = {"name": "any", "stage": "Approach", "steps": [gate, ways]}
    rule = {"when": 'lead.stage == "Approach"'}
    blueprint = _blueprint(loaded, {"any": Sequence.model_validate({**written, "enroll": rule})})
    apply.configure(blueprint)
    people, start = [make_lead()], clock.now()
    done = [(30, 0, "task_done", "other", "s0", disposition)]

    simulated = simulate([blueprint], people, done, 0, start)
    lived = live([blueprint], people, done, 0, frozen_clock)

    assert simulated == lived
    told = {
        **dict.fromkeys(("", "connected"), "s0 s1"),
        **dict.fromkeys(("voicemail", "no_answer", "wrong_number"), "s0 s2"),
        **dict.fromkeys(("not_interested", "meeting_set"), "s0"),
    }
    assert " ".join(touch[3] for touch in lived["touches"]) == told[disposition]


@pytest.mark.parametrize(("call_at", "tick_at"), [(30, 31), (31, 30), (30, 30), (30, 32), (32, 30)])
def test_a_call_that_is_logged_and_ticked_off_is_one_in_both(
    loaded, make_lead, frozen_clock, call_at, tick_at
):
    gate = {"id": "s0", "task": "call", "title": "Call", "due": "2 days", "gate": True}
    twice = {"when": "event.called > 1", "steps": [{"id": "s1", "email": "a"}]}
    ways = {"id": "way", "branch": [twice, {"steps": [{"id": "s2", "email": "b"}]}]}
    steps = [gate, {"id": "w", "wait": "1 day"}, ways]
    written = {"name": "any", "stage": "Approach", "steps": steps}
    rule = {"when": 'lead.stage == "Approach"'}
    blueprint = _blueprint(loaded, {"any": Sequence.model_validate({**written, "enroll": rule})})
    apply.configure(blueprint)
    people, start = [make_lead()], clock.now()
    done = (tick_at, 0, "task_done", "other", "s0", "connected")
    logged = (call_at, 0, "crm_call", "other", "", "")
    happened = sorted([logged, done])

    simulated = simulate([blueprint], people, happened, 0, start)
    lived = live([blueprint], people, happened, 0, frozen_clock)

    assert simulated == lived
    told = "s0 s2" if abs(call_at - tick_at) <= 1 else "s0 s1"
    assert " ".join(touch[3] for touch in lived["touches"]) == told


@pytest.mark.parametrize("since", [None, timedelta(days=1)])
def test_who_waits_for_facts_moves_in_both_when_they_are_required_no_more(
    loaded, make_lead, frozen_clock, since
):
    lead = make_lead(stage_since=since and clock.now() - since)
    strict = replace(loaded, process=_process(loaded, [], [("Presentation", "lead.title")], {}))
    apply.configure(strict)
    blueprints, start = [_blueprint(strict, {}), _blueprint(loaded, {})], clock.now()
    booked = [(0, 0, "meeting_booked", "interested", "", "")]

    simulated = simulate(blueprints, [lead], booked, 31, start)
    lived = live(blueprints, [lead], booked, 31, frozen_clock)

    assert simulated == lived
    moved = (start + timedelta(hours=31), lead.pk, "Approach", "Presentation")
    assert lived["moves"] == [moved]


def test_who_waits_longest_for_facts_moves_first_in_both(loaded, make_lead, frozen_clock):
    start = clock.now()
    new = {"stage": "Prospecting", "status": "NEW", "stage_since": start}
    people = [make_lead(f"p{n}@x.example", **new) for n in range(2)]
    strict = replace(loaded, process=_process(loaded, [], [("Presentation", "lead.title")], {}))
    apply.configure(strict)
    written = {"name": "any", "stage": "Presentation", "steps": [{"id": "s0", "wait": "99 days"}]}
    rule = {"when": 'lead.stage == "Presentation"', "on": ["stage_moved"], "active_per_rep": 1}
    found = {"any": Sequence.model_validate({**written, "enroll": rule})}
    blueprints = [_blueprint(strict, found), _blueprint(loaded, found)]
    booked = [(hour, one, "meeting_booked", "interested", "", "") for hour, one in ((1, 1), (2, 0))]

    simulated = simulate(blueprints, people, booked, 31, start)
    lived = live(blueprints, people, booked, 31, frozen_clock)

    assert simulated == lived
    assert [end[0] for end in lived["ends"]] == [people[1].pk]


def test_who_waits_for_a_fact_that_came_without_an_event_moves_in_both(
    loaded, make_lead, frozen_clock
):
    lead = make_lead()
    added = [("Presentation", "company.industry")]
    strict = replace(loaded, process=_process(loaded, [], added, {}))
    blueprint, booked = _blueprint(strict, {}), (0, 0, "meeting_booked", "interested", "", "")
    apply.apply(blueprint)
    happens([lead], booked)
    work()
    Company.objects.update(industry="Steel")
    frozen_clock.now += timedelta(hours=1)
    start = clock.now()

    simulated = simulate([blueprint], [lead], [], 0, start)
    lived = live([blueprint], [lead], [], 0, frozen_clock)

    assert simulated == lived
    assert lived["moves"] == [(start, lead.pk, "Approach", "Presentation")]


def test_lines_that_moved_in_the_file_move_nobody_in_both(loaded, make_lead, frozen_clock):
    lead = make_lead(stage_since=clock.now())
    added = [("Approach", {"when": 'company.industry == "Steel"', "to": "Closing"})]
    steel = replace(loaded, process=_process(loaded, added, [], {}))
    apply.apply(_blueprint(steel, {}))
    work()
    Company.objects.update(industry="Steel")  # by which nothing happens with the lead
    below = _process(loaded, added, [], {}).placed({"Approach.exit.0": "process.yaml:99"})
    blueprint, start = _blueprint(replace(loaded, process=below), {}), clock.now()
    happened = [(50, 0, "clicked", "other", "", "")]

    simulated = simulate([blueprint], [lead], happened, 0, start)
    lived = live([blueprint], [lead], happened, 0, frozen_clock)

    assert simulated == lived
    assert lived["moves"] == [(start + timedelta(hours=50), lead.pk, "Approach", "Closing")]


def test_whoever_goes_on_alone_gets_the_same_mailbox_in_both(loaded, make_lead, frozen_clock):
    """A step that writes to the lead is taken after the batch, so its lead is reacted to last."""
    people, start = [make_lead("p0@x.example", title="CTO"), make_lead("p1@x.example")], clock.now()
    team = _team(loaded, [(100, 25, None, 1)] * PEOPLE, {}, None)
    apply.configure(team)
    update = {"id": "u", "update": {"lead.line": "Hello"}}
    ways = [{"when": 'lead.title == "CTO"', "steps": [update]}, {"steps": []}]
    steps = {"any": [{"id": "way", "branch": ways}], "other": [{"id": "s0", "email": "a"}]}
    rule = {"when": 'lead.stage == "Approach"'}
    found = {
        name: Sequence.model_validate(
            {"name": name, "stage": "Approach", "enroll": rule, "steps": written}
        )
        for name, written in steps.items()
    }
    blueprint = _blueprint(team, found)

    simulated = simulate([blueprint], people, [], 0, start)
    lived = live([blueprint], people, [], 0, frozen_clock)

    assert simulated == lived
    assert {touch[-1] for touch in lived["touches"]} == {"ada@example.com", "ada@second.example"}


@contextmanager
def undone():
    """Each example begins with the same rows; what waits for a commit is done at once."""
    now = patch.object(transaction.get_connection(), "on_commit", lambda done, robust=False: done())
    with transaction.atomic(), now:
        yield
        transaction.set_rollback(True)


def _team(loaded, caps, shared, ramp):
    """Two reps with mailboxes of these caps, of which Ada has the first and the last; and shared ones."""
    [ada] = loaded.mailboxes
    bob = {"address": "bob@example.com", "owner": "bob@example.com", "username": "bob@example.com"}
    second = {"address": "ada@second.example", "username": "ada@second.example"}
    mailboxes = []
    for whose, (per_day, per_hour, per_minute, minutes) in zip(
        ({}, bob, second), caps, strict=True
    ):
        gap = Duration(amount=minutes, unit="minute")
        limits = {"per_day": per_day, "per_hour": per_hour, "per_minute": per_minute, "gap": gap}
        mailboxes.append(ada.model_copy(update={**whose, **limits}))
    mailboxes[-1] = mailboxes[-1].model_copy(update={"ramp_up": ramp})
    return replace(
        loaded, mailboxes=mailboxes, lists=LISTS, limits=TeamLimits.model_validate(shared)
    )


def _process(team, added, required, plays):
    written = team.process.model_dump(mode="json")
    written["objections"] = {
        answer: {"answer": answer, "response": "Yes.", "play": play, "next_step": "A call"}
        for answer, play in plays.items()
    } or None
    for stage in written["stages"]:
        stage["requires"] = [fact for name, fact in required if name == stage["name"]]
        stage["exit"][:0] = [rule for name, rule in added if name == stage["name"]]
    return Process.model_validate(written)


def _blueprint(loaded, found):
    text = "{{ unsubscribe_url }} {{ sender.postal_address }}"
    templates = {name: Template(name=name, subject="s", text=text) for name in ("a", "b")}
    digests = {
        name: hashlib.sha256(sequence.model_dump_json().encode()).hexdigest()
        for name, sequence in found.items()
    }
    return replace(loaded, sequences=found, templates=templates, digests=digests)


# -- in memory ------------------------------------------------------------------------------


class Script:
    """A world in which just the events happen."""

    def __init__(self, events):
        self.events = events

    def begins(self, leads, at):
        return self.events

    def receives(self, arrival):
        return "sent", ()

    def is_assigned(self, assignment):
        return ()

    def sees(self, lead, stage, at):
        return ()

    def goes_on(self, happening, lead):
        if happening.kind in {"task_done", "task_skipped"}:
            taken = lead.enrollment.taken if lead.enrollment else {}
            step = taken.get(happening.data["step"])
            is_task = step is not None and happening.data["step"] in _tasks(
                lead.enrollment.sequence
            )
            return () if is_task and step.ended_at is None else None
        return ()


class Refusing(Script):
    """No email is taken for now."""

    def receives(self, arrival):
        return "later", ()


def simulate(blueprints, people, events, edited_at, start):
    scene = load.scene(blueprints[0], start)
    scene.connections = {}
    script = [_happening(people, event, start) for event in events]
    simulation = Simulation(scene, Script(script))
    end = start + timedelta(days=DAYS)
    if len(blueprints) == 1:
        simulation.run(end)
    else:
        simulation.run(start + timedelta(hours=edited_at))
        scene.files = files(blueprints[1])
        simulation.world = simulation.steps.world = simulation.delivery.world = Script([])
        simulation.run(end)
    touches = [
        (t.at, t.lead_id, t.sequence, t.step, t.by if t.kind == "email" else t.kind)
        for t in scene.touches
    ]
    ends = [
        (e.lead.pk, e.sequence.name, e.started_at, e.ended_at, e.reason) for e in scene.enrollments
    ]
    moves = [(m.at, m.lead_id, m.before, m.after) for m in scene.moves]
    return {"touches": sorted(touches), "ends": _sorted(ends), "moves": sorted(moves)}


def _happening(people, event, start):
    hour, person, kind, answer, step, disposition = event
    at, lead_id = start + timedelta(hours=hour), people[person].pk
    kind, data = {
        "answered": ("answered", {"answer": answer}),
        "auto_replied": ("auto_replied", {"until": at + timedelta(days=3)}),
        "task_done": ("task_done", {"step": step, "task": "call", "disposition": disposition}),
        "task_skipped": ("task_skipped", {"step": step}),
        "stage": ("crm_moved", {"to": "Approach"}),
        "lead back": ("crm_moved", {"to": "Presentation"}),
        "title": ("crm_changed", {"title": "CTO"}),
        "no title": ("crm_changed", {"title": None}),
        "bounced": ("bounced", {"hard": True}),
        "meeting_booked": ("meeting_booked", {"start": at + AHEAD[answer]}),
        "meeting_moved": ("meeting_moved", {"start": at + AHEAD[answer]}),
        "nps": ("nps", {"score": SCORES[answer]}),
    }.get(kind, (kind, {}))
    of_a_task = kind in {"task_done", "task_skipped"}
    enrollment_id = ANY if of_a_task else None  # of whichever is open then
    return Happening(at=at, lead_id=lead_id, kind=kind, data=data, enrollment_id=enrollment_id)


def _tasks(sequence):
    return {step.id for _, step in everywhere(sequence.steps) if isinstance(step, TaskStep)}


# -- over the rows --------------------------------------------------------------------------


def live(blueprints, people, events, edited_at, frozen_clock):
    start = frozen_clock.now
    edits = [start + timedelta(hours=edited_at)] if len(blueprints) > 1 else []
    apply.apply(blueprints[0])
    waiting = [(start + timedelta(hours=event[0]), event) for event in events]
    while True:
        while waiting and waiting[0][0] <= clock.now():
            happens(people, waiting.pop(0)[1])
        work()
        if edits and edits[0] <= clock.now():
            edits.pop()
            apply.apply(blueprints[1])
            work()
        following = [schedule.next_due(), *(at for at, _ in waiting[:1]), *edits]
        moment = min((at for at in following if at is not None), default=None)
        if moment is None or moment > start + timedelta(days=DAYS):
            return told()
        frozen_clock.now = moment


def work():
    """Everything that is due, as the sweeps ring it; a server takes every email."""
    for _ in range(50):
        settle(None)
        at_rest = True
        for message in _claimed():
            at_rest = False
            stop = stops.reason(message)
            if stop is not None and stop.reason == "too_late":
                settling.stopped(message, stop)
                continue
            assert stop is None, settling.stopped(message, stop)
            _leaves_or_fails(message)
        if at_rest and not any(map(claims.due, Mailbox.objects.all())):
            return
    raise AssertionError("it never comes to rest")


def _leaves_or_fails(message):
    try:
        compose.refuse_begun(message)
    except compose.Unsendable as error:
        settling.failed(message, str(error))
    else:
        settling.sent(message, {})


def _claimed():
    """A mailbox's emails are handed over before the next one claims, as in a simulation."""
    for mailbox in Mailbox.objects.order_by("pk"):
        while claims.due(mailbox):
            yield from claims.claim(mailbox, Counter())


def happens(people, event):  # noqa: C901, PLR0912 - one case for each event
    _, person, kind, answer, step, disposition = event
    lead, now = Lead.objects.get(pk=people[person].pk), clock.now()
    match kind:
        case "answered":
            note("answered", lead=lead, occurred_at=now, data={"text": PHRASES[answer]})
        case "auto_replied":
            until = (now + timedelta(days=3)).isoformat()
            note("auto_replied", lead=lead, occurred_at=now, data={"until": until})
        case "unsubscribed":
            unsubscribe.unsubscribe(lead, how="reply", at=now)
        case "task_done":
            _do(lead, step, lambda task: tasks.done(task.pk, disposition=disposition))
        case "task_skipped":
            _do(lead, step, lambda task: tasks.skip(task.pk, why="no time"))
        case "stage" | "lead back":
            _move_in_crm(lead, "CONNECTED" if kind == "lead back" else "ATTEMPTED_TO_CONTACT")
        case "title" | "no title":
            title = "CTO" if kind == "title" else ""
            if lead.title != title:
                Lead.objects.filter(pk=lead.pk).update(title=title)
                note("lead_changed", lead=lead, occurred_at=now)
        case "bounced":
            note("bounced", lead=lead, occurred_at=now, data={"hard": True})
        case "meeting_booked":
            by_hand.book(lead, now + AHEAD[answer], by="Ada")
        case "meeting_moved" if (meeting := meetings.next_of(lead)) is not None:
            by_hand.move(meeting, now + AHEAD[answer], by="Ada")
        case "meeting_canceled" | "meeting_held" | "meeting_missed":
            notes.write(lead, kind, at=now, by="Ada")
        case "nps":
            Lead.objects.filter(pk=lead.pk).update(nps=SCORES[answer])
            data = {"score": SCORES[answer], "comment": "", "request": 1}
            note("nps", lead=lead, occurred_at=now, data=data)
        case "crm_call":
            logged = ExternalEvent(kind="call", external_id="1", lead_ids=("p0",), at=now)
            ExternalRecord.objects.create(
                connection=lead.source, kind="lead", external_id="p0", lead=lead
            )
            news.land(lead.source, [logged], now=now)
        case _:
            note(kind, lead=lead, occurred_at=now)


def _do(lead, step, end):
    open_ = Enrollment.objects.filter(lead=lead, status__in=["active", "paused"]).first()
    rows = Task.objects.filter(enrollment_id=open_.pk, step_id=step, done_at=None) if open_ else []
    for task in rows:
        end(task)


def _move_in_crm(lead, status):
    Lead.objects.filter(pk=lead.pk).update(status=status)
    stages.settle(lead.source, [Lead.objects.get(pk=lead.pk)], at=clock.now())


def told():
    sequence_of = dict(Enrollment.objects.values_list("pk", "sequence"))
    emails = Message.objects.filter(status="sent").values_list(
        "sent_at", "lead", "enrollment_id", "step_id", "mailbox__address"
    )
    runs = StepRun.objects.filter(kind="task").values_list(
        "at", "enrollment__lead", "enrollment", "step_id"
    )
    touches = [(at, lead, sequence_of[e], step, by) for at, lead, e, step, by in emails]
    touches += [(at, lead, sequence_of[e], step, "task") for at, lead, e, step in runs]
    ends = Enrollment.objects.values_list("lead", "sequence", "started_at", "ended_at", "reason")
    moves = StageMove.objects.values_list("at", "lead", "from_stage", "to_stage")
    return {"touches": sorted(touches), "ends": _sorted(ends), "moves": sorted(moves)}


def _sorted(ends):
    return sorted(ends, key=str)
