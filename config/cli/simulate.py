"""`cadenza simulate`: a year of outreach in seconds, by the decisions that production would take."""

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.cli.app import app
from config.cli.team import Json
from workspace.counts import counted

if TYPE_CHECKING:
    from process.blueprint import Blueprint
    from process.simulation.rates import Rates
    from process.simulation.report import Report
    from process.simulation.rows import Touch


@app.command()
def simulate(  # noqa: PLR0917 - Typer reads options from parameters
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long.")] = 365,
    sample: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, help="So many invented people instead of the leads."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Who the people are and what they do.")] = 7,
    rates: Annotated[
        Path | None,
        typer.Option(help="A YAML file of how people behave; default: history, else a guess."),
    ] = None,
    diff: Annotated[
        str | None,
        typer.Option(
            metavar="OTHER", help="Beside another workspace: a folder, or a git revision."
        ),
    ] = None,
    touches: Annotated[
        Path | None, typer.Option(help="Write every touch into this CSV file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Live through a year with the workspace's files as they are now, and tell what comes of it.

    Nothing is sent, written or pulled.
    """
    from config.cli.django import blueprint, ready  # noqa: PLC0415 - every command loads what it needs

    ready()
    from config.cli import simulated  # noqa: PLC0415 - as above
    from config.cli.revisions import workspace_of  # noqa: PLC0415 - as above

    loaded = blueprint()
    if touches is not None:
        touches.touch()  # one that cannot be written is told before the year, not after it
    known, told = _rates(rates, loaded)
    report = _run(loaded, known, days=days, sample=sample, seed=seed, quiet=as_json)
    other = None
    if diff is not None:
        with workspace_of(diff) as folder:
            other = _run(_load(folder), known, days=days, sample=sample, seed=seed, quiet=as_json)
    if touches is not None:
        _write(touches, report)
    if as_json:
        typer.echo(json.dumps(_as_json(report, other, told), default=str, ensure_ascii=False))
        return
    simulated.show(report)
    if other is not None:
        simulated.show_difference(report, other, name=str(diff))
    typer.echo(f"People behave by {told}; seed {seed}.")


def _run(
    loaded: "Blueprint",
    known: "Rates",
    *,
    days: int,
    sample: int | None,
    seed: int,
    quiet: bool,
) -> "Report":
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import Progress  # noqa: PLC0415 - as above

    from process.simulation.engine import Simulation  # noqa: PLC0415 - as above
    from process.simulation.people import People  # noqa: PLC0415 - as above
    from process.simulation.report import report  # noqa: PLC0415 - as above
    from runtime import clock, memory  # noqa: PLC0415 - as above

    begins = clock.now()
    ends = begins + timedelta(days=days)
    scene = _scene(loaded, sample, begins)
    memory.settle()
    with Progress(console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task(counted(len(scene.leads), "lead"), total=days)

        def passed(moment: datetime) -> None:
            progress.update(task, completed=(moment - begins) / timedelta(days=1))

        Simulation(scene, People(known, seed=seed)).run(ends, passed=passed)
    return report(scene, begins)


def _scene(loaded: "Blueprint", sample: int | None, begins: datetime) -> Any:
    if sample is not None:
        from process.simulation import sample as invented  # noqa: PLC0415 - as above

        return invented.scene(loaded, sample, begins)
    from process.simulation import load  # noqa: PLC0415 - as above

    scene = load.scene(loaded, begins)
    if not scene.leads:
        raise typer.BadParameter(
            "there are no leads yet: `cadenza sync` brings them; or try invented ones with "
            "--sample 1000"
        )
    return scene


def _rates(path: Path | None, loaded: "Blueprint") -> tuple["Rates", str]:
    """And where they come from."""
    from process.definition import OTHER  # noqa: PLC0415 - as above
    from process.simulation import past, rates  # noqa: PLC0415 - as above

    if path is not None:
        return rates.read(path, answers=(*loaded.process.answers, OTHER)), str(path)
    history = past.rates()
    if history is not None:
        return history, "history"
    return rates.Rates(), "a guess, since few people were written to so far (--rates FILE: yours)"


def _load(folder: Path) -> "Blueprint":
    from crm.facts import FIELDS  # noqa: PLC0415 - as above
    from process import blueprint  # noqa: PLC0415 - as above

    return blueprint.load(folder, schema=FIELDS)


def _write(path: Path, report: "Report") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("at", "lead", "sequence", "step", "kind", "what", "by"))
        writer.writerows(_row(touch) for touch in report.touches)


def _row(touch: "Touch") -> tuple[object, ...]:
    moment = touch.at.isoformat()
    return (
        moment, touch.lead_id, touch.sequence, touch.step, touch.kind, touch.what, touch.by,
    )  # fmt: skip


def _as_json(report: "Report", other: "Report | None", rates: str) -> Mapping[str, object]:
    told: dict[str, object] = {"rates": rates, **_figures(report)}
    return told if other is None else {**told, "other": _figures(other)}


def _figures(report: "Report") -> dict[str, object]:
    found = asdict(report)
    return {**found, "touches": len(report.touches)}
