"""What a person's answer means: interest, an objection by its kind, a referral, or nothing sure."""

import re
from dataclasses import dataclass

from mail.classify.intent_words import CLEAR, HINTS
from mail.classify.parsed import ADDRESS

OTHER = "other"
#: Characters of an answer in which its meaning is looked for: people come to the point.
MOST_TEXT = 2000
#: How sure one clear meaning is, an objection among several, a hint, and words that contradict.
CLEARLY, OF_SEVERAL, HINTED, TORN = 0.9, 0.75, 0.5, 0.4
#: Less than this is for a person to read.
SURE = 0.7

#: Words of a name stand in capitals; these do not belong to one.
_NO_NAMES = frozenset(
    "please contact write ask email mail reach speak talk my our the hi hello dear thanks thank best regards mr mrs ms "
    "dr herr herrn frau monsieur madame mme m sr sra señor señora sig signor signora dott pan pani bitte wenden sie "
    "sich kontaktieren schreiben veuillez merci contactez por favor contacte hable gentile prego neem contact proszę "
    "i he she we you ceo cto cfo coo vp director manager sales marketing".split()
)
#: Between the words of a name.
_PARTICLES = frozenset("de van von der den di da del della dos la le ten ter bin zu af".split())
_WORD = re.compile(r"[^\W\d_][\w'\u2019-]{0,30}")
#: How far from the words of a referral its contact stands.
NEAR_LINES = 4
MOST_NAME = 5
MOST_LINE = 400


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Whom somebody refers us to; one of both may be blank."""

    name: str = ""
    email: str = ""

    def __str__(self) -> str:
        return (
            f"{self.name} <{self.email}>" if self.name and self.email else self.name or self.email
        )


@dataclass(frozen=True, kw_only=True)
class Intent:
    name: str
    confidence: float  #: from 0 to 1
    contact: Contact | None = None

    @property
    def is_sure(self) -> bool:
        return self.confidence >= SURE


def of(text: str, *, known: tuple[str, ...] = ()) -> Intent:
    """`known` are addresses that are nobody new: the person's own and ours."""
    folded = text[:MOST_TEXT].replace("\u2019", "'")
    clear = _clear(folded)
    if not clear:
        hint = next((name for name, words in HINTS.items() if words.search(folded)), "")
        return Intent(name=hint or OTHER, confidence=HINTED if hint else 0.0)
    first, match = next(iter(clear.items()))
    contact = _contact(folded, match.start(), known) if first == "referral" else None
    if first == "referral" and contact is None:
        others = {name: found for name, found in clear.items() if name != "referral"}
        first = next(iter(others), first)
        return Intent(name=first, confidence=_confidence(list(others)) if others else HINTED)
    return Intent(name=first, confidence=_confidence(list(clear)), contact=contact)


def _clear(text: str) -> dict[str, re.Match[str]]:
    """What is said clearly; a phrase within another's longer one ("not interested") is not said."""
    spans: list[tuple[str, re.Match[str]]] = [
        (name, match) for name, words in CLEAR.items() for match in words.finditer(text)
    ]
    alone = [
        (name, match)
        for name, match in spans
        if not any(name != other and _within(match, by) for other, by in spans)
    ]
    found: dict[str, re.Match[str]] = {}
    for name, match in alone:
        found.setdefault(name, match)
    return found


def _within(inner: re.Match[str], outer: re.Match[str]) -> bool:
    longer = outer.end() - outer.start() > inner.end() - inner.start()
    return longer and outer.start() <= inner.start() < outer.end()


def _confidence(said: list[str]) -> float:
    if len(said) == 1 or said[0] == "referral":
        return CLEARLY
    return TORN if "interested" in said else OF_SEVERAL


def _contact(text: str, place: int, known: tuple[str, ...]) -> Contact | None:
    start = text.rfind("\n", 0, place) + 1
    near = text[start:].split("\n")[:NEAR_LINES]
    ours = {address.lower() for address in known}
    for line in near:
        for match in ADDRESS.finditer(line):
            email = match[0].strip(".'")
            if email.lower() not in ours:
                name = _name(line[: match.start()], last=True) or _name(line[match.end() :])
                return Contact(name=name, email=email)
    name = _name(text[place:].split("\n", maxsplit=1)[0])
    return Contact(name=name) if name else None


def _name(text: str, *, last: bool = False) -> str:
    """Two or more capitalized words in a row: the first such name, or the last."""
    text = text[-MOST_LINE:] if last else text[:MOST_LINE]
    names: list[list[str]] = [[]]
    end = 0
    for match in _WORD.finditer(text):
        joined = text[end : match.start()] in {" ", ". "}
        end = match.end()
        particle = match[0] in _PARTICLES and bool(names[-1])
        if not joined or not (_is_a_names(match[0]) or particle):
            names.append([])
        if _is_a_names(match[0]) or (joined and particle):
            names[-1].append(match[0])
    whole = [" ".join(words[:MOST_NAME]) for words in names if len(words) > 1]
    return (whole[-1] if last else whole[0]) if whole else ""


def _is_a_names(word: str) -> bool:
    return word[0].isupper() and word.casefold() not in _NO_NAMES
