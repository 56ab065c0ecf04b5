"""Numbers of rows in what strangers see: hidden, and nobody can forge one.

A seal is an HMAC over the number, and the number hidden under a second HMAC. Nothing is stored for it.
"""

import hmac
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from django.conf import settings


@dataclass(frozen=True, kw_only=True)
class Seals:
    """Of one purpose: a seal of another opens to nothing here."""

    purpose: str
    #: Bytes of the HMAC that are kept, and of the number.
    tag: int
    width: int

    @property
    def size(self) -> int:
        return self.tag + self.width

    def seal(self, number: int) -> bytes:
        plain, secret = number.to_bytes(self.width), settings.SECRET_KEY
        tag = self._tag(plain, secret)
        return tag + self._mask(plain, tag, secret)

    def number(self, sealed: bytes) -> int | None:
        """The number; None for anything forged or cut."""
        if len(sealed) != self.size:
            return None
        tag, hidden = sealed[: self.tag], sealed[self.tag :]
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            plain = self._mask(hidden, tag, secret)
            if hmac.compare_digest(tag, self._tag(plain, secret)):
                return int.from_bytes(plain)
        return None

    def _tag(self, plain: bytes, secret: str | bytes) -> bytes:
        return self._hmac("tag", plain, secret)[: self.tag]

    def _mask(self, data: bytes, tag: bytes, secret: str | bytes) -> bytes:
        size = len(data)
        pad = self._hmac("mask", tag, secret)[:size]
        return (int.from_bytes(data) ^ int.from_bytes(pad)).to_bytes(size)

    def _hmac(self, use: str, value: bytes, secret: str | bytes) -> bytes:
        return salted(f"{self.purpose}.{use}", value, secret)


def salted(salt: str, value: bytes, secret: str | bytes) -> bytes:
    """What Django's `salted_hmac` makes with SHA-256, whose key it would make anew each time."""
    mac = _keyed(salt, secret).copy()
    mac.update(value)
    return mac.digest()


@lru_cache
def _keyed(salt: str, secret: str | bytes) -> hmac.HMAC:
    secret = secret.encode() if isinstance(secret, str) else secret
    return hmac.new(sha256(salt.encode() + secret).digest(), digestmod="sha256")
