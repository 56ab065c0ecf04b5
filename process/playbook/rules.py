"""What the rules of the process say, in words: answers, tasks, scores, owners, acceptance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from process.blueprint import Blueprint
from process.marketing.definition import LEVELS, Called
from process.objections.definition import Play
from process.playbook.conditions import fact, humanized, listed, said
from process.playbook.sample import Sample
from process.playbook.views import SequencePage
from process.playbook.words import Link, Words, happens, starts_words
from sequences import dispositions

#: A row of a table.
Row = Sequence[str]
_ORDER = {"round_robin": "one lead each in turn"}
_KINDS = ("call", "social", "research", "email", "meeting")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a task of a kind may turn out, and what that starts."""

    kind: str
    name: str
    means: Words


@dataclass(frozen=True, kw_only=True)
class Told:
    """A task that a sequence gives."""

    kind: str
    title: str
    due: str
    say: str
    sequence: Link


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An objection, how one knows it and what is said and done about it."""

    name: str
    answer: str
    phrases: Sequence[str]
    response: str
    asset: str
    play: Words
    next_step: str


def objections(blueprint: Blueprint, sample: Sample) -> list[Answered]:
    return [
        Answered(
            name=humanized(kind),
            answer=humanized(one.answer),
            phrases=blueprint.process.answers.get(one.answer, ()),
            response=sample.line(one.response).strip(),
            asset=one.asset or "",
            play=_play(one.play, sample),
            next_step=one.next_step,
        )
        for kind, one in (blueprint.process.objections or {}).items()
    ]


def _play(play: Play, sample: Sample) -> Words:
    if play.enroll is not None:
        return ["The sequence ", Link("sequence", play.enroll), " begins."]
    return [
        f"Its owner gets a task ({play.task}), due within {play.due}: {sample.line(play.title or '')}"
    ]


def outcomes(blueprint: Blueprint, sample: Sample) -> Iterator[Outcome]:
    for kind in _KINDS:
        for name in dispositions.names(kind, blueprint.process.dispositions):
            starts = dispositions.meaning(name)
            means = starts_words(starts, sample.line(starts.title or "")) if starts else []
            booked = name == dispositions.MEETING_SET
            yield Outcome(kind=kind, name=humanized(name),
                          means=means or ["a meeting is noted as booked" if booked else ""])  # fmt: skip


def tasks(pages: Sequence[SequencePage], sample: Sample) -> list[Told]:
    """Those of every sequence, by their kind."""
    found = [
        Told(
            kind=step.task,
            title=sample.line(step.title),
            due=str(step.due),
            say=sample.line(step.say).strip() if step.say else "",
            sequence=Link("sequence", page.sequence.name),
        )
        for page in pages
        for step in page.sequence.tasks.values()
    ]
    return sorted(found, key=_by_kind)


def _by_kind(task: Told) -> int:
    return _KINDS.index(task.kind)


def scoring(blueprint: Blueprint) -> list[Row]:
    """Rule, what it is about, when it counts, points."""
    settings = blueprint.process.scoring
    if settings is None:
        return []
    return [
        (
            rule.name,
            rule.kind,
            said(rule.when) + (f", within {rule.within}" if rule.within else ""),
            f"{rule.points:+d}",
        )
        for rule in settings.rules
    ]


def territories(blueprint: Blueprint) -> list[Row]:
    """Territory, who belongs to it, whose leads they are."""
    settings = blueprint.process.assignment
    if settings is None:
        return []
    return [
        (
            territory.name,
            said(territory.when) if territory.when else "all others",
            f"{listed(territory.owners, 'and')}, {_ORDER[territory.order]}",
        )
        for territory in settings.territories
    ]


def occasions(blueprint: Blueprint) -> str:
    settings = blueprint.process.assignment
    return listed([happens(name) for name in settings.on]) if settings else ""


def absences(blueprint: Blueprint) -> list[str]:
    settings = blueprint.process.assignment
    return (
        [f"{one.owner}: {one.first} to {one.last}" for one in settings.absences] if settings else []
    )


def called_in_crms(blueprint: Blueprint) -> list[Row]:
    """CRM, and what it calls each qualification from marketing's lead to the customer, and a no."""
    return [
        (name, *(_called(getattr(crm, level)) for level in (*LEVELS, "rejected")))
        for name, crm in blueprint.process.marketing.items()
    ]


def _called(called: Called | None) -> str:
    words = called.words() if called else {}
    return ", ".join(f"{humanized(name)} {word}" for name, word in words.items())


def standstill(blueprint: Blueprint) -> str:
    rule = blueprint.process.stalled
    if rule is None:
        return ""
    stages = listed(rule.stages)
    return f"When nothing has happened with an open deal in {stages} for {rule.after}, its lead's owner gets a task."


def handoff(blueprint: Blueprint, sample: Sample) -> str:
    rule = blueprint.process.handoff
    if rule is None:
        return ""
    return f"A won deal gives the lead's owner a task ({rule.task}), due within {rule.due}: {sample.line(rule.title)}"


def renewal(blueprint: Blueprint) -> str:
    settings = blueprint.process.renewal
    if settings is None:
        return ""
    return f"{settings.before} before {fact(settings.field.split('.'))} of a won deal, its people are told to be due."
