"""Phrases of `answers` that never decide: whatever has them is taken by an answer before."""

from collections.abc import Iterator, Mapping, Sequence

from process.phrases import folded, stands_in
from workspace.problems import Path, Problem
from workspace.source import Document

Answers = Mapping[str, Sequence[str]]


def check_answers(answers: Answers, document: Document) -> Iterator[Problem]:
    for name, phrases in answers.items():
        for number, phrase in enumerate(phrases):
            found = taken(answers, name, phrase)
            if found is not None:
                path: Path = ("answers", name, number)
                message = f"{'.'.join(map(str, path))}: {_told(name, phrase, *found)}"
                yield document.problem(path, message, value=phrase)


def taken(answers: Answers, name: str, phrase: str) -> tuple[str, str] | None:
    """The answer before it that takes all texts with the phrase, and by which of its own."""
    for earlier, phrases in answers.items():
        if earlier == name:
            return None
        for other in phrases:
            if stands_in(folded(other), folded(phrase)):
                return earlier, other
    return None


def _told(name: str, phrase: str, earlier: str, other: str) -> str:
    if folded(other) == folded(phrase):
        return (
            f'"{phrase}" means {earlier} already, which stands before {name}; take one of them out'
        )
    return (
        f'"{phrase}" never means {name}: "{other}", which is in it, means {earlier}; '
        f"put {name} before {earlier}"
    )
