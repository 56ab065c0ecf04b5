"""`main()` with WORKERS LEADS: as many processes react to the same leads at once; prints what came of it."""

import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from crm.models import Activity, Change, Connection, ExternalRecord, Lead, Owner
from crm.timeline import note
from process.models import AppliedProcess
from workers import reactions
from workspace.source import read_yaml

PROCESS = Path(__file__).resolve().parents[3] / "config" / "process.yaml"
OWNERS = {"Germany": ["a@us.example", "b@us.example", "c@us.example"],
          "Elsewhere": ["c@us.example", "d@us.example"]}  # fmt: skip
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
fork = get_context("fork")


def main():
    workers, leads = map(int, sys.argv[1:])
    in_process(prepare, leads)
    gate = fork.Barrier(workers)
    running = [fork.Process(target=react, args=(gate,)) for _ in range(workers)]
    for process in running:
        process.start()
    for process in running:
        process.join()
    told = {**tell(), "codes": sorted({process.exitcode for process in running})}
    print(json.dumps(told))  # noqa: T201 - what the test reads


def in_process(work, *arguments):
    """Apart, so that no connection is shared with those who are forked later."""
    process = fork.Process(target=work, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0


def prepare(count):
    call_command("migrate", verbosity=0)
    source = Connection.objects.create(
        name="hubspot", kind="hubspot", pull_every=timedelta(minutes=5)
    )
    for emails in OWNERS.values():
        for email in emails:
            owner, _ = Owner.objects.get_or_create(email=email)
            ExternalRecord.objects.get_or_create(
                connection=source, kind="owner", external_id=email, defaults={"owner": owner}
            )
    process = read_yaml(PROCESS, "process.yaml").data
    assert isinstance(process, dict)
    process["assignment"] = {
        "on": ["lead_created"],
        "territories": [
            {"name": "Germany", "when": 'lead.country == "DE"', "owners": OWNERS["Germany"]},
            {"name": "Elsewhere", "owners": OWNERS["Elsewhere"]},
        ],
    }
    AppliedProcess.objects.create(digest="one", definition=process, active=True, applied_at=NOW)
    for number in range(count):
        lead = Lead.objects.create(
            email=f"{number}@customer.example",
            country="DE" if number % 3 else "FR",
            source=source,
            created_at=NOW,
        )
        ExternalRecord.objects.create(
            connection=source, kind="lead", external_id=str(number), lead=lead
        )
        note("lead_created", lead=lead, occurred_at=NOW)


def react(gate):
    gate.wait()
    reactions.react()


def tell():
    given = Activity.objects.filter(kind="assigned").order_by("pk")
    shares = {name: Counter() for name in OWNERS}
    for data in given.values_list("data", flat=True):
        shares[data["territory"]][data["owner"]] += 1
    owed = Change.objects.filter(field="owner_id").values_list("record__lead", flat=True)
    return {
        "database": connection.vendor,
        "shares": shares,
        "leads": Lead.objects.exclude(owner=None).count(),
        "most_per_lead": max(Counter(given.values_list("lead", flat=True)).values()),
        "owed": [len(owed), len(set(owed))],
        "unreacted": Activity.objects.filter(reacted_at=None).count(),
        "errors": list(
            Activity.objects.exclude(reaction_error="").values_list("reaction_error", flat=True)
        ),
    }
