"""Who enters a sequence: by its rule, by an enroll step or an answer; in memory."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from mail.proof import Proofs
from process.simulation.rows import Enrollment, Lead, Mailbox, Wait
from process.simulation.scene import Scene
from sequences import invitations, whereabouts
from sequences.definition import Enroll
from sequences.definition import Sequence as Definition
from sequences.judging import COLLEAGUE, Judge, Known, LetIn, Refusal
from sequences.rotation import choose
from sequences.slots import Slots
from workspace.expressions import evaluate

Judged = tuple[Lead, Refusal | None]


class Enrolling:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._proofs = Proofs(scene.files.templates)

    def begin(self, definition: Definition) -> None:
        """What `apply` enrolls: the leads of whom the rule is already true."""
        rule = definition.enroll
        if rule is not None and rule.existing and not rule.on:
            found = [lead for lead in self.scene.leads.values() if self._is_for(rule, lead)]
            self._enroll_all(definition, self._judged(definition, rule, found))

    def match(self, lead: Lead, *, moved: bool, event: str) -> None:
        """The lead came to where it is just now, or something happened with it."""
        if lead.enrollment is not None or lead.deleted_at is not None:
            return
        facts = lead.context(lead.bound_deal())
        for definition, rule, kinds in self.scene.files.rules:
            is_asked = event in kinds if kinds else moved or rule.existing
            if is_asked and self._is_true(rule, lead, facts):
                self._enroll_all(definition, self._judged(definition, rule, [lead]))

    def enroll_in(self, lead: Lead, sequence: str) -> None:
        """By a declared rule: the sequence's own is not asked, what forbids it is."""
        definition = self.scene.files.sequences[sequence]
        rule = definition.enroll or Enroll(when="true")
        for _, refusal in self._judged(definition, rule, [lead]):
            if refusal is None:
                self._enroll(definition, lead, self.scene.now)
            else:
                self.scene.witness.refused(sequence, lead, refusal.text)

    def open_play(self, lead: Lead, sequence: str) -> None:
        """That of an objection, where the sequence's own rule is true."""
        definition = self.scene.files.sequences.get(sequence)
        if definition is None:
            return
        if definition.enroll is None or self._is_for(definition.enroll, lead):
            self.enroll_in(lead, sequence)

    def retry_waiting(self) -> bool:
        """Judge those again whose wait is over."""
        due = self.scene.take_waits()
        for wait in due:
            definition = self.scene.files.sequences[wait.sequence]
            rule = definition.enroll
            found = [wait.lead] if rule and self._is_for(rule, wait.lead) else []
            judged = list(self._judged(definition, rule, found)) if rule else []
            self._enroll_all(definition, judged)
            if not judged or judged[0][1] is None or judged[0][1].retry_at is None:
                self.scene.waits[wait.sequence].pop(wait.lead.pk, None)
        return bool(due)

    def place_is_free(self, sequence: str, company_id: int | None) -> None:
        """Who waits longest for a place in it is judged again at once, and the colleagues too."""
        longest = next(iter(self.scene.waits[sequence].values()), None)
        asked = [longest] if longest is not None else []
        if company_id is not None:
            asked += self._colleagues_waiting(company_id)
        for wait in asked:
            self.scene.wait(replace(wait, retry_at=self.scene.now))

    def _colleagues_waiting(self, company_id: int) -> Iterator[Wait]:
        for sequence, lead_id in self.scene.behind_colleagues.pop(company_id, ()):
            wait = self.scene.waits[sequence].get(lead_id)
            if wait is not None and wait.reason == COLLEAGUE:
                yield wait

    def _is_for(self, rule: Enroll, lead: Lead) -> bool:
        is_there = lead.deleted_at is None
        return is_there and self._is_true(rule, lead, lead.context(lead.bound_deal()))

    def _is_true(self, rule: Enroll, lead: Lead, facts: Mapping[str, object]) -> bool:
        is_on_it = rule.list is None or self.scene.is_on(rule.list, lead)
        return is_on_it and evaluate(rule.when, facts)

    def _judged(
        self, definition: Definition, rule: Enroll, leads: Sequence[Lead]
    ) -> Iterator[Judged]:
        sequence = definition.name
        judge = Judge(
            sequence=sequence,
            rule=rule,
            now=self.scene.now,
            known=self._known(definition, leads),
            let_in=self._let_in(sequence, rule, leads),
            privacy=self.scene.files.privacy,
        )
        for lead in leads:
            facts = lead.context(lead.bound_deal())
            refusal = judge.refusal(
                lead,
                facts,
                has_mailbox=lead.owner_id in self.scene.mailboxes,
                problem=partial(self._problem, definition, lead, facts),
            )
            yield lead, refusal

    def _known(self, definition: Definition, leads: Sequence[Lead]) -> Known:
        sequence = definition.name
        return Known(
            suppressed=self.scene.suppressed,
            busy=frozenset(lead.pk for lead in leads if lead.enrollment is not None),
            ended={lead.pk: lead.ended[sequence] for lead in leads if sequence in lead.ended},
            touched={lead.pk: lead.touched_at for lead in leads if lead.touched_at is not None},
            bought={} if definition.is_for_customers else self._bought(leads),
        )

    def _bought(self, leads: Sequence[Lead]) -> Mapping[int, str]:
        found = {lead.pk: self.scene.bought(lead) for lead in leads}
        return {pk: name for pk, name in found.items() if name is not None}

    def _let_in(self, sequence: str, rule: Enroll, leads: Sequence[Lead]) -> LetIn:
        """As far as the rule asks, and these leads are concerned."""
        found, open_ = LetIn(), self.scene.open
        if rule.exclusive == "company":
            companies = {lead.company_id for lead in leads} - {None}
            found.companies = {id_ for id_ in companies if open_["company", id_]}
        if rule.active_per_rep is not None:
            owners = {lead.owner_id for lead in leads}
            found.of_rep = Counter({owner: open_[sequence, owner] for owner in owners})
        return found

    def _problem(self, definition: Definition, lead: Lead, facts: Mapping[str, object]) -> str:
        """Why one of its emails cannot be made for the lead."""
        context = {**facts, **self.scene.files.letterhead}
        found = self._proofs.problem(definition.templates(), context, to=lead.email)
        return found or invitations.problem(definition, facts, self.scene.now)

    def _enroll_all(self, definition: Definition, judged: Iterable[Judged]) -> None:
        per_day = definition.enroll.per_day if definition.enroll else None
        slots: Slots | None = None
        for lead, refusal in judged:
            if refusal is not None:
                self.scene.witness.refused(definition.name, lead, refusal.text)
                self._wait(definition.name, lead, refusal)
                continue
            slots = slots or Slots(
                per_day, self.scene.now, begun=partial(self._begun, definition.name)
            )
            if self._enroll(definition, lead, slots.free()):
                slots.take()

    def _begun(self, sequence: str, day: datetime) -> int:
        return self.scene.begun[sequence, day]

    def _enroll(self, definition: Definition, lead: Lead, start_at: datetime) -> bool:
        if lead.enrollment is not None or lead.owner_id is None:
            return False
        scene, deal = self.scene, lead.bound_deal()
        scene.waits[definition.name].pop(lead.pk, None)
        enrollment = Enrollment(
            pk=scene.number(),
            lead=lead,
            sequence=definition,
            digest=scene.files.digests[definition.name],
            deal=deal if deal and not deal.is_closed else None,
            mailbox=self._mailbox(lead, scene.mailboxes[lead.owner_id]),
            timezone=self._timezone(definition, lead),
            started_at=start_at,
            due_at=start_at,
        )
        scene.enter(enrollment)
        return True

    def _mailbox(self, lead: Lead, boxes: Sequence[Mailbox]) -> Mailbox:
        return choose(
            boxes,
            lead_id=lead.pk,
            before=lead.written_from,
            held={box.pk for box in boxes if box.is_held},
            load=self.scene.load,
            now=self.scene.now,
        )

    def _timezone(self, definition: Definition, lead: Lead) -> str:
        told = whereabouts.timezone_of(
            lead.facts, window=definition.window.timezone, workspace=self.scene.files.timezone
        )
        return str(told["zone"])

    def _wait(self, sequence: str, lead: Lead, refusal: Refusal) -> None:
        if refusal.retry_at is None:
            return
        waiting = self.scene.waits[sequence].get(lead.pk)
        number = waiting.number if waiting else self.scene.number()
        self.scene.wait(
            Wait(
                number=number,
                lead=lead,
                sequence=sequence,
                reason=refusal.text,
                retry_at=refusal.retry_at,
            )
        )
