"""What `apply` would do, before it does it: who gets what when, who not and why, and what it costs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mail.models import EmailTemplate
from process import departures, loads, touches
from process.blueprint import Blueprint, Template
from process.departures import Departure
from process.in_flight import InFlight, in_flight
from process.loads import Costs, MailboxLoad
from process.touches import Touch
from runtime import clock
from sequences import enroll, versions
from sequences.definition import Sequence as Definition
from sequences.judging import in_common
from sequences.mailboxes import Rotation
from sequences.models import AppliedVersion
from sequences.refusals import Candidate
from sequences.whereabouts import Because


@dataclass(frozen=True, kw_only=True)
class SequencePlan:
    """What `apply` would do with one sequence."""

    sequence: str
    digest: str
    #: new | changed | unchanged
    version: str
    enrolls: Sequence[Candidate]
    #: Lead id -> its touches to come.
    touches: Mapping[int, Sequence[Touch]]
    #: Lead id -> its time zone and holidays, see sequences.whereabouts.
    whereabouts: Mapping[int, Mapping[str, Because]]
    #: What refusals have in common -> how many leads, whom the rule names but who are not enrolled.
    refused: Mapping[str, int]
    refusals: Sequence[Candidate]
    #: Template -> the names of the files that its email carries.
    attachments: Mapping[str, Sequence[str]] = field(default_factory=dict)
    in_flight: InFlight | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    made_at: datetime
    sequences: Sequence[SequencePlan]
    mailboxes: Sequence[MailboxLoad]
    #: Rep -> tasks to come.
    reps: Mapping[str, int]
    costs: Sequence[Costs]
    #: Caps of what all mailboxes send together: rows of limit, per_hour, per_day.
    limits: Sequence[Mapping[str, object]] = ()
    #: Whom the stages' exits move as soon as the process is at work.
    departures: Sequence[Departure] = ()


def plan(blueprint: Blueprint) -> Plan:
    """What `apply` would do now; writes nothing."""
    sequences = list(_plans(blueprint))
    foreseen = list(_everybody(sequences))
    return Plan(
        made_at=clock.now(),
        sequences=sequences,
        mailboxes=loads.mailboxes(foreseen),
        reps=loads.reps(foreseen),
        costs=list(loads.costs(foreseen)),
        limits=[{"limit": name, **caps.model_dump()} for name, caps in blueprint.limits if caps],
        departures=list(departures.foreseen(blueprint.process)),
    )


def template_row(template: Template) -> EmailTemplate:
    row = EmailTemplate(
        name=template.name,
        digest=template.digest,
        subject=template.subject,
        text=template.text,
        html=template.html,
        attachments=template.attached(),
    )
    row.unsaved_attachments = template.attachments
    return row


def _plans(blueprint: Blueprint) -> Iterator[SequencePlan]:
    spoken_for: set[int] = set()
    rotation = Rotation()
    for name, definition in blueprint.sequences.items():
        enrolls: list[Candidate] = []
        refusals: list[Candidate] = []
        if definition.enroll is not None and definition.enroll.existing:
            rows = [template_row(blueprint.templates[n]) for n in definition.templates()]
            for candidate in enroll.candidates(definition, rows, rotation=rotation):
                if candidate.refusal:
                    refusals.append(candidate)
                elif candidate.lead.pk not in spoken_for:
                    spoken_for.add(candidate.lead.pk)
                    enrolls.append(candidate)
                elif candidate.mailbox_id is not None:
                    rotation.give_back(candidate.mailbox_id)
        active = versions.active_of(name)
        places = {one.lead.pk: enroll.whereabouts_of(definition, one.lead) for one in enrolls}
        yield SequencePlan(
            sequence=name,
            digest=blueprint.digests[name],
            version=_state_of(active, blueprint.digests[name]),
            enrolls=enrolls,
            touches=dict(touches.foreseen(definition, enrolls, places)),
            whereabouts=places,
            refused=_alike(refusals),
            refusals=refusals,
            attachments=dict(_attached(definition, blueprint.templates)),
            in_flight=in_flight(name, definition, blueprint.digests[name]),
        )


def _alike(refusals: Sequence[Candidate]) -> Mapping[str, int]:
    """Of those whose refusal passes on a day of their own, when the first and the last may enter."""
    sorts: dict[str, list[Candidate]] = defaultdict(list)
    for one in refusals:
        sorts[in_common(one.refusal)].append(one)
    return {f"{why}{_may_enter(why, alike)}": len(alike) for why, alike in sorts.items()}


def _may_enter(why: str, alike: Sequence[Candidate]) -> str:
    own = (one.retry_at for one in alike if one.refusal != why and one.retry_at is not None)
    days = sorted({f"{at:%Y-%m-%d}" for at in own})
    if len(days) > 1:
        return f"; the first may enter on {days[0]}, the last on {days[-1]}"
    return f"; may enter on {days[0]}" if days else ""


def _attached(
    definition: Definition, templates: Mapping[str, Template]
) -> Iterator[tuple[str, list[str]]]:
    for name in definition.templates():
        if found := templates[name].attachments:
            yield name, [one.name for one in found]


def _state_of(active: AppliedVersion | None, digest: str) -> str:
    if active is None:
        return "new"
    return "unchanged" if active.digest == digest else "changed"


def _everybody(
    sequences: Sequence[SequencePlan],
) -> Iterator[tuple[Candidate, Sequence[Touch]]]:
    for entry in sequences:
        for candidate in entry.enrolls:
            yield candidate, entry.touches[candidate.lead.pk]
