"""What `apply` would do, before it does it: who gets what when, who not and why, and what it costs.

A plan can be frozen: `apply` then enrolls just these people, and refuses when the world has moved.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil

from crm.connections import UNUSABLE, connector_of
from crm.models import Connection
from mail.models import EmailTemplate, Mailbox, Sender
from process import departures, touches
from process.blueprint import Blueprint, Template
from process.departures import Departure
from process.frozen import Frozen, Moved
from process.touches import Touch
from runtime import clock
from sequences import cadence, enroll, moving, versions
from sequences.cadence import State
from sequences.definition import Sequence as Definition
from sequences.judging import in_common
from sequences.mailboxes import Rotation
from sequences.models import AppliedVersion, Enrollment
from sequences.refusals import OPEN, Candidate
from sequences.states import ask_about
from sequences.whereabouts import Because
from workspace.zones import zone

#: Enrollments are looked at in pages of this size.
PAGE = 500


@dataclass(frozen=True, kw_only=True)
class InFlight:
    """The people who are in a sequence whose file has changed."""

    policy: str  #: finish | move | restart
    count: int
    #: What it means -> how many people: "goes on behind opening", ...
    changes: Mapping[str, int]


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
    #: Refusal -> how many leads, for those whom the rule names but who are not enrolled.
    refused: Mapping[str, int]
    refusals: Sequence[Candidate]
    #: Template -> the names of the files that its email carries.
    attachments: Mapping[str, Sequence[str]] = field(default_factory=dict)
    in_flight: InFlight | None = None


@dataclass(frozen=True, kw_only=True)
class MailboxLoad:
    address: str
    emails: int
    busiest_day: date
    on_that_day: int
    per_day: int  #: its cap


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What the touches come to in one connection: lines on its timelines, in batches."""

    connection: str
    writes: int
    calls: int | None  #: None: the connection's login is not configured here


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
    return Plan(
        made_at=clock.now(),
        sequences=sequences,
        mailboxes=_mailboxes(sequences),
        reps=_reps(sequences),
        costs=list(_costs(sequences)),
        limits=[{"limit": name, **caps.model_dump()} for name, caps in blueprint.limits if caps],
        departures=list(departures.foreseen(blueprint.process)),
    )


def freeze(planned: Plan) -> Frozen:
    return Frozen(
        made_at=planned.made_at.isoformat(),
        digests={entry.sequence: entry.digest for entry in planned.sequences},
        enrolls={entry.sequence: _rows(entry) for entry in planned.sequences},
        names={
            str(candidate.lead.pk): str(candidate.lead)
            for entry in planned.sequences
            for candidate in entry.enrolls
        },
    )


def compare(frozen: Frozen, now: Plan) -> None:
    """Raises Moved with every difference between what was planned and what would be done now."""
    told = list(_differences(frozen, now))
    if told:
        when = f"the plan of {frozen.made_at[:16].replace('T', ' ')} no longer holds:"
        raise Moved("\n".join([when, *(f"  {line}" for line in told), "Plan again: cadenza plan"]))


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
            refused=Counter(in_common(candidate.refusal) for candidate in refusals),
            refusals=refusals,
            attachments=dict(_attached(definition, blueprint.templates)),
            in_flight=_in_flight(name, definition, blueprint.digests[name]),
        )


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


def _in_flight(name: str, definition: Definition, digest: str) -> InFlight | None:
    """What the file as it is now means for those who are in another version of it."""
    people = Enrollment.objects.filter(sequence=name, status__in=OPEN).exclude(
        version__digest=digest
    )
    people = people.select_related("version").order_by("pk")
    changes: Counter[str] = Counter()
    last = 0
    while page := list(people.filter(pk__gt=last)[:PAGE]):
        last = page[-1].pk
        for enrollment, asked in zip(page, ask_about(page), strict=True):
            changes[_change(enrollment, definition, asked.state)] += 1
    count = sum(changes.values())
    policy = definition.when_changed
    return InFlight(policy=policy, count=count, changes=changes) if count else None


def _change(enrollment: Enrollment, definition: Definition, state: State) -> str:
    if definition.when_changed == "finish":
        return "finishes the version it began with"
    now = clock.now()
    to = moving.move(versions.definition_of(enrollment.version), definition, state, now)
    if to is None:
        return "goes over once its step at hand has ended"
    decision = cadence.decide(definition, moving.moved(state, to), now)
    until = getattr(decision, "until", None)
    step = decision.because.get("step") or decision.because["rule"]
    place = f"behind {to.anchor}" if to.anchor else "from the top"
    return f"goes on {place}, next: {step}{f' on {until:%Y-%m-%d}' if until else ' at once'}"


def _mailboxes(sequences: Sequence[SequencePlan]) -> list[MailboxLoad]:
    sender = Sender.objects.first()
    place = zone(sender.timezone if sender else "UTC")
    days: dict[int, Counter[date]] = {}
    for entry, candidate in _everybody(sequences):
        for touch in entry.touches[candidate.lead.pk]:
            if touch.kind == "email" and candidate.mailbox_id is not None:
                day = touch.at.astimezone(place).date()
                days.setdefault(candidate.mailbox_id, Counter())[day] += 1
    rows = Mailbox.objects.in_bulk(days)
    return sorted(
        (
            MailboxLoad(
                address=rows[pk].address,
                emails=count.total(),
                busiest_day=count.most_common(1)[0][0],
                on_that_day=count.most_common(1)[0][1],
                per_day=rows[pk].per_day,
            )
            for pk, count in days.items()
        ),
        key=lambda load: load.address,
    )


def _reps(sequences: Sequence[SequencePlan]) -> Mapping[str, int]:
    tasks: Counter[str] = Counter()
    for entry, candidate in _everybody(sequences):
        found = entry.touches[candidate.lead.pk]
        tasks[str(candidate.lead.owner)] += sum(touch.kind == "task" for touch in found)
    return dict(sorted((+tasks).items()))


def _costs(sequences: Sequence[SequencePlan]) -> Iterator[Costs]:
    """Each touch is a line on its lead's timeline, in the CRM that the lead came from."""
    writes: Counter[int] = Counter()
    for entry, candidate in _everybody(sequences):
        writes[candidate.lead.source_id] += len(entry.touches[candidate.lead.pk])
    for connection in Connection.objects.filter(pk__in=writes).order_by("name"):
        count = writes[connection.pk]
        yield Costs(connection=connection.name, writes=count, calls=_calls(connection, count))


def _calls(connection: Connection, writes: int) -> int | None:
    try:
        return ceil(writes / connector_of(connection).sizes.written)
    except UNUSABLE:  # a login that is not configured here costs the plan nothing
        return None


def _everybody(sequences: Sequence[SequencePlan]) -> Iterator[tuple[SequencePlan, Candidate]]:
    for entry in sequences:
        for candidate in entry.enrolls:
            yield entry, candidate


def _rows(entry: SequencePlan) -> list[list[int | None]]:
    found = ((c.lead.pk, c.deal.pk if c.deal else None, c.mailbox_id) for c in entry.enrolls)
    return [list(row) for row in sorted(found, key=lambda row: row[0])]


def _differences(frozen: Frozen, now: Plan) -> Iterator[str]:
    current = {entry.sequence: entry for entry in now.sequences}
    for name in sorted({*frozen.digests, *current}):
        if name not in current:
            yield f"sequences: {name} is gone"
        elif name not in frozen.digests:
            yield f"sequences: {name} is new"
        else:
            entry = current[name]
            if entry.digest != frozen.digests[name]:
                yield f"{name}: its file, a template of it or process.yaml has changed"
            yield from _people(name, frozen, entry)


def _people(name: str, frozen: Frozen, entry: SequencePlan) -> Iterator[str]:
    then = {int(row[0] or 0): list(row) for row in frozen.enrolls.get(name, [])}
    now = {int(row[0] or 0): row for row in _rows(entry)}
    why = {candidate.lead.pk: candidate.refusal for candidate in entry.refusals}
    names = {candidate.lead.pk: str(candidate.lead) for candidate in entry.enrolls}
    for lead in sorted({*then, *now}):
        if lead not in now:
            reason = why.get(lead, "")
            who = frozen.names.get(str(lead), f"lead {lead}")
            yield f"{name}: {who} is out: {reason or 'its rule is no longer true'}"
        elif lead not in then:
            yield f"{name}: {names[lead]} has come in"
        elif then[lead] != now[lead]:
            yield f"{name}: {names[lead]} has another deal or mailbox"
