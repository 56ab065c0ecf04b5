"""`cadenza privacy`: what we hold on a person, and erasing it on request."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.cli import private
from config.cli.app import app
from config.cli.people import LeadName
from workspace.counts import counted

if TYPE_CHECKING:
    from crm.models import Lead

privacy_app = typer.Typer(help="A person's data: export, erase.", no_args_is_help=True)
app.add_typer(privacy_app, name="privacy")


@privacy_app.command()
def export(
    lead: LeadName,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Default: standard output.")
    ] = None,
) -> None:
    """All that we hold on a person, as JSON: rows, emails as they left, answers as they came.

    Of an address that no lead has, whatever is kept by address: answers, suppressions, lists.
    """
    _ready()
    from process import dossier  # noqa: PLC0415 - only after set-up

    address = _strange(lead)
    held = dossier.export_address(address) if address else dossier.export(_person(lead))
    text = json.dumps(held, indent=2, ensure_ascii=False)
    if out is None:
        typer.echo(text)
        return
    private.write(out, text + "\n")
    typer.echo(f"What we hold is in {out}.")


@privacy_app.command()
def erase(
    lead: LeadName,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Who asked, and when; it is kept.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person's data here for good, and let nothing leave to the addresses ever again."""
    _ready()
    from config.cli.pausing import who  # noqa: PLC0415 - as in the other commands
    from process import dossier, erasure  # noqa: PLC0415 - only after set-up

    row = _person(lead)
    told = f"{row} <{row.email or 'no email address'}>, lead {row.pk}"
    if row.erased_at is not None:
        typer.echo(f"Lead {row.pk} was erased on {row.erased_at:%Y-%m-%d}.")
        return
    twins = list(_twins(row, dossier.everyone(row)))
    if not yes:
        typer.confirm(f"Erase {told}? This cannot be undone", abort=True)
    try:
        count = erasure.erase(row, by=who(), reason=reason)
    except erasure.UnderWay as error:
        typer.echo(f"Not erased: {error}. Try again in a minute.", err=True)
        raise typer.Exit(1) from error
    typer.echo(
        f"Lead {row.pk} is erased: {counted(count, 'row')}. The CRMs are told not to write to the person; "
        "erase the record there, and the address in your lists and files."
    )
    for twin in twins:
        typer.echo(f"Lead {twin} has the same address: cadenza privacy erase {twin}")


def _person(name: str) -> "Lead":
    """As people.lead_of, and by its number also a lead that is deleted."""
    from config.cli.people import lead_of  # noqa: PLC0415 - only after set-up
    from crm.models import Lead  # noqa: PLC0415 - likewise

    found = Lead.objects.filter(pk=int(name)).first() if name.isdecimal() else None
    return found or lead_of(name)


def _strange(name: str) -> str:
    """The normalized address that no lead has; blank for anything else."""
    from crm.models import Lead  # noqa: PLC0415 - only after set-up
    from crm.normalize import email  # noqa: PLC0415 - likewise

    address = "" if name.isdecimal() else email(name)
    known = Lead.objects.filter(email=address, deleted_at=None).exists()
    return "" if known else address


def _twins(row: "Lead", people: "list[Lead]") -> "list[int]":
    from crm.models import Lead  # noqa: PLC0415 - only after set-up

    same = (
        Lead.objects.filter(email=row.email)
        .exclude(email="")
        .exclude(pk__in=[p.pk for p in people])
    )
    return list(same.order_by("pk").values_list("pk", flat=True))


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()
