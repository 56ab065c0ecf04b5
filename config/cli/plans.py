"""A plan on the terminal and in its file: what `plan` shows and `apply` reads."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from django.conf import settings

from config.cli.tables import show as show_tables
from process.blueprint import Blueprint
from process.departures import Departure
from process.frozen import Frozen, Moved
from process.planning import Plan, SequencePlan
from process.touches import Touch
from sequences import whereabouts
from sequences.email_step import EmailStep
from sequences.steps import everywhere
from workspace.counts import counted

#: Of each experiment its sequence, the figures, and what they say.
Experiments = Sequence[Mapping[str, Any]]

#: Of people, dates and reasons so many lines are shown; the JSON has them all.
MOST = 20


def keep(frozen: Frozen, path: Path | None) -> Path:
    """Write the plan to its file."""
    path = path or _default()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(frozen.as_json(), ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def read(path: Path | None) -> Frozen:
    """The plan of a file; a usage error when there is none."""
    path = path or _default()
    if not path.exists():
        raise typer.BadParameter(
            f"there is no plan in {path}. See what would be done with `cadenza plan`, then apply "
            "that; or `cadenza apply --unplanned`"
        )
    try:
        return Frozen.of(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, Moved) as error:
        raise typer.BadParameter(f"{path} is no plan: {error}") from error


def forget(path: Path | None) -> None:
    """A plan is applied once."""
    (path or _default()).unlink(missing_ok=True)


def experiments(blueprint: Blueprint, plan: Plan) -> Experiments:
    """Of each email with variants, whether those whom the plan enrolls can decide it."""
    steps = (step for found in blueprint.sequences.values() for _, step in everywhere(found.steps))
    if not any(isinstance(step, EmailStep) and step.has_variants for step in steps):
        return []
    from process.experiments import outlooks  # noqa: PLC0415 - SciPy takes a second
    from process.findings import foreseen  # noqa: PLC0415 - as above

    return [
        {
            "sequence": outlook.sequence,
            "step": outlook.step,
            "measure": outlook.trial.measure,
            "needed": outlook.needed.always,
            "needed_once": outlook.needed.once,
            "so_far": outlook.so_far,
            "planned": outlook.planned,
            "enough": outlook.is_enough,
            "says": foreseen(outlook),
        }
        for outlook in outlooks(blueprint, plan)
    ]


def show(plan: Plan, trials: Experiments, *, people: bool) -> None:
    for entry in plan.sequences:
        typer.echo(f"{entry.sequence} ({entry.version}): enrolls {len(entry.enrolls)}")
        for line in _in_flight(entry):
            typer.echo(f"  {line}")
        for template, files in entry.attachments.items():
            typer.echo(f"  {template} carries {', '.join(files)}")
        for line in _first_touches(entry, MOST if people else 3):
            typer.echo(f"  {line}")
        for (step, problem), count in _troubled(entry).most_common(MOST):
            typer.echo(f"  {step} would fail for {count}: {problem}")
        for reason, count in sorted(entry.refused.items(), key=lambda item: -item[1])[:MOST]:
            typer.echo(f"  not {count}: {reason}")
        if len(entry.refused) > MOST:
            typer.echo(f"  and {counted(len(entry.refused) - MOST, 'more reason')}; see --json")
        for trial in trials:
            if trial["sequence"] == entry.sequence:
                typer.echo(f"  {trial['says']}")
    show_tables({"moves at once, by the stages' exits": _moves(plan.departures), **_tables(plan)})


def as_json(plan: Plan, trials: Experiments) -> dict[str, Any]:
    """Everything, moments in UTC."""
    return {
        "made_at": plan.made_at,
        "sequences": [_entry(entry) for entry in plan.sequences],
        "experiments": trials,
        "moves": [_departure(one) for one in plan.departures],
        **_tables(plan),
    }


def differences(moved: Moved) -> list[dict[str, Any]]:
    """All of why a plan no longer holds."""
    return [asdict(one) for one in moved.differences]


def _entry(entry: SequencePlan) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "version": entry.version,
        "enrolls": [
            {
                "lead": candidate.lead.pk,
                **entry.whereabouts[candidate.lead.pk],
                "touches": [vars(touch) for touch in entry.touches[candidate.lead.pk]],
            }
            for candidate in entry.enrolls
        ],
        "refused": [
            {"lead": candidate.lead.pk, "reason": candidate.refusal} for candidate in entry.refusals
        ],
        "attachments": dict(entry.attachments),
        "in_flight": vars(entry.in_flight) if entry.in_flight else None,
    }


def _moves(departures: Sequence[Departure]) -> list[dict[str, Any]]:
    """How many go from where to where by which exit; some wait for facts."""
    exits = Counter(
        (one.lead.stage, one.to, one.because.get("at", one.because["rule"]), bool(one.missing))
        for one in departures
    )
    return [
        {
            "from": here,
            "to": to,
            "exit": at,
            "leads": count,
            "then": "wait for facts" if waits else "move",
        }
        for (here, to, at, waits), count in exits.most_common()
    ]


def _departure(one: Departure) -> dict[str, Any]:
    place = {"lead": one.lead.pk, "from": one.lead.stage, "to": one.to}
    return {**place, "because": dict(one.because), "missing": one.missing}


def _in_flight(entry: SequencePlan) -> Iterator[str]:
    found = entry.in_flight
    if found is not None:
        yield f"{counted(found.count, 'person')} in it (when_changed: {found.policy}):"
        for change, count in sorted(found.changes.items(), key=lambda item: -item[1])[:MOST]:
            yield f"  {count} {change}"


def _first_touches(entry: SequencePlan, most: int) -> Iterator[str]:
    for candidate in entry.enrolls[:most]:
        touches = entry.touches[candidate.lead.pk]
        told = ", ".join(map(_told, touches))
        place = entry.whereabouts[candidate.lead.pk]
        where = whereabouts.told_of(place["timezone"], place["holidays"])
        yield f"{candidate.lead} ({where}): {told or 'nothing'}"
    if len(entry.enrolls) > most:
        yield f"and {len(entry.enrolls) - most} more; --people shows {MOST}, --json all"


def _troubled(entry: SequencePlan) -> Counter[tuple[str, str]]:
    """Step and problem -> how many leads."""
    touches = (touch for found in entry.touches.values() for touch in found)
    return Counter((touch.step, touch.problem) for touch in touches if touch.problem)


def _tables(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    return {
        "mailboxes": [vars(load) for load in plan.mailboxes],
        "limits": [dict(limit) for limit in plan.limits],
        "reps": [{"rep": rep, "tasks": count} for rep, count in plan.reps.items()],
        "crm_writes": [vars(cost) for cost in plan.costs],
    }


def _told(touch: Touch) -> str:
    fails = " (would fail)" if touch.problem else ""
    return f"{_day(touch.at)} {touch.what}{fails}"


def _day(moment: datetime) -> str:
    return f"{moment:%a %d %b}"


def _default() -> Path:
    return Path(settings.WORKSPACE) / ".cadenza" / "plan.json"
