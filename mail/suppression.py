"""Person stops: addresses that nothing leaves to again."""

from datetime import datetime

from django.db import connection

from crm import normalize as spelling
from crm.models import Lead
from mail.models import Suppression


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
    """Keep this address from being written to; False when it was already, for the same kind."""
    if kind not in Suppression.Kind.values:
        raise ValueError(f"{kind!r} is none of {', '.join(Suppression.Kind.values)}")
    address = normalize(email)
    if not address:
        raise ValueError("an address to suppress needs a local part and a domain")
    _, created = Suppression.objects.get_or_create(
        email=address, kind=kind, defaults={"lead": lead, "at": at, "because": because or {}}
    )
    return created


def is_suppressed(email: str, lead: Lead | None = None) -> bool:
    return first(email, lead) is not None


def first(email: str, lead: Lead | None = None) -> Suppression | None:
    """The oldest suppression of the address, or of the lead under any address."""
    # Asked twice of every email that leaves, and nearly always in vain.
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [normalize(email), lead.pk if lead is not None else None])
        found = cursor.fetchone()
    return Suppression.objects.get(pk=found[0]) if found else None


_FIRST = """
SELECT id FROM mail_suppression WHERE email = %s OR lead_id = %s ORDER BY at, id LIMIT 1
"""
