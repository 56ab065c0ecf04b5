"""A full pull, a delta and a push between a large HubSpot and the mirror, in calls and memory.

Each size is measured in a process of its own, so that one's memory is not the other's.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

_CHECKOUT = Path(__file__).parent.parent
SMALL, LARGE = 10_000, 100_000
_EDITED, _MOVED = 100, 1000
_FILLED_AT_ONCE = 10_000


def measure(_data: Path | None) -> dict[str, object]:
    """Keys: see the table in docs/sync.md; `ratio_to_raw` is our records per second to the raw loop's.

    The raw loop gets and parses the same pages with requests, and keeps nothing.
    """
    small, large = _in_a_process(SMALL), _in_a_process(LARGE)
    return {
        "calls_full": large["calls_full"],
        "calls_delta": large["calls_delta"],
        "calls_push_hubspot": large["calls_push_hubspot"],
        "calls_push_salesforce": large["calls_push_salesforce"],
        "rss_mb_small": small["rss_mb"],
        "rss_mb_large": large["rss_mb"],
        "ratio_to_raw": large["ratio_to_raw"],
        "seconds_full": large["seconds_full"],
        "seconds_delta": large["seconds_delta"],
        "seconds_push_hubspot": large["seconds_push_hubspot"],
        "seconds_push_salesforce": large["seconds_push_salesforce"],
        "records_full": large["records_full"],
        "calls_delta_small": small["calls_delta"],
    }


def _in_a_process(count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.sync", str(count)]
    done = subprocess.run(command, cwd=_CHECKOUT, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own module
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="cadenza-bench-") as folder:
        place = Path(folder)
        with _sandbox(place) as told:
            print(json.dumps(_measured(place, told, int(sys.argv[1]))))


def _measured(place: Path, told: dict[str, Any], count: int) -> dict[str, Any]:
    contacts = _fill(told, "hubspot", "contacts", count, _contact)
    _fill(
        told, "hubspot", "deals", _MOVED, lambda n: {"dealname": f"D{n}", "dealstage": "engaging"}
    )
    _fill(
        told, "salesforce", "Opportunity", _MOVED,
        lambda n: {"Name": f"D{n}", "StageName": "Engaging", "CloseDate": "2026-06-01"},
    )  # fmt: skip
    _set_up(place, told)
    from runtime import clock  # noqa: PLC0415 - Django's apps are ready only now

    moment = [datetime.fromisoformat(told["start"]) + timedelta(days=30)]
    clock.install(lambda: moment[0])
    _ask(told, "POST", "/moment", {"now": moment[0].isoformat()})
    full, seconds_full = _timed(lambda: _pull("hubspot"))
    _pull("salesforce")
    # Records that were read within the last minute are written without reading them again.
    pushes = {name: _push(name) for name in ("hubspot", "salesforce")}
    # The pushes' echoes are read, and looked for once more, before the delta is counted.
    for wait in (timedelta(hours=2), timedelta(hours=2), timedelta(minutes=5)):
        _pull("hubspot")
        moment[0] += wait
        _ask(told, "POST", "/moment", {"now": moment[0].isoformat()})
    edited = {"do": "edit", "crm": "hubspot", "object": "contacts", "values": {"phone": "+49 30 1"}}
    _ask(told, "POST", "/hands", edited | {"ids": contacts[:_EDITED]})
    delta, seconds_delta = _timed(lambda: _pull("hubspot"))
    assert delta.landed["lead"].changed == _EDITED, delta  # noqa: S101 - else there is no figure
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    records = sum(landed.seen for landed in full.landed.values())
    raw, seconds_raw = _timed(lambda: _raw(told))
    assert raw >= count, raw  # noqa: S101 - likewise
    return {
        "records_full": records,
        "calls_full": full.calls,
        "seconds_full": round(seconds_full, 1),
        "calls_delta": delta.calls,
        "seconds_delta": round(seconds_delta, 2),
        **{f"calls_push_{name}": calls for name, (calls, _) in pushes.items()},
        **{f"seconds_push_{name}": round(seconds, 2) for name, (_, seconds) in pushes.items()},
        "rss_mb": round(rss, 1),
        "ratio_to_raw": round((records / seconds_full) / (raw / seconds_raw), 3),
    }


def _contact(number: int) -> dict[str, str]:
    return {
        "email": f"person{number}@customer{number % 997}.example",
        "firstname": f"First{number}",
        "lastname": f"Last{number}",
        "jobtitle": "Head of Operations",
        "hs_lead_status": "NEW",
    }


def _fill(told: dict[str, Any], crm: str, object_: str, count: int, row: Any) -> list[str]:
    made: list[str] = []
    for start in range(0, count, _FILLED_AT_ONCE):
        rows = [row(number) for number in range(start, min(count, start + _FILLED_AT_ONCE))]
        act = {"do": "create", "crm": crm, "object": object_, "rows": rows}
        made += _ask(told, "POST", "/hands", act)[0]
    return made


def _timed(work: Any) -> tuple[Any, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def _pull(name: str) -> Any:
    from crm.models import Connection  # noqa: PLC0415 - Django's apps are ready only now
    from crm.pull import pull  # noqa: PLC0415 - likewise

    pulled = pull(Connection.objects.get(name=name).pk)
    if pulled is None or pulled.error:
        raise SystemExit(f"{name}: {pulled and pulled.error}")
    return pulled


def _push(name: str) -> tuple[int, float]:
    """Calls and seconds of writing that every deal moved to another stage."""
    from crm import ledger  # noqa: PLC0415 - Django's apps are ready only now
    from crm.models import Deal  # noqa: PLC0415 - likewise
    from crm.push import push  # noqa: PLC0415 - likewise
    from runtime import clock  # noqa: PLC0415 - likewise

    deals = list(Deal.objects.filter(source__name=name))
    stage = {"hubspot": "presentation", "salesforce": "Presentation"}[name]
    Deal.objects.filter(source__name=name).update(stage_value=stage)
    for deal in deals:
        deal.stage_value = stage
    ledger.settle("deal", deals, at=clock.now())
    pushed, seconds = _timed(lambda: push(deals[0].source_id))
    if pushed.error or pushed.pushed != _MOVED:
        raise SystemExit(f"{name}: {pushed}")
    return pushed.calls, seconds


def _raw(told: dict[str, Any]) -> int:
    """The same pages of contacts with requests alone: got, parsed, dropped."""
    from connectors.hubspot.fields import PROPERTIES  # noqa: PLC0415 - beside what it is held against

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {told['hubspot_token']}"
    query = {"limit": "100", "properties": ",".join(sorted(set(PROPERTIES["lead"].values())))}
    count, after = 0, ""
    while True:
        page = query | ({"after": after} if after else {})
        answer = session.get(f"{told['hubspot']}/crm/v3/objects/contacts", params=page, timeout=60)
        body = answer.json()
        count += len(body["results"])
        after = body.get("paging", {}).get("next", {}).get("after", "")
        if not after:
            return count


def _ask(told: dict[str, Any], method: str, path: str, body: object) -> Any:
    answer = requests.request(method, told["control"] + path, json=body, timeout=300)
    answer.raise_for_status()
    return answer.json()


@contextmanager
def _sandbox(place: Path) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "sandbox", "--state", str(place / "sandbox"), "--empty"]
    with subprocess.Popen(command, cwd=_CHECKOUT, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own module
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def _set_up(place: Path, told: dict[str, Any]) -> None:
    """A fresh workspace on SQLite; no tier paces us, since the seconds are ours that are measured."""
    os.environ.update(
        CADENZA_WORKSPACE=str(place),
        CADENZA_MODE="sandbox",
        DJANGO_SETTINGS_MODULE="config.settings",
    )
    os.environ.pop("DATABASE_URL", None)
    import django  # noqa: PLC0415 - its settings read the environment, which stands only now
    from django.core.management import call_command  # noqa: PLC0415 - likewise

    django.setup()
    call_command("migrate", verbosity=0)
    from crm.models import Connection  # noqa: PLC0415 - likewise

    kinds = {
        "hubspot": {
            "url": told["hubspot"], "token": told["hubspot_token"],
            "calls_per_10_seconds": 100_000, "searches_per_second": 10_000,
        },
        "salesforce": {
            "url": told["salesforce"], "client_id": told["salesforce_client_id"],
            "client_secret": told["salesforce_client_secret"],
        },
    }  # fmt: skip
    for name, settings in kinds.items():
        Connection.objects.create(
            name=name, kind=name, pull_every=timedelta(hours=1), settings=settings
        )


if __name__ == "__main__":
    main()
