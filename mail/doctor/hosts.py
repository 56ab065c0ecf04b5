"""Where a domain's mail goes to, and whether a server's address and name agree."""

from ipaddress import ip_address

from mail.doctor.findings import Finding, Grade
from mail.doctor.names import Names


def examine_exchanges(domain: str, names: Names) -> Finding:
    """Whether answers can arrive; raises NoAnswer."""
    hosts = names.exchanges(domain)
    if hosts == [""]:
        said = "says that it takes no mail (null MX): nobody can answer"
        return Finding(domain, "mx", Grade.FAULT, said, "publish MX records of your provider")
    lost = [host for host in hosts if not names.addresses(host)]
    if lost:
        said = f"{', '.join(lost)} has no address"
        return Finding(domain, "mx", Grade.FAULT, said, "correct or remove that MX record")
    if hosts:
        return Finding(domain, "mx", Grade.FINE, ", ".join(hosts))
    if names.addresses(domain):
        said = "no MX record; mail goes to the domain's own address"
        return Finding(domain, "mx", Grade.WARNING, said, "publish MX records of your provider")
    said = "neither MX nor address: nobody can answer"
    return Finding(domain, "mx", Grade.FAULT, said, "publish MX records of your provider")


def examine_pointers(host: str, names: Names) -> Finding:
    """Whether address and name of the server agree (RFC 1912 2.1); raises NoAnswer."""
    addresses = _addresses(host, names)
    if not addresses:
        return Finding(host, "ptr", Grade.FAULT, "has no address", "correct the name in smtp")
    for address in addresses:
        pointers = names.pointers(address)
        if not pointers:
            fix = "if this server is yours, have its provider set one; else it is theirs to mend"
            return Finding(host, "ptr", Grade.WARNING, f"{address} has no PTR record", fix)
        if not any(address in _addresses(pointer, names) for pointer in pointers):
            said = f"{address} is called {', '.join(pointers)}, which does not lead back to it"
            return Finding(host, "ptr", Grade.WARNING, said, "make both records agree")
    return Finding(host, "ptr", Grade.FINE, ", ".join(addresses))


def _addresses(host: str, names: Names) -> list[str]:
    try:
        return [str(ip_address(host))]
    except ValueError:
        return [str(ip_address(address)) for address in names.addresses(host)]
