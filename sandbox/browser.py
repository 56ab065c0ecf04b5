"""What is posted from a browser or by another program's webhook: taken or not, and nothing else."""

from collections.abc import Mapping

import aiohttp

_PATIENCE = aiohttp.ClientTimeout(total=20)


async def post(
    link: str, body: bytes | Mapping[str, str], headers: Mapping[str, str] | None = None
) -> bool:
    """Without cookies; a mapping goes as a form."""
    data = body if isinstance(body, bytes) else dict(body)
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.post(link, data=data, headers=headers, allow_redirects=False) as response,
        ):
            return 200 <= response.status < 300  # noqa: PLR2004 - HTTP's success
    except (aiohttp.ClientError, TimeoutError):
        return False
