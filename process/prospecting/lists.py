"""Lists that process.yaml describes, beside those that lists/*.csv name person by person. Pure.

A condition says who is on one, or the CRMs' own lists; and a list may go to the CRMs' lists.
"""

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from sequences.definition import Sequence as Definition
from sequences.texts import Expression
from workspace import validation
from workspace.names import Slug
from workspace.problems import Fault

_ID = re.compile(r"[A-Za-z0-9]{1,100}")


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise Fault(f'"{text[:100]}" is no id of a list, which has letters and digits alone')
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Id = Annotated[str, AfterValidator(_id)]
Status = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


def _named(written: object) -> object:
    """A text alone is the name."""
    return {"name": written} if isinstance(written, str) else written


class Counterpart(validation.Definition):
    """A list of a CRM, by its name or its id."""

    name: Name | None = None
    id: Id | None = None

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        if (self.name is None) is (self.id is None):
            raise Fault("needs one of name, id")
        return self

    @property
    def list(self) -> tuple[str, str]:
        """Its name and its id, of which one is blank."""
        return self.name or "", self.id or ""


class Source(Counterpart):
    #: Of a campaign's members: only these count; none: all.
    status: tuple[Status, ...] = ()


class Target(Counterpart):
    #: What a campaign's new member gets; None: as the campaign says.
    status: Status | None = None


class ListDefinition(validation.Definition):
    """Who is on it: everybody of whom `when` is true, or whoever is on one of the lists of `from`.

    With both, whoever is there and fits besides; with neither, whom lists/<name>.csv names.
    """

    when: Expression | None = None
    #: Connection -> its list.
    sources: dict[str, Annotated[Source, BeforeValidator(_named)]] = Field({}, alias="from")
    targets: dict[str, Annotated[Target, BeforeValidator(_named)]] = Field({}, alias="to")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.when is None and not self.sources and not self.targets:
            raise Fault("needs at least one of when, from, to", choices=("when", "from", "to"))
        return self

    @model_validator(mode="after")
    def _is_kept_in_step(self) -> Self:
        """What a list that is read and written in one CRM must not have."""
        for name in self.both_ways:
            source, target = self.sources[name], self.targets[name]
            if source.list != target.list:
                raise Fault("is another list than that of from: write two lists", path=("to", name))
            if source.status:
                message = "leaves some of the members out, and the list is written besides"
                raise Fault(message, path=("from", name, "status"))
            if self.when is not None:
                message = f"would take people off {name}'s list, which is read besides"
                raise Fault(message, path=("when",))
            if len(self.sources) == 1:
                message = (
                    f"whoever is on it comes from {name} alone: add another connection to from"
                )
                raise Fault(message, path=("to", name))
        return self

    @property
    def both_ways(self) -> list[str]:
        """The connections whose list is read and written."""
        return sorted(self.sources.keys() & self.targets.keys())

    @property
    def is_in_a_file(self) -> bool:
        return self.when is None and not self.sources


Lists = Mapping[Slug, ListDefinition]


def with_list(sequence: Definition, lists: Lists) -> Definition:
    """The same, its own rule asking what the list that it names asks.

    Who is on a CRM's list stands in rows, which the rule still names.
    """
    rule = sequence.enroll
    found = lists.get(rule.list) if rule is not None and rule.list is not None else None
    if rule is None or found is None or found.when is None:
        return sequence
    when = together(found.when, rule.when)
    still = rule.list if found.sources else None
    return sequence.model_copy(
        update={"enroll": rule.model_copy(update={"list": still, "when": when})}
    )


def together(of_list: str, of_rule: str) -> str:
    return f"({of_list}) and ({of_rule})"


def of_crms(lists: Lists) -> Collection[str]:
    """The names of those that come from CRMs."""
    return {name for name, found in lists.items() if found.sources}
