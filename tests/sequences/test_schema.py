"""The JSON Schema that editors use agrees with what `check` accepts."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sequences.schema import json_schema
from workspace.source import read_yaml

CHECKOUT = Path(__file__).resolve().parents[2]
LIBRARY = CHECKOUT / "sequences" / "library"
BAD = CHECKOUT / "tests" / "process" / "bad"
#: Mistakes in the shape of a file, which an editor can show while one writes.
SHAPE = [
    "branch-percent-over", "branch-without-steps", "branch-without-ways", "email-weight-zero",
    "exclusive-unknown", "existing-text", "exit-no-list", "experiment-no-share", "experiment-opens",
    "experiment-unknown-key", "field-misspelled", "goal-empty",
    "ignore-unknown", "name-is-a-number", "name-missing", "per-day-text", "per-day-zero",
    "quiet-for-unknown-unit", "reply-sends-an-email", "rule-missing", "step-of-no-kind",
    "step-of-two-kinds", "step-without-id", "steps-empty", "task-unknown-kind", "update-list",
    "wait-no-duration", "wait-unknown-unit", "when-changed-unknown", "window-unknown-day",
]  # fmt: skip


@pytest.fixture(scope="module")
def validator():
    Draft202012Validator.check_schema(json_schema())
    return Draft202012Validator(json_schema())


def errors(validator, path):
    return list(validator.iter_errors(read_yaml(path, path.name).data))


def test_the_published_copy_is_the_schema():
    published = (LIBRARY / "sequence.schema.json").read_text(encoding="utf-8")

    assert json.loads(published) == json_schema()


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_library_is_valid(validator, path):
    assert errors(validator, path) == []


@pytest.mark.parametrize("case", SHAPE)
def test_a_mistake_of_shape_is_seen_by_an_editor(validator, case):
    assert errors(validator, BAD / f"{case}.yaml") != []
