"""The brief of a lead, and its personal line."""

from datetime import timedelta

import pytest

from config.cli import preparing
from crm import meeting_facts
from crm.models import Activity, Company, Deal, Lead, StageMove
from crm.timeline import note
from process import brief, lines
from process.models import Task
from process.preview import preview
from process.reports import catalog
from process.reports.report import Scope
from runtime import clock
from tests.workers.test_life import settle
from workspace.problems import Fault

pytestmark = pytest.mark.django_db


def test_a_brief_tells_all_that_is_known_of_a_lead(make_lead, frozen_clock):
    lead = make_lead(last_name="Hopper", title="Buyer", stage_since=clock.now(), extra={"seats": 7})
    Company.objects.filter(pk=1002).update(industry="logistics")
    lead.refresh_from_db()
    make_lead("ada@customer.example", first_name="Ada", title="Boss", disposition="price")
    for name, closed in (("First order", True), ("Second order", False)):
        Deal.objects.create(
            name=name,
            stage_value="x",
            amount=5,
            is_closed=closed,
            company=lead.company,
            source=lead.source,
            created_at=clock.now(),
            extra={"budget": "yes"},
        )
    at = clock.now()
    moved = {"rule": "exit"}
    StageMove.objects.create(
        lead=lead, from_stage="Preparation", to_stage="Approach", at=at, because=moved
    )
    note("called", lead=lead, occurred_at=at)
    note("answered", lead=lead, occurred_at=at + timedelta(hours=1), data={"text": "It is\n slow."})
    note("task_done", lead=lead, occurred_at=at, data={"note": "asked for Rome", "task": "call"})
    Task.objects.create(kind="call", title="Call her", lead=lead, created_at=at, key="one")

    told = brief.brief(brief.read(lead), clock.now())

    assert told["lead"] == [
        {
            "lead": lead.pk,
            "name": "Grace Hopper",
            "email": "grace@customer.example",
            "timezone": "Europe/Berlin",
            "title": "Buyer",
            "stage": "Approach",
            "status": "ATTEMPTED_TO_CONTACT",
            "seats": 7,
            "owner": "ada@example.com",
            "in_stage_since": at,
            "objective": "Make initial contact",
            "service_level_ends": at + timedelta(days=14),
            "late": False,
        }
    ]
    assert told["company"] == [{"name": "Hopper Ltd", "industry": "logistics"}]
    assert [(row["name"], row["title"], row["last_answer"]) for row in told["stakeholders"]] == [
        ("Ada", "Boss", "price")
    ]
    today = clock.now().date()
    second = {"name": "Second order", "state": "open", "amount": 5, "person": "", "since": today}
    assert told["deal"] == [{**second, "stage": "x", "budget": "yes"}]
    assert told["other_deals"] == [{**second, "name": "First order", "state": "lost"}]
    assert [(row["kind"], row["text"]) for row in told["said"]] == [
        ("answered", "It is slow."),
        ("task_done", "asked for Rome"),
    ]
    assert [row["what"] for row in told["last_touches"]] == ["answered", "called"]
    assert [row["what"] for row in told["history"]] == ["to Approach"]
    assert [row["title"] for row in told["open_tasks"]] == ["Call her"]


@pytest.mark.parametrize(
    ("own", "whole", "others"),
    [
        (("old", True, 9), "old", ["open", "new", "older"]),  # a colleague's open one is not hers
        (("hers", False, 9), "hers", ["open", "new", "older"]),
        (None, "open", ["new", "older"]),
    ],
)
def test_her_own_deal_is_told_whole_and_others_from_the_latest_on(
    make_lead, frozen_clock, own, whole, others
):
    lead = make_lead()
    of_company = [("older", True, 5), ("open", False, 7), ("new", True, 1)]
    for name, closed, days in [*of_company, *([own] if own else [])]:
        Deal.objects.create(
            name=name,
            stage_value="x",
            is_closed=closed,
            company=lead.company,
            lead=lead if (name, closed, days) == own else None,
            source=lead.source,
            created_at=clock.now() - timedelta(days=days),
        )

    told = brief.brief(brief.read(lead), clock.now())

    assert [row["name"] for row in told["deal"]] == [whole]
    assert [row["name"] for row in told["other_deals"]] == others


def test_a_meeting_is_told_by_its_start(make_lead, frozen_clock):
    start = clock.now() + timedelta(days=1)
    one = meeting_facts.Standing(starts_at=start, timezone="Europe/Berlin", title="Demo")
    lead = make_lead(meeting=meeting_facts.of([one]))

    told = brief.brief(brief.read(lead), clock.now())

    assert told["meeting"] == [
        {"status": "booked", "start": start, "timezone": "Europe/Berlin", "title": "Demo"}
    ]


def test_a_brief_on_the_terminal_is_by_the_leads_clock_and_names_eight_other_deals(
    make_lead, frozen_clock, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "80")
    lead = make_lead(stage_since=clock.now())
    for number in range(11):
        Deal.objects.create(
            name=f"Order {number}",
            stage_value="x",
            amount=1234,
            is_closed=True,
            lead=lead,
            source=lead.source,
            created_at=clock.now() - timedelta(days=number),
        )
    note("called", lead=lead, occurred_at=clock.now())

    preparing.show(brief.brief(brief.read(lead), clock.now()), lead)

    out = capsys.readouterr().out
    rows = [[cell.strip() for cell in line[1:-1].split("│")] for line in out.splitlines()]
    assert ["in stage since", "2026-03-02 07:00 Europe/Berlin"] in rows
    assert ["late", "no"] in rows
    assert ["2026-03-02 07:00", "called", ""] in rows
    assert [row for row in rows if row[0].startswith("Order ")] == [
        [f"Order {number}", "lost", "1,234.00", "Grace", f"2026-{day}"]
        for number, day in enumerate(_DAYS, start=1)
    ]
    assert "and 2 older deals; --json has all." in out.splitlines()


_DAYS = ["03-01", "02-28", "02-27", "02-26", "02-25", "02-24", "02-23", "02-22"]


def test_a_lead_of_whom_nothing_is_known_has_a_brief(make_lead):
    lead = make_lead(first_name="", company=None, stage="", timezone="", owner=None, status="")

    told = brief.brief(brief.read(lead), clock.now())

    assert {name: rows for name, rows in told.items() if rows} == {
        "lead": [{"lead": lead.pk, "email": "grace@customer.example"}]
    }


def test_a_personal_line_is_printed_and_brings_in_whom_it_was_missing_of(
    make_lead, loaded, frozen_clock
):
    lead = make_lead(title="Buyer", country="Italy")
    settle(frozen_clock)

    changed = [lines.write(lead, f"  {text} ", by="ada") for text in ("It snows.", "It snows.")]

    lead.refresh_from_db()
    [email] = preview(loaded, "approach-cold-opening", lead, None)
    text = email.raw.decode().split("\r\n\r\n")
    [told] = Activity.objects.filter(kind="lead_changed")
    assert changed == [True, False]
    assert told.data == {"fields": ["line"], "by": "ada"}
    assert "It snows." in text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "one\ntwo",
            "a personal line is one line of text, without tabs and other control characters",
        ),
        ("x" * 501, "a personal line has at most 500 characters; this has 501"),
    ],
)
def test_what_is_no_line_is_refused(make_lead, text, why):
    lead = make_lead(line="It snows.")

    with pytest.raises(Fault) as refused:
        lines.write(lead, text, by="ada")

    assert str(refused.value) == why
    assert Lead.objects.get().line == "It snows."


def test_the_report_counts_of_whom_what_is_required_is_missing(make_lead, team, frozen_clock):
    team()
    make_lead(first_name="")
    make_lead("b@customer.example", stage="Closing", first_name="")
    make_lead("c@customer.example", first_name="", do_not_contact=True)
    make_lead("d@customer.example")

    counted = [
        {
            row[0]: row[2:]
            for row in catalog.REPORTS["missing"](Scope(now=clock.now(), stage=stage)).rows
        }
        for stage in ("", "Closing")
    ]
    [by] = [row[1] for row in catalog.REPORTS["missing"](Scope(now=clock.now())).rows]

    assert counted == [{"lead.first_name": (2, 3)}, {"lead.first_name": (1, 1)}]
    assert "approach-cold" in str(by).split(", ")
