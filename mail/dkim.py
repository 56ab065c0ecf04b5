"""DKIM signatures (RFC 6376): relaxed/relaxed, RSA and SHA-256."""

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

#: RFC 8301 3.2: verifiers must not take shorter ones.
SHORTEST_KEY = 1024
#: RFC 8058 4 wants both List-* headers covered; those that an email has not are left out.
SIGNED = (
    "from", "reply-to", "to", "subject", "date", "message-id", "in-reply-to", "references",
    "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
#: Named once more than there are, so that nobody adds another.
OVERSIGNED = ("from",)

_PEM = "-----BEGIN"
#: What is not one space already.
_SPACE = re.compile(rb"[ \t]{2,}|\t")
_FOLD = re.compile(r"\r\n(?=[ \t])")
_LINE = 72


class BadKey(ValueError):
    """No key to sign with; the text says why and shows nothing of it."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """In whose name is signed; the public key stands at <selector>._domainkey.<domain>."""

    domain: str
    selector: str
    key: RSAPrivateKey


@lru_cache
def read_key(secret: str) -> RSAPrivateKey:
    """The RSA key that a secret is, in PEM, or whose file it names; raises BadKey."""
    pem = secret.encode() if secret.lstrip().startswith(_PEM) else _file(secret)
    try:
        key = load_pem_private_key(pem.strip() + b"\n", password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # What the library says may quote the key.
        raise BadKey("is no private key in PEM without a passphrase") from None
    if not isinstance(key, RSAPrivateKey):
        raise BadKey("is no RSA key; make one: openssl genrsa 2048")
    if key.key_size < SHORTEST_KEY:
        raise BadKey(
            f"has {key.key_size} bits; the least that is verified is {SHORTEST_KEY}, use 2048"
        )
    return key


def sign(raw: bytes, identity: Identity, *, at: datetime) -> bytes:
    """The email with its signature before it. Its lines end in CRLF."""
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = _fields(head)
    names = [name for name in SIGNED if name in fields]
    listed = [*(name for name in names if name in OVERSIGNED), *names]
    tags = (
        f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={identity.domain}; s={identity.selector};\r\n"
        f" t={int(at.timestamp())}; bh={_hash(body)};\r\n"
        f" h={':'.join(listed)};\r\n"
        " b="
    )
    covered = b"".join(b"%b:%b\r\n" % (name.encode(), fields[name]) for name in names)
    covered += b"dkim-signature:" + _relaxed(_FOLD.sub("", tags).encode())
    signature = b64encode(identity.key.sign(covered, PKCS1v15(), hashes.SHA256())).decode()
    folded = "\r\n  ".join(signature[n : n + _LINE] for n in range(0, len(signature), _LINE))
    return f"DKIM-Signature: {tags}{folded}\r\n".encode() + raw


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError):
        # Not what it names: a key whose first line was lost would be shown.
        raise BadKey("is neither a key in PEM nor a file that can be read") from None


def _fields(head: bytes) -> dict[str, bytes]:
    """Name in lower case -> value, relaxed."""
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    lines = (line.partition(b":") for line in unfolded.split(b"\r\n"))
    return {name.decode("ascii").lower(): _relaxed(value) for name, _, value in lines}


def _relaxed(value: bytes) -> bytes:
    return _single_spaced(value).strip(b" ")


def _single_spaced(text: bytes) -> bytes:
    """Searched only where there is something to be found: most bodies have nothing, and are long."""
    return _SPACE.sub(b" ", text) if b"  " in text or b"\t" in text else text


def _hash(body: bytes) -> str:
    """Of the body, relaxed: no space at line ends, one between words, no empty lines at the end."""
    relaxed = _single_spaced(body).replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return b64encode(sha256(relaxed + b"\r\n" if relaxed else b"").digest()).decode()
