"""The demo's folder: the witness's state, the team's workspace, and what a restart has to know."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from ruamel.yaml import YAML

from config import starter

CHECKOUT = Path(__file__).resolve().parent.parent.parent
SECONDS_TO_START = 60
#: What the team's process asks of lost deals, beyond the starter's.
LOSS_REASON = """
loss_reason:
  field: deal.extra.loss_reason
  choices: [price, timing, competitor]
  deal_stage: { hubspot: lost, salesforce: Lost }
"""
#: How marketing's leads come to sales.
ACCEPTANCE = """
qualification:
  reject_reasons: [too small, no budget]
  respond_within: 1 day
marketing:
  hubspot: { mql: { lifecycle_stage: marketingqualifiedlead } }
"""
#: Whom reps look at before anybody writes to them; everybody else is written to at once.
WORTH_A_LOOK = 'lead.stage == "Prospecting" and company.employees >= 200'
#: A day after one look of the reps is the next one: no task of theirs is skipped just before.
_A_DAY, TWO_DAYS = "skip_after: 1 business day", "skip_after: 2 business days"
#: Whoever did not buy is a prospect again within the demo's time, and not a quarter later.
_A_QUARTER, A_MONTH = "after: 90 days", "after: 30 days"


@dataclass(frozen=True, kw_only=True)
class Place:
    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def witness_state(self) -> Path:
        return self.folder / "sandbox"

    def notes(self) -> dict[str, Any]:
        """What an earlier run left: {} when there is none."""
        path = self.folder / "run.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def keep(self, **values: object) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "run.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps({**self.notes(), **values}))
        fresh.replace(path)

    def secret(self) -> str:
        """The key that signs this run's links, the same after a restart."""
        if "secret" not in self.notes():
            self.keep(secret=secrets.token_urlsafe(50))
        return str(self.notes()["secret"])

    def clear(self) -> None:
        """Start from nothing; the processes that an interrupted run left are ended first."""
        notes = self.notes()
        for pid in (*notes.get("pids", []), *notes.get("workers", [])):
            end(pid)
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)


def end(pid: int) -> None:
    """End a process of ours, if it still is one: its command line names Cadenza's sandbox or CLI."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        line = subprocess.run(  # noqa: S603 - a number of ours
            ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607 - wherever ps is
            capture_output=True,
            check=False,
        ).stdout
    if b"sandbox" in line or b"config.cli" in line:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def witness(place: Place) -> dict[str, Any] | None:
    """The running witness of an interrupted run; None when it is gone."""
    path = place.witness_state / "sandbox.json"
    if not path.exists():
        return None
    told: dict[str, Any] = json.loads(path.read_text())
    try:
        requests.get(f"{told['control']}/state", timeout=5).raise_for_status()
    except requests.RequestException:
        return None
    return told


def start_witness(
    place: Place, *, data: Path | None, seed: int, start: str, product_url: str
) -> dict[str, Any]:
    """Start the sandbox in a session of its own, so that it outlives a killed demo."""
    command = [
        sys.executable, "-m", "sandbox", "--state", str(place.witness_state), "--seed", str(seed),
        "--start", start, "--process", str(place.workspace / "process.yaml"),
        "--product-url", product_url,
    ]  # fmt: skip
    if data is not None:
        command += ["--data", str(data)]
    place.witness_state.mkdir(parents=True, exist_ok=True)
    with (place.witness_state / "stderr.log").open("ab") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        said = (place.witness_state / "stderr.log").read_text()[-2000:]
        raise SystemExit(f"The sandbox did not start:\n{said}")
    told: dict[str, Any] = json.loads(line)
    return told


def write_workspace(place: Place, told: dict[str, Any], *, public_url: str) -> None:
    """The starter, with the sandbox's endpoints and a mailbox for every rep."""
    yaml = YAML()
    path = place.workspace / "cadenza.yaml"
    document = yaml.load(path.read_text())
    document["public_url"] = public_url
    for connection in document["connections"].values():
        connection["pull_every"] = "12 hours"
    hubspot = document["connections"]["hubspot"]
    hubspot["url"] = told["hubspot"]
    # Sixty days pass in two minutes: a real account's pace would be most of the demo's time.
    hubspot["calls_per_10_seconds"], hubspot["searches_per_second"] = 5000, 500
    document["connections"]["salesforce"]["url"] = told["salesforce"]
    document["mailboxes"] = [
        {
            "address": rep["email"],
            "name": rep["name"],
            "smtp": told["smtp"],
            "imap": told["imap"],
            "password": "${MAIL_PASSWORD}",
            # One in twenty of its people bounces; of so few a rep may meet more than that by chance.
            "pause_at": {"bounces": "100%"},
        }
        for rep in told["reps"]
    ]
    document["booking"] = {
        "provider": "cal.com",
        "secret": "${CAL_SECRET}",
        "link": "https://cal.example/brightwell/demo",
    }
    for name, field in (("hubspot", "closed_lost_reason"), ("salesforce", "Loss_Reason__c")):
        document["connections"][name]["fields"]["deal"] = {"loss_reason": field}
    with path.open("w") as file:
        yaml.dump(document, file)
    _look_first(place.workspace / "sequences")
    process = place.workspace / "process.yaml"
    text = process.read_text().replace(_A_QUARTER, A_MONTH)
    process.write_text(text + LOSS_REASON + ACCEPTANCE)


def _look_first(sequences: Path) -> None:
    """Prospecting by people for some; the starter leaves to its users for whom."""
    tasks, cold = sequences / "prospecting-tasks.yaml", sequences / "approach-cold.yaml"
    enters = f"enroll:\n  when: {WORTH_A_LOOK}\n\nexit:\n"
    text = tasks.read_text().replace("exit:\n", enters, 1)
    tasks.write_text(text.replace(_A_DAY, TWO_DAYS))
    others = f"  when: not ({WORTH_A_LOOK}) and "
    cold.write_text(cold.read_text().replace("  when: ", others, 1))


def init_workspace(place: Place) -> None:
    """The starter, marked as a sandbox's (config.settings)."""
    starter.copy(place.workspace)
    state = place.workspace / ".cadenza"
    state.mkdir(exist_ok=True)
    (state / "sandbox").touch()


def environment(place: Place, told: dict[str, Any]) -> dict[str, str]:
    """What production would find in its environment."""
    return {
        "CADENZA_WORKSPACE": str(place.workspace),
        "CADENZA_MODE": "sandbox",
        "HUBSPOT_TOKEN": told["hubspot_token"],
        "SALESFORCE_CLIENT_ID": told["salesforce_client_id"],
        "SALESFORCE_CLIENT_SECRET": told["salesforce_client_secret"],
        "MAIL_PASSWORD": told["mail_password"],
        "CAL_SECRET": told["cal_secret"],
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
