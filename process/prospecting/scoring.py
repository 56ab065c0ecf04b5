"""The score of a lead: rules that count who it is and what it did, as process.yaml writes them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from crm.kinds import activities_of
from workspace.durations import FixedDuration
from workspace.expressions import evaluate, look_up, reads
from workspace.problems import Fault
from workspace.validation import Definition

Text = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Points = Annotated[int, Field(strict=True, ge=-1000, le=1000)]
#: What happened with a lead: the kind of activity, and when.
Happened = tuple[str, datetime]
EVENT = "event"


class ScoringRule(Definition):
    name: Text
    kind: Literal["fit", "engagement"]  #: who the lead is, or what it did
    when: Expression
    points: Points
    #: Only events of so long count; None: all of them.
    within: FixedDuration | None = None

    @model_validator(mode="after")
    def _events_are_engagement(self) -> Self:
        if self.points == 0:
            raise Fault("must not be 0: a rule adds points or takes some", path=("points",))
        if self.kind == "fit" and self.events:
            raise Fault("fit is who a lead is; what it did is engagement", path=("when",))
        if self.within is not None and not self.events:
            raise Fault("belongs to rules that read an event", path=("within",))
        return self

    @cached_property
    def events(self) -> frozenset[str]:
        """The events that it counts; none, when it is no expression, which `check` tells."""
        try:
            return frozenset(chain[1] for chain in reads(self.when) if chain[0] == EVENT)
        except (Fault, IndexError):
            return frozenset()


class Scoring(Definition):
    qualified_at: Points
    rules: Annotated[tuple[ScoringRule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [rule.name for rule in self.rules]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise Fault(f'two rules are called "{name}"', path=("rules", number, "name"))
        return self

    @property
    def most(self) -> int:
        """Of a lead for whom every rule counts that adds points."""
        return sum(rule.points for rule in self.rules if rule.points > 0)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of activity that its rules count."""
        names = (name for rule in self.rules for name in rule.events)
        return frozenset(kind for name in names for kind in activities_of(name))


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A rule, whether it counted, and the facts that it read."""

    rule: ScoringRule
    counts: bool
    facts: Mapping[str, object]

    @property
    def points(self) -> int:
        return self.rule.points if self.counts else 0


@dataclass(frozen=True, kw_only=True)
class Score:
    rules: Sequence[Judged]
    #: When the next event that counts grows too old to.
    ages_at: datetime | None

    @property
    def fit(self) -> int:
        return sum(judged.points for judged in self.rules if judged.rule.kind == "fit")

    @property
    def engagement(self) -> int:
        return sum(judged.points for judged in self.rules if judged.rule.kind == "engagement")

    @property
    def total(self) -> int:
        return self.fit + self.engagement


def score(
    scoring: Scoring,
    facts: Mapping[str, object],
    happened: Iterable[Happened],
    now: datetime,
) -> Score:
    """Every rule held against a lead's facts and what happened with it until `now`."""
    known = [(kind, at) for kind, at in happened if at <= now]
    fresh = {rule.name: _fresh(rule, known, now) for rule in scoring.rules}
    ages = [
        at + rule.within.elapsed
        for rule in scoring.rules
        if rule.within is not None
        for kinds in fresh[rule.name].values()
        for at in kinds
    ]
    return Score(
        rules=[_judged(rule, facts, fresh[rule.name]) for rule in scoring.rules],
        ages_at=min(ages, default=None),
    )


def _fresh(
    rule: ScoringRule, happened: Sequence[Happened], now: datetime
) -> Mapping[str, Sequence[datetime]]:
    """Event -> when it happened, as far as that counts."""
    since = now - rule.within.elapsed if rule.within is not None else None
    return {
        name: [
            at
            for kind, at in happened
            if kind in activities_of(name) and (since is None or at > since)
        ]
        for name in rule.events
    }


def _judged(
    rule: ScoringRule, facts: Mapping[str, object], fresh: Mapping[str, Sequence[datetime]]
) -> Judged:
    known = {**facts, EVENT: {name: len(moments) for name, moments in fresh.items() if moments}}
    read = {".".join(chain): look_up(chain, known) for chain in sorted(reads(rule.when))}
    return Judged(rule=rule, counts=evaluate(rule.when, known), facts=read)
