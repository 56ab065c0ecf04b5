"""Every mistake that process.yaml can have, with what `check` says of it, to the letter.

bad_process/<case>.yaml says which text of the starter's process.yaml is written otherwise;
bad_process/<case>.txt is what is told. CADENZA_WRITE_GOLDEN=1 writes the texts anew: read them.
"""

import os
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from crm.facts import FIELDS
from process.blueprint import Invalid, load

BAD = Path(__file__).parent / "bad_process"
CASES = sorted(path.stem for path in BAD.glob("*.yaml"))


@pytest.mark.parametrize("case", CASES)
def test_a_bad_process_is_told_at_its_place(case, starter):
    written = YAML(typ="safe").load((BAD / f"{case}.yaml").read_text())
    path = starter / "process.yaml"
    text = path.read_text()
    assert written["written"] in text
    path.write_text(text.replace(written["written"], written["instead"], 1))

    with pytest.raises(Invalid) as caught:
        load(starter, schema=FIELDS)

    told = "\n".join(map(str, caught.value.problems)) + "\n"
    golden = BAD / f"{case}.txt"
    if os.environ.get("CADENZA_WRITE_GOLDEN") == "1":
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")
    assert all(problem.file == "process.yaml" for problem in caught.value.problems)


def test_there_are_enough_of_them_and_none_is_left_over():
    assert len(CASES) >= 30
    assert sorted(path.stem for path in BAD.glob("*.txt")) == CASES
