"""docs/sequences.md: its examples are read by the real loader, and nothing is left out of it."""

import re
import textwrap
from pathlib import Path
from typing import get_args

import pytest

from crm.facts import FIELDS
from crm.kinds import COMPANY_ANSWERED, EVENTS
from process.blueprint import load
from process.objections.definition import Objection
from sequences import email_step, steps, task_step
from sequences.definition import Enroll, Lint, OnReply, Sequence, Window

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "sequences.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"(?ms)^```yaml\n(.*?)^```$", PAGE)
MODELS = (
    Sequence, Enroll, Window, OnReply, task_step.OnDisposition, steps.Way, email_step.Invite,
    *get_args(steps.Step),
)  # fmt: skip
KEYS = {field.alias or name for model in MODELS for name, field in model.model_fields.items()}
NAMES = KEYS | set(EVENTS) | {COMPANY_ANSWERED} | set(get_args(Lint))


def whole(example: str) -> str:
    """An example as a file: with the name, the stage and the steps that it leaves out."""
    if example.startswith("- id:"):
        example = "steps:\n" + textwrap.indent(example, "  ")
    for key, line in (("name", "name: example\n"), ("stage", "stage: Approach\n")):
        if not re.search(rf"(?m)^{key}:", example):
            example = line + example
    if "\nsteps:" not in example:
        example += "steps:\n  - id: opening\n    email: approach-cold-opening\n"
    return example


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_loads_without_a_warning(mapped, example):
    (mapped / "lists").mkdir()
    (mapped / "lists" / "spring-fair.csv").write_text("email\ngrace@customer.example\n")
    text = whole(example)
    (mapped / "sequences" / "example.yaml").write_text(text)

    loaded = load(mapped, schema=FIELDS)

    assert loaded.warnings == ()
    assert set(re.findall(r"(?m)^name: (\S+)", text)) < set(loaded.sequences)


def test_there_are_examples():
    assert len(EXAMPLES) >= 15


@pytest.mark.parametrize(
    ("page", "model"),
    [("sequences", task_step.TaskStep), ("objections-and-closing", Objection)],
)
def test_a_page_names_just_what_is_required(page, model):
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")

    told = re.findall(r"(?m)^((?:`\w+`(?:, | and ))+`\w+`) are required", text)

    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert set(re.findall(r"\w+", told[0].replace(" and ", " "))) == required


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_key_event_and_warning_is_told(name):
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize(("name", "fields"), sorted(FIELDS.items()))
def test_every_fact_is_told(name, fields):
    [told] = re.findall(rf"(?m)^\| `{name}` \| ([^|:]+)", PAGE)

    assert set(re.findall(r"\w+", told)) == fields


def test_every_link_leads_somewhere():
    titles = re.findall(r"(?m)^#+ (.+)$", PAGE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}

    assert set(re.findall(r"\(#([\w-]+)\)", PAGE)) <= anchors
