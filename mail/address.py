"""What may stand in an envelope and in a header. Pure."""

import re

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


def envelope(address: str) -> str:
    """The address as it is said to a server: the domain in ASCII; raises ValueError."""
    refuse_control(address, "address")
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{address!r} is no email address")
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise ValueError(f"{address!r}: the domain is no host name") from error


def refuse_control(value: str, what: str) -> None:
    """Raises ValueError for what would end a header or a command early."""
    if _FORBIDDEN.search(value):
        raise ValueError(f"the {what} {value!r} has a line break or control character in it")
