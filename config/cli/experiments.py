"""Experiments on the terminal and as JSON."""

from collections.abc import Iterator
from math import isfinite
from typing import Any

import typer

from config.cli.tables import show as show_tables
from process.experiments import Report
from process.findings import finding, ratio


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
