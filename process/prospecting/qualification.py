"""What `qualification` of process.yaml says: marketing's lead, and sales' yes or no to it."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from workspace.durations import Duration
from workspace.names import Identifier
from workspace.problems import Fault
from workspace.validation import Definition

Text = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


class Written(Definition):
    """What the lead's source CRM is told."""

    lifecycle_stage: Text | None = None
    lead_status: Text | None = None
    #: The mapped field, lead.extra.<name>, that takes the reason of a no.
    reason_field: Identifier | None = None

    def fields(self, reason: str = "") -> dict[str, object]:
        """Our field -> its new value."""
        known = {"lifecycle_stage": self.lifecycle_stage, "status": self.lead_status}
        if self.reason_field is not None:
            known[f"extra.{self.reason_field}"] = reason
        return {name: value for name, value in known.items() if value is not None}


class Crm(Definition):
    """Of one connection: which of its words say MQL, and what it is told."""

    mql: tuple[Text, ...] = ()  #: lifecycle stages
    accepted: Written = Written()
    rejected: Written = Written()
    deal: Written = Written()

    @model_validator(mode="after")
    def _only_a_no_has_reasons(self) -> Self:
        for name in ("accepted", "deal"):
            if getattr(self, name).reason_field is not None:
                raise Fault("belongs to rejected only", path=(name, "reason_field"))
        return self


class Qualification(Definition):
    reject_reasons: Annotated[tuple[Text, ...], Field(min_length=1)]
    #: So long sales has to say yes or no.
    respond_within: Duration = Duration(amount=1, unit="business day")
    crm: dict[str, Crm] = {}
