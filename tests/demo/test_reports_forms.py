"""Table, CSV and JSON of every report say the same, and every rate has Wilson's interval."""

import csv
import io
import re
from itertools import groupby

import pytest

from tests.demo.intervals import wilson
from tests.demo.telling import REPORTS

pytestmark = pytest.mark.timeout(900)
TIMES = {"median", "p90", "system_median", "human_median"}
RATE = ("hits", "of", "rate", "low", "high")


@pytest.mark.parametrize("name", [*REPORTS, "improve"])
def test_csv_says_what_json_says(lived, name):
    rows = lived.report(name)

    told = list(csv.DictReader(io.StringIO(lived.told[name]["csv"])))

    assert told == [dict(_flat(row)) for row in rows]


def test_csv_of_experiments_says_what_json_says(lived):
    """A line for each variant, and one for each comparison; a range takes two columns."""
    told = list(csv.DictReader(io.StringIO(lived.told["experiments"]["csv"])))

    wanted = []
    for one in lived.json("experiments"):
        of_step = {name: cell for name, cell in one.items() if not isinstance(cell, list)}
        del of_step["says"]
        for line in one["variants"] + one["comparisons"]:
            flat = dict(_ranges(of_step | line))
            wanted.append({name: _text(flat.get(name)) for name in told[0]})
    assert len(told) == 3
    assert told == wanted
    assert {name for one in wanted for name, cell in one.items() if cell} >= {*told[0]} - {
        "winner", "more_at_these_rates",
    }  # fmt: skip


def _ranges(line):
    for name, cell in line.items():
        if isinstance(cell, list):
            yield f"{name.removesuffix('_range')}_low", cell[0]
            yield f"{name.removesuffix('_range')}_high", cell[1]
        else:
            yield name, cell


def _flat(row):
    for key, cell in row.items():
        if isinstance(cell, dict):
            names = (f"{key.removesuffix('_rate')}_{part}" for part in RATE)
            yield from zip(names, (_text(cell[part]) for part in RATE), strict=True)
        else:
            yield key, _text(cell)


def _text(cell):
    return "" if cell is None else str(cell)


#: A table has so many rows at most.
MOST = 40
_ROWS_MORE = re.compile(r"^and (\d+) rows more, in --csv$", re.MULTILINE)


@pytest.mark.parametrize("name", [*REPORTS, "improve"])
def test_the_table_says_what_json_says(lived, name):
    """Whatever stands in it, without spaces; columns of zeros are named below, and how many are left out."""
    lines = lived.told[name]["table"].splitlines()
    rules = [place for place, line in enumerate(lines) if line.strip(" ─") == "" and "─" in line]
    tables = [_body(lines, place) for place in rules]
    rows = lived.report(name)
    heads = {"funnel": 2, "attribution": 2, "deliverability": 1}.get(name, 0)

    groups = [list(of) for _, of in groupby(rows, lambda row: list(row.values())[:heads])]
    if more := _ROWS_MORE.search(lived.told[name]["table"]):
        groups[-1] = groups[-1][: -int(more[1])]
        assert len(groups[-1]) == MOST

    assert [sorted("".join(body)) for body in tables] == [
        sorted("".join(_shown(group, heads))) for group in groups
    ]


def _body(lines, rule):
    """The cells' text, up to the blank line below."""
    found = []
    for line in lines[rule + 1 :]:
        if not line.strip():
            break
        found.append(line.replace(" ", ""))
    return found


def _shown(rows, heads):
    """Zeros throughout are no column."""
    keys = list(rows[0])[heads:]
    idle = {key for key in keys if all(type(row[key]) is int and not row[key] for row in rows)}
    for row in rows:
        yield from (_cell(key, row[key]).replace(" ", "") for key in keys if key not in idle)


def _cell(key, cell):  # noqa: PLR0911
    if cell is None:
        return ""
    if isinstance(cell, dict):
        if not cell["of"]:
            return "0 of 0"
        share, low, high = (100 * cell[part] for part in ("rate", "low", "high"))
        return f"{cell['hits']:,} of {cell['of']:,}, {share:.1f}% ({low:.1f} to {high:.1f})"
    if key in TIMES:
        hours = cell / 3600
        if hours < 1:
            return f"{hours * 60:.0f} min"
        return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"
    if key == "amount":
        whole, _, cents = cell.partition(".")
        return f"{int(whole):,}.{cents}"
    return f"{cell:,}" if isinstance(cell, int) else cell.partition("@")[0]


@pytest.mark.parametrize("name", [*REPORTS, "improve"])
def test_rates_are_hits_of_all_with_their_interval(lived, name):
    for row in lived.report(name):
        for cell in row.values():
            if isinstance(cell, dict):
                hits, of, rate, low, high = (cell[part] for part in RATE)
                assert rate == (hits / of if of else None)
                assert (low, high) == pytest.approx(wilson(hits, of), abs=1e-9)


def test_improve_writes_nothing_unasked(lived):
    assert lived.json("improve")["experiment"] is None
