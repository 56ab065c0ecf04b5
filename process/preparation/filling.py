"""What is asked about a lead, and what of an answer fits where nobody knows anything. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from connectors.records import LONGEST
from process.preparation.definition import EnrichmentSettings
from workspace.expressions import look_up

_LARGEST_COUNT = 2**31
_EMPLOYEES = "company.employees"

Facts = Mapping[str, object]


def sent(settings: EnrichmentSettings, facts: Facts) -> dict[str, object]:
    """What leaves: the declared facts that are known."""
    return {fact: value for fact in settings.sends if not _is_blank(value := _of(fact, facts))}


def blank(settings: EnrichmentSettings, facts: Facts) -> list[str]:
    """The wanted facts that nobody knows."""
    return [fact for fact in settings.fields if _is_blank(_of(fact, facts))]


def key(known: Mapping[str, object], wanted: Iterable[str]) -> str:
    """By which an answer is found again."""
    content = json.dumps([known, sorted(wanted)], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def fitting(
    wanted: Sequence[str], answer: Mapping[str, object]
) -> tuple[dict[str, object], list[str]]:
    """The values of an answer for what is wanted, and what is no such value."""
    values, misfits = {}, []
    for fact in wanted:
        value = answer.get(fact)
        if _is_blank(value):
            continue
        if isinstance(value, str):
            value = value.strip()
        if _fits(fact, value):
            values[fact] = value
        else:
            misfits.append(f"{fact}: no such value")
    return values, misfits


def _fits(fact: str, value: object) -> bool:
    """Whether a standard field takes it; a custom one says so itself."""
    if ".extra." in fact:
        return True
    if fact == _EMPLOYEES:
        return type(value) is int and 0 <= value < _LARGEST_COUNT
    longest = LONGEST[fact.partition(".")[2]]
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def _of(fact: str, facts: Facts) -> object:
    return look_up(fact.split("."), facts)


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
