"""Experiments on the terminal, as JSON and as CSV."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, TextIO

import typer

from config.cli.reports import harmless
from config.cli.tables import show as show_tables
from process.experiments import Report
from process.findings import finding, ratio

#: Of CSV; what is of the step alone stands in each of its lines.
COLUMNS = (
    "sequence step at measure base smallest since verdict winner more_at_these_rates variant against "
    "weight companies replies meetings waiting rate rate_low rate_high needed missing evidence "
    "threshold p_value ratio_low ratio_high difference_low difference_high"
).split()


def show(report: Report) -> None:
    since = f", since {report.since:%Y-%m-%d}" if report.since else ""
    place = f" ({report.at})" if report.at else ""
    typer.echo(f"{report.sequence}, {report.step}: {report.trial.measure}{since}{place}")
    show_tables({"variants": list(_rows(report)), "comparisons": list(_comparisons(report))})
    typer.echo(f"{finding(report)}\n")


def as_json(report: Report) -> dict[str, Any]:
    judgment = report.judgment
    return {
        "sequence": report.sequence,
        "step": report.step,
        "at": report.at,
        "measure": report.trial.measure,
        "base": report.trial.expected,
        "smallest": report.trial.difference,
        "since": report.since,
        "variants": [
            {
                "variant": row.arm.name,
                "weight": row.arm.weight,
                "companies": row.arm.units,
                "replies": row.replies,
                "meetings": row.meetings,
                "waiting": row.arm.waiting,
                "rate": row.arm.rate,
                "rate_range": [row.rate.low, row.rate.high],
                "needed": row.needed,
                "missing": report.missing(row),
            }
            for row in report.rows
        ],
        "comparisons": [
            {
                "variant": found.variant,
                "against": found.against,
                "evidence": found.evidence,
                "threshold": found.threshold,
                "p_value": found.p_value,
                # JSON has no infinity: null is a range without an end
                "ratio": [
                    found.ratio.low,
                    found.ratio.high if isfinite(found.ratio.high) else None,
                ],
                "difference": [found.difference.low, found.difference.high],
            }
            for found in judgment.comparisons
        ],
        "verdict": judgment.outcome,
        "winner": judgment.winner,
        "beaten": list(judgment.beaten),
        "more_at_these_rates": report.more_at_these_rates,
        "says": finding(report),
    }


def write_csv(found: Iterable[Report], file: TextIO) -> None:
    """A line for each variant, then one for each comparison, which says what it is `against`."""
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for report in found:
        told = as_json(report)
        of_step = {name: told[name] for name in COLUMNS if name in told}
        for line in (*told["variants"], *told["comparisons"]):
            flat = of_step | dict(_flat(line))
            writer.writerow({name: harmless(value) for name, value in flat.items()})


def _flat(line: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """A range takes two columns."""
    for name, value in line.items():
        if isinstance(value, list):
            ends = zip(("low", "high"), value, strict=True)
            yield from ((f"{name.removesuffix('_range')}_{end}", one) for end, one in ends)
        else:
            yield name, value


def _rows(report: Report) -> Iterator[dict[str, Any]]:
    for row in report.rows:
        low, high = row.rate.low, row.rate.high
        yield {
            "variant": row.arm.name,
            "companies": row.arm.units,
            "replies": row.replies,
            "meetings": row.meetings,
            "rate": f"{100 * row.arm.rate:.1f}% ({100 * low:.1f} to {100 * high:.1f})",
            "missing": report.missing(row),
        }


def _comparisons(report: Report) -> Iterator[dict[str, Any]]:
    for found in report.judgment.comparisons:
        low, high = 100 * found.difference.low, 100 * found.difference.high
        yield {
            "variant": found.variant,
            "against": found.against,
            report.trial.measure: ratio(found.ratio),
            "points": f"{low:+.1f} to {high:+.1f}",
            "evidence": f"{found.evidence:,.1f} of {found.threshold:.0f}",
        }
