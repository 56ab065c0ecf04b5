"""Which facts are required of a lead, and by whom: stages of the process, rules of the sequences at work."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from process import outcomes
from sequences import versions


def required() -> Mapping[str, Sequence[str]]:
    """Fact -> the stages and sequences that require it."""
    found: dict[str, list[str]] = defaultdict(list)
    process = outcomes.applied()
    for stage in process.stages if process else ():
        for fact in stage.requires:
            found[fact].append(stage.name)
    for version in versions.active():
        rule = versions.definition_of(version).enroll
        for fact in rule.requires if rule else ():
            found[fact].append(version.sequence)
    return dict(found)
