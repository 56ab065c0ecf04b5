"""Who has been in a stage for as long as one of its exits waits: as process.timing finds it in rows."""

import heapq
from collections.abc import Sequence
from datetime import datetime

from process.definition import Process
from process.simulation.rows import Lead
from process.simulation.scene import Scene


class Clocks:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._process: Process | None = None
        self._due: list[tuple[datetime, int, datetime]] = []
        self._asks_held = False

    def begin(self) -> None:
        """With a new process everybody is asked whose stage has exits without an event.

        So is whoever waits for facts: it may require them no more. At the beginning they are asked
        too, as a sweep asks them: a company's facts come to be known without an event.
        """
        process = self.scene.files.process
        if process == self._process:
            return
        is_first, self._process, self._due = self._process is None, process, []
        self._asks_held = True
        until = self.scene.timed_until if is_first else None
        for lead in self.scene.leads.values():
            self.entered(lead, after=until)
            if until is None and lead.stage in process.unprompted and lead.stage_since:
                heapq.heappush(self._due, (self.scene.now, lead.pk, lead.stage_since))

    def entered(self, lead: Lead, *, after: datetime | None = None) -> None:
        """Its exits by time are asked from `after` on."""
        since = lead.stage_since
        for stage, length in self.scene.files.process.times:
            if stage == lead.stage and since and (after is None or since + length > after):
                heapq.heappush(self._due, (since + length, lead.pk, since))

    def take_due(self) -> Sequence[Lead]:
        if not self._due or self._due[0][0] > self.scene.now:
            return ()
        found = set()
        while (moment := self.next_due()) is not None and moment <= self.scene.now:
            found.add(heapq.heappop(self._due)[1])
        return [self.scene.leads[pk] for pk in sorted(found)]

    def take_held(self) -> Sequence[Lead]:
        """Who waits for facts and is to be asked, the longest waiting first."""
        if not self._asks_held:
            return ()
        self._asks_held = False
        return [self.scene.leads[pk] for pk in self.scene.held]

    def next_due(self) -> datetime | None:
        while self._due:
            due_at, lead_id, since = self._due[0]
            if self.scene.leads[lead_id].stage_since == since:
                return due_at
            heapq.heappop(self._due)
        return None
