"""Experiments over the rows: who counts for which variant, what is told, and what a plan foresees."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from config.cli import experiments as on_terminal
from config.cli import plans
from crm.models import Company, Lead
from crm.timeline import note
from mail.models import EmailTemplate, Mailbox, Message
from process import planning
from process.experiments import reports
from process.findings import finding
from runtime import clock
from sequences.models import AppliedVersion, Enrollment
from tests.workers.test_language import at_work, sequence  # noqa: F401 - a fixture
from tests.workers.test_life import answers, leaves, until_queued

pytestmark = pytest.mark.django_db

A, B = "approach-cold-opening", "approach-cold-idea"
OPENING = {"id": "opening", "email": {A: 1, B: 1}}
HOUR = timedelta(hours=1)


@pytest.fixture
def trial(at_work, team, frozen_clock):  # noqa: F811 - the fixture
    """The sequence with variants at work; nobody is enrolled by its rule."""
    at_work(sequence(OPENING, when='lead.status == "NOBODY"'))
    frozen_clock.now = clock.now() + timedelta(days=60)


@pytest.fixture
def written(trial, make_lead, frozen_clock):
    """Write to somebody of a company; the email."""

    def write(template, company=None, lead=None, days_ago=0):
        version = AppliedVersion.objects.get(active=True)
        at = clock.now() - timedelta(days=days_ago)
        company = company or Company.objects.create(name="New Ltd")
        count = Lead.objects.count()
        lead = lead or make_lead(f"lead{count}@x.example", company=company)
        enrollment = Enrollment.objects.create(
            lead=lead, version=version, sequence="test", mailbox_id=Mailbox.objects.first().pk,
            timezone="UTC", status="finished", started_at=at,
        )  # fmt: skip
        return Message.objects.create(
            enrollment_id=enrollment.pk, step_id="opening", lead=lead, token="t",
            mailbox=Mailbox.objects.first(), template=EmailTemplate.objects.get(name=template),
            to_email=lead.email, message_id=f"<{enrollment.pk}@x>", window={}, status="sent",
            enrolled_at=at, queued_at=at, due_at=at, sent_at=at,
        )  # fmt: skip

    return write


def happens(kind, message, *, after=HOUR, named=True):
    note(
        kind,
        lead=message.lead,
        occurred_at=message.sent_at + after,
        enrollment_id=message.enrollment_id if named else None,
    )


def counted():
    """Variant -> companies, replies, meetings."""
    [report] = reports()
    return {row.arm.name: (row.arm.units, row.replies, row.meetings) for row in report.rows}


def test_what_the_engine_sends_and_people_answer_is_counted(at_work, make_lead, frozen_clock):  # noqa: F811
    make_lead()
    at_work(sequence(OPENING))
    message = until_queued(frozen_clock)
    assert counted() == {A: (0, 0, 0), B: (0, 0, 0)}
    leaves(message)
    frozen_clock.now += HOUR

    answers(message)

    other = B if message.template.name == A else A
    assert counted() == {message.template.name: (1, 1, 0), other: (0, 0, 0)}


def test_csv_has_a_line_for_each_variant_and_each_comparison(written):
    happens("answered", written(A))
    written(B)

    told = io.StringIO()
    on_terminal.write_csv(reports(), told)

    one, other, compared = csv.DictReader(io.StringIO(told.getvalue()))
    [as_json] = map(on_terminal.as_json, reports())
    assert (one["variant"], one["companies"], one["replies"], one["rate"]) == (A, "1", "1", "1.0")
    assert (other["variant"], other["companies"], other["replies"]) == (B, "1", "0")
    assert [one["rate_low"], one["rate_high"]] == list(
        map(str, as_json["variants"][0]["rate_range"])
    )
    assert (compared["variant"], compared["against"], compared["companies"]) == (B, A, "")
    [comparison] = as_json["comparisons"]
    assert compared["evidence"] == str(comparison["evidence"])
    assert compared["difference_low"] == str(comparison["difference"][0])
    assert [line["verdict"] for line in (one, other, compared)] == ["undecided"] * 3


@pytest.mark.parametrize(
    ("kind", "how", "told"),
    [
        ("answered", {}, (1, 1, 0)),
        ("crm_reply", {"named": False}, (1, 1, 0)),
        ("meeting_booked", {"named": False}, (1, 0, 1)),
        ("crm_meeting", {}, (1, 0, 1)),
        ("answered", {"after": -HOUR}, (1, 0, 0)),
        ("auto_replied", {}, (1, 0, 0)),
        ("opened", {}, (1, 0, 0)),
        ("clicked", {}, (1, 0, 0)),
        ("meeting_canceled", {}, (1, 0, 0)),
    ],
)
def test_what_counts(written, kind, how, told):
    happens(kind, written(A), **how)

    assert counted() == {A: told, B: (0, 0, 0)}


def test_what_comes_after_the_next_enrollment_began_is_not_of_this_one(written):
    before, after = written(A, days_ago=9), written(A, days_ago=9)
    for message in (before, after):
        later = clock.now() - timedelta(days=5)
        Enrollment.objects.create(
            lead=message.lead, version=AppliedVersion.objects.get(active=True), sequence="other",
            mailbox_id=1, timezone="UTC", status="finished", started_at=later,
        )  # fmt: skip

    happens("answered", before, after=timedelta(days=3), named=False)
    happens("answered", after, after=timedelta(days=6), named=False)
    happens("crm_meeting", after, after=timedelta(days=6), named=True)

    assert counted() == {A: (2, 1, 1), B: (0, 0, 0)}


def test_a_company_counts_once_for_what_it_got_first(written):
    company = Company.objects.create(name="Big Ltd")
    people = [written(A, company, days_ago=3), written(A, company), written(B, company)]
    for message in people:
        happens("answered", message)
    alone = written(B)
    Lead.objects.filter(pk=alone.lead_id).update(company=None)

    assert counted() == {A: (1, 1, 0), B: (1, 0, 0)}


def test_only_what_left_counts(written):
    for status in ("queued", "cancelled", "failed", "unconfirmed"):
        Message.objects.filter(pk=written(A).pk).update(status=status)

    assert counted() == {A: (0, 0, 0), B: (0, 0, 0)}


def test_other_weights_begin_anew_and_another_process_does_not(
    written,
    at_work,  # noqa: F811
    frozen_clock,
):
    written(A)
    same = sequence(OPENING, {"id": "pause", "wait": "2 days"})
    at_work(same)
    goes_on = counted()
    frozen_clock.now += HOUR
    at_work(sequence({"id": "opening", "email": {A: 3, B: 1}}))
    Enrollment.objects.update(version=AppliedVersion.objects.get(active=True))

    assert goes_on == {A: (1, 0, 0), B: (0, 0, 0)}
    assert counted() == {A: (0, 0, 0), B: (0, 0, 0)}


def test_one_query_counts_however_many_there_are(written, django_assert_max_num_queries):
    for _ in range(30):
        happens("answered", written(A))

    with django_assert_max_num_queries(4):
        assert counted() == {A: (30, 30, 0), B: (0, 0, 0)}


def many(written, figures):
    for template, (companies, replies) in figures.items():
        for number in range(companies):
            message = written(template, days_ago=20)
            if number < replies:
                happens("answered", message)


def test_a_winner_is_named_and_shown_with_its_figures(written, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    many(written, {A: (60, 3), B: (60, 30)})

    [report] = reports()
    on_terminal.show(report)

    told = capsys.readouterr().out
    assert report.judgment.winner == B
    assert finding(report).endswith(f"Write `email: {B}` in the step and apply it.")
    assert finding(report) in told
    assert "50.0% (29.9 to 70.1)" in told
    as_json = on_terminal.as_json(report)
    assert (as_json["verdict"], as_json["winner"]) == ("winner", B)
    assert [row["needed"] for row in as_json["variants"]] == [1847, 1847]
    assert [row["missing"] for row in as_json["variants"]] == [0, 0]


def test_no_winner_is_named_before_it_is_earned(written):
    many(written, {A: (60, 3), B: (60, 9)})

    [report] = reports()

    assert report.judgment.winner is None
    assert finding(report) == (
        "Undecided: to tell replies of 5% from 8%, 1,787 more companies per variant are needed. "
        "If answers go on as they came, about 248 more in all decide it. Let it run."
    )


def test_who_was_written_to_lately_may_still_answer(written):
    written(A), written(B, days_ago=15)

    [report] = reports()

    assert [row.arm.waiting for row in report.rows] == [1, 0]
    assert "Written to so lately that they may still answer: 1." in finding(report)


def test_nobody_yet(trial):
    [report] = reports()

    assert finding(report) == "Nobody has got this email yet."
    assert report.judgment.outcome == "undecided"


def test_a_plan_says_whether_it_can_decide(loaded, make_lead, frozen_clock):
    from sequences.definition import Sequence

    for number in range(6):
        company = Company.objects.create(name=f"Company {number}")
        make_lead(f"a{number}@x.example", company=company)
        make_lead(f"b{number}@x.example", company=company)
    trial = {"measure": "meetings", "base": "10 percent", "smallest": "80 percent"}
    definition = Sequence.model_validate(sequence({**OPENING, "experiment": trial}))
    blueprint = replace(loaded, sequences={"test": definition}, digests={"test": "1"})
    planned = planning.plan(blueprint)

    [told] = plans.experiments(blueprint, planned)

    assert sum(told["planned"].values()) == 6
    assert told["so_far"] == {A: 0, B: 0}
    assert told["enough"] is False
    assert told["says"].startswith("opening: to tell meetings of 10% from 90% takes ")
    assert told["says"].endswith("it cannot be decided with these.")


def test_a_plan_without_variants_tells_nothing_of_experiments(loaded, make_lead):
    only = replace(loaded, sequences={"stalled-deal": loaded.sequences["stalled-deal"]})

    assert plans.experiments(only, planning.plan(only)) == []
