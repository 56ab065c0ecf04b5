"""The `renewal` of process.yaml: which field of a won deal says until when it runs."""

from typing import Annotated

from pydantic import StringConstraints

from workspace.durations import FixedDuration
from workspace.validation import Definition

PREFIX = "deal.extra."


class RenewalSettings(Definition):
    #: A date that the team mapped, such as deal.extra.renewal_date.
    field: Annotated[str, StringConstraints(pattern=rf"^{PREFIX.replace('.', '[.]')}[^.\s]+$")]
    before: FixedDuration  #: so long before it the timeline is told

    @property
    def name(self) -> str:
        return self.field.removeprefix(PREFIX)
