"""HubSpot's v3 signature of a webhook: base64 of HMAC-SHA256 over method, URI, body and timestamp.

https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide, "Validating requests".
The client's own check accepts moments that are still to come and fails on headers beyond ASCII.
"""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import unquote

#: How old a request may be, and how far clocks may differ.
OLDEST, NEWEST = timedelta(minutes=5), timedelta(seconds=30)
#: Of milliseconds, until the year 2286; more could be no moment at all.
_DIGITS = 13


class Forged(ValueError):
    """Not signed by who knows the secret, or not signed for now; the text says which, no more."""


def check(
    *,
    secret: str,
    method: str,
    uri: str,
    body: bytes,
    timestamp: str,
    signature: str,
    now: datetime,
) -> None:
    """Raises Forged. `uri` as HubSpot calls it, `timestamp` and `signature` as its headers say."""
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > _DIGITS:
        raise Forged("no timestamp in milliseconds")
    sent_at = datetime.fromtimestamp(int(timestamp) / 1000, UTC)
    if now - sent_at > OLDEST:
        raise Forged(f"older than {OLDEST.seconds // 60} minutes")
    if sent_at - now > NEWEST:
        raise Forged("dated in the future")
    expected = sign(secret=secret, method=method, uri=uri, body=body, timestamp=timestamp)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise Forged("the signature is another one")


def sign(*, secret: str, method: str, uri: str, body: bytes, timestamp: str) -> str:
    """What the header X-HubSpot-Signature-v3 has to say."""
    signed = f"{method}{unquote(uri)}".encode() + body + timestamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, sha256).digest()).decode()
