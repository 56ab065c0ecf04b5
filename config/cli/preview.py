"""`cadenza preview`: emails as they would leave, on the terminal, as JSON, as files, in a browser."""

import json
import webbrowser
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.cli.app import app
from config.cli.team import Json
from workspace.counts import counted

if TYPE_CHECKING:
    from crm.models import Deal, Lead
    from process.blueprint import Blueprint
    from process.preview import Email


@app.command()
def preview(  # noqa: PLR0917 - Typer reads options from parameters
    name: Annotated[
        str, typer.Argument(metavar="TEMPLATE_OR_SEQUENCE", help="Of the files, applied or not.")
    ],
    lead: Annotated[
        str, typer.Option(help="A lead's number or email address. Default: one who is in it.")
    ] = "",
    sample: Annotated[
        bool, typer.Option("--sample", help="The sample lead, which has every fact.")
    ] = False,
    show: Annotated[bool, typer.Option("--open", help="Show it in a browser, HTML too.")] = False,
    as_json: Json = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.eml", help="Write the bytes; several emails are numbered."),
    ] = None,
    send_to: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Send them there, marked as proofs.")
    ] = "",
) -> None:
    """Show emails as they would leave, headers and all; no lead gets any, nothing is written down."""
    if lead and sample:
        raise typer.BadParameter("--lead and --sample exclude each other")
    from config.cli.django import blueprint, ready  # noqa: PLC0415 - after set-up only

    ready()
    from process import proofs  # noqa: PLC0415 - as above
    from process.preview import preview as previewed  # noqa: PLC0415 - as above
    from workspace.problems import Fault  # noqa: PLC0415 - as above

    loaded = blueprint()
    reader, deal = _reader(loaded, name, lead, sample=sample)
    try:
        to = proofs.recipient_of(send_to) if send_to else ""
        emails = previewed(loaded, name, reader, deal, proof_to=to)
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault
    problems = _problems(loaded, reader, emails)
    if send_to and not problems:
        problems = list(_send(loaded, reader, emails, to))
    if out is not None:
        _write(emails, out)
    if as_json:
        told = {"lead": reader.pk, "emails": list(map(_entry, emails)), "problems": problems}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print(name, reader, emails)
        for problem in problems:
            typer.echo(problem, err=True)
    if show:
        _open(name, reader, emails, problems)
    if problems:
        raise typer.Exit(1)


def _reader(
    blueprint: "Blueprint", name: str, lead: str, *, sample: bool
) -> tuple["Lead", "Deal | None"]:
    """The lead that was named, else one who is in the sequence, else the sample."""
    from config.cli.people import lead_of  # noqa: PLC0415 - after set-up only
    from crm.stages import bound_deal  # noqa: PLC0415 - as above
    from process.preview import sequence_of  # noqa: PLC0415 - as above
    from process.sample import sample as sample_lead  # noqa: PLC0415 - as above
    from sequences.models import Enrollment  # noqa: PLC0415 - as above

    if lead:
        found = lead_of(lead)
        return found, bound_deal(found)
    sequence = sequence_of(blueprint, name)
    if sequence is not None and not sample:
        people = Enrollment.objects.filter(sequence=sequence.name, status="active")
        enrollment = people.select_related("lead", "deal").order_by("pk").first()
        if enrollment is not None:
            return enrollment.lead, enrollment.deal
    return sample_lead(blueprint, stage=sequence.stage if sequence else "")


def _send(
    blueprint: "Blueprint", lead: "Lead", emails: Sequence["Email"], to: str
) -> Iterator[str]:
    """Send the proofs; what went wrong with which."""
    from mail.compose import Unsigned  # noqa: PLC0415 - after set-up only
    from mail.handing import Kind  # noqa: PLC0415 - as above
    from mail.mailboxes import MailboxError  # noqa: PLC0415 - as above
    from process import proofs  # noqa: PLC0415 - as above
    from process.preview import mailbox_for  # noqa: PLC0415 - as above

    try:
        for email, outcome in proofs.send(emails, mailbox_for(blueprint, lead), to=to):
            if outcome.kind == Kind.SENT:
                typer.echo(f"Sent to {to}: {_title(email)}", err=True)
            else:
                yield f"{_title(email)}: not sent to {to} ({outcome.kind}): {outcome.reply}"
    except (MailboxError, Unsigned) as error:
        yield f"Not sent to {to}: {error}"


def _problems(blueprint: "Blueprint", lead: "Lead", emails: Sequence["Email"]) -> list[str]:
    from django.conf import settings  # noqa: PLC0415 - after set-up only

    from process.preview import missing_mailbox  # noqa: PLC0415 - as above
    from workspace import layout  # noqa: PLC0415 - as above
    from workspace.source import read_yaml  # noqa: PLC0415 - as above

    document = read_yaml(Path(settings.WORKSPACE) / layout.TEAM, layout.TEAM)
    told = [missing_mailbox(blueprint, document, lead), *(email.problem for email in emails)]
    return list(dict.fromkeys(filter(None, told)))


def _print(name: str, lead: "Lead", emails: Sequence["Email"]) -> None:
    typer.echo(f"{name} for {lead} <{lead.email}>{'' if lead.pk else ', the sample lead'}")
    for number, email in enumerate(emails, start=1):
        typer.echo(f"\n--- {number} {_title(email)}  [{email.at}]")
        if email.problem:
            typer.echo(f"cannot be made: {email.problem}")
            continue
        head, mail = _parts(email)
        typer.echo(f"{head}\n\n{_body(mail, 'plain').rstrip()}")
        html = _body(mail, "html")
        typer.echo(
            f"\n[HTML: {counted(len(html), 'character')}; --open shows it]"
            if html
            else "\n[no HTML]"
        )
        for carried in _attached(mail):
            typer.echo("[attached: {name}, {type}, {bytes:,} bytes]".format(**carried))


def _title(email: "Email") -> str:
    """`reminder (approach-reminder, 50 %), on fork, way 1, follows opening`."""
    share = f", {email.percent} %" if email.percent < 100 else ""  # noqa: PLR2004 - percent
    variant = f"{email.step} ({email.template}{share})" if email.step else email.template
    way = f", on {email.way}" if email.way else ""
    follows = f", follows {email.follows}" if email.follows else ""
    return f"{variant}{way}{follows}"


def _entry(email: "Email") -> dict[str, Any]:
    told = {key: value for key, value in vars(email).items() if key != "raw"}
    if not email.raw:
        return told
    head, mail = _parts(email)
    return {
        **told,
        "headers": head,
        "text": _body(mail, "plain"),
        "html": _body(mail, "html"),
        "attachments": _attached(mail),
    }


def _parts(email: "Email") -> tuple[str, EmailMessage]:
    """The headers as they leave, letter by letter, and the email as its reader's program reads it."""
    head = email.raw.partition(b"\r\n\r\n")[0].decode("utf-8").replace("\r\n", "\n")
    return head, message_from_bytes(email.raw, policy=policy.default)


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def _attached(mail: EmailMessage) -> list[dict[str, Any]]:
    """The files that it carries, as its reader's program sees them."""
    return [
        {
            "name": part.get_filename(),
            "type": part.get_content_type(),
            "bytes": len(part.get_payload(decode=True)),
        }
        for part in mail.iter_attachments()
    ]


def _write(emails: Sequence["Email"], path: Path) -> None:
    made = [email for email in emails if email.raw]
    for number, email in enumerate(made, start=1):
        label = f"-{number}-{email.template}" if len(made) > 1 else ""
        path.with_stem(f"{path.stem}{label}").write_bytes(email.raw)


def _open(name: str, lead: "Lead", emails: Sequence["Email"], problems: Sequence[str]) -> None:
    from django.conf import settings  # noqa: PLC0415 - after set-up only
    from django.template.loader import render_to_string  # noqa: PLC0415 - as above

    page = Path(settings.WORKSPACE) / ".cadenza" / "preview.html"
    shown = [{**_entry(email), "title": _title(email)} for email in emails]
    context = {"name": name, "lead": lead, "emails": shown, "problems": problems}
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(render_to_string("preview.html", context), encoding="utf-8")
    typer.echo(f"Written to {page}", err=True)
    webbrowser.open(page.as_uri())
