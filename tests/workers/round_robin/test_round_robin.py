"""Eight workers assign the same leads at once: nobody gets one twice, and the shares are equal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import servers

CHECKOUT = Path(__file__).resolve().parents[3]
START = "import django; django.setup(); from tests.workers.round_robin import run; run.main()"
WORKERS, LEADS = 8, int(os.environ.get("CADENZA_LEADS", "120"))


def on_database(folder, database):
    (folder / ".cadenza").mkdir()
    environment = {**os.environ, "CADENZA_WORKSPACE": str(folder)}
    environment.pop("DATABASE_URL", None)
    if database is not None:
        environment["DATABASE_URL"] = database
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", START, str(WORKERS), str(LEADS)], cwd=CHECKOUT, env=environment,
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_eight_assigners_share_equally_and_assign_nobody_twice(tmp_path, vendor):
    if vendor == "postgresql":
        with servers.postgres(tmp_path / "postgres") as url:
            told = on_database(tmp_path, url)
    else:
        told = on_database(tmp_path, None)

    assert (told["database"], told["codes"], told["errors"]) == (vendor, [0], [])
    assert (told["leads"], told["most_per_lead"], told["unreacted"]) == (LEADS, 1, 0)
    assert told["owed"] == [LEADS, LEADS]
    shares = [told["shares"]["Germany"], told["shares"]["Elsewhere"]]
    assert [len(share) for share in shares] == [3, 2]
    assert [max(share.values()) - min(share.values()) <= 1 for share in shares] == [True, True]
    assert [sum(share.values()) for share in shares] == [LEADS - LEADS // 3, LEADS // 3]
