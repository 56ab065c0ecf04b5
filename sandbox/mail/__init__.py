"""The mail world: the reps' mailboxes behind SMTP and IMAP on 127.0.0.1."""

import asyncio
from dataclasses import dataclass, field

from sandbox.mail import imap, smtp
from sandbox.mail.post import office
from sandbox.world import World


@dataclass
class _Running:
    servers: list[asyncio.Server] = field(default_factory=list)
    sessions: set[asyncio.Task[None]] = field(default_factory=set)


_running = _Running()


async def start(world: World) -> dict[str, str]:
    """Open both servers on free ports; their URLs."""
    post = office(world)
    by_name = {
        "smtp": await smtp.serve(post),
        "imap": await imap.serve(post, _running.sessions),
    }
    _running.servers.extend(by_name.values())
    return {
        name: f"{name}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for name, server in by_name.items()
    }


async def stop() -> None:
    for server in _running.servers:
        server.close()
    for task in list(_running.sessions):
        task.cancel()
    await asyncio.gather(*_running.sessions, return_exceptions=True)
    _running.servers.clear()
