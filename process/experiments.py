"""Where the experiments stand: what came of each variant, what that says, and what is missing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mail.models import EmailTemplate
from process.blueprint import Blueprint
from process.planning import Plan, SequencePlan
from sequences import versions
from sequences.definition import EmailStep
from sequences.definition import Sequence as Definition
from sequences.email_step import Experiment
from sequences.experiments import Arm, Judgment, Range, judge, rate_of
from sequences.power import Needed, more_at_these_rates, needed
from sequences.steps import everywhere
from sequences.tallies import Tallies, tallies


@dataclass(frozen=True, kw_only=True)
class Row:
    """One variant; companies are what is counted."""

    arm: Arm
    replies: int
    meetings: int
    #: Where its rate lies, at every look.
    rate: Range
    #: To tell the smallest difference worth knowing in 8 of 10 experiments.
    needed: int


@dataclass(frozen=True, kw_only=True)
class Report:
    sequence: str
    step: str
    at: str  #: file:line
    trial: Experiment
    since: datetime | None
    rows: Sequence[Row]
    judgment: Judgment
    #: Companies, all variants together, until it is decided if answers go on as they came.
    more_at_these_rates: int | None

    def missing(self, row: Row) -> int:
        """Companies that the variant is short of; none once it is decided."""
        return 0 if self.judgment.is_decided else max(0, row.needed - row.arm.units)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a plan means for an experiment."""

    sequence: str
    step: str
    trial: Experiment
    needed: Needed
    #: Companies by variant, written to so far and by the plan.
    so_far: Mapping[str, int]
    planned: Mapping[str, int]

    @property
    def is_enough(self) -> bool:
        have = {name: self.so_far[name] + self.planned[name] for name in self.so_far}
        return all(have[name] >= count for name, count in self.needed.always.items())


def reports() -> list[Report]:
    """Of every step with variants in the sequences at work."""
    return [
        _report(definition, step, {name: version.templates[name] for name in step.email})
        for version in versions.active()
        for definition in [versions.definition_of(version)]
        for step in _steps(definition)
    ]


def outlooks(blueprint: Blueprint, plan: Plan) -> list[Outlook]:
    """Of every step with variants in the plan: whether it can be decided by those it enrolls."""
    return [
        _outlook(entry, step, _texts(blueprint, step))
        for entry in plan.sequences
        for step in _steps(blueprint.sequences[entry.sequence])
    ]


def _steps(definition: Definition) -> Iterator[EmailStep]:
    for _, step in everywhere(definition.steps):
        if isinstance(step, EmailStep) and step.has_variants:
            yield step


def _report(definition: Definition, step: EmailStep, texts: Mapping[str, int]) -> Report:
    counted, trial = tallies(definition.name, step, texts), step.trial
    arms = _arms(step, counted)
    need, smallest = _needed(step), trial.difference
    return Report(
        sequence=definition.name,
        step=step.id,
        at=definition.place(step.id),
        trial=trial,
        since=counted.since,
        rows=[
            Row(
                arm=arm,
                replies=counted.by_variant[arm.name].replies,
                meetings=counted.by_variant[arm.name].meetings,
                rate=rate_of(arm),
                needed=need.always[arm.name],
            )
            for arm in arms
        ],
        judgment=judge(arms, smallest=smallest),
        more_at_these_rates=more_at_these_rates(arms, smallest=smallest),
    )


def _arms(step: EmailStep, counted: Tallies) -> list[Arm]:
    return [
        counted.by_variant[name].arm(name, weight, step.trial.measure)
        for name, weight in step.email.items()
    ]


def _needed(step: EmailStep) -> Needed:
    return needed(step.email, step.trial.expected, step.trial.better)


def _outlook(entry: SequencePlan, step: EmailStep, texts: Mapping[str, int]) -> Outlook:
    counted = tallies(entry.sequence, step, texts)
    return Outlook(
        sequence=entry.sequence,
        step=step.id,
        trial=step.trial,
        needed=_needed(step),
        so_far={name: counted.by_variant[name].units for name in step.email},
        planned=_planned(entry, step),
    )


def _planned(entry: SequencePlan, step: EmailStep) -> Mapping[str, int]:
    """Companies by the variant that the plan foresees for them."""
    dealt: dict[str, str] = {}
    for candidate in entry.enrolls:
        lead = candidate.lead
        for touch in entry.touches[lead.pk]:
            if touch.kind == "email" and touch.step == step.id:
                unit = f"company {lead.company_id}" if lead.company_id else f"lead {lead.pk}"
                dealt[unit] = touch.what
    counts = Counter(dealt.values())
    return {name: counts[name] for name in step.email}


def _texts(blueprint: Blueprint, step: EmailStep) -> Mapping[str, int]:
    """The rows of the variants' texts as they are in the files, where they are applied already."""
    digests = {name: blueprint.templates[name].digest for name in step.email}
    rows = EmailTemplate.objects.filter(name__in=digests)
    return {row.name: row.pk for row in rows if row.digest == digests[row.name]}
