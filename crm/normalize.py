"""One spelling per address, for equality."""


def email(address: str) -> str:
    """Trimmed, in lower case, the domain in its ASCII form; "" when it is no address at all.

    The local part's case matters to no provider we know of; plus tags and dots are kept, since
    they may be different people.
    """
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and domain):
        return ""
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_domain = domain
    return f"{local}@{ascii_domain}".lower()


def plural(kind: str) -> str:
    """A kind of record, when there are several."""
    return "companies" if kind == "company" else f"{kind}s"
