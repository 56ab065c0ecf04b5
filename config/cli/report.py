"""`cadenza report`: what the rows say of the work done."""

import json

import typer

from config.cli.app import app
from config.cli.team import Json

report_app = typer.Typer(no_args_is_help=True, help="What the rows say of the work done.")
app.add_typer(report_app, name="report")


@report_app.command("experiments")
def report_experiments(as_json: Json = False) -> None:
    """Which variants bring more replies or meetings, what is not decided, and what is missing."""
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()
    from config.cli import experiments  # noqa: PLC0415 - SciPy takes a second
    from process.experiments import reports  # noqa: PLC0415 - as above

    found = reports()
    if as_json:
        told = [experiments.as_json(report) for report in found]
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    if not found:
        typer.echo("No applied sequence has an email with variants: email: {first: 1, second: 1}")
    for report in found:
        experiments.show(report)
