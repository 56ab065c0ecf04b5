"""Person stops: addresses, domains and companies that nothing leaves to again.

A domain covers its sub-domains. Of an erased person only a hash under our key is kept, and it covers
the address all the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db import connection
from django.db.models import Q

from crm import normalize as spelling
from crm.models import Lead
from mail import seals
from mail.models import Suppression

DOMAIN, ERASED = "@", "#"


def normalize(email: str) -> str:
    """The one spelling that suppressions are kept and looked up in; "" when it is no address."""
    return spelling.email(email)


def suppress(
    email: str,
    kind: str,
    *,
    at: datetime,
    lead: Lead | None = None,
    because: dict[str, object] | None = None,
) -> bool:
    """Keep this address from being written to; False when it was already, for the same kind.

    Of an erased one nothing but the hash is kept.
    """
    if kind not in Suppression.Kind.values:
        raise ValueError(f"{kind!r} is none of {', '.join(Suppression.Kind.values)}")
    address = normalize(email)
    if not address:
        raise ValueError("an address to suppress needs a local part and a domain")
    if Suppression.objects.filter(email__in=hashes(address)).exists():
        return False
    _, created = Suppression.objects.get_or_create(
        email=address, kind=kind, defaults={"lead": lead, "at": at, "because": because or {}}
    )
    return created


def is_suppressed(email: str, lead: Lead | None = None) -> bool:
    return first(email, lead) is not None


def first(email: str, lead: Lead | None = None) -> Suppression | None:
    """The oldest suppression of the address, its domain or its hash, of the lead or its company."""
    # Asked twice of every email that leaves, and nearly always in vain.
    known, lead_id = keys(email), lead.pk if lead is not None else None
    with connection.cursor() as cursor:
        cursor.execute(
            _FIRST.format(keys=", ".join(["%s"] * len(known)) or "NULL"), [*known, lead_id, lead_id]
        )
        found = cursor.fetchone()
    return Suppression.objects.get(pk=found[0]) if found else None


#: The lead's company is that of this moment, whatever the caller has loaded.
_FIRST = """
SELECT id FROM mail_suppression WHERE email IN ({keys}) OR lead_id = %s
OR company_id = (SELECT company_id FROM crm_lead WHERE id = %s) ORDER BY at, id LIMIT 1
"""


def keys(email: str) -> Sequence[str]:
    """Under which values of `Suppression.email` an address may be found; none when it is no address."""
    return _keys(email, _secrets())


def hashes(address: str) -> Sequence[str]:
    """What stands for a normalized address that was erased, under the present key first."""
    return [_hash(address, secret) for secret in _secrets()]


class Book:
    """Suppressions by whom they cover, for asking of many people at once."""

    def __init__(self, rows: Iterable[Suppression]) -> None:
        self._by_key: dict[tuple[str, str | int], list[Suppression]] = defaultdict(list)
        for row in rows:
            whom = (("email", row.email), ("lead", row.lead_id), ("company", row.company_id))
            for name, value in whom:
                if value:
                    self._by_key[name, value].append(row)

    def of(
        self, email: str, *, lead_id: int | None = None, company_id: int | None = None
    ) -> list[Suppression]:
        """The oldest first."""
        wanted: list[tuple[str, str | int]] = [("email", key) for key in keys(email)]
        wanted += [("lead", lead_id or 0), ("company", company_id or 0)]
        found = {row.pk: row for key in wanted for row in self._by_key.get(key, ())}
        return sorted(found.values(), key=lambda row: (row.at, row.pk))

    def of_lead(self, lead: Lead) -> list[Suppression]:
        return self.of(lead.email, lead_id=lead.pk, company_id=lead.company_id)


def book_of(leads: Sequence[Lead]) -> Book:
    """All that covers any of these leads."""
    known = {key for lead in leads for key in keys(lead.email)}
    companies = {lead.company_id for lead in leads} - {None}
    return Book(
        Suppression.objects.filter(
            Q(email__in=known) | Q(lead__in=leads) | Q(company__in=companies)
        ).select_related("company")
    )


def _secrets() -> tuple[str | bytes, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=100)  # asked twice of every email of a batch
def _keys(email: str, secrets: tuple[str | bytes, ...]) -> Sequence[str]:
    address = normalize(email)
    if not address:
        return ()
    hashed = [_hash(address, secret) for secret in secrets]
    return (address, *_domains(address.rpartition("@")[2]), *hashed)


def _domains(domain: str) -> Sequence[str]:
    """The domain and those above it, but none that is a single label such as "com"."""
    labels = domain.split(".")
    above = (".".join(labels[start:]) for start in range(1, len(labels) - 1))
    return [DOMAIN + name for name in (domain, *above)]


@lru_cache(maxsize=10_000)
def _hash(address: str, secret: str | bytes) -> str:
    return ERASED + seals.salted("cadenza.suppression", address.encode(), secret).hex()
