"""Commands of an operator: sync, status, explain, confirm."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from config.cli.app import app
from config.cli.team import Json


@app.command()
def sync(as_json: Json = False) -> None:
    """Pull what changed in every CRM, then push what we owe them."""
    from config.cli.django import blueprint, ready  # noqa: PLC0415 - as in the other commands

    ready()
    from crm.models import Connection  # noqa: PLC0415 - as above
    from process.apply import configure  # noqa: PLC0415 - as above

    configure(blueprint())
    reports = [_sync_one(connection, quiet=as_json) for connection in Connection.objects.all()]
    if as_json:
        typer.echo(json.dumps(reports, ensure_ascii=False))
    if any(report["error"] for report in reports):
        raise typer.Exit(1)


def _sync_one(connection: Any, *, quiet: bool) -> dict[str, Any]:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from crm.pull import pull  # noqa: PLC0415 - as above
    from crm.push import push  # noqa: PLC0415 - as above

    counts: dict[str, int] = {}
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, disable=quiet) as progress:
        task = progress.add_task(f"{connection.name}: pulling")

        def show(name: str, kind: str, seen: int) -> None:
            counts[kind] = seen
            told = ", ".join(f"{count:,} {kind}s" for kind, count in counts.items())
            progress.update(task, description=f"{name}: {told}")

        pulled = pull(connection.pk, progress=show)
        pushed = None if pulled and pulled.error else push(connection.pk)
        progress.update(task, total=1, completed=1)
    error = (pulled.error if pulled else "") or (pushed.error if pushed else "")
    if pulled is None:
        error = connection.last_error or "somebody else is pulling it right now"
    report = {
        "connection": connection.name,
        "error": error,
        "calls": (pulled.calls if pulled else 0) + (pushed.calls if pushed else 0),
        "pulled": {kind: vars(landed) for kind, landed in pulled.landed.items()} if pulled else {},
        "pushed": pushed.pushed if pushed else 0,
        "refused": pushed.refused if pushed else 0,
    }
    if not quiet:
        typer.echo(_sentence(report), err=bool(error))
    return report


def _sentence(report: Mapping[str, Any]) -> str:
    if report["error"]:
        return f"{report['connection']}: {report['error']}"
    changed = sum(kind["created"] + kind["changed"] for kind in report["pulled"].values())
    skipped = sum(kind["skipped"] for kind in report["pulled"].values())
    return (
        f"{report['connection']}: {changed:,} records new or changed, "
        f"{report['pushed']:,} changes written, {report['calls']:,} calls"
        + (f"; {skipped:,} records left out, see Activities in the console" if skipped else "")
    )


@app.command()
def status(as_json: Json = False) -> None:
    """How things stand: connections, mailboxes, enrollments, what waits and what needs a person."""
    from config.cli.django import ready  # noqa: PLC0415 - as above

    ready()
    from process.overview import overview  # noqa: PLC0415 - as above

    told = overview()
    if as_json:
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above

    console = Console()
    for name, rows in told.items():
        table = Table(title=name.replace("_", " "), title_justify="left")
        if not rows:
            continue
        for column in rows[0]:
            table.add_column(column.replace("_", " "))
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        console.print(table)


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


@app.command()
def confirm(
    message: Annotated[int, typer.Argument(help="The number of an unconfirmed email.")],
    sent: Annotated[
        bool, typer.Option("--sent/--not-sent", help="Whether it left; not sent: queued again.")
    ],
) -> None:
    """Say whether an email whose outcome is unknown was sent."""
    from config.cli.django import ready  # noqa: PLC0415 - as above

    ready()
    from mail import unconfirmed  # noqa: PLC0415 - as above
    from mail.models import Message  # noqa: PLC0415 - as above

    row = Message.objects.filter(pk=message).first()
    if row is None or not unconfirmed.confirm(row, sent=sent, by="command line"):
        waiting = Message.objects.filter(status="unconfirmed").values_list("pk", flat=True)
        numbers = ", ".join(map(str, waiting)) or "none"
        raise typer.BadParameter(f"{message} is not unconfirmed; these are: {numbers}")
    typer.echo("Noted: it was sent." if sent else "Noted: it is queued again.")
