"""What `qualification` of process.yaml says: marketing's lead, and sales' yes or no to it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from process.names import StageName
from workspace.durations import Duration
from workspace.validation import Definition

Text = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


class Qualification(Definition):
    reject_reasons: Annotated[tuple[Text, ...], Field(min_length=1)]
    #: So long sales has to say yes or no.
    respond_within: Duration = Duration(amount=1, unit="business day")
    #: An SAL that comes here is an SQL; None: once it has a deal.
    sql_from: StageName | None = None
