"""The receiving server, in a process of its own: it notes each event with its moment, line by line.

Moments are `time.monotonic()`, one clock for every process of the machine. What it does with an
email stands before the dot of its address (`slow.17@customer.example`):

fine     takes it                          slow    takes it, and answers later
gone     knows no such address             spam    refuses the email itself
later    refuses it once, for now          away    hangs up once, before it has the email
lost     hangs up instead of taking it     silent  takes it, and hangs up instead of answering
"""

import asyncio
import json
import os
import random
import re
import time
from email import message_from_bytes
from itertools import count

from aiosmtpd.smtp import SMTP

#: How often each of them is met.
MANNERS = {
    "fine": 50, "slow": 40, "gone": 2, "spam": 2, "later": 2, "away": 2, "lost": 1, "silent": 1,
}  # fmt: skip
#: Seconds; the moments between DATA and its answer are the most delicate ones.
SLOWEST = 0.04


def run(listening, path, seed):
    """Until the process is ended."""
    loop = asyncio.new_event_loop()
    recorder = Recorder(path, seed)
    server = loop.create_server(lambda: Session(recorder, loop), sock=listening)
    loop.run_until_complete(server)
    loop.run_forever()


class Session(SMTP):
    """One connection; its end is noted, however it came."""

    def __init__(self, recorder, loop):
        super().__init__(recorder, ident="cadenza-sandbox", loop=loop)
        self.recorder, self.number = recorder, next(recorder.numbers)

    def connection_lost(self, error):
        self.recorder.note("end", self.number)
        super().connection_lost(error)


class Recorder:
    def __init__(self, path, seed):
        self.numbers = count(1)
        self._log = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self._random = random.Random(seed)  # noqa: S311 - a test that can be repeated
        self._met = set()

    def note(self, event, session, **more):
        line = {"event": event, "session": session, "at": time.monotonic(), **more}
        os.write(self._log, json.dumps(line).encode() + b"\n")

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        self.note("mail", server.number, mailbox=address)
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        self.note("rcpt", server.number, to=address)
        envelope.rcpt_tos.append(address)
        manner = re.split("[.]", address)[0]
        if manner == "away" and self._first_time(address):
            server.transport.abort()
        if manner == "later" and self._first_time(address):
            return "450 4.2.1 later"
        return "550 5.1.1 user unknown" if manner == "gone" else "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        (address,) = envelope.rcpt_tos
        manner = re.split("[.]", address)[0]
        if manner == "spam":
            return "554 5.7.1 not wanted"
        if manner == "lost":
            self.note("dropped", server.number, to=address)
            server.transport.abort()
            return "250 never said"
        mail = message_from_bytes(envelope.content)
        self.note(
            "taken",
            server.number,
            to=address,
            message_id=mail["Message-ID"],
            step=mail["X-Cadenza-Step"],
        )
        if manner == "silent":
            self.note("dropped", server.number, to=address)
            server.transport.abort()
        if manner == "slow":
            await asyncio.sleep(self._random.uniform(0, SLOWEST))
        self.note("answered", server.number, to=address)
        return "250 2.0.0 taken"

    def _first_time(self, address):
        """Whether it is: what is tried again is let through."""
        known = address in self._met
        self._met.add(address)
        return not known
