"""What makes an email look like spam, to filters and to people: a table, held against templates.

The rules are those that mailbox providers publish (https://support.google.com/a/answer/81126: no
misleading subjects, no fake replies) and that filters score: shouting, pressure, masked links.
"""

import re
from collections.abc import Iterator, Mapping

from process.emails import Template
from workspace import layout
from workspace.problems import Problem

MOST_LINKS = 6
MOST_SUBJECT = 78  #: characters; what is longer is cut off, on phones much earlier

_SUBJECT_RULES: Mapping[str, re.Pattern[str]] = {
    "pretends to be a reply or a forward; mailbox providers forbid it": re.compile(
        r"^\s*(?:re|fwd?|aw|wg|tr)\s*:", re.IGNORECASE
    ),
    "has an exclamation mark; say it calmly": re.compile(r"!"),
}
_TEXT_RULES: Mapping[str, re.Pattern[str]] = {
    "shouts": re.compile(r"\b[A-ZÄÖÜ]{4,}(?: [A-ZÄÖÜ]{2,}){2,}\b"),
    "has exclamation marks in a row": re.compile(r"!\s?!"),
    "presses for time": re.compile(
        r"\b(?:act now|last chance|limited time|offer expires|only today|urgent|don't miss)\b",
        re.IGNORECASE,
    ),
    "promises what nobody can": re.compile(
        r"\b(?:100 ?% (?:free|guaranteed|satisfied)|risk[- ]free|no obligation|double your"
        r"|guaranteed results|make money|once in a lifetime|best price)\b",
        re.IGNORECASE,
    ),
    "says click here; say what the link leads to": re.compile(r"\bclick here\b", re.IGNORECASE),
    "hides where a link leads": re.compile(
        r"https?://(?:bit\.ly|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|cutt\.ly)/", re.IGNORECASE
    ),
    "links to a bare address instead of a name": re.compile(r"https?://\d{1,3}(?:\.\d{1,3}){3}"),
}
_LINK = re.compile(r"https?://|href\s*=", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[^<>]{0,2000}>|\{[%{#][^{}]{0,2000}[%}#]\}")
_FEWEST_WORDS_BESIDE_IMAGES = 20


def lint(template: Template) -> Iterator[Problem]:
    """Warnings, at the line and column of what is prone to be taken for spam."""
    for file, source in template.parts():
        of_subject = _SUBJECT_RULES if file.endswith(layout.SUBJECT) else {}
        rules = {**of_subject, **_TEXT_RULES}
        text = _TAG.sub(lambda match: " " * len(match[0]), source)
        for said, pattern in rules.items():
            found = pattern.search(source if "link" in said else text)
            if found is not None:
                yield _warning(file, source, found.start(), f'"{found[0].strip()}" {said}')
        yield from _as_a_whole(file, source, text)


def _as_a_whole(file: str, source: str, text: str) -> Iterator[Problem]:
    if file.endswith(layout.SUBJECT):
        shown = len(text.strip())
        if shown > MOST_SUBJECT:
            yield _warning(file, source, 0, f"has {shown} characters; {MOST_SUBJECT} are shown")
        return
    links = len(_LINK.findall(source))
    if links > MOST_LINKS:
        yield _warning(file, source, 0, f"has {links} links; filters grow wary beyond {MOST_LINKS}")
    if _IMAGE.search(source) and len(_WORD.findall(text)) < _FEWEST_WORDS_BESIDE_IMAGES:
        yield _warning(file, source, 0, "is hardly more than images; filters cannot read them")


def _warning(file: str, source: str, offset: int, message: str) -> Problem:
    before = source[:offset]
    return Problem(
        file=file,
        line=before.count("\n") + 1,
        column=offset - before.rfind("\n"),
        message=message,
        lint="spam",
    )
