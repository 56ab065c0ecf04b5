"""`cadenza inbound`: mail that arrives."""

import json
import os
import sys
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from config.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import BinaryIO

    from mail.explained import Meaning, Touches

#: Of an email's bytes, so many at a time.
_PIECE = 1 << 20


class Exit(IntEnum):
    """Of sysexits.h, as mail servers read them."""

    TAKEN = 0
    USAGE = 64
    NO_EMAIL = 65
    NO_USER = 67
    TRY_AGAIN = 75


inbound_app = typer.Typer(no_args_is_help=True, help="Mail that arrives: what it is, and why.")
app.add_typer(inbound_app, name="inbound")


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
    from mail.classify.unpacked import without_files  # noqa: PLC0415 - loads only what it needs
    from mail.explained import explain  # noqa: PLC0415 - as above
    from runtime import clock  # noqa: PLC0415 - as above

    folder = Path(os.environ["CADENZA_WORKSPACE"])
    touches, meaning, today = _touches(folder), _meaning(folder), clock.now().date()
    told = []
    for path in files:
        with path.open("rb") as file:
            raw = without_files(_pieces(file))
        found = explain(raw, today=today, touches=touches, meaning=meaning)
        told.append({"file": str(path), **found})
    typer.echo(json.dumps(told, ensure_ascii=True) if as_json else "\n".join(_readable(told)))


@inbound_app.command(
    "receive", context_settings={"ignore_unknown_options": True, "allow_extra_args": True}
)
def receive_one(
    context: typer.Context,
    recipient: Annotated[
        str, typer.Option("--recipient", "--mailbox", help="Whose mailbox it is for.")
    ] = "",
    nothing_waits: Annotated[
        bool,
        typer.Option("--nothing-waits", help="No email: the server has none left for the mailbox."),
    ] = False,
) -> None:
    """Take one email from standard input, as a local mail server pipes it to a command.

    Its exit code is one of sysexits.h: 0 taken, 75 try again later, 67 no such mailbox, 65 no
    email, 64 called wrongly.
    """
    addresses = [*([recipient] if recipient else []), *context.args]
    if len(addresses) != 1 or addresses[0].startswith("-"):
        _end(Exit.USAGE, f"one mailbox is wanted, not {' '.join(addresses) or 'none'}")
    raw = b"" if nothing_waits else _piped()
    if not raw.strip() and not nothing_waits:
        _end(Exit.NO_EMAIL, "there is no email on standard input")
    try:
        code = _take(addresses[0], raw, nothing_waits=nothing_waits)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the server keeps the email
        _end(Exit.TRY_AGAIN, f"{type(error).__name__}: {error}")
    raise typer.Exit(code)


def _take(address: str, raw: bytes, *, nothing_waits: bool) -> int:
    from config.cli.django import ready  # noqa: PLC0415 - loads only what it needs

    ready()
    from mail import pipe  # noqa: PLC0415 - as above

    try:
        mailbox = pipe.mailbox_of(address)
    except pipe.Unknown as error:
        return _said(Exit.NO_USER, str(error))
    if nothing_waits:
        pipe.nothing_waits(mailbox)
    else:
        pipe.take(mailbox, raw)
    return Exit.TAKEN


def _piped() -> bytes:
    """What is read of the email; the rest is drained, or the server would call it broken."""
    from mail.classify.unpacked import without_files  # noqa: PLC0415 - as above

    coming = _pieces(sys.stdin.buffer)
    raw = without_files(coming)
    for _ in coming:
        pass
    return raw


def _pieces(file: "BinaryIO") -> "Iterator[bytes]":
    return iter(lambda: file.read(_PIECE), b"")


def _end(code: Exit, why: str) -> NoReturn:
    raise typer.Exit(_said(code, why))


def _said(code: Exit, why: str) -> int:
    """Mail servers put the words into their log or their bounce."""
    print(f"cadenza: {why}", file=sys.stderr)  # noqa: T201 - the command line speaks here
    return int(code)


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
