"""`python -m tests.demo.side_by_side FOLDER DAYS TIMES`: the demo's workers beside a simulation.

Before the demo applies its sequences, a simulation begins from the same rows and lives through the
same days with the sandbox's own people. Both sides' touches are written to FOLDER/sides.json.
"""

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

from config.demo import command
from sandbox.data import generate

SEED = 7


def main(folder, days, times):
    generate.main(folder / "data", times=times)
    simulated = {}

    def set_up():
        original_set_up()
        from config.demo import job

        apply_once = job._apply_once

        def simulate_first(loaded, console):
            simulated.update(simulate(loaded, folder / "data", days))
            apply_once(loaded, console)

        job._apply_once = simulate_first

    original_set_up, command._set_up = command._set_up, set_up
    began = time.monotonic()
    command.main(
        data=folder / "data", seed=SEED, folder=folder / "demo", days=days, as_json=True,
        people_work=False,
    )  # fmt: skip
    told = {**simulated, "lived": lived(), "demo_seconds": round(time.monotonic() - began, 1)}
    (folder / "sides.json").write_text(json.dumps(told))


def simulate(loaded, data, days):
    from crm.models import ExternalRecord
    from process.simulation import load
    from process.simulation.engine import Simulation
    from runtime import clock
    from sandbox import company
    from tests.demo.sandbox_world import SandboxWorld

    records = ExternalRecord.objects.filter(kind="deal").order_by("pk")
    world = SandboxWorld(
        company.load(data, seed=SEED), loaded.process, seed=SEED, timezone=loaded.timezone,
        deal_keys=dict(records.values_list("deal", "external_id")),
    )  # fmt: skip
    scene = load.scene(loaded, clock.now())
    began = time.monotonic()
    Simulation(scene, world).run(clock.now() + timedelta(days=days))
    touches = sorted(
        (t.at.isoformat(), t.lead_id, t.sequence, t.step, t.kind) for t in scene.touches
    )
    return {"simulated": touches, "seconds": round(time.monotonic() - began, 2)}


def lived():
    from mail.models import Message
    from sequences.models import Enrollment, StepRun

    sequences = dict(Enrollment.objects.values_list("pk", "sequence"))
    emails = Message.objects.filter(status="sent").values_list(
        "sent_at", "lead", "enrollment_id", "step_id"
    )
    tasks = StepRun.objects.filter(kind="task").values_list(
        "at", "enrollment__lead", "enrollment", "step_id"
    )
    found = [(at, lead, sequences[e], step, "email") for at, lead, e, step in emails]
    found += [(at, lead, sequences[e], step, "task") for at, lead, e, step in tasks]
    return sorted((at.isoformat(), lead, *rest) for at, lead, *rest in found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
