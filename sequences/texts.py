"""What the steps of a sequence are written in."""

from typing import Annotated

from pydantic import StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
#: An expression over the facts of a lead, see workspace.expressions.
LONGEST_EXPRESSION = 2000
Expression = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EXPRESSION)]
