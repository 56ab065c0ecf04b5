"""The step that sends an email: its variants, what they are compared by, and its invitation."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from sequences.texts import Expression, Text
from workspace.durations import FixedDuration
from workspace.names import Slug
from workspace.problems import Fault
from workspace.shares import Share, fraction
from workspace.validation import Definition

Weight = Annotated[int, Field(strict=True, gt=0, le=1000)]


def _one_or_several(written: object) -> object:
    """`email: opening` is the one variant of `email: {opening: 1}`; pairs come from the database."""
    if isinstance(written, list) and all(map(_is_pair, written)):
        return dict(written)
    return {written: 1} if isinstance(written, str) else written


def _is_pair(item: object) -> bool:
    return isinstance(item, list) and [type(part) for part in item] == [str, int]


def _pairs(variants: Mapping[str, int]) -> list[list[object]]:
    """PostgreSQL keeps a mapping in an order of its own, and the first variant is the control."""
    return [[name, weight] for name, weight in variants.items()]


#: Template -> its weight; the first is the control.
Variants = Annotated[
    dict[Slug, Weight],
    BeforeValidator(_one_or_several, json_schema_input_type=Slug | dict[Slug, Weight]),
    PlainSerializer(_pairs),
    Field(min_length=1),
]


class Experiment(Definition):
    """What the variants of an email are compared by. Never opens: machines open emails."""

    measure: Literal["replies", "meetings"] = "replies"
    base: Share | None = None  #: what the control is thought to bring; None: see _USUAL
    smallest: Share | None = None  #: the least difference worth knowing, in percentage points

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.better >= 1:
            message = (
                f"base and smallest make {100 * self.better:g} percent, and must be less than 100"
            )
            raise Fault(message, path=("smallest" if self.smallest else "base",))
        return self

    @property
    def expected(self) -> float:
        """The control's share of companies that answer, as thought beforehand."""
        return fraction(self.base or _USUAL[self.measure][0])

    @property
    def difference(self) -> float:
        """The least difference from it that is worth knowing."""
        return fraction(self.smallest or _USUAL[self.measure][1])

    @property
    def better(self) -> float:
        return self.expected + self.difference


#: What a cold sequence brings, and a difference that one can hope to see: base, smallest.
_USUAL = {"replies": ("5 percent", "3 percent"), "meetings": ("2 percent", "2 percent")}


class Invite(Definition):
    """A meeting to which an email invites; the mailbox is its organizer, the lead is asked."""

    title: Text  #: a template
    start: Expression  #: the fact that is its moment, such as deal.extra.demo_at
    duration: FixedDuration
    location: Text | None = None  #: a place or a link, a template
    reminder: FixedDuration | None = None  #: so long before

    def plain(self) -> dict[str, object]:
        """As Message.invite has it."""
        return {
            "title": self.title,
            "start": self.start,
            "duration": self.duration.elapsed.total_seconds(),
            "location": self.location,
            "reminder": self.reminder and self.reminder.elapsed.total_seconds(),
        }


class EmailStep(Definition):
    """Sends templates/email/<email>/ in the enrollment's thread, or in a thread of its own."""

    id: Slug
    email: Variants
    thread: Literal["new"] | None = None
    experiment: Experiment | None = None  #: of several variants; None: the usual one
    invite: Invite | None = None
    #: The fact that is a moment from which on it is of no use, such as meeting.start: passed over then.
    before: Expression | None = None

    @model_validator(mode="after")
    def _experiments_compare(self) -> Self:
        if self.experiment is not None and not self.has_variants:
            message = "compares variants, and there is one; write email: {first: 1, second: 1}"
            raise Fault(message, path=("experiment",))
        return self

    @property
    def has_variants(self) -> bool:
        return len(self.email) > 1

    @cached_property
    def shares(self) -> tuple[tuple[str, float], ...]:
        """Its templates with their shares, as `weights` adds them up."""
        return tuple(weights(self.email))

    @property
    def trial(self) -> Experiment:
        return self.experiment or Experiment()


def weights(variants: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    """Each template with its share of all, added up: the last one ends at 1."""
    total, so_far = sum(variants.values()), 0
    for name, weight in variants.items():
        so_far += weight
        yield name, so_far / total
