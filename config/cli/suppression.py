"""`cadenza suppression`: whom nothing leaves to, by address, domain or company, and why."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.cli import private
from config.cli.app import app
from config.cli.team import Json
from workspace.counts import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mail.models import Suppression
    from mail.targets import Target
    from process.audit import Audit, Discrepancy

#: Rows on a terminal.
_SHOWN = 50
suppression_app = typer.Typer(
    help="Whom nothing leaves to: add, remove, list, import, export, audit.", no_args_is_help=True
)
app.add_typer(suppression_app, name="suppression")

Value = Annotated[
    str,
    typer.Argument(metavar="VALUE", help="An address; with --domain or --company one of these."),
]
Domain = Annotated[
    bool, typer.Option("--domain", help="VALUE is a domain: it and its sub-domains.")
]
Company = Annotated[
    bool, typer.Option("--company", help="VALUE is a company's name, domain or number: its leads.")
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept and listed.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")]


@suppression_app.command()
def add(
    value: Value,
    domain: Domain = False,
    company: Company = False,
    reason: Reason = "",
    dry_run: DryRun = False,
) -> None:
    """Let nothing leave to an address, a domain or a company any more, and tell every CRM."""
    _ready()
    from config.cli.pausing import who  # noqa: PLC0415 - as in the other commands
    from mail import blocklist  # noqa: PLC0415 - only after set-up
    from runtime import clock  # noqa: PLC0415 - as above

    target = _target(value, domain=domain, company=company)
    entry = blocklist.Entry(target=target, kind="manual", at=clock.now(), by=who(), reason=reason)
    added = blocklist.add([entry], dry_run=dry_run)
    if not added.new:
        typer.echo(f"{target} was suppressed by hand already.")
        return
    would = "would be " if dry_run else ""
    typer.echo(f"{target} {would or 'is '}suppressed; it covers {counted(added.leads, 'lead')}.")


@suppression_app.command()
def remove(
    value: Value,
    domain: Domain = False,
    company: Company = False,
    reason: Reason = "",
    consented: Annotated[
        bool,
        typer.Option(
            "--consented", help="The person agreed to hear from us again: --reason says how."
        ),
    ] = False,
) -> None:
    """Take back what was suppressed; what the person asked for only with consent."""
    if consented and not reason:
        raise typer.BadParameter("--consented needs a --reason: where and when the person agreed")
    _ready()
    from config.cli.pausing import who  # noqa: PLC0415 - as above
    from mail import blocklist  # noqa: PLC0415 - as above

    target = _target(value, domain=domain, company=company)
    try:
        removed = blocklist.remove(target, by=who(), reason=reason, consented=consented)
    except blocklist.Asked as asked:
        raise typer.BadParameter(
            f"{target} is suppressed for: {asked}. Only who has the person's new consent takes that "
            "back: --consented --reason TEXT"
        ) from asked
    if not removed.rows:
        typer.echo(f"{target} is not suppressed{_but_covered(target)}.", err=True)
        raise typer.Exit(1)
    typer.echo(
        f"{target} is no longer suppressed; {counted(len(removed.lifted), 'lead')} may be written to."
    )
    for lead in removed.covered:
        typer.echo(f"{lead} is still covered by another one: cadenza explain {lead.pk}")
    for lead, connections in removed.held:
        typer.echo(f"{lead} is still opted out in {connections}: a person clears the flag there.")


@suppression_app.command("list")
def list_(
    kind: Annotated[str, typer.Option(metavar="KIND", help="Only these.")] = "",
    as_json: Json = False,
) -> None:
    """Everything that is suppressed: what, why, since when and by whom."""
    _ready()
    from mail.models import Suppression  # noqa: PLC0415 - only after set-up

    kinds = Suppression.Kind.values
    if kind and kind not in kinds:
        raise typer.BadParameter(f"no kind is called {kind!r}; valid: {', '.join(kinds)}")
    rows = Suppression.objects.select_related("company").order_by("-at", "-pk")
    if kind:
        rows = rows.filter(kind=kind)
    if as_json:
        told = [_told(row) for row in rows.iterator(2000)]
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    from config.cli.tables import show  # noqa: PLC0415 - Rich costs what --json must not pay

    show({"suppressed": [_told(row) for row in rows[:_SHOWN]]})
    count = rows.count()
    if count > _SHOWN:
        typer.echo(f"The latest {_SHOWN} of {count:,}; all: cadenza suppression export -")
    elif not count:
        typer.echo("Nothing is suppressed.")


@suppression_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a column value or email.")],
    reason: Reason = "",
    dry_run: DryRun = False,
) -> None:
    """Suppress what a CSV file lists; every line is checked before the first is written.

    Once more changes nothing, and goes on where an interrupted one ended.
    """
    _ready()
    from rich.progress import Progress  # noqa: PLC0415 - as above

    from config.cli.pausing import who  # noqa: PLC0415 - as above
    from mail import blocklist, blocklist_file  # noqa: PLC0415 - as above
    from runtime import clock  # noqa: PLC0415 - as above

    why = reason or f"import of {file.name}"
    entries = blocklist_file.read(file, by=who(), reason=why, now=clock.now())
    done = 0
    with Progress(disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Suppressing", total=len(entries))

        def show(count: int) -> None:
            nonlocal done
            done = count
            progress.update(task, completed=count)

        try:
            added = blocklist.add(entries, dry_run=dry_run, progress=show)
        except KeyboardInterrupt:
            told = f"Interrupted: {done:,} of {counted(len(entries), 'line')} done; run it again for the rest."
            typer.echo(told, err=True)
            raise typer.Exit(130) from None
    verb = "would be suppressed" if dry_run else "suppressed"
    typer.echo(
        f"{added.new:,} {verb}, {added.known:,} were already; they stop {counted(added.leads, 'lead')}."
    )


@suppression_app.command()
def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Or - for standard output.")],
) -> None:
    """Write everything that is suppressed as CSV, as `import` reads it."""
    _ready()
    from mail import blocklist_file  # noqa: PLC0415 - only after set-up
    from mail.models import Suppression  # noqa: PLC0415 - likewise

    rows = Suppression.objects.select_related("company").order_by("at", "email", "kind", "pk")
    text = blocklist_file.write(rows.iterator(2000))
    if file == "-":
        typer.echo(text, nl=False)
    else:
        private.write(Path(file), text)
        typer.echo(f"{counted(rows.count(), 'suppression')} in {file}.")


@suppression_app.command()
def audit(
    mend: Annotated[
        bool, typer.Option("--mend", help="Owe the CRMs what they lack, and take over theirs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Prove that nobody suppressed was written to, and that every CRM and we know the same.

    Exit code 1 and a line with the next move for each discrepancy.
    """
    _ready()
    from rich.progress import Progress, SpinnerColumn, TextColumn  # noqa: PLC0415 - as above

    from process import audit_crms  # noqa: PLC0415 - as above

    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, disable=as_json or not sys.stderr.isatty()) as progress:
        task = progress.add_task("Looking at our rows")
        found = audit_crms.audit(
            progress=lambda name, seen: progress.update(
                task, description=f"{name}: {counted(seen, 'person')}"
            )
        )
    count = len(found.discrepancies)
    left = audit_crms.mend(found) if mend else found.discrepancies
    if as_json:
        told = {**vars(found), "mended": count - len(left), "discrepancies": list(map(vars, left))}
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
    else:
        _tell_audit(found, left, mended=count - len(left))
    if left:
        raise typer.Exit(1)


def _tell_audit(found: "Audit", left: "Sequence[Discrepancy]", *, mended: int) -> None:
    for discrepancy in left:
        typer.echo(str(discrepancy), err=True)
    asked = ", ".join(
        f"{name} ({counted(count, 'person')}, {counted(found.calls[name], 'call')})"
        for name, count in found.records.items()
    )
    typer.echo(
        f"{counted(found.suppressions, 'suppression')}, covering {counted(found.people, 'lead')} and "
        f"{counted(found.messages, 'email')} from then on; asked: {asked or 'no CRM'}."
    )
    if found.on_their_way:
        typer.echo(
            f"{counted(found.on_their_way, 'email')} left before we knew that the person had asked."
        )
    if mended:
        typer.echo(f"{mended:,} mended; `cadenza sync` writes what the CRMs are owed.")
    typer.echo(f"{counted(len(left), 'discrepancy')}." if left else "Everything agrees.")


def _target(value: str, *, domain: bool, company: bool) -> "Target":
    from mail.targets import target  # noqa: PLC0415 - only after set-up
    from workspace.problems import Fault  # noqa: PLC0415 - likewise

    if domain and company:
        raise typer.BadParameter("name one: --domain or --company")
    try:
        return target(value, "domain" if domain else "company" if company else "address")
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault


def _but_covered(target: "Target") -> str:
    from mail.suppression import first  # noqa: PLC0415 - only after set-up

    found = first(target.email) if target.company is None else None
    return f", but covered by {found.email} ({found.kind})" if found else ""


def _told(row: "Suppression") -> dict[str, Any]:
    from mail.blocklist_file import by_of, reason_of  # noqa: PLC0415 - only after set-up

    return {
        "scope": row.scope,
        "value": row.value,
        "kind": row.kind,
        "since": row.at,
        "by": by_of(row),
        "reason": reason_of(row),
    }


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()
