"""Scores over the rows: counted at what happens, aged by the sweep, qualified once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from config.cli import prospecting  # noqa: F401 - it adds the command
from config.cli.app import app
from crm import edit
from crm.models import Activity, Lead
from crm.timeline import note
from mail.models import Suppression
from process import apply
from process.models import LeadScore
from process.prospecting import scores
from process.prospecting.scoring import Scoring
from runtime import clock
from workers import reactions, schedule

pytestmark = pytest.mark.django_db
RULES = {
    "qualified_at": 50,
    "rules": [
        {"name": "German", "kind": "fit", "when": 'lead.country == "DE"', "points": 30},
        {
            "name": "Came back",
            "kind": "engagement",
            "when": "event.page_visited",
            "points": 20,
            "within": "30 days",
        },
    ],
}


@pytest.fixture
def scored(loaded, team, make_lead):
    rules = Scoring.model_validate(RULES)
    process = loaded.process.model_copy(update={"scoring": rules})
    apply.configure(replace(loaded, process=process))
    return make_lead(country="DE")


def visits(lead):
    note("page_visited", lead=lead, occurred_at=clock.now())
    reactions.react()
    return Lead.objects.get(pk=lead.pk)


def qualified():
    return list(Activity.objects.filter(kind="qualified").values_list("lead", "data__score"))


def test_what_happens_counts_and_qualifies_once(scored, frozen_clock):
    lead = visits(scored)
    again = visits(scored)

    assert (lead.score, lead.fit, lead.engagement) == (50, 30, 20)
    assert again.score == 50
    assert qualified() == [(scored.pk, 50)]


def test_what_grows_old_is_taken_back_by_the_sweep(scored, frozen_clock):
    visits(scored)
    frozen_clock.now += timedelta(days=30)

    due = schedule.due(inboxes=False).score
    counted = scores.count_due()

    assert (due, counted) == (True, 1)
    assert Lead.objects.get(pk=scored.pk).score == 30
    assert LeadScore.objects.get().reasons == [{"rule": "German", "kind": "fit", "points": 30}]


def test_who_must_not_be_written_to_does_not_qualify_before_that_is_lifted(scored, frozen_clock):
    edit.opt_out(scored, at=clock.now())
    lead = visits(scored)
    assert (lead.score, qualified()) == (50, [])

    edit.opt_in(scored, at=clock.now())
    Suppression.objects.all().delete()
    frozen_clock.now += timedelta(days=1)
    scores.count_due()

    assert qualified() == [(scored.pk, 50)]


def test_people_whom_nothing_told_of_are_counted_when_the_rules_come(loaded, scored):
    assert Lead.objects.get().score is None

    scores.count_all()
    scores.count_due()

    assert Lead.objects.get().score == 30


def test_without_rules_nothing_is_left(loaded, scored):
    visits(scored)

    apply.configure(loaded)

    assert (Lead.objects.get().score, LeadScore.objects.count()) == (None, 0)


def test_the_rules_of_a_score_are_told_in_whole_words_on_a_narrow_terminal(
    scored, folder, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "80")
    visits(scored)

    told = CliRunner().invoke(app, ["-w", str(folder), "score", str(scored.pk)])

    rows = [line.split("│")[1:-1] for line in told.output.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ['German: lead.country == "DE"', "+30 of +30", "lead.country is DE"],
        ["Came back: event.page_visited within", "+20 of +20", "event.page_visited is 1"],
        ["30 days", "", ""],
    ]
    assert told.output.splitlines()[-1] == (
        f"{scored}: 50 (fit 30, engagement 20); qualified at 50."
    )
