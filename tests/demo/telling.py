"""`python -m tests.demo.telling WORKSPACE FILE`: what every report says of a demo that has ended.

FILE has it at the demo's end, and once more LATER, when nothing has happened in between: then
everybody has had their time. All in one process: what takes long is starting one.
"""

import io
import json
import sys
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path

REPORTS = (
    "stages", "funnel", "replies", "objections", "speed", "handoff", "service-levels", "reps",
    "deliverability", "attribution", "missing", "nps",
)  # fmt: skip
LATER = timedelta(days=30)
#: The length of a period, so that something was in both; at the end, and later.
PERIODS = ("3", "20")


def main(workspace, file):
    import os

    os.environ["COLUMNS"] = "400"  # no table is cut into several
    timeline = said(workspace, "timeline", "--json")
    moments = [everything(workspace, days=PERIODS[0])]
    from runtime import clock
    from workers.clock import advance

    advance(clock.now() + LATER)
    moments.append(everything(workspace, days=PERIODS[1]))
    Path(file).write_text(json.dumps({"timeline": timeline, "moments": moments}))


def everything(workspace, *, days):
    told = {name: forms(workspace, name) for name in REPORTS}
    before = _yaml(workspace)
    told["improve"] = forms(workspace, "improve", "--days", days)
    told["improve"]["changed"] = sorted(dict(before.items() ^ _yaml(workspace).items()))
    told["experiments"] = forms(workspace, "experiments")
    return {**told, "days": int(days)}


def _yaml(workspace):
    return {str(path): path.read_text() for path in Path(workspace).rglob("*.yaml")}


def forms(workspace, *words):
    return {
        "json": said(workspace, *words, "--json"),
        "csv": said(workspace, *words, "--csv"),
        "table": said(workspace, *words),
    }


def said(workspace, *words):
    """By the command line's own entry."""
    from config.cli import app

    sys.argv = ["cadenza", "-w", workspace, "report", *words]
    out = io.StringIO()
    with redirect_stdout(out):
        try:
            app.main()
        except SystemExit as ended:
            assert not ended.code, words
    return out.getvalue()


if __name__ == "__main__":
    main(*sys.argv[1:])
