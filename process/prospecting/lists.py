"""Lists that a condition describes, beside those that lists/*.csv name person by person. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from sequences.definition import Sequence as Definition
from sequences.steps import LONGEST_EXPRESSION, Expression
from workspace import expressions, layout, validation
from workspace.problems import Path, Problem
from workspace.reading import Schema
from workspace.source import Document


class ListDefinition(validation.Definition):
    """Everybody of whom `when` is true is on it."""

    when: Expression


Lists = Mapping[str, ListDefinition]


def with_list(sequence: Definition, lists: Lists) -> Definition:
    """The same, its own rule asking what the list that it names asks."""
    rule = sequence.enroll
    if rule is None or rule.list is None or rule.list not in lists:
        return sequence
    when = _together(lists[rule.list], rule.when)
    return sequence.model_copy(
        update={"enroll": rule.model_copy(update={"list": None, "when": when})}
    )


def check_lists(
    lists: Lists,
    document: Document,
    *,
    files: Collection[str],
    schema: Schema,
    values: Mapping[str, Collection[str]],
) -> Iterator[Problem]:
    for name, found in lists.items():
        if name in files:
            message = f'the name "{name}" is taken by {layout.LISTS}/{name}.csv'
            yield document.problem(("lists", name), message, value=name, at_key=True)
        path: Path = ("lists", name, "when")
        for fault in expressions.check(found.when, schema, values):
            told = f"{'.'.join(map(str, path))}: {fault}"
            yield document.problem(
                path, told, value=found.when, choices=fault.choices, offset=fault.offset
            )


def check_rules(
    lists: Lists, sequences: Sequence[tuple[Definition, Document]]
) -> Iterator[Problem]:
    """A list's condition and a rule's are one when they are applied."""
    for sequence, document in sequences:
        rule = sequence.enroll
        if rule is None or rule.list is None or rule.list not in lists:
            continue
        length = len(_together(lists[rule.list], rule.when))
        if length > LONGEST_EXPRESSION:
            message = (
                f'enroll.list: with that of "{rule.list}" the rule has {length:,} characters, where '
                f"{LONGEST_EXPRESSION:,} are the most"
            )
            yield document.problem(("enroll", "list"), message, value=rule.list)


def _together(found: ListDefinition, when: str) -> str:
    return f"({found.when}) and ({when})"
