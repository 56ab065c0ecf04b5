"""What is wrong in a team's files, and where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

#: Keys and list positions that lead from a document's root to a value.
Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake; prints as `file:line:column: message`."""

    file: str  #: relative to the workspace, with forward slashes
    line: int  #: from 1
    column: int  #: from 1
    message: str
    #: What was written there; blank for secrets and for what is no single value.
    value: str = ""
    choices: tuple[str, ...] = ()
    #: The rule of a warning; blank: an error, with which nothing can be done.
    lint: str = ""

    def __str__(self) -> str:
        warning = f"warning: {self.message} ({self.lint})" if self.lint else self.message
        return f"{self.file}:{self.line}:{self.column}: {warning}"


class Invalid(Exception):
    """Files that cannot be used, with all that is wrong in them, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=_place))
        super().__init__("\n".join(map(str, self.problems)))


class Fault(ValueError):
    """Raised by a validator that knows more than a message."""

    def __init__(
        self,
        message: str,
        *,
        choices: Sequence[str] = (),
        path: Path = (),
        offset: int = 0,
        hidden: bool = False,
    ) -> None:
        super().__init__(message)
        self.choices = tuple(choices)
        #: From the validated value to the culprit inside it.
        self.path = path
        #: Characters into the culprit's text.
        self.offset = offset
        #: The value must not be shown.
        self.hidden = hidden


def unknown(what: str, value: str, choices: Iterable[str]) -> str:
    """`unknown field "templat"; did you mean "template"? valid: email, template`."""
    known = sorted(choices)
    near = get_close_matches(value, known, n=1)
    guess = f'did you mean "{near[0]}"? ' if near else ""
    return f'unknown {what} "{value}"; {guess}valid: {", ".join(known) or "none is defined"}'


def _place(problem: Problem) -> tuple[str, int, int, str]:
    return problem.file, problem.line, problem.column, problem.message
