"""What a simulation came to: calendar, loads, funnel, ends and stays beyond the service level."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from process.simulation.rows import Touch
from process.simulation.scene import Scene
from workspace.zones import zone

#: What is told of the events, besides emails and tasks, by kind.
TOLD = {
    "answered": "answers",
    "meeting_held": "meetings",
    "unsubscribed": "unsubscribes",
    "bounced": "bounces",
}


@dataclass(frozen=True, kw_only=True)
class Week:
    monday: date
    counts: Mapping[str, int]  #: emails, tasks, answers, ...


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one mailbox sends, or one rep has to do."""

    who: str
    total: int
    busiest: date
    on_that_day: int
    cap: int | None  #: a day, of a mailbox
    weeks: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Ends:
    sequence: str
    begun: int
    #: Reason -> how many; "open" for who is still in it.
    reasons: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Breach:
    """Stays in a stage that were longer than its service level, counted from the beginning on."""

    stage: str
    service_level: str
    stays: int
    beyond: int
    longest_days: float


@dataclass(frozen=True, kw_only=True)
class Report:
    begins: datetime
    ends: datetime
    leads: int
    weeks: Sequence[Week]
    mailboxes: Sequence[Load]
    reps: Sequence[Load]
    #: Stage -> how many leads were ever there, in the order of the process.
    funnel: Mapping[str, int]
    sequences: Sequence[Ends]
    breaches: Sequence[Breach]
    touches: Sequence[Touch]

    def totals(self) -> Mapping[str, int]:
        """Every figure that two runs are compared by."""
        found: Counter[str] = Counter()
        for week in self.weeks:
            found.update(week.counts)
        found |= Counter({f"reached {stage}": count for stage, count in self.funnel.items()})
        for ends in self.sequences:
            found |= Counter({f"{ends.sequence} begun": ends.begun})
            found |= Counter({f"{ends.sequence} {why}": n for why, n in ends.reasons.items()})
        beyond = {f"{breach.stage} too long": breach.beyond for breach in self.breaches}
        return {**found, **beyond}


def report(scene: Scene, begins: datetime) -> Report:
    """Of a scene that has been lived through, since `begins`."""
    place = zone(scene.files.timezone)
    emails = [touch for touch in scene.touches if touch.kind == "email"]
    tasks = [touch for touch in scene.touches if touch.kind == "task"]
    caps = {box.address: box.limits.per_day for box in scene.all_mailboxes()}
    first = _monday(begins.astimezone(place).date())
    count = (_monday(scene.now.astimezone(place).date()) - first).days // 7 + 1
    mondays = [first + timedelta(weeks=number) for number in range(count)]
    return Report(
        begins=begins,
        ends=scene.now,
        leads=len(scene.leads),
        weeks=list(_weeks(scene, mondays, begins)),
        mailboxes=list(_loads(emails, mondays, scene, caps)),
        reps=list(_loads(tasks, mondays, scene, {})),
        funnel=_funnel(scene),
        sequences=list(_ends(scene)),
        breaches=list(_breaches(scene, begins)),
        touches=scene.touches,
    )


def _weeks(scene: Scene, mondays: Sequence[date], begins: datetime) -> Iterator[Week]:
    place = zone(scene.files.timezone)
    counted: dict[date, Counter[str]] = defaultdict(Counter)
    for touch in scene.touches:
        counted[_monday(touch.at.astimezone(place).date())][f"{touch.kind}s"] += 1
    for lead in scene.leads.values():
        for at, kind in lead.events:
            if kind in TOLD and at >= begins:
                counted[_monday(at.astimezone(place).date())][TOLD[kind]] += 1
    names = ("emails", "tasks", *TOLD.values())
    for monday in mondays:
        yield Week(monday=monday, counts={name: counted[monday][name] for name in names})


def _loads(
    touches: Sequence[Touch], mondays: Sequence[date], scene: Scene, caps: Mapping[str, int]
) -> Iterator[Load]:
    place = zone(scene.files.timezone)
    days: dict[str, Counter[date]] = defaultdict(Counter)
    for touch in touches:
        days[touch.by][touch.at.astimezone(place).date()] += 1
    for who, found in sorted(days.items()):
        busiest, most = min(found.items(), key=lambda one: (-one[1], one[0]))
        weeks: Counter[date] = Counter()
        for day, count in found.items():
            weeks[_monday(day)] += count
        yield Load(
            who=who,
            total=found.total(),
            busiest=busiest,
            on_that_day=most,
            cap=caps.get(who),
            weeks=[weeks[monday] for monday in mondays],
        )


def _funnel(scene: Scene) -> Mapping[str, int]:
    been: dict[str, set[int]] = defaultdict(set)
    for move in scene.moves:
        been[move.before].add(move.lead_id)
        been[move.after].add(move.lead_id)
    for lead in scene.leads.values():
        been[lead.stage].add(lead.pk)
    return {stage.name: len(been[stage.name]) for stage in scene.files.process.stages}


def _ends(scene: Scene) -> Iterator[Ends]:
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for enrollment in scene.enrollments:
        reasons[enrollment.sequence.name][enrollment.reason or "open"] += 1
    for sequence, counted in sorted(reasons.items()):
        yield Ends(sequence=sequence, begun=counted.total(), reasons=dict(counted.most_common()))


def _breaches(scene: Scene, begins: datetime) -> Iterator[Breach]:
    stays: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    since: dict[int, datetime] = {}
    for move in scene.moves:
        stays[move.before].append((since.get(move.lead_id, begins), move.at))
        since[move.lead_id] = move.at
    for lead in scene.leads.values():
        stays[lead.stage].append((since.get(lead.pk, begins), scene.now))
    for stage in scene.files.process.stages:
        found = stays[stage.name]
        limit, place = stage.service_level, scene.files.timezone
        beyond = [(came, left) for came, left in found if left > limit.after(came, place)]
        longest = max((left - came for came, left in found), default=timedelta(0))
        yield Breach(
            stage=stage.name,
            service_level=str(limit),
            stays=len(found),
            beyond=len(beyond),
            longest_days=round(longest / timedelta(days=1), 1),
        )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
