"""What reps do in their CRM by themselves: demos are held, deals move on, data is mended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sandbox.bookings import Bookings
from sandbox.hubspot import associations
from sandbox.hubspot.stamps import iso
from sandbox.personas import share_of
from sandbox.store import Store
from sandbox.world import World

#: CRM -> object and field of a deal's stage.
_DEALS = {"hubspot": ("deals", "dealstage"), "salesforce": ("Opportunity", "StageName")}
_PEOPLE = {"hubspot": ("contacts", "jobtitle"), "salesforce": ("Contact", "Title")}
_LOST = {"hubspot": "lost", "salesforce": "Lost"}
_AMOUNT = {"hubspot": "amount", "salesforce": "Amount"}
_REASON = {"hubspot": "closed_lost_reason", "salesforce": "Loss_Reason__c"}
#: Why deals are lost; blank: the rep did not say.
REASONS = ("price", "timing", "competitor", "")
#: Of a hundred presented deals that many come to Closing; of those that many are won.
TO_CLOSING = 70
TO_WON = 65
#: What a deal is worth, in cents: from 400 to 60,400.
LEAST, SPREAD = 40_000, 6_000_000
#: So long after a deal came to Presentation the demo is held.
MEETS_AFTER = timedelta(days=2)
#: One of so many people gets another title some day.
_MENDED_EACH = 25


def attach(world: World, bookings: Bookings) -> None:
    """Let the company's reps work in their CRMs."""
    for crm, store in world.stores.items():
        _Reps(world, crm, store, bookings).begin()


def lose(store: Store, key: str, reason: str) -> None:
    """A deal is lost, and why, if the rep says so; HubSpot's contacts have a status of their own."""
    kind, field = _DEALS[store.crm]
    values = {field: _LOST[store.crm], **({_REASON[store.crm]: reason} if reason else {})}
    store.edit(kind, key, values, by="person")
    rep = store.tables[kind].records[key].values.get(store.owner_field) or ""
    for contact in store.linked((kind, key), "contacts"):
        values = {"hs_lead_status": "BAD_TIMING"}
        store.edit("contacts", contact, values, by="person", user=rep)


@dataclass(frozen=True)
class Course:
    """What becomes of a deal once it was presented, drawn from its key in the CRM."""

    key: str
    seed: int

    @property
    def presents_for(self) -> timedelta:
        return timedelta(days=4 + self._share("present", whole=4))

    @property
    def comes_to_closing(self) -> bool:
        return self._share("close") < TO_CLOSING

    @property
    def amount(self) -> Decimal:
        """What the proposal says."""
        return Decimal(LEAST + self._share("amount", whole=SPREAD)) / 100

    @property
    def closes_for(self) -> timedelta:
        return timedelta(days=3 + self._share("sign", whole=4))

    @property
    def is_won(self) -> bool:
        return self._share("win") < TO_WON

    @property
    def reason(self) -> str:
        return REASONS[self._share("reason", whole=len(REASONS))]

    def _share(self, about: str, *, whole: int = 100) -> int:
        return share_of(whole, about, self.seed, self.key)


class _Reps:
    def __init__(self, world: World, crm: str, store: Store, bookings: Bookings) -> None:
        self.world, self.crm, self.store, self.bookings = world, crm, store, bookings
        self.object, self.field = _DEALS[crm]
        self.presentation, self.closing, self.won = (
            self._value(stage) for stage in ("Presentation", "Closing", "Follow-up")
        )

    def begin(self) -> None:
        self.store.on_change.append(self._changed)
        kind, title = _PEOPLE[self.crm]
        for number, key in enumerate(self.store.tables[kind].by_id):
            if number % _MENDED_EACH == 0:
                days = 1 + self._share(key, "mend", whole=50)
                self.world.agenda.at(
                    self.world.moment + timedelta(days=days), self._mend(kind, title, key)
                )

    def _changed(self, kind: str, key: str, changed: Mapping[str, Any], by: str) -> None:
        if kind != self.object or by == "seed" or changed.get(self.field) != self.presentation:
            return
        course = Course(key, self.world.seed)
        self._at(MEETS_AFTER, key, self.presentation, self._meet)
        self._at(course.presents_for, key, self.presentation, self._after_presentation)

    def _meet(self, key: str) -> None:
        """The demo is held, and written down; Salesforce's events have no outcome to write.

        Whoever booked on the page has a meeting of which the page tells.
        """
        if self.crm != "hubspot" or self._has_booked(key):
            return
        meeting = {
            "hs_timestamp": iso(self.world.moment),
            "hs_meeting_title": "Demo",
            "hs_meeting_outcome": "COMPLETED",
        }
        made = self.store.create("meetings", meeting, by="person")
        for other in ("contacts", "deals"):
            number = associations.TYPES["meetings", other]
            ids = [key] if other == "deals" else self.store.linked((self.object, key), other)
            for id_ in list(ids):
                associations.associate(self.store, ("meetings", made.id), (other, id_), [number])

    def _after_presentation(self, key: str) -> None:
        course = Course(key, self.world.seed)
        if course.comes_to_closing:
            self._edit(key, self.closing, **{_AMOUNT[self.crm]: self._number(course.amount)})
            self._at(course.closes_for, key, self.closing, self._after_closing)

    def _after_closing(self, key: str) -> None:
        course = Course(key, self.world.seed)
        if course.is_won:
            self._edit(key, self.won)
        else:
            lose(self.store, key, course.reason)

    def _has_booked(self, key: str) -> bool:
        contacts = self.store.tables["contacts"].records
        linked = self.store.linked((self.object, key), "contacts")
        emails = [contacts[id_].values.get("email") for id_ in linked]
        return any(self.bookings.is_expected(email) for email in emails)

    def _at(self, after: timedelta, key: str, stage: str, act: Any) -> None:
        """Act later, if the deal still is where it was."""

        def later() -> None:
            record = self.store.get(self.object, key)
            if record is not None and record.values.get(self.field) == stage:
                act(key)

        self.world.agenda.at(self.world.moment + after, later)

    def _edit(self, key: str, stage: str, **others: object) -> None:
        self.store.edit(self.object, key, {self.field: stage, **others}, by="person")

    def _number(self, amount: Decimal) -> str | float:
        """As the CRM keeps it."""
        return str(amount) if self.crm == "hubspot" else float(amount)

    def _mend(self, kind: str, title: str, key: str) -> Any:
        def edit() -> None:
            record = self.store.get(kind, key)
            if record is not None and not record.archived:
                told = f"Senior {record.values.get(title) or 'Manager'}"
                self.store.edit(kind, key, {title: told}, by="person")

        return edit

    def _value(self, stage: str) -> str:
        """What the team's process calls a stage in this CRM; the usual name without a process."""
        for each in self.world.process.get("stages") or []:
            if each.get("name") == stage:
                values = each["counterparts"].get(self.crm, {}).get("deal_stage") or []
                if values:
                    return str(values[0])
        usual = {"Presentation": "presentation", "Closing": "closing", "Follow-up": "won"}[stage]
        return usual if self.crm == "hubspot" else usual.capitalize()

    def _share(self, key: str, *about: object, whole: int = 100) -> int:
        return share_of(whole, *about, self.world.seed, key)
