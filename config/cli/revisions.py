"""Another version of the workspace: a folder, or a revision of the git repository it is in."""

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import typer

from workspace import layout


@contextmanager
def workspace_of(name: str) -> Iterator[Path]:
    """The folder, or the revision's files in a folder that lasts as long as the context."""
    if (Path(name) / layout.TEAM).is_file():
        yield Path(name)
        return
    here = Path(os.environ["CADENZA_WORKSPACE"])
    command = ["git", "-C", str(here), "archive", "--format=tar", name, "."]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - no shell
    except FileNotFoundError as error:
        raise typer.BadParameter(f"{name} is no workspace's folder, and git is missing") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise typer.BadParameter(
            f"{name} is no folder with a {layout.TEAM} and no git revision of {here}: "
            f"{said[-1] if said else 'git says nothing'}"
        )
    with tempfile.TemporaryDirectory(prefix="cadenza-") as folder:
        with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)
