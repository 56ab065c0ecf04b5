"""The domain name system, asked for what a check needs."""

from collections.abc import Sequence
from ipaddress import ip_address

import dns.resolver
import dns.reversename
from django.conf import settings
from dns.exception import DNSException

#: Real seconds for one question, all tries together.
ANSWER_WITHIN = 5.0


class NoAnswer(Exception):
    """Nobody can tell now; the text says why."""


class Names:
    """Answers are kept: several mailboxes share a domain."""

    def __init__(self, resolver: dns.resolver.Resolver) -> None:
        self._resolver = resolver
        self._kept: dict[tuple[str, str], tuple[str, ...]] = {}

    def texts(self, name: str) -> Sequence[str]:
        """TXT records, each with its pieces joined."""
        return self._ask(name, "TXT")

    def addresses(self, name: str) -> Sequence[str]:
        return [*self._ask(name, "A"), *self._ask(name, "AAAA")]

    def exchanges(self, name: str) -> Sequence[str]:
        """Hosts of the MX records, the preferred first; "" is RFC 7505's "no mail here"."""
        records = (record.split() for record in self._ask(name, "MX"))
        return [host.rstrip(".") for _, host in sorted(records, key=lambda pair: int(pair[0]))]

    def pointers(self, address: str) -> Sequence[str]:
        name = dns.reversename.from_address(address).to_text()
        return [pointer.rstrip(".") for pointer in self._ask(name, "PTR")]

    def _ask(self, name: str, kind: str) -> tuple[str, ...]:
        """Empty when the name or the kind does not exist; raises NoAnswer."""
        key = (name.lower(), kind)
        if key not in self._kept:
            self._kept[key] = self._answers(name, kind)
        return self._kept[key]

    def _answers(self, name: str, kind: str) -> tuple[str, ...]:
        try:
            found = self._resolver.resolve(name, kind, lifetime=ANSWER_WITHIN, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (DNSException, ValueError) as error:
            raise NoAnswer(f"{kind} of {name}: {error}") from error
        if kind == "TXT":
            return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in found)
        return tuple(record.to_text() for record in found)


def names() -> Names:
    """As CADENZA_RESOLVER or the machine says; raises NoAnswer where nobody may be asked."""
    given: str = settings.CADENZA_RESOLVER
    if not given:
        if settings.CADENZA_MODE == "sandbox":
            raise NoAnswer("in sandbox mode only CADENZA_RESOLVER is asked, and it is not set")
        try:
            return Names(dns.resolver.Resolver())
        except DNSException as error:
            raise NoAnswer(f"this machine names no resolver: {error}") from error
    host, _, port = given.partition(":")
    try:
        is_here = ip_address(host).is_loopback
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [host], int(port or 53)
    except ValueError as error:
        raise NoAnswer(f"CADENZA_RESOLVER is {given!r}, not like 192.0.2.53:53: {error}") from error
    if settings.CADENZA_MODE == "sandbox" and not is_here:
        raise NoAnswer(f"CADENZA_RESOLVER is {given}: in sandbox mode only this machine is asked")
    return Names(resolver)
