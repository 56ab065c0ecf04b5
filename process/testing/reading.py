"""The tests of a workspace, read and held against its sequences."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from process.blueprint import Blueprint
from process.testing.check import check
from process.testing.definition import Case, Suite
from workspace import layout
from workspace.problems import Invalid, Problem
from workspace.source import read_yaml
from workspace.validation import validate


@dataclass(frozen=True, kw_only=True)
class Test:
    """A test with what its file says for all of them, and where it is written."""

    __test__ = False  # pytest takes what is called so for its own

    sequence: str
    case: Case
    file: str
    line: int
    #: Of each event that is given.
    given_lines: Sequence[int]


def read(folder: Path, blueprint: Blueprint) -> list[Test]:
    """Every test, in the order of the files; raises Invalid with all their problems."""
    problems: list[Problem] = []
    found: list[Test] = []
    for file in layout.test_files(folder):
        try:
            found += _read(folder, file, blueprint)
        except Invalid as invalid:
            problems += invalid.problems
    if problems:
        raise Invalid(problems)
    return found


def _read(folder: Path, file: str, blueprint: Blueprint) -> list[Test]:
    document = read_yaml(folder / file, file)
    suite = validate(Suite, document)
    if isinstance(suite, list):
        raise Invalid(suite)
    problems = list(check(suite, document, blueprint))
    if problems:
        raise Invalid(problems)
    return [
        Test(
            sequence=suite.sequence,
            case=suite.whole(case),
            file=file,
            line=document.place(("tests", number, "name"))[0],
            given_lines=[
                document.place(("tests", number, "given", at))[0] for at in range(len(case.given))
            ],
        )
        for number, case in enumerate(suite.tests)
    ]
