"""Tables on a terminal of 80 columns: nothing of them is cut off."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from config.cli import reports, simulated, tables
from process.reports import catalog
from process.reports.report import Report as Answer
from process.reports.report import Scope
from process.simulation.report import Load, Report, Week
from process.simulation.rows import Touch

LONG = "a-name-that-is-much-longer-than-a-column"


def shown(monkeypatch, capsys, told):
    monkeypatch.setenv("COLUMNS", "80")
    tables.show(told)
    return capsys.readouterr().out


def test_a_wide_table_breaks_its_words_and_loses_none(monkeypatch, capsys):
    row = dict.fromkeys(("variant", "against", "replies", "points", "evidence", "missing"), LONG)

    out = shown(monkeypatch, capsys, {"comparisons": [row]})

    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    columns = zip(*(line.split("│")[1:-1] for line in lines[4:-1]), strict=True)
    assert ["".join(map(str.strip, parts)) for parts in columns] == [LONG] * 6


def test_sentences_break_between_words(monkeypatch, capsys):
    texts = (
        "opening-of-cold",
        "closing-of-cold",
        "0.24 to 1.49 times",
        "-72.6 to +23.2",
        "1.2 of 20",
    )
    names = ("variant", "against", "replies", "points", "evidence")

    out = shown(monkeypatch, capsys, {"comparisons": [dict(zip(names, texts, strict=True))]})

    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    columns = zip(*(line.split("│")[1:-1] for line in lines[4:-1]), strict=True)
    assert [" ".join(" ".join(parts).split()) for parts in columns] == list(texts)


def test_words_stay_whole_where_there_is_room(monkeypatch, capsys):
    out = shown(monkeypatch, capsys, {"calls": [{"connection": "salesforce", "calls": 1000}]})

    assert out.splitlines()[2:5] == [
        "┃ connection ┃ calls ┃",
        "┡━━━━━━━━━━━━╇━━━━━━━┩",
        "│ salesforce │ 1,000 │",
    ]


def test_a_name_is_shown_to_the_letter(monkeypatch, capsys):
    name = "[/red] [bold]Eve[/] :smile:"

    out = shown(monkeypatch, capsys, {"leads": [{"lead": name}]})

    assert name in out


def test_a_reports_text_is_no_formula_and_its_numbers_stay(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    told = ["=HYPERLINK(1)", "@SUM(1)", "+49 30", "-3.2", "+4", "web [/b]"]
    found = Answer(columns=["what", "amount"], rows=[[what, Decimal(-1)] for what in told])
    file = StringIO()

    reports.write_csv(found, file)
    reports.show(found)

    cells = ["'=HYPERLINK(1)", "'@SUM(1)", "'+49 30", "-3.2", "+4", "web [/b]"]
    assert file.getvalue().splitlines() == ["what,amount", *(f"{cell},-1" for cell in cells)]
    assert "web [/b]" in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize("name", catalog.REPORTS)
def test_a_reports_notes_call_columns_as_the_table_does(monkeypatch, capsys, frozen_clock, name):
    monkeypatch.setenv("COLUMNS", "300")
    report = catalog.REPORTS[name](Scope(now=frozen_clock.now))
    of_program = {column for column in report.columns if "_" in column}
    written = {word for note in report.notes for word in re.findall(r"\w+", note)}

    reports.show(report)

    words = set(re.findall(r"\w+", capsys.readouterr().out))
    assert not words & of_program
    assert name != "stages" or {"by_outcome", "in_crm", "onward_rate"} <= written & of_program


def test_columns_that_are_zero_throughout_are_named_as_that(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    notes = ["by_time: not by_times, nor in_crm"]

    reports.show(Answer(columns=["stage", "by_time", "lost"], rows=[["x", 0, 1]], notes=notes))

    *_, idle, note = capsys.readouterr().out.splitlines()
    assert (idle, note) == ("all zero: by time", "by time: not by_times, nor in_crm")


def test_moments_say_their_zone_once_and_truths_are_words(monkeypatch, capsys):
    at = datetime(2026, 3, 2, 6, tzinfo=UTC)
    rows = [
        {"sent_at": at, "known": at.astimezone(ZoneInfo("Europe/Berlin")), "sure": True},
        {"sent_at": None, "known": ["name", "title"], "sure": False},
    ]

    out = shown(monkeypatch, capsys, {"emails": rows})

    told = [[cell.strip() for cell in line[1:-1].split("│")] for line in out.splitlines()[4:-1]]
    assert out.splitlines()[2].split("┃")[1].strip() == "sent at (UTC)"
    assert told == [
        ["2026-03-02 06:00", "2026-03-02 07:00 Europe/Berlin", "yes"],
        ["", "name, title", "no"],
    ]


def test_a_curve_of_a_year_stands_on_one_line(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    who = "ottilie.brandvold@brightwell-hardware.example"
    load = Load(
        who=who, total=4, busiest=date(2026, 3, 2), on_that_day=2, cap=100,
        weeks=[2, *[0] * 51, 2],
    )  # fmt: skip

    simulated.show(report(mailboxes=[load]))

    out = capsys.readouterr().out
    assert f"█{' ' * 16}█" in out
    assert "by 3 weeks" in out
    assert max(map(len, out.splitlines())) <= 80
    address = (line.strip().split(" ")[0] for line in out.splitlines())
    assert who in "".join(address)


def test_the_first_differences_are_those_of_the_first_moments_and_leads(capsys):
    def touch(lead, day):
        at = datetime(2026, 3, day, 9, tzinfo=UTC)
        return Touch(
            at=at, lead_id=lead, sequence="s", step="x", kind="email", what="mail", by="ada"
        )

    mine = report(touches=[touch(100, 2), touch(51, 2), touch(7, 3)])

    simulated.show_difference(mine, report(), name="HEAD")

    assert capsys.readouterr().out.splitlines()[-3:] == [
        "  + 2026-03-02 09:00 lead 51: s, x",
        "  + 2026-03-02 09:00 lead 100: s, x",
        "  + 2026-03-03 09:00 lead 7: s, x",
    ]


def report(**given):
    week = Week(monday=date(2026, 3, 2), counts={"emails": 4})
    nothing = dict.fromkeys(("mailboxes", "reps", "sequences", "breaches", "touches"), ())
    begins, ends = datetime(2026, 3, 2, tzinfo=UTC), datetime(2027, 3, 2, tzinfo=UTC)
    return Report(
        **{**nothing, **given}, begins=begins, ends=ends, leads=1, weeks=[week], funnel={}
    )
