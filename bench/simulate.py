"""A year of ten thousand invented people over the starter library, in a process of its own."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_CHECKOUT = Path(__file__).parent.parent
PEOPLE, DAYS, REPS, SEED = 10_000, 365, 12, 7
BEGINS = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def measure(_data: Path | None) -> dict[str, object]:
    """`seconds` from the loaded files to the end of the year, `rss_mb` at most; and what was lived."""
    command = [sys.executable, "-m", "bench.simulate"]
    done = subprocess.run(command, cwd=_CHECKOUT, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own module
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="cadenza-bench-") as folder:
        blueprint = _starter(Path(folder) / "workspace")
        began = time.perf_counter()
        touches, enrollments = _live(blueprint)
        seconds = time.perf_counter() - began
    told = {
        "seconds": round(seconds, 1),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "leads": PEOPLE,
        "days": DAYS,
        "touches": touches,
        "enrollments": enrollments,
    }
    print(json.dumps(told))


def _starter(folder: Path) -> Any:
    """The starter workspace, with a mailbox for each of the reps."""
    os.environ |= {
        "CADENZA_WORKSPACE": str(folder), "CADENZA_MODE": "sandbox", "CADENZA_SECRET_KEY": "bench",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
    import django  # noqa: PLC0415 - after the environment

    django.setup()
    from config import starter  # noqa: PLC0415 - after set-up
    from crm.facts import FIELDS  # noqa: PLC0415 - after set-up
    from process import blueprint  # noqa: PLC0415 - after set-up

    starter.copy(folder)
    loaded = blueprint.load(folder, schema=FIELDS)
    box = loaded.mailboxes[0]
    names = [f"rep-{number}@example.com" for number in range(REPS)]
    return replace(loaded, mailboxes=[box.model_copy(update={"address": one}) for one in names])


def _live(blueprint: Any) -> tuple[int, int]:
    from process.simulation import sample  # noqa: PLC0415 - after set-up
    from process.simulation.engine import Simulation  # noqa: PLC0415 - after set-up
    from process.simulation.people import People  # noqa: PLC0415 - after set-up
    from process.simulation.rates import Rates  # noqa: PLC0415 - after set-up
    from runtime import memory  # noqa: PLC0415 - after set-up

    scene = sample.scene(blueprint, PEOPLE, BEGINS)
    memory.settle()  # as the command does
    Simulation(scene, People(Rates(), seed=SEED)).run(BEGINS + timedelta(days=DAYS))
    return len(scene.touches), len(scene.enrollments)


if __name__ == "__main__":
    main()
