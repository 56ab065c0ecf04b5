"""Every mistake that a file of tests can have, with what `check` and `test` say of it, to the letter.

bad_tests/<case>.yaml stands in the starter as tests/bad.yaml; bad_tests/<case>.txt is what is told.
CADENZA_WRITE_GOLDEN=1 writes the texts anew: read them before you keep them.
"""

import os
import shutil
from pathlib import Path

import pytest

from crm.fields import FIELDS
from process import blueprint
from process.testing import reading
from workspace.problems import Invalid

BAD = Path(__file__).parent / "bad_tests"
CASES = sorted(path.stem for path in BAD.glob("*.yaml"))


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_told_at_its_place(case, starter):
    shutil.copy(BAD / f"{case}.yaml", starter / "tests" / "bad.yaml")
    loaded = blueprint.load(starter, schema=FIELDS)

    with pytest.raises(Invalid) as caught:
        reading.read(starter, loaded)

    told = "\n".join(map(str, caught.value.problems)) + "\n"
    golden = BAD / f"{case}.txt"
    if os.environ.get("CADENZA_WRITE_GOLDEN") == "1":
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")
    assert all(problem.file == "tests/bad.yaml" for problem in caught.value.problems)


def test_there_are_enough_of_them_and_none_is_left_over():
    assert len(CASES) >= 50
    assert sorted(path.stem for path in BAD.glob("*.txt")) == CASES
