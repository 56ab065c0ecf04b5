"""Facts that an email cannot do without and that some of the leads lack: a warning of `check`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

from jinja2 import TemplateError

from crm.facts import Facts, context
from crm.models import Lead
from crm.stages import bound_deals
from process.blueprint import Blueprint
from process.check import EMAIL_FACTS
from process.emails import Template
from sequences.definition import Enroll, Sequence
from workspace.counts import counted
from workspace.expressions import look_up
from workspace.problems import Problem
from workspace.reading import place
from workspace.templating import render, turns_on

LINT = "blank_fact"
#: Leads are looked at in pages of this size.
PAGE = 500
#: Fact -> the places where a template prints it with nothing in its stead.
Places = Mapping[str, tuple[str, int, int]]


def lints(blueprint: Blueprint) -> Iterator[Problem]:
    """One warning for each template and fact, with how many of the leads lack it."""
    found = {name: _needed(blueprint.templates[name]) for name in _sent(blueprint)}
    facts = sorted({fact for places in found.values() for fact in places})
    if not facts:
        return
    lacking, total = _lacking(facts)
    for name, places in found.items():
        for fact, (file, line, column) in places.items():
            if lacking[fact] and not _is_required(fact, name, blueprint):
                message = (
                    f"{fact} is blank for {lacking[fact]:,} of {counted(total, 'lead')}, not enrolled for it; "
                    f'give another text: {fact} | default("..."), or say requires: [{fact}]'
                )
                yield Problem(file=file, line=line, column=column, message=message, lint=LINT)


def everybody() -> Iterator[tuple[Lead, Facts]]:
    """The leads with an address, and what is known of them."""
    rows = Lead.objects.filter(deleted_at=None).exclude(email="")
    found = rows.select_related("company", "owner").iterator(PAGE)
    while page := list(islice(found, PAGE)):
        deals = bound_deals([lead.pk for lead in page])
        for lead in page:
            yield lead, context(lead, deals.get(lead.pk))


def _sent(blueprint: Blueprint) -> list[str]:
    """The templates that a sequence sends which does not ignore this warning."""
    sequences = [s for s in blueprint.sequences.values() if LINT not in s.ignore]
    return sorted({name for sequence in sequences for name in sequence.templates()})


def _needed(template: Template) -> Places:
    """The facts without which it cannot be made, when all others are known."""
    found: dict[str, tuple[str, int, int]] = {}
    for file, source in template.parts():
        facts = [fact for fact in turns_on(source) if fact.split(".")[0] not in EMAIL_FACTS]
        if not _renders(source, facts, without=""):
            continue
        for fact in facts:
            if fact not in found and not _renders(source, facts, without=fact):
                found[fact] = (file, *place(source, fact))
    return found


def _renders(source: str, facts: list[str], *, without: str) -> bool:
    known: dict[str, object] = {"sender": dict.fromkeys(EMAIL_FACTS["sender"] or (), "x")}
    known |= {name: "x" for name, fields in EMAIL_FACTS.items() if not fields}
    for fact in facts:
        *groups, name = fact.split(".")
        group: dict[str, object] = known
        for one in groups:
            inner = group.setdefault(one, {})
            group = inner if isinstance(inner, dict) else {}
        group[name] = "" if fact == without else "x"
    try:
        render(source, known)
    except TemplateError:
        return False
    return True


def _lacking(facts: list[str]) -> tuple[Counter[str], int]:
    """Fact -> how many of the leads with an address lack it, and how many there are."""
    lacking: Counter[str] = Counter()
    total = 0
    for _, known in everybody():
        total += 1
        lacking.update(fact for fact in facts if look_up(fact.split("."), known) is None)
    return lacking, total


def _is_required(fact: str, template: str, blueprint: Blueprint) -> bool:
    """Whether nobody without it gets into any sequence that sends the template."""
    senders: list[Sequence] = [s for s in blueprint.sequences.values() if template in s.templates()]
    return all(s.enroll is not None and _comes_with(fact, s.enroll) for s in senders)


def _comes_with(fact: str, rule: Enroll) -> bool:
    """Whether the rule requires it, or whoever enters has just got it: a meeting's event brings one."""
    of_meeting = fact.startswith("meeting.")
    return fact in rule.requires or (
        of_meeting and any(kind.startswith("meeting_") for kind in rule.on)
    )
