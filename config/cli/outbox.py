"""`cadenza outbox`, and `cadenza confirm` for what nobody but a person can tell."""

import json
from typing import Annotated

import typer

from config.cli.app import app
from config.cli.pausing import MailboxAddress, mailbox_of
from config.cli.team import Json
from workspace.counts import counted

#: Emails per state on a terminal.
_SHOWN = 50


@app.command()
def outbox(mailbox: MailboxAddress = "", as_json: Json = False) -> None:
    """What has not left, and why: queued, sending, unconfirmed and failed emails."""
    from config.cli.django import ready  # noqa: PLC0415 - only after set-up

    ready()
    from mail import backlog  # noqa: PLC0415 - only after set-up

    address = mailbox_of(mailbox) if mailbox else ""
    if as_json:
        told = backlog.backlog(address)
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    from config.cli.tables import show  # noqa: PLC0415 - only after set-up

    show(backlog.backlog(address, at_most=_SHOWN))
    counts = backlog.count(address)
    for status, count in counts.items():
        if count > _SHOWN:
            typer.echo(f"{count:,} {status}, {_SHOWN} of them shown; --json has all.")
    if counts["unconfirmed"]:
        typer.echo("You know of an unconfirmed one: cadenza confirm NUMBER --sent, or --not-sent.")
    if not any(counts.values()):
        typer.echo(f"Nothing waits, nothing failed.{_next_step()}")


def _next_step() -> str:
    """An email is queued when its step comes due, which may be hours after `apply`."""
    from runtime import clock  # noqa: PLC0415 - only after set-up
    from sequences.models import Enrollment  # noqa: PLC0415 - only after set-up

    due = Enrollment.objects.filter(status="active", due_at__isnull=False).order_by("due_at")
    first = due.values_list("due_at", flat=True).first()
    if first is None:
        return ""
    if first < clock.now():
        return f" A step is due since {first:%a %Y-%m-%d %H:%M} UTC; `cadenza run` takes it."
    return f" The next step comes due {first:%a %Y-%m-%d %H:%M} UTC."


@app.command()
def settle(
    address: Annotated[str, typer.Argument(help="As `cadenza status` has it.")],
) -> None:
    """Say that you looked at what an address got without this database's knowledge.

    Such emails are found in Sent folders after a backup was restored; the lead is not enrolled before.
    """
    from config.cli.django import ready  # noqa: PLC0415 - only after set-up

    ready()
    from mail import sent_copies  # noqa: PLC0415 - only after set-up

    count = sent_copies.settle_by_hand(address)
    if not count:
        raise typer.BadParameter(f"{address} got nothing that is not known here")
    typer.echo(f"{address}: {counted(count, 'email')} noted; the address may be enrolled again.")


@app.command()
def confirm(
    message: Annotated[
        int, typer.Argument(help="The number of an unconfirmed email; `cadenza outbox` has it.")
    ],
    sent: Annotated[
        bool, typer.Option("--sent/--not-sent", help="Whether it left; not sent: queued again.")
    ],
) -> None:
    """Say whether an email whose outcome is unknown was sent."""
    from config.cli.django import ready  # noqa: PLC0415 - only after set-up

    ready()
    from mail import unconfirmed  # noqa: PLC0415 - only after set-up
    from mail.models import Message  # noqa: PLC0415 - only after set-up

    row = Message.objects.filter(pk=message).first()
    if row is None or not unconfirmed.confirm(row, sent=sent, by="command line"):
        waiting = Message.objects.filter(status="unconfirmed").values_list("pk", flat=True)
        numbers = ", ".join(map(str, waiting)) or "none"
        raise typer.BadParameter(f"{message} is not unconfirmed; these are: {numbers}")
    row.refresh_from_db()
    not_sent = (
        "it is queued again"
        if row.status == "queued"
        else "its enrollment has ended; it stays here"
    )
    typer.echo(f"Noted: {'it was sent' if sent else not_sent}.")
