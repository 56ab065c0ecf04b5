"""kill -9 at random moments: nothing twice, nothing after a stop, nothing lost, little in doubt.

CADENZA_SENDS sets how many emails, CADENZA_SEED which run; `make test-crash` sends thousands on both
databases and prints the figures.
"""

import json
import os

import pytest

SENDS = int(os.environ.get("CADENZA_SENDS", "240"))
SEED = int(os.environ.get("CADENZA_SEED", "1"))


#: Each is a list of the emails concerned.
FAULTS = (
    "duplicates",
    "after_a_stop",
    "lost",
    "told_wrong",
    "doubtful_for_no_reason",
    "faults",
)


@pytest.mark.timeout(300 + SENDS)
def test_cases_1_and_3_workers_killed_while_they_send(told, capsys):
    figures = told("run", SENDS, SEED, durable=True)

    if "CADENZA_SENDS" in os.environ:
        with capsys.disabled():
            print(f"\n{json.dumps(figures, indent=1)}")  # noqa: T201 - what the long run is for
    assert [figures[name] for name in FAULTS] == [[]] * len(FAULTS), figures
    assert figures["emails"] == sum(figures["rows"].values()) >= SENDS
    assert set(figures["rows"]) <= {"sent", "failed", "unconfirmed", "cancelled"}
    assert figures["rows"]["sent"] > SENDS / 2
    assert figures["kills"] > SENDS / 30
    assert figures["kills_between_data_and_the_next_command"] > 0
    assert figures["stops"] > 0
    assert figures["rows"]["unconfirmed"] > 0
