"""The team at its desks: every working day reps work off their queues, and see who stands still;
marketing names leads that they should take.

What they do here they do as on the command line, and in the CRM by hand; who picks up the phone and
what comes of it the sandbox decides, which keeps its own record of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import Any

import requests

from config.demo import marketing
from crm import owning, stages
from crm.models import Connection, Deal, Lead
from process import asked, desk, losses, moves, outcomes, questions, standstill, tasks
from process.definition import STAGES
from process.desk import Entry
from process.models import Task
from process.prospecting import qualifying
from runtime import clock

_HOUR = time(9, 30)
_SATURDAY = 5
#: So many tasks a rep gets done at a time.
AT_A_TIME = 20
#: Nobody's service level ends before the next look.
AHEAD = timedelta(days=4)
#: Of so many leads that marketing gives them, reps give one back.
REJECT_ONE_OF = 4


@dataclass(kw_only=True)
class Desk:
    control: str
    ends_at: datetime

    def __post_init__(self) -> None:
        self.session = requests.Session()

    def is_due(self, now: datetime) -> bool:
        return now == _look(now) or now == self.ends_at

    def next_due(self, now: datetime) -> datetime | None:
        looks = (_look(now + timedelta(days=number)) for number in range(4))
        later = (look for look in looks if look is not None and look > now)
        following = min(next(later, self.ends_at), self.ends_at)
        return following if following > now else None

    def work(self, now: datetime) -> None:
        queue = sorted(desk.entries(now), key=lambda entry: entry.task.owner_id or 0)
        by_rep = groupby(queue, key=lambda entry: entry.task.owner_id)
        todo = [entry for _, mine in by_rep for entry in list(mine)[:AT_A_TIME]]
        self._call([entry for entry in todo if entry.task.kind == "call"])
        for entry in todo:
            if entry.task.kind != "call":
                self._do(entry.task)
        for lead in standstill.leads(now, ahead=AHEAD):
            self._decide(lead)
        self._name(marketing.named(now))

    def _call(self, entries: Sequence[Entry]) -> None:
        """Call everybody, and note how it turned out."""
        asked = [{"email": e.task.lead.email, "rep": _rep(e.task.lead)} for e in entries]
        for entry, outcome in zip(entries, self._ask("/calls", asked), strict=True):
            disposition = outcome if outcome in entry.dispositions else ""
            tasks.done(entry.task.pk, disposition=disposition, by=_rep(entry.task.lead))

    def _do(self, task: Task) -> None:
        if task.kind == questions.ACCEPT:
            self._answer(task)
            return
        process = outcomes.applied()
        rule = process.loss_reason if process else None
        if rule is not None and task.key.startswith("loss_reason:"):
            reason = rule.choices[task.pk % len(rule.choices)]
            losses.lose(task.lead, reason, by=_rep(task.lead))
        tasks.done(task.pk, by=_rep(task.lead))

    def _answer(self, task: Task) -> None:
        """Marketing's lead is taken, or given back with a reason."""
        _, *reasons = asked.answers(task, outcomes.applied())
        number, is_taken = divmod(task.pk, REJECT_ONE_OF)
        if is_taken:
            qualifying.accept(task.lead, by=_rep(task.lead))
        else:
            reason = reasons[number % len(reasons)]
            qualifying.reject(task.lead, reason, by=_rep(task.lead))

    def _name(self, contacts: Sequence[str]) -> None:
        """What marketing does in HubSpot."""
        if contacts:
            act = {"do": "edit", "crm": "hubspot", "object": "contacts", "ids": contacts}
            self._ask("/hands", {**act, "values": marketing.MQL})

    def _decide(self, lead: Lead) -> None:
        """With whom nothing is under way: a deal is lost or made, in the CRM; else the lead moves."""
        deal = stages.bound_deal(lead)
        if deal is not None and not deal.is_closed:
            self._lose(lead, deal)
        elif lead.stage == "Presentation" and lead.source.name == "hubspot":
            self._make_deal(lead)
        else:
            self._ask("/moves", [{"email": lead.email, "to": STAGES[-1]}])
            moves.by_person(lead, STAGES[-1], by=_rep(lead), why="nothing came of it so far")

    def _lose(self, lead: Lead, deal: Deal) -> None:
        record = stages.live_records("deal", [deal.pk], lead.source_id)[deal.pk]
        crm = lead.source.name
        act = {"do": "lose", "crm": crm, "ids": [record.external_id], "reason": "timing"}
        self._ask("/hands", act)
        _look_at_once(lead)

    def _make_deal(self, lead: Lead) -> None:
        record = stages.live_records("lead", [lead.pk], lead.source_id)[lead.pk]
        deal = {"do": "create", "crm": "hubspot", "object": "deals"}
        owner = owning.known_as(lead.owner, lead.source_id) if lead.owner else None
        row = {"dealname": f"Demo for {lead}", "dealstage": "presentation", "pipeline": "default"}
        if owner is not None:
            row["hubspot_owner_id"] = owner
        [[made]] = self._ask("/hands", {**deal, "rows": [row]})
        to = ["contacts", record.external_id]
        self._ask("/hands", {**deal, "do": "link", "ids": [made], "to": to})
        _look_at_once(lead)

    def _ask(self, path: str, told: object) -> Any:
        answer = self.session.post(f"{self.control}{path}", json=told, timeout=60)
        answer.raise_for_status()
        return answer.json()


def _look(day: datetime) -> datetime | None:
    """When reps look on that day; None on weekends."""
    if day.weekday() >= _SATURDAY:
        return None
    return datetime.combine(day.date(), _HOUR, tzinfo=UTC)


def _rep(lead: Lead) -> str:
    return lead.owner.email if lead.owner else "nobody"


def _look_at_once(lead: Lead) -> None:
    """A CRM's webhook would tell what was done there."""
    Connection.objects.filter(pk=lead.source_id).update(pull_due_at=clock.now())
