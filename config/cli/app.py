"""The commands' frame: the global option, lazy set-up, and one place for known errors."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Outreach as code: CRM sync, sequences and follow-ups that stop when a person answers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def workspace_option(
    workspace: Annotated[
        Path,
        typer.Option("--workspace", "-w", envvar="CADENZA_WORKSPACE", help="The team's folder."),
    ] = Path(),
) -> None:
    os.environ["CADENZA_WORKSPACE"] = str(workspace.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main() -> None:
    """Run a command; a known error is one clear message and exit code 1."""
    from config.cli import (  # noqa: F401, PLC0415 - they add commands
        doctor,
        inbound,
        leads,
        mailbox,
        meeting,
        newcomers,
        operate,
        outbox,
        pausing,
        people,
        playbook,
        preparing,
        preview,
        privacy,
        prospecting,
        report,
        serve,
        simulate,
        suppression,
        sync,
        tasks,
        team,
        test,
    )

    try:
        app(standalone_mode=True)
    except Exception as error:
        if os.environ.get("CADENZA_DEBUG") == "1":
            raise
        from config.cli.errors import explained  # noqa: PLC0415 - only when there is one

        message = explained(error)
        if message is None:
            raise
        print(message, file=sys.stderr)  # noqa: T201 - the command line speaks here
        sys.exit(1)
