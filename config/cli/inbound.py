"""`cadenza inbound`: mail that arrives."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mail.explained import Meaning, Touches

inbound_app = typer.Typer(no_args_is_help=True, help="Mail that arrives: what it is, and why.")
app.add_typer(inbound_app, name="inbound")


@inbound_app.callback()
def _inbound() -> None:
    """Keeps `explain` a command of its own while it is the only one."""


@inbound_app.command("explain")
def explain_files(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Emails as they came."),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON list on standard output.")
    ] = False,
) -> None:
    """What each email is taken for: recipients, reason, new text, and the rule that decided.

    Without a workspace no touch is looked for, and the rules alone say what an answer means.
    Nothing is kept.
    """
    from mail.classify.parsed import MOST_BYTES  # noqa: PLC0415 - loads only what it needs
    from mail.explained import explain  # noqa: PLC0415 - as above
    from runtime import clock  # noqa: PLC0415 - as above

    folder = Path(os.environ["CADENZA_WORKSPACE"])
    touches, meaning, today = _touches(folder), _meaning(folder), clock.now().date()
    told = []
    for path in files:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES)
        found = explain(raw, today=today, touches=touches, meaning=meaning)
        told.append({"file": str(path), **found})
    typer.echo(json.dumps(told, ensure_ascii=True) if as_json else "\n".join(_readable(told)))


def _readable(told: "Iterable[Mapping[str, object]]") -> "Iterable[str]":
    for found in told:
        yield f"{found['file']}: {found['rule']}"
        for name in ("recipients", "status", "reason", "touch", "intent", "returns_on"):
            value = found[name]
            if value:
                yield f"  {name}: {', '.join(value) if isinstance(value, list) else value}"
        if found["recipients"] and found["reason"]:
            fault = ", the sender's fault" if found["sender_fault"] else ""
            yield f"  {'hard' if found['hard'] else 'soft'}{fault}"
        yield from (f"  | {line}" for line in str(found["new_text"]).splitlines())


def _meaning(folder: Path) -> "Meaning | None":
    """After the workspace's process.yaml; None where there is none."""
    from process import meanings  # noqa: PLC0415 - as above
    from process.definition import Process  # noqa: PLC0415 - as above
    from workspace import layout  # noqa: PLC0415 - as above
    from workspace.problems import Invalid  # noqa: PLC0415 - as above
    from workspace.source import read_yaml  # noqa: PLC0415 - as above
    from workspace.validation import validate  # noqa: PLC0415 - as above

    if not (folder / layout.PROCESS).is_file():
        return None
    found = validate(Process, read_yaml(folder / layout.PROCESS, layout.PROCESS))
    if isinstance(found, list):
        raise Invalid(found)
    return lambda text: meanings.of(found, text).settled


def _touches(folder: Path) -> "Touches | None":
    """From the workspace's database; None where there is none."""
    if not (os.environ.get("DATABASE_URL") or (folder / ".cadenza" / "cadenza.sqlite3").is_file()):
        return None
    from config.cli.django import ready  # noqa: PLC0415 - as above

    ready()
    from mail import touches  # noqa: PLC0415 - as above

    return touches.find
