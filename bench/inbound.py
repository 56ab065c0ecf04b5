"""How well and how fast inbound mail is classified: both halves of the corpus, messages per second."""

import time
from pathlib import Path

from mail.explained import explain
from tests.mail.corpus import HELD, OPEN
from tests.mail.corpus.case import DAY
from tests.mail.corpus.figures import figures

_ROUNDS = 5


def measure(_data: Path | None) -> dict[str, object]:
    """`held` was written before the rules were tuned; the fastest round counts."""
    raws = [case.raw for case in (*OPEN, *HELD)]
    fastest = min(_seconds(raws) for _ in range(_ROUNDS))
    return {
        "open": figures(OPEN),
        "held": figures(HELD),
        "classified_per_second": round(len(raws) / fastest),
        "bytes_per_message": round(sum(map(len, raws)) / len(raws)),
    }


def _seconds(raws: list[bytes]) -> float:
    """Everything that `explain` tells, from the bytes on."""
    began = time.perf_counter()
    for raw in raws:
        explain(raw, today=DAY)
    return time.perf_counter() - began
