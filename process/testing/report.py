"""All tests that were asked for, run one by one, and what they cover together."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from process.blueprint import Blueprint
from process.testing import trial
from process.testing.coverage import Coverage, coverage
from process.testing.reading import Test
from process.testing.verdict import Verdict, judge


class Report:
    def __init__(self, blueprint: Blueprint, tests: Sequence[Test], *, is_whole: bool) -> None:
        """`is_whole`: sequences without any test count too."""
        self._blueprint, self._tests, self._is_whole = blueprint, tests, is_whole
        self.verdicts: list[Verdict] = []

    def run(self) -> Iterator[Verdict]:
        for test in sorted(self._tests, key=lambda test: test.sequence):
            outcome = trial.run(self._blueprint, test.case, sequence=test.sequence)
            verdict = judge(test, outcome)
            self.verdicts.append(verdict)
            yield verdict

    @property
    def failed(self) -> Sequence[Verdict]:
        return [verdict for verdict in self.verdicts if not verdict.is_passed]

    def coverages(self) -> Sequence[Coverage]:
        """By sequence; what a failed test walked was not tested."""
        walked: dict[str, set[str]] = defaultdict(set)
        for verdict in self.verdicts:
            if verdict.is_passed:
                walked[verdict.test.sequence] |= verdict.outcome.walked
        tested = {test.sequence for test in self._tests}
        return [
            coverage(sequence, walked[name])
            for name, sequence in self._blueprint.sequences.items()
            if self._is_whole or name in tested
        ]

    def below(self, percent: int) -> Sequence[Coverage]:
        return [one for one in self.coverages() if one.percent < percent]
