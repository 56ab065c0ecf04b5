"""Commands on the team's files: init, check, plan, apply, preview."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.cli.app import app
from workspace.counts import counted

if TYPE_CHECKING:
    from process.blueprint import Blueprint, Problem

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")] = Path()) -> None:
    """Copy the starter workspace: seven stages, sequences, emails and tests that work."""
    from config import starter  # noqa: PLC0415 - every command loads only what it needs

    try:
        starter.copy(folder)
    except starter.OccupiedError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{folder} is a workspace now. Next: edit cadenza.yaml, then: cadenza check")


@app.command()
def check(
    as_json: Json = False,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask each CRM whether it knows the values.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
) -> None:
    """Check the whole workspace: every problem with file, line and column."""
    from config.cli.django import blueprint, has_workspace, ready  # noqa: PLC0415 - as above

    if not as_json:
        has_workspace()
    import django  # noqa: PLC0415 - as above

    django.setup()
    from process.blueprint import Invalid  # noqa: PLC0415 - as above
    from process.testing import reading  # noqa: PLC0415 - as above

    try:
        loaded = blueprint()
        reading.read(Path(os.environ["CADENZA_WORKSPACE"]), loaded)
    except Invalid as invalid:
        _tell_problems([str(problem) for problem in invalid.problems], [], as_json=as_json)
        raise typer.Exit(1) from None
    problems: list[str] = []
    if online:
        ready()
        from process.online import problems_online  # noqa: PLC0415 - as above
        from workspace import layout, source  # noqa: PLC0415 - as above

        file = Path(os.environ["CADENZA_WORKSPACE"]) / layout.PROCESS
        problems = list(problems_online(loaded, source.read_yaml(file, layout.PROCESS)))
    warnings = [str(warning) for warning in (*loaded.warnings, *_of_the_leads(loaded))]
    _tell_problems(problems, warnings, as_json=as_json)
    if problems or (strict and warnings):
        raise typer.Exit(1)
    if not as_json:
        warned = f", {counted(len(warnings), 'warning')}" if warnings else ""
        parts = (loaded.sequences, loaded.templates, loaded.connections, loaded.mailboxes)
        names = ("sequence", "email", "connection", "mailbox")
        typer.echo(", ".join(map(counted, map(len, parts), names)) + f": fine{warned}")


def _of_the_leads(loaded: "Blueprint") -> Iterator["Problem"]:
    """What only the leads can tell; nothing where there are none yet."""
    from django.db import connection  # noqa: PLC0415 - only after set-up

    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not Path(name).is_file():
        return
    if "crm_lead" in connection.introspection.table_names():
        from process import blank_starts, blanks  # noqa: PLC0415 - as above

        yield from blanks.lints(loaded)
        yield from blank_starts.lints(loaded)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a sequence, for editors that complete and check YAML."""
    from sequences.schema import json_schema  # noqa: PLC0415 - as above

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _tell_problems(problems: list[str], warnings: list[str], *, as_json: bool) -> None:
    if as_json:
        told = {"problems": problems, "warnings": warnings}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        for problem in (*problems, *warnings):
            typer.echo(problem, err=True)


@app.command()
def plan(
    as_json: Json = False,
    out: Annotated[
        Path | None, typer.Option(help="Where the plan is kept; default: .cadenza/plan.json.")
    ] = None,
    people: Annotated[
        bool, typer.Option("--people", help="Also show what each person gets, and when.")
    ] = False,
) -> None:
    """Show what `apply` would do: versions, who would be enrolled, who not and why, load and costs.

    The plan is kept: `apply` does just this, or refuses when the world has moved.
    """
    from config.cli.django import blueprint, ready  # noqa: PLC0415 - as above

    ready()
    from config.cli import plans  # noqa: PLC0415 - as above
    from crm.models import Lead  # noqa: PLC0415 - as above
    from process import freezing, planning  # noqa: PLC0415 - as above

    loaded = blueprint()
    planned = planning.plan(loaded)
    kept = plans.keep(freezing.freeze(planned), out)
    trials = plans.experiments(loaded, planned)
    if as_json:
        typer.echo(json.dumps(plans.as_json(planned, trials), ensure_ascii=False, default=str))
        return
    plans.show(planned, trials, people=people)
    move = "cadenza apply" if Lead.objects.exists() else "cadenza sync, since no lead is here yet"
    typer.echo(f"Kept in {kept}. Next: {move}")


@app.command()
def apply(
    plan_file: Annotated[
        Path | None, typer.Argument(metavar="[PLAN]", help="Default: the plan made last.")
    ] = None,
    unplanned: Annotated[
        bool, typer.Option("--unplanned", help="Without a plan: whoever the rules name now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put the plan to work: activate its sequences and enroll its people, nobody else."""
    from config.cli.django import blueprint, ready  # noqa: PLC0415 - as above

    ready()
    from config.cli import plans  # noqa: PLC0415 - as above
    from process import apply as applying  # noqa: PLC0415 - as above
    from process.frozen import Moved  # noqa: PLC0415 - as above

    loaded = blueprint()
    frozen = None if unplanned else plans.read(plan_file)
    try:
        applied = applying.apply(loaded, frozen)
    except Moved as moved:
        if not as_json:
            raise
        typer.echo(json.dumps({"moved": plans.differences(moved)}, ensure_ascii=False))
        raise typer.Exit(1) from None
    plans.forget(plan_file)
    if as_json:
        told = {"enrolled": dict(applied.enrolled), "activated": list(applied.activated)}
        typer.echo(json.dumps(told))
        return
    for name, definition in loaded.sequences.items():
        rule = definition.enroll
        later = "enrolls newcomers from now on" if rule else "takes who is enrolled by hand"
        count = applied.enrolled.get(name)
        typer.echo(f"{name}: active, {later if count is None else f'enrolled {count:,}'}")
    typer.echo("Next: cadenza run")


@app.command()
def demo(  # noqa: PLR0917 - Typer reads options from parameters
    data: Annotated[
        Path | None, typer.Option(help="CSV folder of a company; default: the one that ships.")
    ] = None,
    folder: Annotated[Path, typer.Option("--dir", help="The demo's own folder.")] = Path(
        ".cadenza/demo"
    ),
    seed: Annotated[int, typer.Option(help="Who the people are and how they answer.")] = 7,
    days: Annotated[int, typer.Option(help="Business days and weekends to live through.")] = 60,
    distributed: Annotated[
        bool, typer.Option("--distributed", help="Over Redis and PostgreSQL, two workers.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The main job against the local sandbox, 60 days in two or three minutes."""
    if data is not None and not (data / "sales_pipeline.csv").exists():
        raise typer.BadParameter(f"{data} has no sales_pipeline.csv", param_hint="--data")
    # What the caller's environment says is for real work; the demo brings its own.
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    from config.demo import main as run_demo  # noqa: PLC0415 - as above

    sys.exit(
        run_demo(
            data=data,
            seed=seed,
            folder=folder,
            days=days,
            as_json=as_json,
            distributed=distributed,
        )
    )
