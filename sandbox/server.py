"""All servers of one sandbox process, on free loopback ports, until told to end."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox import control, mail, people, reps
from sandbox.bookings import Bookings
from sandbox.faults import Faults
from sandbox.hubspot import app as hubspot
from sandbox.hubspot import seed as hubspot_seed
from sandbox.salesforce import app as salesforce
from sandbox.salesforce import seed as salesforce_seed
from sandbox.world import World

_LOOK_EVERY = 10


async def serve(world: World, *, idle: float) -> None:
    """Seed the CRMs, open every server, tell where they are, and serve until SIGTERM or idleness."""
    records = {"hubspot": hubspot_seed.load(world), "salesforce": salesforce_seed.load(world)}
    faults = Faults(lambda: world.moment)
    bookings = Bookings(world)
    runners = {
        "hubspot": web.AppRunner(hubspot.application(world, faults)),
        "salesforce": web.AppRunner(salesforce.application(world, faults)),
        "control": web.AppRunner(control.application(world, records, faults, bookings)),
    }
    urls = {name: await _open(runner) for name, runner in runners.items()}
    urls |= await mail.start(world)
    people.attach(world, bookings)
    reps.attach(world, bookings)
    _tell(world, urls)
    await _until_told(world, idle)
    await mail.stop()
    for runner in runners.values():
        await runner.cleanup()
    world.close()


async def _open(runner: web.AppRunner) -> str:
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


def _tell(world: World, urls: dict[str, str]) -> None:
    keys = world.keys
    told: dict[str, Any] = {
        "pid": os.getpid(),
        **urls,
        "hubspot_token": keys.hubspot_token,
        "hubspot_client_id": keys.hubspot_client_id,
        "hubspot_client_secret": keys.hubspot_client_secret,
        "hubspot_refresh_token": keys.hubspot_refresh_token,
        "salesforce_refresh_token": keys.salesforce_refresh_token,
        "salesforce_client_id": keys.salesforce_client_id,
        "salesforce_client_secret": keys.salesforce_client_secret,
        "cal_secret": keys.cal_secret,
        "mail_password": keys.mail_password,
        "start": world.start.isoformat(),
        "reps": [{"name": rep.name, "email": rep.email} for rep in world.company.reps],
    }
    line = json.dumps(told, ensure_ascii=False)
    _write_privately(world.state / "sandbox.json", line)
    print(line, flush=True)  # noqa: T201 - whoever started us reads it


def _write_privately(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


async def _until_told(world: World, idle: float) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    while not told.is_set() and world.idle_seconds() < idle:
        try:
            await asyncio.wait_for(told.wait(), _LOOK_EVERY)
        except TimeoutError:
            continue
