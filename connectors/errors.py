"""What a CRM did not do, named by the caller's next move; and what became of each row written."""

from dataclasses import dataclass


class ConnectorError(Exception):
    """Something the CRM did not do. Subclasses are named by the caller's next move."""


class Unavailable(ConnectorError):
    """Try again later: no answer, a 5xx, a dropped connection, HTML in place of JSON.

    For a write the outcome is unknown: look before writing again.
    """


class RateLimited(ConnectorError):
    """Try again after `retry_after` seconds of real time; the call had no effect."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(ConnectorError):
    """Skip this record and show why: the CRM's validation says no and will again."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Unauthorized(ConnectorError):
    """Stop the connection: its token is wrong, expired for good, or lacks a scope."""


class SandboxRefused(Unauthorized):
    """Stop the connection: a sandbox answered in production, or the demo was led elsewhere."""


class Conflict(ConnectorError):
    """Read the record again: it changed, was merged, converted or deleted in between."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one row that was written; `error` is None when the CRM took it."""

    #: The record's id for an Update, the engagement's id for the others; blank when refused.
    external_id: str
    error: ConnectorError | None = None
