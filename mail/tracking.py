"""Links that lead through us: written into the HTML of an email, and found again by their token.

A token is opaque and cannot be forged: 16 bytes of a MAC over the email's id, the link's number and
the address that it leads to, and the two numbers hidden under a second one. The addresses are kept
with the email, so the longest one costs a short link, and no token leads anywhere else.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from html import unescape
from html.entities import html5
from urllib.parse import quote, urlsplit

from django.conf import settings

from mail import tokens, unsubscribe
from mail.models import Message, Sender

#: Where links and the pixel stand below the address of tracking.
CLICKS, OPENS = "c/", "o/"
#: The number of the pixel, which leads nowhere.
PIXEL = 0xFFFF

_TAG = 16
_MESSAGE, _NUMBER = 6, 2
#: An <a> or <area> up to its href, and what that is. No part runs past a "<": linear on any text.
_HREF = re.compile(
    r"""(<[aA](?:[rR][eE][aA])?(?=\s)(?:[^<>"']|"[^<"]*"|'[^<']*')*?\s[hH][rR][eE][fF]\s*=\s*)"""
    r"""("[^<"]*"|'[^<']*'|[^\s<>"']+)"""
)
#: References as they count in attributes: `&section=2` is none.
#: https://html.spec.whatwg.org/multipage/parsing.html#named-character-reference-state
_REFERENCE = re.compile(r"&(?:#(?:[0-9]++|[xX][0-9a-fA-F]++);?|[A-Za-z][A-Za-z0-9]*+(?:;|(?!=)))")
_WEB = re.compile(r"https?://[^\s\x00-\x20\x7f]+", re.IGNORECASE)
#: Of an address, all but what is not ASCII stays as it was written.
_AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))
_COLUMNS = "id lead deal enrollment_id message_id step_id links handed_at sent_at".split()


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a token stands for: the link of an email with this number, or its pixel."""

    message: Message
    number: int
    url: str


def tracked(html: str, message: Message, sender: Sender) -> tuple[str, list[str]]:
    """The HTML with its links led through us, and where they lead, by number.

    The way out, mailto:, tel: and anchors stay as they are, and so does all of an email that no row
    will know: a preview.
    """
    if message.pk is None or not html:
        return html, []
    numbers: dict[str, int] = {}
    if sender.track_clicks:
        html = _rewritten(html, message.pk, sender, numbers)
    if sender.track_opens:
        html = _with_pixel(html, message.pk, sender)
    return html, list(numbers)


def target_of(token: str) -> Target | None:
    """None for anything forged, cut or unknown."""
    sealed = tokens.read(token, size=_TAG + _MESSAGE + _NUMBER)
    if sealed is None:
        return None
    tag = sealed[:_TAG]
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        plain = _masked(sealed[_TAG:], tag, _key(secret))
        pk, number = int.from_bytes(plain[:_MESSAGE]), int.from_bytes(plain[_MESSAGE:])
        message = Message.objects.select_related("lead", "deal").only(*_COLUMNS).filter(pk=pk)
        found = message.filter(lead__erased_at=None).first()
        url = _url(found, number) if found else None
        if found and url is not None and compare_digest(tag, _tag(plain, url, _key(secret))):
            return Target(message=found, number=number, url=url)
    return None


def _rewritten(html: str, pk: int, sender: Sender, numbers: dict[str, int]) -> str:
    base = f"{_base(sender)}/{CLICKS}"
    kept = (base, f"{sender.public_url.rstrip('/')}/{unsubscribe.PATH}")

    def led_through_us(found: re.Match[str]) -> str:
        url = _followable(_value(found[2]))
        if not url or url.startswith(kept) or len(numbers) >= PIXEL:
            return found[0]
        number = numbers.setdefault(url, len(numbers))
        return f'{found[1]}"{base}{_token(pk, number, url)}"'

    return _HREF.sub(led_through_us, html)


def _with_pixel(html: str, pk: int, sender: Sender) -> str:
    url = f"{_base(sender)}/{OPENS}{_token(pk, PIXEL, '')}.gif"
    pixel = f'<img src="{url}" width="1" height="1" alt="" style="border: 0">'
    head, end, tail = html.rpartition("</body>")
    return f"{head}{pixel}{end}{tail}" if end else f"{html}{pixel}"


def _base(sender: Sender) -> str:
    return (sender.tracking_url or sender.public_url).rstrip("/")


def _value(written: str) -> str:
    """An attribute's value, of how it is written."""
    bare = written[1:-1] if written[:1] in {'"', "'"} else written
    return (_REFERENCE.sub(_referred, bare) if "&" in bare else bare).strip()


def _referred(found: re.Match[str]) -> str:
    name = found[0][1:]
    return unescape(found[0]) if name.startswith("#") or name in html5 else found[0]


def _followable(url: str) -> str:
    """As a browser would ask for it, in ASCII; blank for what it could not, or should not."""
    if not _WEB.fullmatch(url):
        return ""
    try:
        host = urlsplit(url).netloc
    except ValueError:
        return ""
    if not host or not host.isascii():
        return ""
    return url if url.isascii() else quote(url, safe=_AS_IT_IS)


def _url(message: Message, number: int) -> str | None:
    if number == PIXEL:
        return ""
    return str(message.links[number]) if number < len(message.links) else None


def _token(pk: int, number: int, url: str) -> str:
    key = _key(settings.SECRET_KEY)
    plain = pk.to_bytes(_MESSAGE) + number.to_bytes(_NUMBER)
    tag = _tag(plain, url, key)
    return tokens.write(tag + _masked(plain, tag, key))


def _tag(plain: bytes, url: str, key: bytes) -> bytes:
    return blake2b(plain + url.encode(), digest_size=_TAG, key=key, person=b"link").digest()


def _masked(plain: bytes, tag: bytes, key: bytes) -> bytes:
    pad = blake2b(tag, digest_size=len(plain), key=key, person=b"mask").digest()
    return (int.from_bytes(plain) ^ int.from_bytes(pad)).to_bytes(len(plain))


@lru_cache
def _key(secret: str | bytes) -> bytes:
    secret = secret.encode() if isinstance(secret, str) else secret
    return blake2b(secret, digest_size=64, person=b"cadenza.tracking").digest()
