"""Whose leads are whose: territories in order, and whose turn it is in each. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from crm.normalize import email as normalized_email
from process.prospecting.scoring import Expression
from workspace.expressions import evaluate
from workspace.problems import Fault
from workspace.validation import Definition


def _address(written: str) -> str:
    address = normalized_email(written)
    if not address:
        raise Fault(f'"{written}" is no email address')
    return address


Address = Annotated[str, AfterValidator(_address)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
#: What may bring a lead to an owner.
Occasion = Literal["lead_created", "qualified", "form_submitted"]


class Territory(Definition):
    name: Name
    when: Expression | None = None  #: none: all others
    owners: Annotated[tuple[Address, ...], Field(min_length=1)]
    order: Literal["round_robin"] = "round_robin"

    @model_validator(mode="after")
    def _owners_are_unique(self) -> Self:
        for number, owner in enumerate(self.owners):
            if owner in self.owners[:number]:
                raise Fault(f'"{owner}" stands twice', path=("owners", number))
        return self


class Absence(Definition):
    """Days on which somebody is given nothing, the first and the last among them."""

    owner: Address
    first: date = Field(alias="from")
    last: date = Field(alias="to")

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.first > self.last:
            raise Fault(f"{self.last} is before from, {self.first}", path=("to",))
        return self


class Assignment(Definition):
    on: Annotated[tuple[Occasion, ...], Field(min_length=1)] = ("qualified",)
    #: Whether a lead whose owner is not active any more counts as one without.
    reassign: bool = False
    absences: tuple[Absence, ...] = ()
    territories: Annotated[tuple[Territory, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _last_takes_all(self) -> Self:
        *others, last = self.territories
        for number, territory in enumerate(others):
            if territory.when is None:
                raise Fault("needs a when: only the last territory takes all others",
                            path=("territories", number))  # fmt: skip
        if last.when is not None:
            raise Fault("the last territory takes all others and has no when",
                        path=("territories", len(others), "when"))  # fmt: skip
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [territory.name for territory in self.territories]
        for number, name in enumerate(names):
            if name in names[:number]:
                message = f'two territories are called "{name}"'
                raise Fault(message, path=("territories", number, "name"))
        return self

    @model_validator(mode="after")
    def _absent_are_owners(self) -> Self:
        known = sorted({owner for one in self.territories for owner in one.owners})
        for number, absence in enumerate(self.absences):
            if absence.owner not in known:
                message = f'"{absence.owner}" is no owner of a territory'
                raise Fault(message, path=("absences", number, "owner"), choices=known)
        return self

    def territory_of(self, facts: Mapping[str, object]) -> Territory:
        """The first that takes the lead."""
        return next(
            territory
            for territory in self.territories
            if territory.when is None or evaluate(territory.when, facts)
        )

    def absent(self, day: date) -> frozenset[str]:
        return frozenset(one.owner for one in self.absences if one.first <= day <= one.last)


def turn(owners: Sequence[str], last: str, present: Collection[str]) -> str:
    """Whose turn it is after `last`, of those who are present; blank when nobody is."""
    start = owners.index(last) + 1 if last in owners else 0
    in_turn = (*owners[start:], *owners[:start])
    return next((owner for owner in in_turn if owner in present), "")
