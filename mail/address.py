"""What may stand in an envelope and in a header. Pure."""

import re
from functools import lru_cache

import idna

#: RFC 5321 4.5.3.1.1: characters before the "@"; and those of "+" and a token, see mail.subaddress.
LONGEST_LOCAL, SUBADDRESS = 64, 27

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


@lru_cache(maxsize=1000)  # each is asked for twice, and a mailbox's again and again
def envelope(address: str) -> str:
    """The address as it is said to a server: the domain in ASCII; raises ValueError."""
    refuse_control(address, "address")
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{address!r} is no email address")
    local, _, name = address.rpartition("@")
    try:
        return f"{local}@{domain(name)}"
    except UnicodeError as error:
        raise ValueError(f"{address!r}: the domain is no host name") from error


@lru_cache(maxsize=10_000)  # many people share one
def domain(name: str) -> str:
    """A domain in ASCII, by IDNA 2008 as registries do; raises UnicodeError.

    One that is in ASCII already stays as it is: some have an underscore.
    """
    if name.isascii():
        return name.encode("idna").decode("ascii")
    return idna.encode(name, uts46=True).decode("ascii")


def refuse_control(value: str, what: str) -> None:
    """Raises ValueError for what would end a header or a command early."""
    if _FORBIDDEN.search(value):
        raise ValueError(f"the {what} {value!r} has a line break or control character in it")
