"""What each page tells, gathered from the blueprint: of stages, sequences and emails."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import TemplateError

from process.blueprint import Blueprint, Template
from process.definition import Stage
from process.playbook.conditions import fact, humanized, listed, said
from process.playbook.sample import Sample
from process.playbook.timeline import Line, timeline
from process.playbook.words import (
    Link,
    Words,
    exit_words,
    happens,
    starts_words,
    window_words,
)
from sequences.definition import Enroll
from sequences.definition import Sequence as Definition
from sequences.email_step import EmailStep
from sequences.steps import everywhere

_CHANGED = {
    "finish": "When this file changes, who is in it finishes the version that they began with.",
    "move": "When this file changes, who is in it goes on in the new version at their next step.",
    "restart": "When this file changes, who is in it begins again, without what they have had.",
}


@dataclass(frozen=True, kw_only=True)
class Exit:
    """One way from a stage to another; the link leads to the far end."""

    words: str
    stage: Link


@dataclass(frozen=True, kw_only=True)
class StagePage:
    number: int
    stage: Stage
    exits: Sequence[Exit]
    entries: Sequence[Exit]
    sequences: Sequence[Link]
    requires: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class SequencePage:
    sequence: Definition
    enters: Sequence[str]
    window: str
    lines: Sequence[Line]
    ends: Sequence[str]
    answers: Sequence[tuple[str, Words]]
    changed: str


@dataclass(frozen=True, kw_only=True)
class TemplatePage:
    name: str
    subject: str
    text: str
    problem: str  #: why it cannot be made for the sample lead; blank when it can
    sources: Sequence[tuple[str, str]]
    attachments: Sequence[str]
    senders: Sequence[tuple[Link, str]]  #: and the step


def stage_pages(blueprint: Blueprint) -> list[StagePage]:
    return [
        StagePage(
            number=number,
            stage=stage,
            exits=[Exit(words=exit_words(rule), stage=_to(rule.to)) for rule in stage.exit],
            entries=list(_entries(blueprint, stage)),
            sequences=_worked_by(blueprint, stage),
            requires=[fact(name.split(".")) for name in stage.requires],
        )
        for number, stage in enumerate(blueprint.process.stages, start=1)
    ]


def _to(name: str) -> Link:
    return Link("stage", name)


def _entries(blueprint: Blueprint, stage: Stage) -> Iterator[Exit]:
    for other in blueprint.process.stages:
        for rule in other.exit:
            if rule.to == stage.name:
                yield Exit(words=exit_words(rule), stage=_to(other.name))


def _worked_by(blueprint: Blueprint, stage: Stage) -> list[Link]:
    """The stage's tactics, and whatever else says that it is one."""
    others = (name for name, one in blueprint.sequences.items() if one.stage == stage.name)
    return [Link("sequence", name) for name in dict.fromkeys([*stage.tactics.sequences, *others])]


def sequence_pages(blueprint: Blueprint, sample: Sample) -> list[SequencePage]:
    return [
        SequencePage(
            sequence=sequence,
            enters=list(_enters(sequence.enroll)),
            window=window_words(sequence.window),
            lines=timeline(sequence, sample.line),
            ends=[said(rule) for rule in sequence.exit],
            answers=[
                (humanized(name), starts_words(starts, sample.line(starts.title or "")))
                for name, starts in sequence.on_reply.items()
            ],
            changed=_CHANGED[sequence.when_changed],
        )
        for sequence in blueprint.sequences.values()
    ]


def _enters(rule: Enroll | None) -> Iterator[str]:
    if rule is None:
        yield "Nobody by itself: people are enrolled by hand, or by another sequence."
        return
    moments = listed([happens(name) for name in rule.on])
    yield f"When {moments}, if {said(rule.when)}." if rule.on else f"If {said(rule.when)}."
    if rule.list:
        yield f"Only who is in the list {rule.list}."
    if rule.requires:
        facts = listed([fact(name.split(".")) for name in rule.requires], "and")
        yield f"Only if we know {facts}."
    if rule.quiet_for:
        yield f"Only if nobody of us has been in touch with the lead for {rule.quiet_for}."
    if rule.exclusive == "company":
        yield "Only while nobody else of the company is in a sequence."
    if not rule.existing:
        yield "Only who comes to meet it from now on, not who does already."
    yield f"Again {rule.again} after it ended, at the earliest." if rule.again else "Once only."
    if rule.per_day:
        yield f"{rule.per_day} people a day at most."
    if rule.active_per_rep:
        yield f"{rule.active_per_rep} people at a time of each rep at most."


def template_pages(blueprint: Blueprint, sample: Sample) -> list[TemplatePage]:
    return [_template(blueprint, one, sample) for one in blueprint.templates.values()]


def _template(blueprint: Blueprint, template: Template, sample: Sample) -> TemplatePage:
    subject = text = problem = ""
    try:
        subject = sample.text(template.subject, "") if template.subject else ""
        text = sample.text(template.text, template.html)
    except TemplateError as error:
        problem = str(error)
    return TemplatePage(
        name=template.name,
        subject=subject,
        text=text.strip("\n"),
        problem=problem,
        sources=list(template.parts()),
        attachments=[one.name for one in template.attachments],
        senders=list(_senders(blueprint, template.name)),
    )


def _senders(blueprint: Blueprint, template: str) -> Iterator[tuple[Link, str]]:
    for name, sequence in blueprint.sequences.items():
        for _, step in everywhere(sequence.steps):
            if isinstance(step, EmailStep) and template in step.email:
                yield Link("sequence", name), step.id
