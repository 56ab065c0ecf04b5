"""One tick of the engine: claim what is due, decide it and write it, however many people wait.

Databases of ten thousand, a hundred thousand and a million active enrollments stand side by side and
take turns, so that whatever else the machine does meets all of them.
"""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.process import Process
from sandbox import servers

TOTALS = (10_000, 100_000, 1_000_000)
ROUNDS, DUE = 8, 1000
CREWS, DUE_FOR_A_CREW = (1, 2, 4), 10_000
#: Milliseconds of the bare claim and of the tick over the same rows: `claim_ms`, `tick_ms`.
_Round = Mapping[str, float]


def measure(_data: Path | None) -> dict[str, object]:
    """`ratio_*`: a tick among the most to one among the fewest; `times_raw_claim`: the worst of all.

    Medians over the rounds; the first one warms up and does not count.
    """
    told: dict[str, object] = {}
    times: dict[str, float] = {}
    for kind in ("sqlite", "postgresql"):
        rounds = _rounds(kind)
        ticks = {total: _median(found, "tick_ms") for total, found in rounds.items()}
        claims = {total: _median(found, "claim_ms") for total, found in rounds.items()}
        told[f"ratio_{kind}"] = round(ticks[TOTALS[-1]] / ticks[TOTALS[0]], 2)
        told |= {f"{kind}_{total}_ms": round(ms, 1) for total, ms in ticks.items()}
        told |= {f"{kind}_{total}_raw_claim_ms": round(ms, 1) for total, ms in claims.items()}
        times[kind] = round(max(ticks[total] / claims[total] for total in TOTALS), 1)
        told[f"times_raw_claim_{kind}"] = times[kind]
    return told | {
        "times_raw_claim": max(times.values()),
        "steps_per_second": _steps_per_second(),
    }


def _median(rounds: Sequence[_Round], figure: str) -> float:
    return statistics.median(found[figure] for found in rounds)


def _rounds(kind: str) -> dict[int, list[_Round]]:
    with ExitStack() as stack:
        crowds = {
            total: stack.enter_context(Process(stack.enter_context(database(kind))))
            for total in TOTALS
        }
        for total, crowd in crowds.items():
            crowd.ask("fill", total)
        rounds = [
            {total: crowd.ask("round", 1 + DUE * number, DUE) for total, crowd in crowds.items()}
            for number in range(ROUNDS + 1)
        ]
    return {total: [found[total] for found in rounds[1:]] for total in TOTALS}


def _steps_per_second() -> dict[str, int]:
    """With so many workers on one PostgreSQL; all of them share the machine with it."""
    found, first = {}, 1
    with database("postgresql") as environment, Process(environment) as crowd:
        crowd.ask("fill", TOTALS[1])
        for workers in CREWS:
            crowd.ask("make_due", first, DUE_FOR_A_CREW)
            first += DUE_FOR_A_CREW
            found[str(workers)] = round(DUE_FOR_A_CREW / _seconds_of(workers, environment))
    return found


def _seconds_of(workers: int, environment: Mapping[str, str]) -> float:
    with ExitStack() as stack:
        crew = [stack.enter_context(Process(environment)) for _ in range(workers)]
        for worker in crew:
            worker.ask("warm_up")
        began = time.perf_counter()
        for worker in crew:
            worker.tell("work")
        for worker in crew:
            worker.answer()
        return time.perf_counter() - began


@contextmanager
def database(kind: str) -> Iterator[Mapping[str, str]]:
    """The environment of a workspace on an empty database of this kind."""
    with TemporaryDirectory(prefix="cadenza-bench-") as folder, ExitStack() as stack:
        (Path(folder) / ".cadenza").mkdir()
        environment = {
            "CADENZA_WORKSPACE": folder,
            "CADENZA_MODE": "sandbox",
            "CADENZA_SECRET_KEY": "bench",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        if kind == "postgresql":
            url = stack.enter_context(servers.postgres(Path(folder) / "postgres"))
            environment["DATABASE_URL"] = url
        yield environment
