"""Which endpoints may be talked to: the sandbox's in sandbox mode, and never its in production."""

import ipaddress
from typing import Literal, Protocol
from urllib.parse import urlsplit

from connectors.errors import SandboxRefused

SANDBOX_HEADER = "X-Cadenza-Sandbox"


def normalized_url(url: object, *, setting: str, allow_sandbox: bool) -> str:
    """`url` without a trailing slash; plain http and, in sandbox mode, everything is loopback.

    Raises ValueError for what is not such a URL.
    """
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{setting}: {url!r} is not a URL that starts with https://")
    if parts.username or parts.query or parts.fragment:
        raise ValueError(f"{setting}: a URL without user, query and fragment is wanted")
    if allow_sandbox and not is_loopback(parts.hostname):
        raise ValueError(
            f"{setting}: {parts.hostname} is not this machine; with CADENZA_MODE=sandbox only "
            "127.0.0.1 is talked to"
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(f"{setting}: {url!r} would send the token in clear; use https://")
    return parts.geturl().rstrip("/")


Bucket = Literal["call", "search"]
#: Statuses of the 400s that say nothing of what was asked: somebody gave up waiting.
GAVE_UP = frozenset({408, 425, 499})


class Budget(Protocol):
    """Whom a connector asks before each call; the workers of a connection share one."""

    def take(self, bucket: Bucket) -> None:
        """Wait for the call's turn. Raises RateLimited when that is not soon."""

    def told(self, *, used: int, allowed: int) -> None:
        """What the CRM said: of the `allowed` calls of a day that many are `used`, by anybody."""


class Unlimited:
    """For a connector that stands alone."""

    def take(self, bucket: Bucket) -> None:
        """At once."""

    def told(self, *, used: int, allowed: int) -> None:
        """Nobody counts."""


def refuse_sandbox(header: str | None, *, allow_sandbox: bool) -> None:
    """Raise when a sandbox answered though we are in production."""
    if header and not allow_sandbox:
        raise SandboxRefused(
            "this is a sandbox, not a CRM; set CADENZA_MODE=sandbox to work against it"
        )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
