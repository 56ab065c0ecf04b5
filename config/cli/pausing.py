"""`cadenza pause` and `cadenza resume`: one lead's enrollment, a mailbox, a sequence, or all sending."""

import getpass
from collections.abc import Collection
from typing import Annotated

import typer

from config.cli.app import app
from workspace.counts import counted

Lead = Annotated[
    str, typer.Argument(metavar="LEAD", help="A lead's number or email address: its enrollment.")
]
All = Annotated[bool, typer.Option("--all", help="Everything that would leave.")]
MailboxAddress = Annotated[
    str, typer.Option("--mailbox", metavar="ADDRESS", help="What leaves from one mailbox.")
]
SequenceName = Annotated[
    str, typer.Option("--sequence", metavar="NAME", help="The emails of one sequence.")
]


@app.command()
def pause(
    lead: Lead = "",
    everything: All = False,
    mailbox: MailboxAddress = "",
    sequence: SequenceName = "",
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; `cadenza status` shows it.")
    ] = "",
) -> None:
    """Hold all sending, a mailbox, a sequence, or one lead's enrollment, until it is resumed.

    Not even what a worker has in hand leaves then, unless its server has been given it already.
    """
    scope = _scope(lead, everything=everything, mailbox=mailbox, sequence=sequence)
    if scope == "lead" and reason:
        raise typer.BadParameter("--reason goes with --all, --mailbox or --sequence")
    _ready()
    if scope == "lead":
        _hold(lead, paused=True)
        return
    from mail import pauses  # noqa: PLC0415 - only after set-up

    row = pauses.pause(scope, _name(mailbox, sequence), by=who(), reason=reason)
    waiting = pauses.held_by(row).count()
    typer.echo(
        f"Paused: {row}; {counted(waiting, 'queued email')} held. `cadenza outbox` lists them."
    )


@app.command()
def resume(
    lead: Lead = "",
    everything: All = False,
    mailbox: MailboxAddress = "",
    sequence: SequenceName = "",
) -> None:
    """Let go on what was paused; overdue emails leave one by one, within windows and caps."""
    scope = _scope(lead, everything=everything, mailbox=mailbox, sequence=sequence)
    _ready()
    if scope == "lead":
        _hold(lead, paused=False)
        return
    from mail import pauses, watch  # noqa: PLC0415 - only after set-up
    from mail.models import Mailbox, Pause  # noqa: PLC0415 - likewise

    name = _name(mailbox, sequence)
    overdue = pauses.resume(scope, name)
    ours = Mailbox.objects.filter(address=name)
    mended = pauses.try_again(ours, resumed=True) + watch.trust(ours) if mailbox else 0
    others = ", ".join(map(str, Pause.objects.order_by("since"))) or "nothing"
    if overdue is None and not mended:
        typer.echo(f"That is not paused; paused: {others}.", err=True)
        raise typer.Exit(1)
    typer.echo(
        f"Goes on; {counted(overdue or 0, 'overdue email')} to leave one by one. Still paused: {others}."
    )


def _scope(lead: str, *, everything: bool, mailbox: str, sequence: str) -> str:
    given = {"lead": lead, "all": everything, "mailbox": mailbox, "sequence": sequence}
    named = [scope for scope, value in given.items() if value]
    if len(named) != 1:
        raise typer.BadParameter("name one: a lead, --all, --mailbox ADDRESS or --sequence NAME")
    return named[0]


def _name(mailbox: str, sequence: str) -> str:
    """As it is applied; a usage error when nothing has this name."""
    from sequences.models import AppliedVersion  # noqa: PLC0415 - only after set-up

    if mailbox:
        return mailbox_of(mailbox)
    if sequence:
        names = AppliedVersion.objects.order_by("sequence").values_list("sequence", flat=True)
        return _one_of("sequence", sequence, names.distinct())
    return ""


def mailbox_of(name: str) -> str:
    """The address of the applied mailbox that is meant; a usage error when there is none."""
    from mail.models import Mailbox  # noqa: PLC0415 - only after set-up

    addresses = Mailbox.objects.order_by("address").values_list("address", flat=True)
    return _one_of("mailbox", name, addresses)


def _one_of(what: str, name: str, known: Collection[str]) -> str:
    found = [one for one in known if one.lower() == name.lower()]
    if not found:
        valid = ", ".join(known) or "none is applied yet"
        raise typer.BadParameter(f"no applied {what} is called {name!r}; valid: {valid}")
    return found[0]


def who() -> str:
    """The login of whoever types; a container may have none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"


def _hold(name: str, *, paused: bool) -> None:
    from django.db import transaction  # noqa: PLC0415 - only after set-up

    from config.cli.people import lead_of  # noqa: PLC0415 - likewise
    from sequences import engine  # noqa: PLC0415 - likewise
    from sequences.models import Enrollment  # noqa: PLC0415 - likewise

    row = lead_of(name)
    status = "active" if paused else "paused"
    found = Enrollment.objects.filter(lead=row, status=status).first()
    if found is None:
        typer.echo(f"{row} is in no {status} enrollment.", err=True)
        raise typer.Exit(1)
    with transaction.atomic():
        if paused:
            engine.pause(found.pk, until=None)
        else:
            engine.resume(found.pk)
    typer.echo(f"{row}: {found.sequence} {'is paused' if paused else 'goes on'}.")


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()
