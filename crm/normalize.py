"""One spelling per address, for equality."""

import idna


def email(address: str) -> str:
    """Trimmed, in lower case, the domain in its ASCII form; "" when it is no address at all.

    The local part's case matters to no provider we know of; plus tags and dots are kept, since
    they may be different people.
    """
    local, _, written = address.strip().rpartition("@")
    domain = _in_ascii(written).rstrip(".")  # the root's dot names the same domain
    return f"{local}@{domain}".lower() if local and domain else ""


def _in_ascii(domain: str) -> str:
    """By IDNA 2008, by which "faß" and "fass" are two; by the older standard what that has no place for."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except UnicodeError:
        pass
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain
