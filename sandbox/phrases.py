"""What an answer means by the phrases of a team's process.yaml, as its documentation says it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

#: Thai, Lao; Myanmar; Hangul; Khmer; kana and CJK, Hangul again: what needs no space around it.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W_{_UNSPACED}]"
#: Accents that NFKC leaves apart.
_MARK = r"[\u0300-\u036f]"


def meaning(answers: Mapping[str, Sequence[str]], text: str) -> str:
    """The first answer with a phrase of whole words in the text, else "other"."""
    said = _plain(text)
    for name, phrases in answers.items():
        if any(_pattern(_plain(phrase)).search(said) for phrase in phrases):
            return str(name)
    return "other"


def _pattern(phrase: str) -> re.Pattern[str]:
    first, last = (re.match(f"{_LETTER}|{_MARK}", phrase[at]) for at in (0, -1))
    before = f"(?<!{_LETTER})(?<!{_MARK})" if first else ""
    after = f"(?!{_LETTER})(?!{_MARK})" if last else f"(?!{_MARK})"
    return re.compile(before + re.escape(phrase) + after)


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return " ".join(plain.split())
