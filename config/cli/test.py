"""`cadenza test`: the tests of sequences, without a database."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from process.testing.reading import Test


@app.command("test")
def run_tests(
    only: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE|SEQUENCE", help="Default: all of them."),
    ] = None,
    min_coverage: Annotated[
        int, typer.Option(min=0, max=100, help="Percent that each sequence must reach.")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Run the tests in tests/*.yaml: given these events, expect these touches.

    They live through the simulation, with the decisions of production and nobody written to.
    """
    from config.cli import verdicts  # noqa: PLC0415 - every command loads only what it needs
    from config.cli.django import has_workspace  # noqa: PLC0415 - as above
    from crm.fields import FIELDS  # noqa: PLC0415 - as above
    from process import blueprint  # noqa: PLC0415 - as above
    from process.testing import reading, report  # noqa: PLC0415 - as above

    has_workspace()
    folder = Path(os.environ["CADENZA_WORKSPACE"])
    loaded = blueprint.load(folder, schema=FIELDS)
    tests = _chosen(reading.read(folder, loaded), only or [], folder, list(loaded.sequences))
    found = report.Report(loaded, tests, is_whole=not only)
    shown = verdicts.Shown(quiet=as_json)
    for verdict in found.run():
        shown.verdict(verdict)
    if as_json:
        typer.echo(json.dumps(verdicts.as_json(found), ensure_ascii=False))
    else:
        shown.summary(found, min_coverage=min_coverage)
    if found.failed or not found.verdicts or found.below(min_coverage):
        raise typer.Exit(1)


def _chosen(
    tests: "Sequence[Test]", only: "Sequence[str]", folder: Path, sequences: "Sequence[str]"
) -> "list[Test]":
    from workspace.problems import unknown  # noqa: PLC0415 - as above

    files = {test.file for test in tests}
    wanted = {_relative(name, folder) for name in only}
    known = {*files, *sequences}
    for name in sorted(wanted - known):
        raise typer.BadParameter(unknown("file or sequence", name, known))
    return [test for test in tests if not wanted or {test.file, test.sequence} & wanted]


def _relative(name: str, folder: Path) -> str:
    """A file as the workspace names it, however a person does."""
    path = Path(name).resolve()
    return (
        path.relative_to(folder).as_posix()
        if path.is_relative_to(folder) and path.is_file()
        else name
    )
