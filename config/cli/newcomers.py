"""`cadenza leads import`, `waiting`, `take` and `drop`: people who are in no CRM yet."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.cli.leads import leads_app
from config.cli.people import lead_of
from config.cli.prospecting import By
from config.cli.team import Json
from workspace.counts import counted

if TYPE_CHECKING:
    from process.models import Submission

SubmissionNumber = Annotated[
    int, typer.Argument(metavar="ID", help="As `cadenza leads waiting` lists it.")
]
Connection = Annotated[
    str,
    typer.Option(metavar="NAME", help="The folder of cadenza.yaml, where there are several."),
]


@leads_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a column email.")],
    to_list: Annotated[
        str, typer.Option("--list", metavar="NAME", help="And put them on lists/NAME.csv.")
    ] = "",
    connection: Connection = "",
    yes: Annotated[bool, typer.Option("--yes", help="Write it, and not only show it.")] = False,
) -> None:
    """Take people from a CSV file into the workspace's own folder; shows what it would do first.

    Who is suppressed or must not be contacted is left out, whoever is in a CRM stays as it is there.
    """
    _ready()
    from config.cli.django import blueprint  # noqa: PLC0415 - only after set-up
    from process.prospecting import importing  # noqa: PLC0415 - likewise
    from workspace.problems import Fault  # noqa: PLC0415 - likewise

    files = blueprint()
    try:
        name, settings = importing.folder_of(files, connection)
        if to_list:
            importing.check_list(to_list, files)
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault
    people = importing.read(file, settings)
    for person in people:
        if person.becomes != "new":
            typer.echo(
                f"{file.name}:{person.line}: {person.email} is {person.becomes}: {person.why}"
            )
    count = sum(person.becomes == "new" for person in people)
    if not yes:
        typer.echo(f"{counted(count, 'person')} would come into {name}; write it with --yes.")
        return
    added = importing.write(people, settings)
    typer.echo(f"{counted(added, 'person')} written into {name}; `cadenza sync` reads them.")
    if to_list:
        listed = importing.add_to_list(_folder(), to_list, importing.for_list(people))
        told = f"{counted(listed, 'address')} put on {to_list}; `cadenza apply` takes the list up."
        typer.echo(told)


@leads_app.command()
def waiting(as_json: Json = False) -> None:
    """List what was written into forms and is of no one lead, and why it waits."""
    _ready()
    from process.prospecting import submissions  # noqa: PLC0415 - only after set-up

    rows = [submissions.told(row) for row in submissions.waiting()]
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    from config.cli.tables import show  # noqa: PLC0415 - Rich costs what --json must not pay

    for row in rows:
        show({f"submission {row['submission']}": list(_known(row))})
    if not rows:
        typer.echo("Nothing waits.")


@leads_app.command()
def take(
    number: SubmissionNumber,
    lead: Annotated[str, typer.Option(help="Whose it is: a lead's number or address.")] = "",
    connection: Connection = "",
    by: By = "",
) -> None:
    """Say whose a submission is; without --lead its writer comes into the workspace's own folder."""
    row = _submission(number)
    from config.cli.pausing import who  # noqa: PLC0415 - as in the other commands
    from process.prospecting import submissions  # noqa: PLC0415 - only after set-up
    from workspace.problems import Fault  # noqa: PLC0415 - likewise

    found = [lead_of(lead)] if lead else submissions.leads_of(row)
    if len(found) > 1:
        numbers = ", ".join(str(one.pk) for one in found)
        raise typer.BadParameter(f"leads {numbers} have the address; name one with --lead")
    try:
        if not found:
            typer.echo(_brought(row, connection))
            return
        submissions.give(row, found[0], by=by or who())
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault
    typer.echo(f"Submission {number} is on the timeline of {found[0]}, lead {found[0].pk}.")


@leads_app.command()
def drop(
    number: SubmissionNumber,
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason; it is kept.")],
    by: By = "",
) -> None:
    """Say that nothing is to come of a submission."""
    row = _submission(number)
    from config.cli.pausing import who  # noqa: PLC0415 - as in the other commands
    from process.prospecting import submissions  # noqa: PLC0415 - only after set-up
    from workspace.problems import Fault  # noqa: PLC0415 - likewise

    try:
        submissions.drop(row, by=by or who(), why=why)
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault
    typer.echo(f"Submission {number} is dropped.")


def _brought(row: "Submission", connection: str) -> str:
    """Its writer into the own folder; the pull that reads it notes the submission."""
    from config.cli.django import blueprint  # noqa: PLC0415 - only after set-up
    from process.prospecting import importing, submissions  # noqa: PLC0415 - likewise

    submissions.check_waits(row)
    name, settings = importing.folder_of(blueprint(), connection)
    added = importing.write([importing.person_of(row)], settings)
    stands = "is written into" if added else "stands already in"
    return f"{row.email} {stands} {name}; once a pull reads it, submission {row.pk} is noted by itself."


def _submission(number: int) -> "Submission":
    _ready()
    from process.models import Submission  # noqa: PLC0415 - only after set-up

    row = Submission.objects.filter(pk=number).first()
    if row is None:
        raise typer.BadParameter(f"there is no submission {number}; see cadenza leads waiting")
    return row


def _known(row: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """One fact to a line, those of the form itself too; nothing of what is blank."""
    told = row["told"] if isinstance(row["told"], dict) else {}
    others = {name: row[name] for name in row if name not in {"submission", "told"}}
    for name, value in {**others, **told}.items():
        if value:
            yield {"fact": name, "known": value}


def _folder() -> Path:
    from django.conf import settings  # noqa: PLC0415 - only after set-up

    return Path(settings.WORKSPACE)


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()
