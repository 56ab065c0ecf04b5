"""What an answer means: the team's own model, the phrases of process.yaml, the rules that ship."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mail.classify import intent
from mail.classify.intent import SURE, TORN, Contact
from process.definition import OTHER, Process

#: Of the rules' names, what stands in for one that a team's process does not have.
STANDS_IN = {"referral": "wrong_person"}
#: A model may find a wish to be left alone that no rule knows; never the other way round.
UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, kw_only=True)
class Meaning:
    answer: str  #: one of process.yaml's answers, "other" or "unsubscribe"
    confidence: float
    by: str  #: hook | process.yaml | rules
    contact: Contact | None = None

    @property
    def is_sure(self) -> bool:
        return self.confidence >= SURE

    @property
    def settled(self) -> str:
        """What rules and plays may go by."""
        return self.answer if self.is_sure else OTHER

    @property
    def is_doubtful(self) -> bool:
        """Something was found, and a person has to say whether it is that."""
        return not self.is_sure and self.confidence > 0


def of(process: Process, text: str, data: Mapping[str, Any] | None = None) -> Meaning:
    """`data` is the activity's: what the rules and the model said when it came."""
    data = data or {}
    found = intent.of(text)
    contact = Contact(**data["contact"]) if data.get("contact") else found.contact
    hook = data.get("hook") or {}
    if hook.get("intent") in {*process.answers, OTHER, UNSUBSCRIBE}:
        answer, sureness, by = hook["intent"], float(hook["confidence"]), "hook"
    else:
        answer, sureness, by = _by_words(process, text, found)
    return Meaning(answer=answer, confidence=sureness, by=by, contact=contact)


def _by_words(process: Process, text: str, found: intent.Intent) -> tuple[str, float, str]:
    """The team's own phrases first; but a phrase of interest in a clear refusal proves nothing."""
    phrase = process.meaning(text)
    known: Sequence[str] = tuple(process.answers)
    name = found.name if found.name in known else STANDS_IN.get(found.name, OTHER)
    if phrase != OTHER:
        torn = found.is_sure and (phrase == "interested") is not (found.name == "interested")
        return phrase, TORN if torn else 1.0, "process.yaml"
    return (name, found.confidence, "rules") if name in known else (OTHER, 0.0, "rules")
