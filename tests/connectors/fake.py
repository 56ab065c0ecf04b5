"""A CRM in memory that is a Connector and passes the conformance suite; for tests of what uses one.

crm = FakeCrm()
crm.put("lead", LeadRecord(external_id="l1", email="ada@example.com"))
connector = crm.connector()
"""

from collections import Counter
from dataclasses import fields, replace
from typing import Any

from connectors.base import Choice, Page, Sizes
from connectors.engagements import EventPage
from connectors.errors import Conflict, Outcome, Refused, Unauthorized, Unavailable
from connectors.records import TYPES

SECRET = "right"
_PAGE = 2


class FakeCrm:
    """The account: what it holds, and what it was asked."""

    def __init__(self):
        self.records: dict[str, dict[str, Any]] = {kind: {} for kind in TYPES}
        #: (kind, id) -> the number of its last change.
        self.changed = {}
        self.touches = {}
        #: Ids of those that are done.
        self.completed = set()
        #: What people logged; told at every pull but the first.
        self.events = []
        #: (kind, id) -> the edits of its status or stage.
        self.edited = {}
        self.asked: Counter[str] = Counter()
        self.statuses = ["NEW", "OPEN"]
        self.stages = ["open", "won", "lost"]
        #: Custom fields that every record takes.
        self.custom = set()
        #: Errors to raise on the next calls, one each; None lets a call pass.
        self.failures = []
        #: Whether they come behind the effect: the answer is lost.
        self.lose_answer = False
        self.reachable = True
        #: For tests that watch what is asked of it.
        self.connector_kept = None
        self._serial = 0

    def connector(self, secret=SECRET):
        return FakeConnector(self, secret)

    def put(self, kind, record):
        """Create or replace a record, as a person in the CRM does."""
        self._serial += 1
        self.records[kind][record.external_id] = record
        self.changed[kind, record.external_id] = self._serial

    def delete(self, kind, external_id):
        self.put(kind, replace(self.records[kind][external_id], deleted=True))


class FakeConnector:
    def __init__(self, crm, secret):
        self._crm, self._secret = crm, secret
        self.calls = 0

    def check(self):
        self._call("check")
        return "a CRM in memory"

    def choices(self, kind, names):
        self._call("choices")
        known = {
            "stage": [
                Choice(value=stage, label=stage, is_closed=stage != "open", is_won=stage == "won")
                for stage in self._crm.stages
            ],
            "status": [Choice(value=status, label=status) for status in self._crm.statuses],
        }
        return {name: known[name] for name in names if name in known}

    @property
    def sizes(self):
        return Sizes(listed=_PAGE, read=_PAGE, written=_PAGE)

    def count(self, kind):
        self._call(f"count {kind}")
        return sum(not record.deleted for record in self._crm.records[kind].values())

    def changed(self, kind, cursor, *, now):
        since = int(cursor) if cursor.isdecimal() else 0
        while True:
            self._call(f"changed {kind}")
            numbers = sorted(
                (number, id_)
                for (of, id_), number in self._crm.changed.items()
                if of == kind and number > since
            )
            page = numbers[:_PAGE]
            since = page[-1][0] if page else since
            records = [self._crm.records[kind][id_] for _, id_ in page]
            yield Page(records=records, cursor=str(since))
            if len(numbers) <= _PAGE:
                return

    def events(self, cursor, *, now):
        yield EventPage(events=self._crm.events if cursor else [], cursor="seen")

    def read(self, kind, external_ids):
        self._call(f"read {kind}")
        found = [self._crm.records[kind].get(id_) for id_ in external_ids]
        return [record for record in found if record is not None and not record.deleted]

    def edits(self, kind, field, external_ids):
        edited = self._crm.edited
        found = {id_: edited[kind, id_] for id_ in external_ids if (kind, id_) in edited}
        if found:
            self._call("edits")
        return found

    def update(self, updates):
        if not updates:
            return []
        error = self._call("update")
        outcomes = [self._outcome(update) for update in updates]
        if error is not None:
            raise error
        return outcomes

    def log_touches(self, touches):
        if not touches:
            return []
        error = self._call("log_touches")
        outcomes = []
        for touch in touches:
            id_ = f"touch-{len(self._crm.touches) + 1}"
            self._crm.touches[id_] = touch
            outcomes.append(Outcome(external_id=id_))
        if error is not None:
            raise error
        return outcomes

    def find_touches(self, lead_ids):
        self._call("find_touches")
        return {
            touch.message_id: id_
            for id_, touch in self._crm.touches.items()
            if touch.lead_id in lead_ids
        }

    def hand_over(self, handovers):
        if not handovers:
            return []
        error = self._call("hand_over")
        if error is not None:
            raise error
        gone = Conflict("it is gone")
        return [
            Outcome(external_id=given.external_id)
            if given.external_id in self._crm.touches
            else Outcome(external_id="", error=gone)
            for given in handovers
        ]

    def complete(self, completions):
        if not completions:
            return []
        error = self._call("complete")
        outcomes = []
        for completion in completions:
            if completion.external_id in self._crm.touches:
                self._crm.completed.add(completion.external_id)
                outcomes.append(Outcome(external_id=completion.external_id))
            else:
                gone = Conflict(f"{completion.external_id} is gone")
                outcomes.append(Outcome(external_id="", error=gone))
        if error is not None:
            raise error
        return outcomes

    @property
    def lists(self):
        return None

    def close(self):
        pass

    def _outcome(self, update):
        record = self._crm.records[update.kind].get(update.external_id)
        if record is None or record.deleted:
            error = Conflict(f"{update.external_id} is gone")
            return Outcome(external_id="", error=error)
        known = {field.name for field in fields(record)}
        for name, value in update.fields.items():
            allowed = {"status": self._crm.statuses, "stage": self._crm.stages}.get(name)
            if name in self._crm.custom:
                continue
            if name not in known:
                return _refused(f"{name!r} is none of {', '.join(sorted(known))}", name)
            if allowed is not None and value not in allowed:
                return _refused(f"{value!r} is none of {', '.join(allowed)}", name)
        given = {name: value for name, value in update.fields.items() if name in known}
        given["extra"] = {
            **record.extra, **{n: v for n, v in update.fields.items() if n not in known}
        }  # fmt: skip
        self._crm.put(update.kind, replace(record, **given))
        return Outcome(external_id=update.external_id)

    def _call(self, name):
        self.calls += 1
        self._crm.asked[name] += 1
        if not self._crm.reachable:
            raise Unavailable("nobody there")
        if self._secret != SECRET:
            raise Unauthorized("wrong secret")
        error = self._crm.failures.pop(0) if self._crm.failures else None
        if (
            error is not None
            and self._crm.lose_answer
            and name in {"update", "log_touches", "complete", "hand_over"}
        ):
            return error
        if error is not None:
            raise error
        return None


def _refused(message, name):
    return Outcome(external_id="", error=Refused(message, field=name))
