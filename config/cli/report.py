"""`cadenza report`: what the rows say of the work done."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from config.cli.app import app
from config.cli.team import Json

report_app = typer.Typer(no_args_is_help=True, help="What the rows say of the work done.")
app.add_typer(report_app, name="report")

_DAY = ["%Y-%m-%d"]
Csv = Annotated[bool, typer.Option("--csv", help="Comma-separated values on standard output.")]
Since = Annotated[
    datetime | None, typer.Option(formats=_DAY, help="From this day on, in the team's time zone.")
]
Until = Annotated[datetime | None, typer.Option(formats=_DAY, help="Up to this day, without it.")]
Owner = Annotated[str, typer.Option(help="Only what is this rep's, by email address.")]
Stage = Annotated[str, typer.Option(help="Only this stage.")]
Sequence = Annotated[str, typer.Option(help="Only this sequence.")]


@report_app.command("stages")
def report_stages(
    *,
    stage: Stage = "",
    owner: Owner = "",
    since: Since = None,
    until: Until = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Who came to each stage, how they left it, and how long it took."""
    asked = {"stage": stage, "owner": owner, "since": since, "until": until}
    _tell("stages", asked, as_csv=as_csv, as_json=as_json)


@report_app.command("funnel")
def report_funnel(
    *,
    sequence: Sequence = "",
    owner: Owner = "",
    since: Since = None,
    until: Until = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """What came of each sequence, version, step and variant, in people."""
    asked = {"sequence": sequence, "owner": owner, "since": since, "until": until}
    _tell("funnel", asked, as_csv=as_csv, as_json=as_json)


@report_app.command("replies")
def report_replies(
    *,
    sequence: Sequence = "",
    owner: Owner = "",
    since: Since = None,
    until: Until = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """What people answered, and who or what read it."""
    asked = {"sequence": sequence, "owner": owner, "since": since, "until": until}
    _tell("replies", asked, as_csv=as_csv, as_json=as_json)


@report_app.command("objections")
def report_objections(
    *,
    sequence: Sequence = "",
    owner: Owner = "",
    since: Since = None,
    until: Until = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Objections, the plays upon them, and who was won back."""
    asked = {"sequence": sequence, "owner": owner, "since": since, "until": until}
    _tell("objections", asked, as_csv=as_csv, as_json=as_json)


@report_app.command("speed")
def report_speed(
    *,
    owner: Owner = "",
    since: Since = None,
    until: Until = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """From a lead's assignment to its first touch, and who kept it waiting."""
    asked = {"owner": owner, "since": since, "until": until}
    _tell("speed", asked, as_csv=as_csv, as_json=as_json)


@report_app.command("handoff")
def report_handoff(
    *,
    owner: Owner = "",
    since: Since = None,
    until: Until = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """How long marketing's leads wait for sales' yes or no, and who kept them waiting."""
    asked = {"owner": owner, "since": since, "until": until}
    _tell("handoff", asked, as_csv=as_csv, as_json=as_json)


@report_app.command("service-levels")
def report_service_levels(
    *,
    stage: Stage = "",
    owner: Owner = "",
    since: Since = None,
    until: Until = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Whether leads leave each stage within its service level, and who is late now."""
    asked = {"stage": stage, "owner": owner, "since": since, "until": until}
    _tell("service-levels", asked, as_csv=as_csv, as_json=as_json)


@report_app.command("reps")
def report_reps(
    *,
    owner: Owner = "",
    since: Since = None,
    until: Until = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """What each rep did, and what came of it."""
    asked = {"owner": owner, "since": since, "until": until}
    _tell("reps", asked, as_csv=as_csv, as_json=as_json)


@report_app.command("deliverability")
def report_deliverability(
    *, since: Since = None, until: Until = None, as_csv: Csv = False, as_json: Json = False
) -> None:
    """What became of emails, by mailbox and by domain."""
    _tell("deliverability", {"since": since, "until": until}, as_csv=as_csv, as_json=as_json)


@report_app.command("attribution")
def report_attribution(
    *,
    owner: Owner = "",
    since: Since = None,
    until: Until = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Where won deals came from: source, first, last and all touches."""
    asked = {"owner": owner, "since": since, "until": until}
    _tell("attribution", asked, as_csv=as_csv, as_json=as_json)


@report_app.command("missing")
def report_missing(
    *, stage: Stage = "", owner: Owner = "", as_csv: Csv = False, as_json: Json = False
) -> None:
    """What stages and sequences require, and of how many leads nobody knows it."""
    _tell("missing", {"stage": stage, "owner": owner}, as_csv=as_csv, as_json=as_json)


@report_app.command("nps")
def report_nps(
    *,
    owner: Owner = "",
    since: Since = None,
    until: Until = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """How likely customers are to recommend you."""
    asked = {"owner": owner, "since": since, "until": until}
    _tell("nps", asked, as_csv=as_csv, as_json=as_json)


@report_app.command("improve")
def report_improve(
    *,
    days: Annotated[int, typer.Option(help="The length of a period.", min=1, max=366)] = 30,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write an experiment for the weakest step: a copy of the workspace, or itself.",
        ),
    ] = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """The weakest stage and step against their own past, and an experiment to mend it."""
    _one_form(as_csv=as_csv, as_json=as_json)
    _ready()
    from config.cli import improving, reports  # noqa: PLC0415 - SciPy takes a second

    found = improving.improve(days)
    trial = improving.write(found, write) if write else None
    if as_csv:
        reports.write_csv(found.report(), sys.stdout)
    else:
        improving.tell(found, trial, write, as_json=as_json)


@report_app.command("timeline")
def report_timeline(as_csv: Csv = False, as_json: Json = False) -> None:
    """Everything that was noted, a line each: for your own queries. It holds personal data."""
    _ready()
    from config.cli import reports  # noqa: PLC0415 - only commands that need it pay for it
    from process.reports import reading  # noqa: PLC0415 - as above

    if as_csv == as_json:
        raise typer.BadParameter("say one of --csv and --json (a JSON object a line)")
    write = reports.events_as_csv if as_csv else reports.events_as_json
    write(reading.timeline(), sys.stdout)


@report_app.command("experiments")
def report_experiments(as_csv: Csv = False, as_json: Json = False) -> None:
    """Which variants bring more replies or meetings, what is not decided, and what is missing."""
    _one_form(as_csv=as_csv, as_json=as_json)
    _ready()
    from config.cli import experiments  # noqa: PLC0415 - SciPy takes a second
    from process.experiments import reports  # noqa: PLC0415 - as above

    found = reports()
    if as_json:
        told = [experiments.as_json(report) for report in found]
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    if as_csv:
        experiments.write_csv(found, sys.stdout)
        return
    if not found:
        typer.echo("No applied sequence has an email with variants: email: {first: 1, second: 1}")
    for report in found:
        experiments.show(report)


def _tell(name: str, asked: Mapping[str, object], *, as_csv: bool, as_json: bool) -> None:
    _one_form(as_csv=as_csv, as_json=as_json)
    _ready()
    from config.cli import reports  # noqa: PLC0415 - SciPy takes a second

    report = reports.build(name, asked)
    if as_json:
        typer.echo(json.dumps(reports.as_json(name, report), ensure_ascii=False))
    elif as_csv:
        reports.write_csv(report, sys.stdout)
    else:
        reports.show(report)


def _one_form(*, as_csv: bool, as_json: bool) -> None:
    if as_csv and as_json:
        raise typer.BadParameter("say one of --csv and --json, not both")


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - as above

    ready()
