"""What the sections of prospecting read, held against the facts that there are."""

from collections.abc import Iterator
from dataclasses import replace

from process.definition import Process
from process.known import Known, counts
from process.prospecting.scoring import Scoring
from process.prospecting.territories import Assignment
from process.readable import Readable
from process.undeclared import SCORES
from workspace.problems import Path, Problem
from workspace.source import Document


def check(process: Process, document: Document, known: Known) -> Iterator[Problem]:
    if process.scoring is not None:
        yield from _scoring(process.scoring, document, _scored(known))
    if process.assignment is not None:
        yield from _assignment(process.assignment, document, known)


def _scoring(scoring: Scoring, document: Document, facts: Readable) -> Iterator[Problem]:
    if scoring.qualified_at > scoring.most:
        path: Path = ("scoring", "qualified_at")
        message = (
            f"scoring.qualified_at: nobody comes to {scoring.qualified_at}: all rules that add points "
            f"come to {scoring.most}; write {scoring.most} or less, or give more points"
        )
        yield document.problem(path, message, value=scoring.qualified_at)
    for number, rule in enumerate(scoring.rules):
        yield from _expression(document, ("scoring", "rules", number, "when"), rule.when, facts)


def _assignment(rule: Assignment, document: Document, known: Known) -> Iterator[Problem]:
    for number, event in enumerate(rule.on):
        if why := known.never(event):
            path: Path = ("assignment", "on", number)
            instead = "or name another, such as lead_created"
            yield document.problem(path, f"assignment.on: {why}; {instead}", value=event)
    for number, territory in enumerate(rule.territories):
        if territory.when is not None:
            path = ("assignment", "territories", number, "when")
            yield from _expression(document, path, territory.when, known.facts)


def _scored(known: Known) -> Readable:
    """What the rules of the score may read: what happened, and not the score itself."""
    facts, events = known.facts, known.events or frozenset()
    lead = (facts.schema["lead"] or frozenset()) - {*SCORES}
    return replace(
        facts,
        schema={**facts.schema, "lead": lead, "event": events},
        types={**facts.types, **counts(events)},
    )


def _expression(document: Document, path: Path, text: str, facts: Readable) -> Iterator[Problem]:
    for fault in facts.faults(text):
        yield document.problem(
            path,
            f"{'.'.join(map(str, path))}: {fault}",
            value=text,
            choices=fault.choices,
            offset=fault.offset,
        )
