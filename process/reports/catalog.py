"""The reports by name: the events that each reads, and whatever else it is made of."""

from collections.abc import Callable, Mapping, Sequence

from mail.models import Sender
from process import outcomes, requirements
from process.reports import (
    answers,
    attribution,
    deliverability,
    funnel,
    handoff,
    missing,
    nps,
    objections,
    reading,
    replies,
    reps,
    service_levels,
    speed,
    stages,
)
from process.reports.answers import Meanings
from process.reports.report import Report, Scope
from process.reports.service_levels import ServiceLevels
from sequences import versions
from sequences.models import AppliedVersion
from sequences.steps import everywhere

Build = Callable[[Scope], Report]


def timezone() -> str:
    """The team's."""
    sender = Sender.objects.first()
    return sender.timezone if sender else "UTC"


def meanings() -> Meanings:
    return answers.meanings(outcomes.applied())


def levels() -> ServiceLevels:
    process = outcomes.applied()
    stages_ = process.stages if process else ()
    by_stage = {str(stage.name): stage.service_level for stage in stages_}
    return ServiceLevels(by_stage=by_stage, timezone=timezone())


def step_order() -> Mapping[tuple[str, str], Sequence[str]]:
    """Sequence and version -> its steps as they are written."""
    return {
        (version.sequence, version.digest[:8]): [
            step.id for _, step in everywhere(versions.definition_of(version).steps)
        ]
        for version in AppliedVersion.objects.all()
    }


def _funnel(scope: Scope) -> Report:
    found = reading.histories(funnel.KINDS)
    return funnel.report(found, scope, meanings=meanings(), order=step_order())


def _objections(scope: Scope) -> Report:
    found = reading.histories(objections.KINDS)
    return objections.report(found, scope, meanings=meanings())


def _reps(scope: Scope) -> Report:
    owners = {box.address: box.owner for box in reading.boxes()}
    found, works = reading.histories(reps.KINDS), reading.works()
    return reps.report(found, works, reading.closed_deals(), scope, owners=owners)


def _deliverability(scope: Scope) -> Report:
    found = reading.histories(deliverability.KINDS)
    return deliverability.report(found, reading.boxes(), scope)


def _attribution(scope: Scope) -> Report:
    found = reading.histories(attribution.KINDS)
    return attribution.report(found, reading.closed_deals(), scope)


def _missing(scope: Scope) -> Report:
    return missing.report(reading.known(), requirements.required(), scope)


REPORTS: Mapping[str, Build] = {
    "stages": lambda scope: stages.report(reading.histories(stages.KINDS), scope, levels=levels()),
    "funnel": _funnel,
    "replies": lambda scope: replies.report(reading.histories(replies.KINDS), scope),
    "objections": _objections,
    "speed": lambda scope: speed.report(reading.histories(speed.KINDS), scope, levels=levels()),
    "service-levels": lambda scope: service_levels.report(
        reading.histories(service_levels.KINDS), scope, levels=levels()
    ),
    "handoff": lambda scope: handoff.report(reading.histories(handoff.KINDS), scope),
    "reps": _reps,
    "deliverability": _deliverability,
    "attribution": _attribution,
    "missing": _missing,
    "nps": lambda scope: nps.report(reading.histories(nps.KINDS), scope),
}
