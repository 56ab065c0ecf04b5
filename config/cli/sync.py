"""`cadenza sync` and its subcommands: status, plan, diff, retry, approve."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.cli.app import app
from config.cli.team import Json
from workspace.counts import counted

if TYPE_CHECKING:
    from crm.models import Connection

#: What to do about them.
REFUSED = (
    "Refused changes: mend what the reason names, then `cadenza sync retry`; "
    "the console has each under Changes."
)
#: Reasons that are shown of what was left out; the console has all.
_SHOWN = 5
sync_app = typer.Typer(invoke_without_command=True, no_args_is_help=False)
app.add_typer(sync_app, name="sync")

ConnectionName = Annotated[str, typer.Argument(help="A connection of cadenza.yaml.")]


@sync_app.callback()
def sync(context: typer.Context, as_json: Json = False) -> None:
    """Pull what changed in every CRM, then push what we owe them; or ask how the sync stands."""
    if context.invoked_subcommand is not None:
        return
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
    from django.db.models import Max  # noqa: PLC0415 - as above
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from crm.models import Activity  # noqa: PLC0415 - as above
    from crm.pull import pull  # noqa: PLC0415 - as above
    from crm.push import push  # noqa: PLC0415 - as above
    from process.prospecting import members  # noqa: PLC0415 - as above

    counts: dict[str, int] = {}
    since = Activity.objects.aggregate(last=Max("pk"))["last"] or 0
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, disable=quiet) as progress:
        task = progress.add_task(f"{connection.name}: pulling")

        def show(name: str, kind: str, seen: int) -> None:
            counts[kind] = seen
            told = ", ".join(counted(count, kind) for kind, count in counts.items())
            progress.update(task, description=f"{name}: {told}")

        pulled = pull(connection.pk, progress=show)
        members.settle_due()
        pushed = None if pulled and pulled.error else push(connection.pk)
        progress.update(task, total=1, completed=1)
    error = (pulled.error if pulled else "") or (pushed.error if pushed else "")
    if error:
        connection.refresh_from_db(fields=["last_error"])
        error = connection.last_error or error  # which says what to do
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
        for reason in _left_out(connection, since=since):
            typer.echo(f"  left out: {reason}", err=True)
    return report


def _left_out(connection: Any, *, since: int) -> Sequence[str]:
    """What was said of the records that were left out just now, the first of them."""
    from crm.models import Activity  # noqa: PLC0415 - only after set-up

    rows = Activity.objects.filter(kind="record_skipped", connection=connection, pk__gt=since)
    reasons = [
        f"{row.data['kind']} {row.data['id']}: {row.data['reason']}" for row in rows[:_SHOWN]
    ]
    more = rows.count() - _SHOWN
    return [*reasons, f"and {more:,} more; see Activities in the console"] if more > 0 else reasons


def _sentence(report: Mapping[str, Any]) -> str:
    if report["error"]:
        return f"{report['connection']}: {report['error']}"
    changed = sum(kind["created"] + kind["changed"] for kind in report["pulled"].values())
    skipped = sum(kind["skipped"] for kind in report["pulled"].values())
    return (
        f"{report['connection']}: {counted(changed, 'record')} new or changed, "
        f"{counted(report['pushed'], 'change')} written, {counted(report['calls'], 'call')}"
        + (f"; values or records left out: {skipped:,}" if skipped else "")
    )


@sync_app.command("status")
def sync_status(as_json: Json = False) -> None:
    """Per connection: last run, lag, what waits, what was refused and why, calls used and left."""
    _ready()
    from crm import health  # noqa: PLC0415 - only after set-up

    told = {
        "connections": health.status(),
        "lists": health.lists(),
        "refused_changes": health.refused(),
        "conflicts": health.conflicts(),
        "doubtful": [
            {"lead": lead.pk, "name": str(lead), "doubt": lead.doubt} for lead in health.doubtful()
        ],
    }
    _tell(told, as_json=as_json)
    if told["refused_changes"] and not as_json:
        typer.echo(REFUSED)


@sync_app.command("plan")
def sync_plan(as_json: Json = False) -> None:
    """How many API calls the next pull and push cost, and how many are left today."""
    _configured()
    from crm import health  # noqa: PLC0415 - only after set-up
    from crm.models import Connection  # noqa: PLC0415 - likewise

    active = Connection.objects.filter(status=Connection.Status.ACTIVE).order_by("name")
    _tell({"calls": [vars(health.forecast(one)) for one in active]}, as_json=as_json)


@sync_app.command("diff")
def sync_diff(
    lead: Annotated[str, typer.Argument(help="A lead's number or email address.")],
    as_json: Json = False,
) -> None:
    """Field by field what both sides last agreed on, what we hold, and what each CRM holds now."""
    _configured()
    from config.cli.people import lead_of  # noqa: PLC0415 - only after set-up
    from crm import health  # noqa: PLC0415 - likewise

    row = lead_of(lead)
    told = {"fields": health.difference(row), "conflicts": health.conflicts(row)}
    _tell(told, as_json=as_json)


@sync_app.command("retry")
def sync_retry(
    connection: Annotated[str, typer.Argument(help="Only this one's.")] = "",
) -> None:
    """Try again what the CRMs refused, after its cause was mended."""
    _ready()
    from crm import health  # noqa: PLC0415 - only after set-up

    count = health.retry(_named(connection) if connection else None)
    typer.echo(
        f"Waiting again: {counted(count, 'refused change')}; `cadenza sync` writes what waits."
    )


@sync_app.command("approve")
def sync_approve(connection: ConnectionName) -> None:
    """Let a mass change pass that a brake has stopped; the next one is asked about again."""
    _ready()
    from crm import brakes  # noqa: PLC0415 - only after set-up
    from runtime import clock  # noqa: PLC0415 - likewise

    row = _named(connection)
    brake = brakes.held(row, "pull") or brakes.held(row, "push")
    if not brakes.approve(row, at=clock.now()):
        raise typer.BadParameter(f"nothing of {connection} is braked")
    typer.echo(f"Approved for once: {brake.partition(';')[0]}. `cadenza sync` goes on.")


def _named(name: str) -> "Connection":
    from crm.models import Connection  # noqa: PLC0415 - only after set-up

    row = Connection.objects.filter(name=name).first()
    if row is None:
        valid = ", ".join(Connection.objects.values_list("name", flat=True)) or "none yet"
        raise typer.BadParameter(f"no connection is called {name!r}; valid: {valid}")
    return row


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()


def _configured() -> None:
    _ready()
    from config.cli.django import blueprint  # noqa: PLC0415 - as above
    from process.apply import configure  # noqa: PLC0415 - as above

    configure(blueprint())


def _tell(told: Mapping[str, Sequence[Mapping[str, Any]]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    from config.cli.tables import show  # noqa: PLC0415 - Rich costs what --json must not pay

    show(told)
