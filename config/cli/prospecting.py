"""`cadenza score`, `accept` and `reject`: how good a lead is, and whether sales takes it."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.cli.app import app
from config.cli.people import LeadName, lead_of
from config.cli.team import Json

if TYPE_CHECKING:
    from process.prospecting.scoring import Judged

By = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who says so; your login unless given.")
]


@app.command()
def accept(lead: LeadName, by: By = "") -> None:
    """Take a lead that marketing qualified."""
    _ready()
    from config.cli.pausing import who  # noqa: PLC0415 - as in the other commands
    from process.prospecting import qualifying  # noqa: PLC0415 - only after set-up
    from workspace.problems import Fault  # noqa: PLC0415 - likewise

    row = lead_of(lead)
    try:
        qualifying.accept(row, by=by or who())
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault
    typer.echo(f"{row} is accepted.")


@app.command()
def reject(
    lead: LeadName,
    reason: Annotated[str, typer.Option(metavar="REASON", help="One of reject_reasons.")],
    by: By = "",
) -> None:
    """Give a lead that marketing qualified back, and say why."""
    _ready()
    from config.cli.pausing import who  # noqa: PLC0415 - as above
    from process.prospecting import qualifying  # noqa: PLC0415 - as above
    from workspace.problems import Fault  # noqa: PLC0415 - as above

    row = lead_of(lead)
    try:
        qualifying.reject(row, reason, by=by or who())
    except Fault as fault:
        raise typer.BadParameter(str(fault)) from fault
    typer.echo(f"{row} goes back to marketing: {reason}.")


@app.command()
def score(lead: LeadName, as_json: Json = False) -> None:
    """Show which rules count for a lead now and which do not, with their points."""
    _ready()
    from process.prospecting import scores  # noqa: PLC0415 - only after set-up
    from runtime import clock  # noqa: PLC0415 - likewise

    row, scoring = lead_of(lead), scores.declared()
    if scoring is None:
        raise typer.BadParameter("process.yaml, as applied, has no scoring")
    found = scores.of(scoring, [row], clock.now())[row.pk]
    told: dict[str, Any] = {
        "lead": row.pk,
        "score": found.total,
        "fit": found.fit,
        "engagement": found.engagement,
        "qualified_at": scoring.qualified_at,
        "rules": [_told(judged) for judged in found.rules],
    }
    if as_json:
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    from config.cli.tables import show  # noqa: PLC0415 - Rich costs what --json must not pay

    show(
        {
            kind: [_in_words(judged) for judged in found.rules if judged.rule.kind == kind]
            for kind in ("fit", "engagement")
        }
    )
    typer.echo(
        f"{row}: {found.total} (fit {found.fit}, engagement {found.engagement}); "
        f"qualified at {scoring.qualified_at}."
    )


def _in_words(judged: "Judged") -> dict[str, str]:
    """In few columns: conditions and facts are long."""
    rule = judged.rule
    within = f" within {rule.within}" if rule.within else ""
    return {
        "rule": f"{rule.name}: {rule.when}{within}",
        "points": f"{judged.points:+} of {rule.points:+}"
        if judged.counts
        else f"0 of {rule.points:+}",
        "because": ", ".join(f"{name} is {value}" for name, value in judged.facts.items()),
    }


def _told(judged: "Judged") -> dict[str, Any]:
    rule = judged.rule
    return {
        "rule": rule.name,
        "kind": rule.kind,
        "counts": judged.counts,
        "points": rule.points,
        "when": rule.when,
        "within": str(rule.within) if rule.within else None,
        "because": dict(judged.facts),
    }


def _ready() -> None:
    from config.cli.django import ready  # noqa: PLC0415 - only commands that need it pay for it

    ready()
