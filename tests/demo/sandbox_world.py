"""The sandbox's people and reps as a simulation meets them: the same decisions, no letters, no servers."""

from datetime import UTC, datetime, time

from process.simulation.world import Happening
from sandbox import letters
from sandbox.behavior import Crowd
from sandbox.mail.post import readable
from sandbox.reps import MEETS_AFTER, Course
from workspace.zones import zone

#: What a meeting that was held is on our timeline.
MEETING = ("crm_meeting", "crm_meeting_held")


class SandboxWorld:
    def __init__(self, company, process, *, seed, timezone, deal_keys):
        """`process` is process.yaml as plain data, `deal_keys` our deal -> its id in the CRM."""
        people = {}
        for person in company.people:
            if person.email:
                people.setdefault(readable(person.email), person)
        self.crowd = Crowd(people, seed)
        self.process, self.seed = process, seed
        self.timezone, self.deal_keys = timezone, deal_keys

    def begins(self, leads, at):
        return ()

    def receives(self, arrival):
        address = readable(arrival.lead.email)
        match self.crowd.refusal(address):
            case "unknown":
                return "gone", ()
            case "greylisted":
                return "later", ()
        deeds = self.crowd.reads(address, str(arrival.enrollment_id), arrival.at)
        return "sent", [self.happening(deed, arrival) for deed in deeds]

    def happening(self, deed, arrival):
        person = self.crowd.people[readable(arrival.lead.email)]
        kind, data = {
            "answers": ("answered", self.answer(person, deed)),
            "is_away": ("auto_replied", self.away(arrival.lead, deed)),
            "unsubscribes": ("unsubscribed", {}),
            "bounces": ("bounced", {"hard": True}),
            "is_delayed": ("delayed", {}),
        }[deed.kind]
        return Happening(
            at=deed.at, lead_id=arrival.lead.pk, kind=kind, data=data,
            enrollment_id=arrival.enrollment_id,
        )  # fmt: skip

    def answer(self, person, deed):
        return {} if deed.kind != "answers" else {
            "answer": self.process.meaning(letters.sentence(person, deed.detail, self.told))
        }  # fmt: skip

    @property
    def told(self):
        return {**self.process.model_dump(mode="json"), "answers": self.process.answers}

    def away(self, lead, deed):
        if deed.until is None:
            return {}
        place = zone(lead.facts["lead"]["timezone"] or self.timezone)
        return {"until": datetime.combine(deed.until.date(), time(), tzinfo=place).astimezone(UTC)}

    def is_assigned(self, assignment):
        return ()

    def sees(self, lead, stage, at):
        deal = lead.bound_deal()
        if stage != "Presentation" or deal is None:
            return ()
        moves_at = at + Course(self.deal_keys[deal.pk], self.seed).presents_for
        moved = Happening(at=moves_at, lead_id=lead.pk, kind="crm_moved", data={"to": "Closing"})
        if lead.source != "hubspot":
            return [moved]
        met = (Happening(at=at + MEETS_AFTER, lead_id=lead.pk, kind=kind) for kind in MEETING)
        return [*met, moved]

    def goes_on(self, happening, lead):
        if happening.kind == "unsubscribed":
            self.crowd.gone.add(readable(lead.email))
        if happening.kind in MEETING:
            return () if lead.stage == "Presentation" else None
        if happening.kind not in {"crm_changed", "crm_moved", "crm_closed"}:
            return ()
        course = Course(self.deal_keys[lead.bound_deal().pk], self.seed)
        if happening.kind in {"crm_changed", "crm_closed"}:
            return () if lead.stage == "Closing" else None
        if lead.stage != "Presentation" or not course.comes_to_closing:
            return None
        at = happening.at + course.closes_for
        closed = Happening(at=at, lead_id=lead.pk, kind="crm_closed", data={"won": course.is_won})
        if course.is_won or lead.source != "hubspot":
            return [closed]
        put_aside = Happening(
            at=at, lead_id=lead.pk, kind="crm_changed", data={"status": "BAD_TIMING"}
        )
        return [put_aside, closed]
