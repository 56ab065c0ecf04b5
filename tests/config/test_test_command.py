"""`cadenza test` as a person meets it: lines, exit codes, coverage, and no Django."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config import starter
from config.cli import test  # noqa: F401 - it adds the command
from config.cli.app import app

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "acme"
    starter.copy(path)
    return path


@pytest.fixture
def cadenza(folder, monkeypatch):
    monkeypatch.setenv("CADENZA_WORKSPACE", str(folder))
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words):
        done = CliRunner().invoke(app, ["-w", str(folder), *words])
        return done.exit_code, done.output

    return run


def break_it(folder):
    path = folder / "tests" / "objection-person.yaml"
    path.write_text(path.read_text().replace("mon 2 mar", "tue 3 mar"))


def test_one_sequence_passes(cadenza):
    code, told = cadenza("test", "objection-person")

    assert code == 0
    assert (
        told
        == """\
objection-person
  passed  A rep looks for the right person, and nobody is emailed

coverage
  objection-person          1 of  1  100 %

1 passed, 0 failed; 1 of 1 ways through were walked
"""
    )


def test_a_failed_test_shows_both_sides_in_80_columns(cadenza, folder):
    break_it(folder)

    code, told = cadenza("test", "tests/objection-person.yaml")

    assert code == 1
    assert [line.rstrip() for line in told.splitlines()] == [
        "objection-person",
        "  FAILED  A rep looks for the right person, and nobody is emailed",
        "          tests/objection-person.yaml:5",
        "          expected                           happened",
        "        ! find-person: tue 3 mar             find-person: mon 2 mar 09:00",
        "            because find-person was ready mon 2 mar 09:00",
        "            sequences/objection-person.yaml:10",
        "          ends: finished                     ends: finished mon 2 mar 09:00",
        "          then: nothing                      then: nothing",
        "",
        "coverage",
        "  objection-person          0 of  1    0 %",
        "    no test of it passed",
        "",
        "0 passed, 1 failed; 0 of 1 ways through were walked",
    ]


def test_all_of_it_reaches_full_coverage(cadenza):
    code, told = cadenza("test", "--json", "--min-coverage", "100")

    found = json.loads(told)
    assert code == 0
    assert found["failed"] == 0
    assert {one["percent"] for one in found["coverage"].values()} == {100}


def test_too_little_coverage_fails(cadenza, folder):
    (folder / "tests" / "won-handoff.yaml").unlink()

    assert cadenza("test")[0] == 0
    code, told = cadenza("test", "--min-coverage", "90")

    assert code == 1
    assert told.splitlines()[-1] == "Below 90 % coverage: won-handoff"


def test_what_was_never_walked_is_told_with_its_line(cadenza, folder):
    path = folder / "tests" / "objection-timing.yaml"
    path.write_text(path.read_text().partition("  - name: When the moment")[0])

    told = cadenza("test", "objection-timing", "--json")[1]

    assert json.loads(told)["coverage"]["objection-timing"] == {
        "walked": 2,
        "parts": 5,
        "percent": 40,
        "never": [
            {"part": "exit.0", "at": "sequences/objection-timing.yaml:15"},
            {"part": "on_reply.interested", "at": "sequences/objection-timing.yaml:21"},
            {"part": "on_reply.declined", "at": "sequences/objection-timing.yaml:25"},
        ],
    }


def test_without_any_test_it_fails(cadenza, folder):
    for path in (folder / "tests").iterdir():
        path.unlink()

    code, told = cadenza("test")

    assert code == 1
    assert told == "There is no test. Write the first one as tests/<any name>.yaml.\n"


def test_an_unknown_name_is_refused_with_the_choices(cadenza):
    code, told = cadenza("test", "objection-prise")

    assert code == 2
    assert 'did you mean "objection-price"?' in " ".join(told.replace("│", " ").split())


def test_it_loads_no_django(folder):
    ran = (
        "import sys; from config.cli.app import app; import config.cli.test; "
        f"app(['-w', {str(folder)!r}, 'test', 'objection-person'], standalone_mode=False); "
        "sys.exit('django' in sys.modules)"
    )

    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-c", ran],
        cwd=CHECKOUT,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.returncode == 0
