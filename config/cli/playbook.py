"""`cadenza playbook`: the process as pages to read and to print."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from config.cli.app import app
from config.cli.team import Json
from workspace.counts import counted


@app.command()
def playbook(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New, or an older playbook's.")],
    as_json: Json = False,
) -> None:
    """Write the whole process as a site: every stage, sequence, email, task and rule.

    Plain HTML that needs no server and no network; whole.html has all of it, to print.
    """
    from config.cli.django import has_workspace  # noqa: PLC0415 - every command loads only what it needs
    from crm.fields import FIELDS  # noqa: PLC0415 - as above
    from process import blueprint  # noqa: PLC0415 - as above
    from process.playbook import folder as on_disk  # noqa: PLC0415 - as above
    from process.playbook.site import site  # noqa: PLC0415 - as above

    has_workspace()
    loaded = blueprint.load(Path(os.environ["CADENZA_WORKSPACE"]), schema=FIELDS)
    files = site(loaded)
    try:
        on_disk.write(folder, files)
    except on_disk.OccupiedError as error:
        raise typer.BadParameter(str(error), param_hint="DIR") from error
    if as_json:
        typer.echo(json.dumps({"folder": str(folder.resolve()), "files": sorted(files)}))
        return
    typer.echo(f"{counted(len(files), 'file')} written. Next: open {folder / 'index.html'}")
