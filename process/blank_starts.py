"""Invitations whose moment some of the leads lack: a warning of `check`."""

from collections.abc import Iterator
from dataclasses import replace

from process import blanks
from process.blueprint import Blueprint
from sequences.definition import Enroll, Sequence
from sequences.email_step import EmailStep
from sequences.moments import Until
from sequences.steps import BranchStep, GoalStep, Step, WaitStep, everywhere
from workspace.counts import counted
from workspace.expressions import evaluate, look_up, reads
from workspace.problems import Path, Problem

Chain = tuple[str, ...]


def lints(blueprint: Blueprint) -> Iterator[Problem]:
    """One warning for each invitation, with how many of those whom its rule names lack its start."""
    for name, sequence in blueprint.sequences.items():
        for path, fact in _unasked(sequence) if blanks.LINT not in sequence.ignore else ():
            lacking, total = _lacking(blueprint, sequence.enroll, fact)
            if lacking:
                message = (
                    f"{fact} is blank for {lacking:,} of {counted(total, 'lead')}, whom it cannot "
                    f"invite; ask for it in a branch before it, or say requires: [{fact}]"
                )
                told = f"{'.'.join(map(str, path))}: {message}"
                yield replace(blueprint.documents[name].problem(path, told), lint=blanks.LINT)


def _unasked(sequence: Sequence) -> Iterator[tuple[Path, str]]:
    """The starts that nothing before them asks about: neither the rule nor a step."""
    rule, asked = sequence.enroll, set[Chain]()
    for expression in sequence.exit:
        asked |= reads(expression)
    for fact in rule.requires if rule else ():
        asked.add(tuple(fact.split(".")))
    for path, step in everywhere(sequence.steps):
        asked |= _asks(step)
        if isinstance(step, EmailStep) and step.invite is not None:
            chain = tuple(step.invite.start.split("."))
            # Whoever comes by an event, such as a booking, gets a meeting just then.
            comes_with_it = chain[0] == "meeting" and rule is not None and bool(rule.on)
            if chain not in asked and not comes_with_it:
                yield (*path, "invite", "start"), step.invite.start


def _asks(step: Step) -> frozenset[Chain]:
    match step:
        case BranchStep():
            return frozenset().union(*(reads(way.when) for way in step.branch if way.when))
        case WaitStep(wait=Until(until=fact)):
            return frozenset({tuple(fact.split("."))})
        case GoalStep():
            return reads(step.goal)
        case EmailStep(before=str(fact)):
            return frozenset({tuple(fact.split("."))})
    return frozenset()


def _lacking(blueprint: Blueprint, rule: Enroll | None, fact: str) -> tuple[int, int]:
    """How many of those with an address whom the rule names lack it, and how many there are."""
    members = blueprint.lists[rule.list] if rule is not None and rule.list is not None else None
    lacking = total = 0
    for lead, facts in blanks.everybody():
        is_member = members is None or lead.email in members
        if is_member and (rule is None or evaluate(rule.when, facts)):
            total += 1
            lacking += look_up(fact.split("."), facts) is None
    return lacking, total
