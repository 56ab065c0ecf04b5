"""A first pull into the mirror against only reading the same pages, from the local sandbox."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import requests

_START = "2026-03-02T06:00:00+00:00"
_CHECKOUT = Path(__file__).parent.parent


def measure(data: Path | None) -> dict[str, object]:
    """Per CRM: records, calls of the first and of a second pull, and the time against reading alone.

    And over both CRMs how many deals are at each stage, as pulled and as the CRMs hold them; `data`
    is a CSV folder, else the sandbox's own company.
    """
    with tempfile.TemporaryDirectory(prefix="cadenza-bench-") as folder:
        place = Path(folder)
        with _sandbox(place, data) as told:
            _set_up(place, told)
            pulled = {name: _one(name, told) for name in ("hubspot", "salesforce")}
            return {**pulled, "stages_here": _here(), "stages_there": _there(told)}


def _here() -> dict[str, int]:
    from crm.models import Deal  # noqa: PLC0415 - Django's apps are ready only now

    return _counted(Deal.objects.filter(deleted_at=None).values_list("stage_value", flat=True))


def _there(told: dict[str, Any]) -> dict[str, int]:
    return _counted(
        deal["values"][field]
        for crm, object_, field in (
            ("hubspot", "deals", "dealstage"),
            ("salesforce", "Opportunity", "StageName"),
        )
        for deal in _ask(told, "/records", crm=crm, object=object_)
    )


def _counted(stages: Iterable[str]) -> dict[str, int]:
    """The two CRMs spell a stage differently."""
    return dict(sorted(Counter(stage.casefold() for stage in stages).items()))


def _writes(told: dict[str, Any], name: str) -> int:
    """What the CRM was asked to write, as it noted itself."""
    return len(_ask(told, "/journal", kind=f"{name}.write"))


def _ask(told: dict[str, Any], path: str, **query: str) -> Any:
    answer = requests.get(f"{told['control']}{path}", params=query, timeout=60)
    answer.raise_for_status()
    return answer.json()


def _one(name: str, told: dict[str, Any]) -> dict[str, object]:
    from crm.connections import connector_of  # noqa: PLC0415 - Django's apps are ready only now
    from crm.models import Change, Connection  # noqa: PLC0415 - likewise
    from crm.pull import pull  # noqa: PLC0415 - likewise
    from runtime import clock  # noqa: PLC0415 - likewise

    connection = Connection.objects.get(name=name)
    connector = connector_of(connection)
    kinds: tuple[Literal["owner", "company", "lead", "deal"], ...] = (
        "owner", "company", "lead", "deal",
    )  # fmt: skip
    began = time.perf_counter()
    read = sum(
        len(page.records) for kind in kinds for page in connector.changed(kind, "", now=clock.now())
    )
    reading = time.perf_counter() - began
    began = time.perf_counter()
    first = pull(connection.pk)
    pulling = time.perf_counter() - began
    second = pull(connection.pk)
    if first is None or second is None or first.error or second.error:
        raise SystemExit(f"{name}: {first and first.error} {second and second.error}")
    return {
        "records": read,
        "calls": first.calls,
        "calls_of_second_pull": second.calls,
        "records_of_second_pull": sum(landed.seen for landed in second.landed.values()),
        "writes": _writes(told, name) + Change.objects.filter(connection=connection).count(),
        "seconds": round(pulling, 2),
        "ratio_to_reading_alone": round(pulling / reading, 2),
    }


@contextmanager
def _sandbox(place: Path, data: Path | None) -> Iterator[dict[str, Any]]:
    command = [
        sys.executable, "-m", "sandbox", "--state", str(place / "sandbox"), "--seed", "7",
        "--start", _START, "--process", str(_CHECKOUT / "config" / "process.yaml"),
        "--product-url", "http://127.0.0.1:1",
    ]  # fmt: skip
    if data is not None:
        command += ["--data", str(data)]
    with subprocess.Popen(command, cwd=_CHECKOUT, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own module
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def _set_up(place: Path, told: dict[str, Any]) -> None:
    """A fresh workspace on SQLite, its connections pointing at the sandbox."""
    os.environ.update(
        CADENZA_WORKSPACE=str(place),
        CADENZA_MODE="sandbox",
        DJANGO_SETTINGS_MODULE="config.settings",
        HUBSPOT_TOKEN=told["hubspot_token"],
        SALESFORCE_CLIENT_ID=told["salesforce_client_id"],
        SALESFORCE_CLIENT_SECRET=told["salesforce_client_secret"],
    )
    os.environ.pop("DATABASE_URL", None)
    import django  # noqa: PLC0415 - its settings read the environment, which stands only now
    from django.core.management import call_command  # noqa: PLC0415 - likewise

    django.setup()
    call_command("migrate", verbosity=0)
    from crm.models import Connection  # noqa: PLC0415 - likewise

    Connection.objects.create(
        name="hubspot",
        kind="hubspot",
        pull_every=timedelta(hours=1),
        settings={"url": told["hubspot"], "token": "${HUBSPOT_TOKEN}"},
    )
    Connection.objects.create(
        name="salesforce",
        kind="salesforce",
        pull_every=timedelta(hours=1),
        settings={
            "url": told["salesforce"],
            "client_id": "${SALESFORCE_CLIENT_ID}",
            "client_secret": "${SALESFORCE_CLIENT_SECRET}",
        },
    )
