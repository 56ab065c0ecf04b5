"""People who unsubscribe and answer while workers send: each stop with the moment it was committed by."""

import json
import os
import random
import time

from django.db import transaction
from django.test import RequestFactory

from console.unsubscribe import unsubscribe as page
from mail import outbox, receive, unsubscribe
from mail.inbound import Arrived
from mail.models import Message
from runtime import clock

#: Of so many emails that are queued or under way, one is stopped.
ONE_OF = 6
_REPLY = """\
From: Grace <{sender}>
To: <{mailbox}>
Subject: Re: A question
Message-ID: <reply-{number}@customer.example>
Date: Wed, 4 Mar 2026 12:00:00 +0000

Thank you, {number}, tell me more.
"""


def run(shared, folder, seed):
    shared.install_clocks()
    chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
    log = os.open(folder / "stops.jsonl", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    asked = set()
    while True:
        time.sleep(chance.uniform(0, 0.02))
        if not shared.is_open.value:
            continue
        under_way = Message.objects.filter(status__in=["queued", "sending"])
        fresh = [m for m in under_way.select_related("lead", "mailbox") if m.pk not in asked]
        if not fresh:
            continue
        message = chance.choice(fresh)
        asked |= {m.pk for m in chance.sample(fresh, min(ONE_OF, len(fresh)))} | {message.pk}
        kind = chance.choice(list(KINDS))
        KINDS[kind](message)
        told = {"to": message.to_email, "kind": kind, "committed_at": time.monotonic()}
        os.write(log, json.dumps(told).encode() + b"\n")


def one_click(message):
    token = unsubscribe.token(message.lead)
    assert page(RequestFactory().post("/u/", headers={"Accept": "*/*"}), token).status_code == 200


def reply(message):
    raw = _REPLY.format(sender=message.to_email, mailbox=message.mailbox.address, number=message.pk)
    arrived = Arrived(uidvalidity=1, uid=message.pk, raw=raw.encode(), received_at=clock.now())
    assert receive.receive(message.mailbox, arrived) == "reply"


def reply_and_reaction(message):
    """The reply with what a reaction does to its enrollment."""
    reply(message)
    with transaction.atomic():
        outbox.cancel(message.enrollment_id, {"reason": "replied"})


KINDS = {"one_click": one_click, "reply": reply, "reply_and_reaction": reply_and_reaction}
