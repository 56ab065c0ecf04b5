"""Tests of sequences on the terminal: a line each, and of a failed one what was expected beside what was."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from process.testing.coverage import Coverage, Part
from process.testing.report import Report
from process.testing.verdict import Row, Verdict

_INDENT = 10


class Shown:
    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(quiet=quiet, highlight=False)
        self._sequence = ""

    def verdict(self, verdict: Verdict) -> None:
        if verdict.test.sequence != self._sequence:
            self._sequence = verdict.test.sequence
            self._console.print(Text(self._sequence, "bold"))
        said = ("passed", "green") if verdict.is_passed else ("FAILED", "bold red")
        named = Text.assemble("  ", said, "  ", verdict.test.case.name)
        self._hanging(named, indent=_INDENT)
        if not verdict.is_passed:
            self._failed(verdict)

    def summary(self, report: Report, *, min_coverage: int) -> None:
        if not report.verdicts:
            self._console.print("There is no test. Write the first one as tests/<any name>.yaml.")
            return
        coverages = report.coverages()
        self._console.print(Text("\ncoverage", "bold"))
        for one in coverages:
            self._coverage(one, min_coverage)
        walked, parts = sum(c.walked for c in coverages), sum(len(c.parts) for c in coverages)
        failed = len(report.failed)
        style = "bold red" if failed else "bold green"
        passed = len(report.verdicts) - failed
        told = f"\n{passed} passed, {failed} failed; {walked} of {parts} ways through were walked"
        self._console.print(Text(told, style))
        if below := report.below(min_coverage):
            names = ", ".join(one.sequence for one in below)
            self._console.print(Text(f"Below {min_coverage} % coverage: {names}", "bold red"))

    def _failed(self, verdict: Verdict) -> None:
        place = f"{verdict.test.file}:{verdict.test.line}"
        self._line(Text(place, "dim"), indent=_INDENT)
        self._columns("", "expected", "happened", "dim")
        for row in verdict.rows:
            mark, style = (" ", "") if row.is_right else ("!", "red")
            self._columns(mark, row.expected or "-", row.happened or "-", style)
            for reason in row.because if not row.is_right else ():
                self._line(Text(f"because {reason}", "dim"), indent=_INDENT + 2)

    def _columns(self, mark: str, expected: str, happened: str, style: str) -> None:
        half = (self._console.width - _INDENT) // 2
        table = Table.grid(padding=(0, 1))
        table.add_column(width=_INDENT - 1, justify="right")
        table.add_column(width=half - 1, overflow="fold")
        table.add_column(width=half - 1, overflow="fold")
        table.add_row(mark, expected, happened, style=style)
        self._console.print(table)

    def _coverage(self, one: Coverage, least: int) -> None:
        style = "" if not one.never else "red" if one.percent < least else "yellow"
        counted = f"{one.walked:>3} of {len(one.parts):>2}{one.percent:>5} %"
        self._console.print(Text(f"  {one.sequence:24}{counted}", style))
        if not one.walked:
            self._line(Text("no test of it passed", "dim"), indent=4)
            return
        for part in one.never:
            self._line(Text(f"never walked: {part.told}", "dim"), indent=4)
            self._line(Text(part.place, "dim"), indent=6)

    def _line(self, text: Text, *, indent: int) -> None:
        self._console.print(Padding(text, (0, 0, 0, indent), expand=False))

    def _hanging(self, text: Text, *, indent: int) -> None:
        """Its first line begins at the left, what does not fit there goes on below."""
        first, *others = text.wrap(self._console, self._console.width - indent)
        self._console.print(first)
        for line in others:
            self._line(line, indent=indent)


def as_json(report: Report) -> Mapping[str, Any]:
    coverages = report.coverages()
    return {
        "passed": len(report.verdicts) - len(report.failed),
        "failed": len(report.failed),
        "tests": [_verdict(verdict) for verdict in report.verdicts],
        "coverage": {one.sequence: _coverage(one) for one in coverages},
    }


def _verdict(verdict: Verdict) -> Mapping[str, Any]:
    return {
        "sequence": verdict.test.sequence,
        "name": verdict.test.case.name,
        "at": f"{verdict.test.file}:{verdict.test.line}",
        "passed": verdict.is_passed,
        "rows": [_row(row) for row in verdict.rows],
    }


def _row(row: Row) -> Mapping[str, Any]:
    return {
        "expected": row.expected,
        "happened": row.happened,
        "right": row.is_right,
        "because": list(row.because),
    }


def _coverage(one: Coverage) -> Mapping[str, Any]:
    return {
        "walked": one.walked,
        "parts": len(one.parts),
        "percent": one.percent,
        "never": _parts(one.never),
    }


def _parts(parts: Sequence[Part]) -> Sequence[Mapping[str, str]]:
    return [{"part": part.key, "at": part.place} for part in parts]
