"""`cadenza mailbox login`: a rep consents, in a browser, to sending and reading by Cadenza."""

import webbrowser
from typing import Annotated

import typer

from config.cli.app import app

mailbox = typer.Typer(no_args_is_help=True, help="Log a mailbox in at Google or Microsoft.")
app.add_typer(mailbox, name="mailbox")

#: Real seconds for a person to consent.
WITHIN = 600.0


@mailbox.command()
def login(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Of an applied mailbox.")],
    browser: Annotated[
        bool, typer.Option(help="Open the page here; otherwise only its address is printed.")
    ] = True,
) -> None:
    """Ask the mailbox's owner for consent in a browser on this machine, and keep the login.

    The tokens are kept encrypted in the database; a paused mailbox is tried again.
    """
    from config.cli.django import ready  # noqa: PLC0415 - loads only what it needs

    ready()
    from connectors.errors import ConnectorError  # noqa: PLC0415 - only after set-up
    from mail import mailboxes, pauses  # noqa: PLC0415 - likewise
    from mail.consent import Consent  # noqa: PLC0415 - likewise
    from mail.models import Mailbox  # noqa: PLC0415 - likewise

    row = Mailbox.objects.filter(address=address).first()
    if row is None:
        known = ", ".join(Mailbox.objects.order_by("address").values_list("address", flat=True))
        raise typer.BadParameter(f"no mailbox {address}; valid: {known or 'none is applied yet'}")
    if row.oauth is None or row.oauth["refresh_token"]:
        raise typer.BadParameter(
            f"{address} does not log in by consent; give it `oauth` without a refresh_token in "
            "cadenza.yaml and run `cadenza apply`"
        )
    try:
        consent = Consent(row)
        typer.echo(f"Consent on this machine as {address}, at:\n{consent.url}")
        if browser:
            webbrowser.open(consent.url)
        consent.keep(within=WITHIN)
        mailboxes.smtp(row)
        mailboxes.imap(row)
    except (ConnectorError, ValueError, mailboxes.MailboxError) as error:
        typer.echo(f"Not logged in: {error}", err=True)
        raise typer.Exit(1) from error
    finally:
        mailboxes.close_all()
    pauses.try_again(Mailbox.objects.filter(pk=row.pk))
    typer.echo(f"{address} is logged in: its servers take the login for sending and for reading.")
