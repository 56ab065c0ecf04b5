"""One spelling per address and per domain, for equality."""

import idna


def email(address: str) -> str:
    """Trimmed, in lower case, the domain in its ASCII form; "" when it is no address at all.

    The local part's case matters to no provider we know of; plus tags and dots are kept, since
    they may be different people.
    """
    local, _, written = address.strip().rpartition("@")
    name = domain(written)
    return f"{local.lower()}@{name}" if local and name else ""


def domain(name: str) -> str:
    """Trimmed, in lower case and in its ASCII form; the root's dot names the same domain."""
    return _in_ascii(name.strip()).rstrip(".").lower()


def _in_ascii(name: str) -> str:
    """By IDNA 2008, by which "faß" and "fass" are two; by the older standard what that has no place for."""
    if name.isascii():
        return name
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError:
        pass
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
