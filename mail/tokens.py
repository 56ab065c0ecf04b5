"""Bytes as tokens in addresses: each has exactly one spelling."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64


def write(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode("ascii")


def read(token: str, *, size: int) -> bytes | None:
    """None for what is not how `write` spells so many bytes: the decoder passes over stray letters."""
    try:
        sealed = urlsafe_b64decode(token.encode("ascii"))
    except (UnicodeEncodeError, BadBase64, ValueError):
        return None
    return sealed if len(sealed) == size and write(sealed) == token else None
