from datetime import UTC, datetime
from itertools import pairwise

from sequences.cadence import NO_WAY, State, Taken
from sequences.definition import Sequence
from sequences.moving import move, moved

NOW = datetime(2026, 1, 6, 9, tzinfo=UTC)


def written(*steps):
    return Sequence.model_validate(
        {"name": "outbound", "stage": "Approach", "when_changed": "move", "steps": steps}
    )


def branch(*percents):
    ways = [{"percent": percent, "steps": []} for percent in percents]
    return {"id": "split", "branch": ways}


def test_a_way_of_a_branch_that_was_away_meanwhile_is_known_no_more():
    call = {"id": "call", "task": "call", "title": "Call", "due": "1 day"}
    versions = [written(branch(10, 20, 30)), written(call), written(branch(40)), written(branch(5))]
    state = State(
        lead_id=1,
        started_at=NOW,
        timezone="UTC",
        taken={"split": Taken(at=NOW, way=2)},
        facts={},
    )

    ways = []
    for old, new in pairwise(versions):
        to = move(old, new, state, NOW)
        assert to is not None
        ways.append(dict(to.ways))
        state = moved(state, to)

    assert ways == [{}, {"split": NO_WAY}, {"split": NO_WAY}]
