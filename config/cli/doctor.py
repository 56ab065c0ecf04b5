"""`cadenza doctor`: what stands in the way of the mailboxes' emails, and what to do about it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.cli.app import app
from config.cli.team import Json
from workspace.counts import counted

if TYPE_CHECKING:
    from mail.doctor.findings import Finding
    from mail.models import Mailbox
    from process.team import Team


@app.command()
def doctor(
    addresses: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MAILBOX]...", help="Their addresses; default: all."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check SPF, DKIM, DMARC, MX, PTR, encryption and login of each mailbox. Sends nothing.

    Those of cadenza.yaml, applied or not, and those of which emails may still leave though it names
    them no more. Exit code 1 when anything is a fault.
    """
    from config.cli.django import ready  # noqa: PLC0415 - loads only what it needs

    ready()
    from rich.console import Console  # noqa: PLC0415 - likewise

    from mail.doctor.examine import examine  # noqa: PLC0415 - likewise

    team = _team()
    chosen = _chosen(team, addresses or [])
    url = team.public_url if team else None
    with Console(stderr=True).status("looking") as status:
        findings = examine(chosen, lambda what: status.update(f"looking at {what}"), url)
    if as_json:
        typer.echo(json.dumps([asdict(found) for found in findings], ensure_ascii=False))
    else:
        _show(findings)
    raise typer.Exit(any(found.grade == "fault" for found in findings))


def _team() -> "Team | None":
    """As the files have it; None where there are none, as on a machine of workers."""
    from django.conf import settings  # noqa: PLC0415 - as above

    from process.blueprint import load_team  # noqa: PLC0415 - as above
    from workspace import layout  # noqa: PLC0415 - as above

    folder = Path(settings.WORKSPACE)
    return load_team(folder) if (folder / layout.TEAM).is_file() else None


def _chosen(team: "Team | None", addresses: Sequence[str]) -> "list[Mailbox]":
    from mail.models import Mailbox  # noqa: PLC0415 - only after set-up
    from process import mailboxes  # noqa: PLC0415 - likewise

    known = (
        {mailbox.address: mailbox for mailbox in map(mailboxes.unsaved, team.mailboxes)}
        if team
        else {}
    )
    for mailbox in Mailbox.objects.order_by("address"):
        known.setdefault(mailbox.address, mailbox)
    if not known:
        raise typer.BadParameter("no mailbox is applied yet; run: cadenza apply")
    unknown = [address for address in addresses if address not in known]
    if unknown:
        valid = ", ".join(known)
        raise typer.BadParameter(f"no mailbox {', '.join(unknown)}; valid: {valid}")
    return [known[address] for address in addresses or known]


_COLORS = {"fine": "green", "unknown": "yellow", "warning": "yellow", "fault": "red"}
_NOUNS = frozenset({"warning", "fault"})


def _show(findings: "Sequence[Finding]") -> None:
    subject = ""
    for found in findings:
        if found.subject != subject:
            subject = found.subject
            typer.secho(subject, bold=True)
        grade = typer.style(f"{found.grade:<8}", fg=_COLORS[found.grade])
        typer.echo(f"  {grade} {found.check}: {found.said}")
        if found.fix:
            typer.echo(f"           -> {found.fix}")
    counts = {grade: sum(found.grade == grade for found in findings) for grade in _COLORS}
    typer.echo(", ".join(_counted(grade, count) for grade, count in counts.items() if count))


def _counted(grade: str, count: int) -> str:
    return counted(count, grade) if grade in _NOUNS else f"{count:,} {grade}"
