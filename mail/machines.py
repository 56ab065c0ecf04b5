"""What fetches links and pixels without a person: scanners, previews, proxies. Pure.

No list is complete: gateways that open links minutes later in a real browser look like people.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

#: Nobody gets, reads and follows an email sooner after it left; scanners were seen at 12 s.
SOON = timedelta(seconds=15)
#: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Purpose, and what it replaced.
_PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
#: Programs that say what they are: crawlers, link previews, image proxies, scanners, HTTP libraries.
_PROGRAMS = re.compile(
    r"bot\b|crawl|spider|slurp|preview|facebookexternalhit|whatsapp|imageproxy|mailproxy|ggpht"
    r"|existence discovery|protocol discovery|barracuda|mimecast|proofpoint|symantec|fireeye"
    r"|trend ?micro|zscaler|forcepoint|ironport|safelinks|virustotal|urlscan|headless|phantomjs"
    r"|curl|wget|python|aiohttp|httpx|go-http-client|java/|okhttp|libwww|ruby|axios|node|scrapy"
    r"|powershell|winhttp|monitor|checker|scanner",
    re.IGNORECASE,
)
#: All that Apple's Mail Privacy Protection says of itself.
_APPLE_PROXY = "Mozilla/5.0"


def reason(
    *, method: str, headers: Mapping[str, str], left_at: datetime | None, at: datetime
) -> str:
    """Why this request is no person's; blank when it may be one's. The headers' names as written."""
    agent = headers.get("User-Agent", "").strip()
    if method == "HEAD":
        return "HEAD"
    if any(_AHEAD.search(headers.get(name, "")) for name in _PURPOSES):
        return "prefetch"
    if agent in {"", _APPLE_PROXY} or _PROGRAMS.search(agent):
        return "user agent"
    if left_at is None or at < left_at + SOON:
        return "too soon"
    return ""
