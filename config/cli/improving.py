"""`cadenza report improve`: what is weakest, and an experiment for it."""

import json
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import typer
from django.conf import settings

from config.cli import reports
from crm.facts import FIELDS
from process.reports import catalog, reading, trial
from process.reports import improve as improving
from process.reports.improve import Improvement
from process.reports.report import Scope
from process.reports.trial import Trial
from runtime import clock
from workspace.problems import Fault


def improve(days: int) -> Improvement:
    found = reading.histories(improving.KINDS)
    scope, length = Scope(now=clock.now()), timedelta(days=days)
    return improving.improve(found, scope, length=length, levels=catalog.levels())


def write(found: Improvement, target: Path) -> Trial:
    """For the weakest step that has no experiment yet."""
    folder, refusals = Path(settings.WORKSPACE), ["no step was at work in both periods"]
    for one in found.to_try:
        try:
            made = trial.design(folder, FIELDS, one.sequence, one.name, one.both)
        except Fault as fault:
            refusals.append(str(fault))
            continue
        try:
            trial.write(made, folder, target, FIELDS)
        except Fault as fault:
            raise typer.BadParameter(str(fault), param_hint="--write") from fault
        return made
    raise typer.BadParameter("; ".join(refusals[1:] or refusals), param_hint="--write")


def tell(found: Improvement, made: Trial | None, target: Path | None, *, as_json: bool) -> None:
    report = found.report()
    if as_json:
        told = {**reports.as_json("improve", report), "experiment": asdict(made) if made else None}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    for finding in found.findings:
        typer.echo(finding)
    reports.show(replace(report, notes=report.notes[len(found.findings) :]))
    if made is not None:
        typer.echo(
            f"Written to {target}: {made.file}, and templates/email/{made.variant}/, a copy of "
            f"{made.control}. Next: edit it, then: cadenza -w {target} check"
        )
