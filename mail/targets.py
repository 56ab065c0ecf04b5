"""What a suppression is of, as people write it: an address, a domain with its sub-domains, a company."""

from dataclasses import dataclass

from crm import normalize
from crm.models import Company
from mail import address, suppression
from workspace.problems import Fault, unknown

SCOPES = ("address", "domain", "company", "erased")
_LONGEST = 320
_HASH = 64


@dataclass(frozen=True, kw_only=True)
class Target:
    #: As in `Suppression.email`; blank for a company.
    email: str = ""
    company: Company | None = None

    def __str__(self) -> str:
        return str(self.company) if self.company is not None else self.email


def target(value: str, scope: str) -> Target:
    """Raises Fault with what is wrong with the value."""
    written = value.strip()
    if scope not in SCOPES:
        raise Fault(unknown("scope", scope, SCOPES), choices=SCOPES)
    if not written:
        raise Fault(f"a {scope} is missing")
    if scope == "company":
        return Target(company=_company(written))
    if scope == "erased":
        return Target(email=_erased(written))
    return Target(email=_domain(written) if scope == "domain" else _address(written))


def _address(written: str) -> str:
    if "*" in written:
        domain = written.rpartition("@")[2].strip("*.")
        raise Fault(f'"{written}" has a wildcard; suppress the domain {domain or "instead"}')
    if "@" not in written.strip("@"):
        raise Fault(
            f'"{written}" is no email address; a domain needs --domain and a company --company, '
            "in a list the column scope"
        )
    _check(written, written)
    return suppression.normalize(written)


def _domain(written: str) -> str:
    name = written.removeprefix("@")
    if "*" in name:
        name = name.strip("*.")
        raise Fault(f'"{written}" has a wildcard; "{name}" covers its sub-domains, too')
    if "@" in name:
        raise Fault(f'"{written}" is an address, and no domain')
    if "." not in name.strip("."):
        raise Fault(f'"{written}" is no domain such as customer.example')
    _check(f"x@{name}", written)
    return suppression.DOMAIN + suppression.normalize(f"x@{name}").rpartition("@")[2]


def _check(email: str, written: str) -> None:
    try:
        fits = len(suppression.normalize(address.envelope(email))) <= _LONGEST
    except ValueError as error:
        raise Fault(str(error).replace(repr(email), f'"{written}"')) from error
    if not fits:
        raise Fault(f'"{written[:40]}..." is longer than an email address may be')


def _erased(written: str) -> str:
    digest = written.removeprefix(suppression.ERASED).lower()
    if len(digest) != _HASH or not set(digest) <= set("0123456789abcdef"):
        raise Fault(f'"{written}" is no hash of an erased address: {_HASH} hexadecimal digits')
    return suppression.ERASED + digest


def _company(written: str) -> Company:
    """By its number, else its name, else its domain."""
    named = Company.objects.filter(name__iexact=written)
    of_domain = Company.objects.filter(domain=normalize.domain(written))
    numbered = Company.objects.filter(pk=int(written)) if _is_number(written) else named.none()
    found = next((list(rows[:5]) for rows in (numbered, named, of_domain) if rows.exists()), [])
    if not found:
        raise Fault(f'no company has the number, name or domain "{written}"')
    if len(found) > 1:
        numbers = ", ".join(str(company.pk) for company in found)
        raise Fault(f'several companies are called "{written}"; name one by its number: {numbers}')
    return found[0]


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdecimal() and len(written) < 19  # noqa: PLR2004 - of 64 bits
