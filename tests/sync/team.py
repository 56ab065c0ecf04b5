"""`python -m tests.sync.team`: one team's workspace at work, in a process and a database of its own.

Its folder and secrets are in the environment. Each line of standard input is one command as JSON,
with the moment at which it is given; the answer is a line, too.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import django
from django.core.management import call_command


def main():
    django.setup()
    call_command("migrate", verbosity=0)
    for line in sys.stdin:
        told = json.loads(line)
        at(datetime.fromisoformat(told.pop("now")))
        answer = COMMANDS[told.pop("do")](**told)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def at(now):
    from workers import clock

    clock.start(now)
    clock.advance(now)


def apply():
    from crm.facts import FIELDS
    from process import apply, blueprint

    apply.apply(blueprint.load(Path(os.environ["CADENZA_WORKSPACE"]), schema=FIELDS))


def settle(only=""):
    """What the CRMs, or one of them, say is read and thought over, and what they are owed is written."""
    from crm.models import Connection
    from crm.pull import pull
    from crm.push import push

    found = Connection.objects.order_by("name")
    ids = [one.pk for one in found if only in ("", one.name)]
    for step in (pull, react, push):
        for pk in ids:
            done = step(pk)
            assert done is None or not done.error, done.error


def react(_connection=None):
    from workers import reactions

    while reactions.waiting():
        reactions.react()


def write():
    """What is due leaves."""
    from mail import outbox, pipe
    from mail.models import Mailbox
    from sequences import engine

    engine.advance_due()
    for mailbox in Mailbox.objects.all():
        pipe.nothing_waits(mailbox)
        outbox.deliver(mailbox.pk)
    react()


def answer(email, reject=""):
    """Sales' yes, or its no and why."""
    from process.prospecting import qualifying

    if reject:
        qualifying.reject(lead(email), reject, by="ada")
    else:
        qualifying.accept(lead(email), by="ada")


def handoff():
    """What `cadenza report handoff` counts for this team: MQLs, accepted, rejected, open, and the reasons."""
    from crm.models import Activity
    from process.reports import catalog
    from process.reports.report import Scope
    from runtime import clock

    *_, everybody = catalog.REPORTS["handoff"](Scope(now=clock.now())).rows
    rejected = Activity.objects.filter(kind="rejected").order_by("pk")
    return [*everybody[1:5], [one.data["reason"] for one in rejected]]


def move(email, to):
    from process import moves

    moves.by_person(lead(email), to, by="ada", why="agreed on the phone")


def know():
    """Address -> the CRM that it came from, and the CRMs that know it."""
    from crm.models import ExternalRecord, Lead

    return {
        one.email: [
            one.source.name,
            *sorted(
                set(
                    ExternalRecord.objects.filter(lead=one).values_list(
                        "connection__name", flat=True
                    )
                )
            ),
        ]
        for one in Lead.objects.select_related("source")
    }


def lead(email):
    from crm.models import Lead

    return Lead.objects.get(email=email)


COMMANDS: dict[str, Callable[..., object]] = {
    "apply": apply, "settle": settle, "write": write, "answer": answer, "move": move, "know": know,
    "handoff": handoff,
}  # fmt: skip

if __name__ == "__main__":
    main()
