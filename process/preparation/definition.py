"""The `enrichment` of cadenza.yaml: who is asked for what nobody knows of a lead, and how often."""

from collections.abc import Collection
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from connectors.endpoints import normalized_url
from crm.fields import FIELDS
from crm.policy import SHARED
from process.names import Fact
from workspace.durations import Duration, FixedDuration
from workspace.problems import Fault, unknown
from workspace.secrets import SecretName
from workspace.validation import Definition

#: What may be asked for and filled.
FILLED = frozenset(
    f"{kind}.{name}"
    for kind in ("lead", "company")
    for name in SHARED[kind] - {"email", "do_not_contact"}
)
#: What may be sent along.
_SENT = frozenset(
    f"{kind}.{name}" for kind in ("lead", "company") for name in FIELDS[kind] - {"extra"}
)
_CUSTOM = ("lead.extra.", "company.extra.")


def _endpoint(url: str) -> str:
    try:
        return normalized_url(url, setting="enrichment", allow_sandbox=False)
    except ValueError as error:
        raise Fault(str(error), hidden=True) from error


class EnrichmentSettings(Definition):
    url: Annotated[str, AfterValidator(_endpoint)]
    token: SecretName | None = None  #: sent as `Authorization: Bearer`
    #: The facts that leave, and nothing else does; what was answered to them is kept by them.
    sends: Annotated[tuple[Fact, ...], Field(min_length=1)] = ("company.domain",)
    fields: Annotated[tuple[Fact, ...], Field(min_length=1)]
    cache: FixedDuration = Duration(amount=90, unit="day")
    per_day: Annotated[int, Field(strict=True, gt=0)] = 100  #: questions in any 24 hours

    @model_validator(mode="after")
    def _knows_its_facts(self) -> Self:
        for name, known in (("sends", _SENT), ("fields", FILLED)):
            for number, fact in enumerate(getattr(self, name)):
                if fact not in known and not fact.startswith(_CUSTOM):
                    choices = [*sorted(known), *(f"{custom}<name>" for custom in _CUSTOM)]
                    message = unknown("fact", fact, choices)
                    raise Fault(message, path=(name, number), choices=choices)
        return self

    @model_validator(mode="after")
    def _asks_about_somebody(self) -> Self:
        """What is answered about a company is not true of each of its people."""
        if any(fact.startswith("lead.") for fact in self.sends):
            return self
        for number, fact in enumerate(self.fields):
            if fact.startswith("lead."):
                message = (
                    f"{fact} is a person's: sends must name a fact of the lead, such as lead.email"
                )
                raise Fault(message, path=("fields", number))
        return self

    def check(self, custom: Collection[str]) -> None:
        """`custom` are the fields that the team mapped, such as lead.extra.seats; raises Fault."""
        for name in ("sends", "fields"):
            for number, fact in enumerate(getattr(self, name)):
                if fact.startswith(_CUSTOM) and fact not in custom:
                    message = f"{fact} is mapped in no connection"
                    raise Fault(message, path=("enrichment", name, number), choices=sorted(custom))
