"""Known errors in a person's words: what happened, and what to do next."""

from collections.abc import Callable

from connectors.errors import ConnectorError, RateLimited, Unauthorized, Unavailable
from workspace.problems import Invalid
from workspace.secrets import MissingSecret


def explained(error: BaseException) -> str | None:
    """A message for errors that a person can act on; None for those that are ours."""
    if isinstance(error, Invalid):
        return "\n".join(str(problem) for problem in error.problems)
    for kind, explain in _EXPLANATIONS:
        if isinstance(error, kind):
            return explain(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return _of_django(error)


def _of_django(error: BaseException) -> str | None:
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - after set-up only
    from django.core.management.base import SystemCheckError  # noqa: PLC0415 - likewise
    from django.db import OperationalError  # noqa: PLC0415 - likewise

    from process.frozen import Moved  # noqa: PLC0415 - likewise

    if isinstance(error, OperationalError):
        return f"The database does not answer: {error}\nCheck DATABASE_URL, and that it runs."
    if isinstance(error, ImproperlyConfigured | SystemCheckError | Moved):
        return str(error)
    return None


def _permission(error: BaseException) -> str:
    return f"{error}\nCheck the token or secret in the environment, then: cadenza sync"


def _later(error: BaseException) -> str:
    return f"{error}\nNothing is lost; try again in a while."


def _plain(error: BaseException) -> str:
    return str(error)


def _secret(error: BaseException) -> str:
    return f"{error}\nSet it where this command runs, and run it again."


_EXPLANATIONS: tuple[tuple[type[BaseException], Callable[[BaseException], str]], ...] = (
    (MissingSecret, _secret),
    (Unauthorized, _permission),
    (Unavailable, _later),
    (RateLimited, _later),
    (ConnectorError, _plain),
)
