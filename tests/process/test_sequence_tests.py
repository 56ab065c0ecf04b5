"""Tests of sequences: what passes, what fails and says why, and what was never walked."""

import pytest

from crm.fields import FIELDS
from process import blueprint
from process.testing import reading
from process.testing.report import Report

SEQUENCE = """
name: nudge
stage: Closing
exit: [event.called]
on_reply:
  interested: { task: call, title: Call, due: 1 hour }
steps:
  - id: prepare
    task: research
    title: Prepare
    due: 1 business day
    gate: true
    skip_after: 1 business day
  - id: letter
    email: { stalled-deal-checkin: 1, approach-cold-idea: 1 }
  - id: pause
    wait: 2 business days
  - id: looked
    branch:
      - when: event.clicked
        steps: [{ id: ring, task: call, title: Call, due: 1 hour }]
      - percent: 50
        steps: [{ id: note-down, task: research, title: Note, due: 1 hour }]
  - id: there
    goal: lead.title == "CEO"
  - id: over
    stop: nobody home
"""
EVERYBODY = ["prepare", "letter", "note-down"]


@pytest.fixture
def live(starter):
    """Run tests of the sequence above: each a mapping as in YAML."""

    def run(*tests, sequence=SEQUENCE, **shared):
        (starter / "sequences" / "nudge.yaml").write_text(sequence)
        for file in (starter / "tests").glob("*.yaml"):
            file.unlink()
        lines = [f"{name}: {value}" for name, value in shared.items()]
        named = (f"  - name: Test {number}\n{text}" for number, text in enumerate(tests))
        whole = "\n".join(["sequence: nudge", *lines, "tests:", *named])
        (starter / "tests" / "nudge.yaml").write_text(whole + "\n")
        loaded = blueprint.load(starter, schema=FIELDS)
        report = Report(loaded, reading.read(starter, loaded), is_whole=False)
        list(report.run())
        return report

    return run


def rows(report, number=0):
    """Expected and happened, of what is wrong."""
    found = report.verdicts[number].rows
    return [(row.expected, row.happened) for row in found if not row.is_right]


def never(report):
    return [part.key for part in report.coverages()[0].never]


def test_the_library_passes_its_tests_which_walk_every_way(starter):
    loaded = blueprint.load(starter, schema=FIELDS)

    report = Report(loaded, reading.read(starter, loaded), is_whole=True)
    verdicts = list(report.run())

    assert [verdict.test.case.name for verdict in verdicts if not verdict.is_passed] == []
    assert {one.sequence: (one.percent, one.never) for one in report.coverages()} == dict.fromkeys(
        loaded.sequences, (100, [])
    )


@pytest.mark.parametrize(
    ("file", "written", "instead"),
    [
        ("after-demo", "when: event.task_done", "when: event.called"),
        ("approach-cold", "event.clicked or event.page_visited", "event.page_visited"),
        ("approach-cold", "quiet_for: 30 days", "quiet_for: 7 days"),
        ("approach-inbound", "lead.stage is not none and", ""),
        ("objection-person", "steps:", "steps:\n  - { id: a-day, wait: 1 day }"),
        ("objection-price", "skip_after: 1 business day", "skip_after: 2 business days"),
        ("objection-solution", "wait: 6 business days", "wait: 5 business days"),
        ("objection-timing", "[tue, wed, thu]", "[mon, tue, wed, thu, fri]"),
        ("stalled-deal", "event.company_answered", "event.company_answered and event.clicked"),
        ("stalled-deal", "exclusive: company", "exclusive: lead"),
        ("won-handoff", "wait: 10 business days", "wait: 9 business days"),
    ],
)
def test_the_librarys_tests_notice_a_change(starter, file, written, instead):
    path = starter / "sequences" / f"{file}.yaml"
    assert written in path.read_text()
    path.write_text(path.read_text().replace(written, instead))
    loaded = blueprint.load(starter, schema=FIELDS)
    tests = [test for test in reading.read(starter, loaded) if test.sequence == file]

    report = Report(loaded, tests, is_whole=False)
    list(report.run())

    assert report.failed


def test_a_day_a_time_and_a_variant_are_held_to(live):
    report = live(
        "    expect: [prepare: mon 2 mar 09:00, { letter: tue 3 mar, "
        "variant: approach-cold-idea }, note-down]",
        "    expect: [prepare: mon 2 mar 09:15, { letter: wed 4 mar, "
        "variant: stalled-deal-checkin }, note-down]",
    )

    assert rows(report, 0) == []
    assert rows(report, 1) == [
        ("prepare: mon 2 mar 09:15", "prepare: mon 2 mar 09:00"),
        (
            "letter: wed 4 mar (stalled-deal-checkin)",
            "letter: tue 3 mar 11:45 (approach-cold-idea)",
        ),
    ]


def test_what_is_missing_and_what_is_too_much_stand_beside_each_other(live):
    report = live(
        "    given: [{ after: letter, clicked }]\n"
        "    expect: [letter, ring, note-down]\n"
        "    ends: finished\n    then: stalled-deal\n    stage: Approach",
    )

    assert rows(report) == [
        ("", "prepare: mon 2 mar 09:00"),
        ("note-down", ""),
        ("ends: finished", "ends: nobody home thu 5 mar 11:45"),
        ("then: stalled-deal", "then: nothing"),
        ("stage: Approach", "stage: Closing"),
    ]
    assert report.verdicts[0].rows[4].because == ["nobody home: stop  sequences/nudge.yaml:26"]


def test_a_way_is_told_with_its_condition_and_its_line(live):
    report = live("    given: [{ after: letter, clicked }]\n    expect: [prepare, letter]")

    assert [row.because for row in report.verdicts[0].rows if not row.is_right] == [
        [
            "looked took the way: event.clicked  sequences/nudge.yaml:18",
            "ring was ready thu 5 mar 11:45  sequences/nudge.yaml:21",
        ]
    ]


def test_an_answer_that_ends_it_is_told_with_its_line(live):
    report = live(
        "    given: [{ after: letter, in: 2 hours, answered: interested }]\n"
        "    expect: [prepare, letter]\n    ends: finished\n    task: email"
    )

    assert rows(report) == [
        ("ends: finished", "ends: answered tue 3 mar 13:45"),
        ("task: email", "task: call"),
    ]
    assert report.verdicts[0].rows[2].because == ["given answered: interested  tests/nudge.yaml:4"]


def test_an_event_that_never_comes_about_fails(live):
    report = live(
        "    given: [{ after: letter, called }, { after: ring, answered: interested }]\n"
        "    expect: [prepare, letter]\n    ends: exit\n    because: event.called"
    )

    assert rows(report) == [("given: answered after ring", "never came about")]


def test_an_end_for_another_reason_fails_though_it_is_an_exit(live):
    sequence = SEQUENCE.replace("exit: [event.called]", "exit: [event.called, event.page_visited]")
    report = live(
        "    given: [{ after: letter, page_visited }]\n"
        "    expect: [prepare, letter]\n    ends: exit\n    because: event.called",
        sequence=sequence,
    )

    assert rows(report) == [("ends: exit (event.called)", "ends: exit tue 3 mar 12:45")]


def test_a_change_in_the_crm_and_a_rep_who_leaves(live):
    report = live(
        "    given: [{ after: letter, change: { lead.title: CEO } }]\n"
        "    expect: [prepare, letter]\n    ends: goal",
        "    given: [{ after: prepare, owner_gone }]\n    expect: [prepare]\n    ends: owner gone",
    )

    assert [rows(report, 0), rows(report, 1)] == [[], []]


def test_who_is_let_in_against_the_test_and_who_is_not(live):
    rule = "enroll: { when: lead.stage == 'Closing', existing: true }\n"
    report = live(
        "    not_enrolled: quiet_for",
        "    lead: { stage: Approach }\n    past: { touched: 1 day }\n    expect: [prepare]",
        sequence=rule + SEQUENCE,
    )

    assert rows(report, 0) == [("not enrolled: quiet_for", "enrolled mon 2 mar 09:00")]
    assert rows(report, 1) == [("is enrolled", "is not enrolled")]
    assert report.verdicts[1].rows[0].because == ["the rule is not true: lead.stage == 'Closing'"]


def test_coverage_names_what_no_test_has_walked(live):
    nobody = f"    expect: [{', '.join(EVERYBODY)}]"

    assert never(live(nobody)) == [
        "exit.0", "on_reply.interested", "prepare.done", "looked.0", "looked.-1", "ring", "there",
    ]  # fmt: skip


def test_every_way_can_be_walked(live):
    report = live(
        f"    expect: [{', '.join(EVERYBODY)}]\n    ends: nobody home",
        "    lead: { id: 2 }\n    expect: [prepare, letter]\n    ends: nobody home",
        "    given: [{ after: prepare, task_done }, { after: letter, clicked }]\n"
        "    expect: [prepare, letter, ring]",
        "    given: [{ after: letter, called }]\n    expect: [prepare, letter]\n    ends: exit",
        "    given: [{ after: letter, answered: interested }]\n    expect: [prepare, letter]",
        "    given: [{ after: letter, change: { lead.title: CEO } }]\n"
        "    expect: [prepare, letter]",
    )

    assert [rows(report, number) for number in range(6)] == [[]] * 6
    assert never(report) == []


def test_a_failed_test_covers_nothing(live):
    report = live("    expect: []")

    assert report.coverages()[0].walked == 0


def test_what_the_file_says_holds_for_each_that_does_not_say_otherwise(live):
    report = live(
        f"    expect: [prepare: fri 3 apr 16:00, {', '.join(EVERYBODY[1:])}]",
        f"    start: 2026-03-02 09:00\n    expect: [prepare: mon 2 mar, {', '.join(EVERYBODY[1:])}]",
        start="2026-04-03 16:00",
        lead="{ timezone: America/New_York }",
    )

    assert [rows(report, 0), rows(report, 1)] == [[], []]
