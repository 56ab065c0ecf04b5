"""What `marketing` of process.yaml says: what a qualification is called in each CRM."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import StringConstraints, model_validator

from workspace.names import Identifier
from workspace.problems import Fault
from workspace.validation import Definition

Text = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
#: From marketing's lead to the customer, in this order.
Level = Literal["mql", "sal", "sql", "opportunity", "customer"]
LEVELS: tuple[Level, ...] = get_args(Level)


class Called(Definition):
    """The CRM's own words."""

    #: As process.yaml calls it -> our field.
    FIELDS: ClassVar[Mapping[str, str]] = {
        "lifecycle_stage": "lifecycle_stage",
        "lead_status": "status",
    }

    lifecycle_stage: Text | None = None
    lead_status: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.words():
            raise Fault("needs at least one of lifecycle_stage, lead_status")
        return self

    def words(self) -> dict[str, str]:
        """Our field -> the CRM's word."""
        known = {ours: getattr(self, name) for name, ours in self.FIELDS.items()}
        return {name: word for name, word in known.items() if word is not None}

    def is_said(self, now: Mapping[str, object]) -> bool:
        return all(now.get(name) == word for name, word in self.words().items())


class CalledRejected(Called):
    #: The mapped field, lead.extra.<name>, that takes the reason.
    reason_field: Identifier | None = None


class Crm(Definition):
    """Of one connection."""

    mql: Called | None = None
    sal: Called | None = None
    sql: Called | None = None
    opportunity: Called | None = None
    customer: Called | None = None
    rejected: CalledRejected | None = None

    def called(self) -> Iterator[tuple[str, Called]]:
        for name in (*LEVELS, "rejected"):
            found = getattr(self, name)
            if found is not None:
                yield name, found

    def to_say(self, level: Level, now: Mapping[str, object]) -> dict[str, str]:
        """The words of a level; none where the CRM, which says `now`, is further already."""
        reached = LEVELS.index(level)
        ladder = [getattr(self, name) for name in LEVELS]
        if any(further is not None and further.is_said(now) for further in ladder[reached + 1 :]):
            return {}
        return ladder[reached].words() if ladder[reached] is not None else {}
