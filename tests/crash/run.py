"""`main()` with FOLDER SENDS SEED: workers that are killed while they send; prints figures.

In rounds: emails are queued, several workers deliver them from several mailboxes, people stop some,
kill -9 hits workers at random moments and new ones take their places. Between rounds, and now and
then within one, half a minute passes, so that what the dead have claimed is free again.
"""

import json
import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from datetime import timedelta
from itertools import count
from pathlib import Path

from django.core.management import call_command
from django.db import transaction

from crm.models import Connection, Lead
from mail import outbox
from mail.models import EmailTemplate, Mailbox, Message, Sender
from tests.crash import receiver, stopper, tally, worker
from tests.crash.worker import Shared, fork

WORKERS, MAILBOXES = 4, 6
PER_ROUND = 40
#: Real seconds: within which a round's kills fall, and until workers must have come to rest.
ROUND, PATIENCE = 0.4, 60.0
#: For so long a kill waits for a worker that waits for an answer, and then lets it wait.
GLANCE, ANSWERED_WITHIN = 0.1, 0.005
#: More than the lease of a claim, in seconds; and between tries of an email, in minutes.
LATER, MUCH_LATER = 31.0, 30.0
WINDOW = {
    "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00",
    "timezone": "UTC",
}  # fmt: skip


class Run:
    def __init__(self, folder, sends, seed):
        self.folder, self.sends, self.seed = folder, sends, seed
        self.chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
        self.shared = Shared(WORKERS)
        self.seeds = count(seed * 1_000)
        self.workers = {}
        self.kills, self.jumps = Counter(), []

    def live(self):
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        self._alone(fill, port)
        receiving = self._begin(receiver.run, listening, self.folder / "mail.jsonl", self.seed)
        listening.close()
        stopping = self._begin(stopper.run, self.shared, self.folder, self.seed)
        for place in range(WORKERS):
            self._hire(place)
        queued = 0
        while queued < self.sends:
            self._alone(queue, self.shared, queued, PER_ROUND, next(self.seeds))
            queued += PER_ROUND
            self._round()
        self._end(stopping)
        while self._alone(owing, self.shared):
            self._rest()
        for process in [*self.workers.values(), receiving]:
            self._end(process)

    def _round(self):
        """Some are killed, at moments drawn at random."""
        self.shared.is_open.value = True
        moments = sorted(self.chance.uniform(0, ROUND) for _ in range(self.chance.randint(2, 4)))
        began = time.monotonic()
        for moment in moments:
            time.sleep(max(0.0, began + moment - time.monotonic()))
            self._kill(self._victim())
            if self.chance.random() < 0.1:
                self._jump()
        time.sleep(max(0.0, began + ROUND - time.monotonic()))
        self._close()

    def _rest(self):
        """A round without harm."""
        self.shared.is_open.value = True
        time.sleep(ROUND)
        self._close()

    def _close(self):
        """Wait until no worker is in the middle of anything, and let time pass."""
        self.shared.is_open.value = False
        deadline = time.monotonic() + PATIENCE
        while not all(self.shared.is_idle):
            if time.monotonic() > deadline:
                raise SystemExit("a worker hangs")
            time.sleep(0.002)
        self._jump()
        self.shared.minutes.value += MUCH_LATER

    def _jump(self):
        """Claims run out: of the dead, and of whoever is at work."""
        self.shared.ahead.value += LATER
        self.jumps.append(time.monotonic())

    def _victim(self):
        """Any, or as often one that waits for the answer to DATA."""
        deadline = time.monotonic() + (GLANCE if self.chance.random() < 0.5 else 0)
        while time.monotonic() < deadline:
            waiting = [place for place in range(WORKERS) if self.shared.has_given[place]]
            if waiting:
                time.sleep(self.chance.uniform(0, ANSWERED_WITHIN))
                return self.chance.choice(waiting)
        return self.chance.randrange(WORKERS)

    def _kill(self, place):
        self._end(self.workers[place])
        self.kills["kills"] += 1
        self.kills["kills_between_data_and_the_next_command"] += self.shared.has_given[place]
        self._hire(place)

    def _hire(self, place):
        self.shared.is_idle[place] = self.shared.has_given[place] = False
        ids = list(range(1, MAILBOXES + 1))
        arguments = (self.shared, place, ids, self.folder, next(self.seeds))
        self.workers[place] = self._begin(worker.work, *arguments)

    def _begin(self, function, *arguments):
        process = fork.Process(target=function, args=arguments, daemon=True)
        process.start()
        return process

    def _end(self, process):
        if not process.is_alive():
            raise SystemExit("a process ended by itself")
        os.kill(process.pid, signal.SIGKILL)
        process.join()

    def _alone(self, function, *arguments):
        """In a process of its own: nothing of the database is open here when another is forked."""
        ours, theirs = fork.Pipe()
        process = self._begin(lambda: theirs.send(function(*arguments)))
        process.join()
        if process.exitcode:
            raise SystemExit(f"{function.__name__} failed")
        return ours.recv()


def fill(port):
    call_command("migrate", verbosity=0, interactive=False)
    Connection.objects.create(pk=1, name="hubspot", kind="hubspot", pull_every=timedelta(hours=1))
    Sender.objects.create(
        company="Us", postal_address="Street 1", public_url="https://out.us.example"
    )
    EmailTemplate.objects.create(
        pk=1, name="opening", digest="1", subject="A question, {{ lead.first_name }}",
        text="Hello {{ lead.first_name }}\n\nUnsubscribe: {{ unsubscribe_url }}\n",
        html="<p>Hello {{ lead.first_name }}</p><a href='{{ unsubscribe_url }}'>Unsubscribe</a>",
    )  # fmt: skip
    for number in range(1, MAILBOXES + 1):
        Mailbox.objects.create(
            pk=number, address=f"rep{number}@us.example", display_name=f"Rep {number}",
            smtp_url=f"smtp://127.0.0.1:{port}", imap_url="imap://127.0.0.1:1",
            username="rep", per_day=100_000, per_hour=100_000, gap=timedelta(0),
            most_bounces=10_000,
        )  # fmt: skip


def queue(shared, first, number, seed):
    """Emails of one step each, to new people whose servers behave as their addresses say."""
    shared.install_clocks()
    chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
    manners = chance.choices(*zip(*receiver.MANNERS.items(), strict=True), k=number)
    now = shared.now()
    leads = [
        Lead(
            email=f"{manner}.{first + place}@customer.example", first_name="Grace",
            source_id=1, created_at=now,
        )
        for place, manner in enumerate(manners)
    ]  # fmt: skip
    template, mailboxes = EmailTemplate.objects.get(), list(Mailbox.objects.all())
    with transaction.atomic():
        # Their inboxes are read, as far as this test goes: answers come by another way.
        Mailbox.objects.update(read_at=now)
        leads = Lead.objects.bulk_create(leads)
        outbox.queue([draft(lead, chance.choice(mailboxes), template, now) for lead in leads])


def draft(lead, mailbox, template, now, deal=None):
    return outbox.Draft(
        enrollment_id=lead.pk, step_id="opening", sequence="approach", token=f"token-{lead.pk}",
        lead_id=lead.pk, deal_id=deal and deal.pk, mailbox_id=mailbox.pk, template_id=template.pk,
        parent_id=None, to_email=lead.email, message_id=outbox.message_id(mailbox.address),
        window=WINDOW, enrolled_at=now - timedelta(hours=1), due_at=now, because={"rule": "step"},
    )  # fmt: skip


def owing(shared):
    """Whether something can still leave; the inboxes are read again."""
    Mailbox.objects.update(read_at=shared.now())
    return Message.objects.filter(status__in=["queued", "sending"]).exists()


def main():
    folder, sends, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    run = Run(folder, sends, seed)
    began = time.monotonic()
    run.live()
    seconds = round(time.monotonic() - began)
    figures = {
        "seed": seed,
        "seconds": seconds,
        **run.kills,
        **tally.count(folder, jumps=run.jumps),
    }
    print(json.dumps(figures))  # noqa: T201 - its answer
