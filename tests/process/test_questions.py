"""How tasks may turn out, wherever it is said: exits may wait for all of that."""

import pytest

from crm.facts import FIELDS
from process.blueprint import load

ASKS = """
qualification:
  reject_reasons: [too_small]
"""
STEP = """\
name: odd
stage: Approach
steps:
  - { id: call, task: call, title: Call, due: 1 day, dispositions: [gatekeeper] }
"""
WRITTEN = "      - { on: email_sent, to: Approach }\n"


@pytest.mark.parametrize(
    "narrowed",
    [
        "disposition: [connected]",
        "task: social, disposition: [ignored]",
        "task: call, disposition: [gatekeeper]",
        "task: research, disposition: [found]",
        "task: accept, disposition: [accepted, too_small]",
        "task: answer, disposition: [price]",
        "task: meeting",
    ],
)
def test_an_exit_waits_for_a_disposition_wherever_it_is_named(starter, narrowed):
    process = starter / "process.yaml"
    text = process.read_text()
    exit_ = f"      - {{ on: task_done, {narrowed}, to: Approach }}\n"
    text = text.replace(WRITTEN, WRITTEN + exit_, 1)
    declared = "\ndispositions: { research: [found] }\n"
    process.write_text(text + ASKS + declared)
    (starter / "sequences" / "odd.yaml").write_text(STEP)

    prospecting = load(starter, schema=FIELDS).process.stages[0]

    assert prospecting.exit[2].on == "task_done"
