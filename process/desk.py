"""The open tasks of one rep, or of all, in their order and with what a person needs to do them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from crm import stages
from crm.kinds import TOUCHES
from crm.models import Activity, Deal, Lead
from mail.models import Sender
from process import assigned, outcomes, queue
from process.models import Task
from process.queue import Place, Waiting
from workspace.durations import Duration
from workspace.zones import known, zone

#: So many of the last touches are told.
_TOUCHES = 3


@dataclass(frozen=True, kw_only=True)
class Entry:
    task: Task
    place: Place
    touches: str  #: the last ones, in a line
    dispositions: Sequence[str]

    @property
    def tel(self) -> str:
        """The phone number as a link dials it."""
        return "".join(char for char in self.task.lead.phone if char in "+0123456789")

    @property
    def say(self) -> str:
        return self.task.say or self.task.title


def entries(now: datetime, *, owner: str | None = None) -> list[Entry]:
    """The most urgent first, without what sleeps; `owner` is an email address, None: everybody's."""
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=now)
    rows = Task.objects.filter(awake, done_at=None).select_related("lead__company", "owner")
    if owner is not None:
        rows = rows.filter(owner__email__iexact=owner)
    return _entries(list(rows), now)


def entry(task: Task, now: datetime) -> Entry:
    return _entries([task], now)[0]


def in_the_teams_zone(moment: datetime) -> datetime:
    """What a person wrote without a zone."""
    return moment.replace(tzinfo=_zone())


def tomorrow(now: datetime) -> date:
    """The team's."""
    return (now.astimezone(_zone()) + timedelta(days=1)).date()


def _zone() -> ZoneInfo:
    sender = Sender.objects.first()
    return zone(sender.timezone if sender else "UTC")


def _entries(tasks: Sequence[Task], now: datetime) -> list[Entry]:
    ids = {task.lead_id for task in tasks}
    deals, touches = stages.bound_deals(ids), _touches(ids)
    turns_out = assigned.dispositions_of(tasks)
    levels = _service_levels()
    by_id = {task.pk: task for task in tasks}
    waiting = (_waiting(task, deals.get(task.lead_id), levels) for task in tasks)
    return [
        Entry(
            task=by_id[place.task],
            place=place,
            touches=_line(touches[by_id[place.task].lead_id]),
            dispositions=turns_out[place.task],
        )
        for place in queue.order(waiting, now)
    ]


def _waiting(task: Task, deal: Deal | None, levels: Mapping[str, Duration]) -> Waiting:
    lead = task.lead
    return Waiting(
        id=task.pk,
        created_at=task.created_at,
        due_at=task.due_at,
        stage=lead.stage,
        stage_until=_stage_until(lead, levels),
        amount=None if deal is None or deal.is_closed else deal.amount,
        score=lead.score,
    )


def _stage_until(lead: Lead, levels: Mapping[str, Duration]) -> datetime | None:
    level = levels.get(lead.stage)
    if level is None or lead.stage_since is None:
        return None
    return level.after(lead.stage_since, known(lead.timezone))


def _service_levels() -> Mapping[str, Duration]:
    process = outcomes.applied()
    return {stage.name: stage.service_level for stage in process.stages} if process else {}


def _touches(lead_ids: Iterable[int]) -> Mapping[int | None, list[Activity]]:
    """The newest first."""
    found: dict[int | None, list[Activity]] = defaultdict(list)
    kinds = {*TOUCHES, "task_done"}
    rows = Activity.objects.filter(lead__in=lead_ids, kind__in=kinds)
    for activity in rows.order_by("-occurred_at", "-pk"):
        if activity.kind == "called" and "task_id" in activity.data:
            continue  # its task says how it turned out
        if len(found[activity.lead_id]) < _TOUCHES:
            found[activity.lead_id].append(activity)
    return found


def _line(touches: Sequence[Activity]) -> str:
    return "; ".join(f"{_what(one)} {one.occurred_at:%Y-%m-%d}" for one in touches)


def _what(activity: Activity) -> str:
    if activity.kind != "task_done":
        return activity.kind.removeprefix("crm_").replace("_", " ")
    said = activity.data.get("disposition") or "done"
    return f"{activity.data.get('task', 'task')}: {said}".replace("_", " ")
