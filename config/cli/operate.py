"""Commands of an operator: status, explain."""

import json
from typing import Annotated

import typer

from config.cli.app import app
from config.cli.sync import REFUSED
from config.cli.team import Json


@app.command()
def status(as_json: Json = False) -> None:
    """How things stand: connections, mailboxes, enrollments, what waits and what needs a person."""
    from config.cli.django import ready  # noqa: PLC0415 - as above

    ready()
    from process.overview import overview, staging  # noqa: PLC0415 - as above

    told = overview()
    if as_json:
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    from config.cli.tables import show  # noqa: PLC0415 - as above

    if warning := staging():
        typer.secho(warning, fg="red", bold=True)
    show(told)
    if told["refused_changes"]:
        typer.echo(REFUSED)
    if not any(told.values()):
        typer.echo("Nothing was pulled or applied yet. Next: cadenza sync, then cadenza plan")


@app.command()
def explain(
    lead: Annotated[str, typer.Argument(help="A lead's number or email address.")],
) -> None:
    """Everything that happened with a lead, and why; and what comes next."""
    from config.cli.django import ready  # noqa: PLC0415 - as above

    ready()
    from config.cli.people import lead_of  # noqa: PLC0415 - as above
    from process.explain import explanation  # noqa: PLC0415 - as above

    for line in explanation(lead_of(lead)):
        typer.echo(line)
