"""How well the rules do on cases: shares and counts, as the tests and the benchmark state them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mail.classify import autoreply, kinds, parsed
from tests.mail.corpus.case import DAY, Case, Expected

BOUNCES = frozenset({"bounce", "delayed"})


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A case and what the rules made of it."""

    case: Case
    found: Expected

    @property
    def right(self) -> Expected:
        return self.case.expected


def judge(case: Case) -> Judged:
    opinion = kinds.classify(parsed.parse(case.raw))
    recipients: tuple[str, ...] = ()
    if opinion.dsn is not None:
        recipients = opinion.dsn.recipients
    if opinion.complaint is not None:
        recipients = (opinion.complaint.recipient,)
    away = opinion.kind == "auto_reply"
    found = Expected(
        kind=opinion.kind,
        recipients=recipients,
        hard=opinion.dsn is not None and opinion.dsn.hard,
        sender_fault=opinion.dsn is not None and opinion.dsn.verdict.sender_fault,
        text=opinion.text,
        returns_on=autoreply.back_on(opinion.text, DAY) if away else None,
    )
    return Judged(case=case, found=found)


def figures(cases: Sequence[Case]) -> dict[str, float]:
    """Shares are of 1; what must not happen is counted."""
    judged = [judge(case) for case in cases]
    bounces = [j for j in judged if j.right.kind in BOUNCES]
    complaints = _of(judged, "complaint")
    away, wishes, replies = (
        _of(judged, "auto_reply"),
        _of(judged, "unsubscribe"),
        _of(judged, "reply"),
    )
    return {
        "messages": len(judged),
        "kinds_right": _share(judged, _is_kind),
        "bounces_detected": _share(bounces, _is_kind),
        "recipients_exact": _share(bounces, _has_recipients),
        "hardness_right": _share(bounces, lambda j: _is_kind(j) and j.found.hard == j.right.hard),
        "sender_faults_right": _share(
            bounces, lambda j: j.found.sender_fault == j.right.sender_fault
        ),
        "false_bounces": _count(judged, lambda j: j not in bounces and j.found.kind in BOUNCES),
        "complaints_found": _share(complaints, lambda j: _is_kind(j) and _has_recipients(j)),
        "auto_replies_found": _share(away, _is_kind),
        "return_dates_exact": _share(away, lambda j: j.found.returns_on == j.right.returns_on),
        "wishes_found": _share(wishes, _is_kind),
        "false_wishes": _count(judged, lambda j: j not in wishes and j.found.kind == "unsubscribe"),
        "texts_exact": _share(replies, lambda j: _words(j.found.text) == _words(j.right.text)),
        "texts_lost": _count(replies, lost),
    }


def lost(judged: Judged) -> bool:
    """Whether a line that the person wrote is missing."""
    found = _words(judged.found.text)
    return any(_words(line) not in found for line in judged.right.text.split("\n"))


def wrong(judged: Judged) -> list[str]:
    """What differs from the right answer, by name."""
    names = ["kind", "returns_on"]
    if judged.right.kind in BOUNCES:
        names += ["recipients", "hard", "sender_fault"]
    differing = [n for n in names if getattr(judged.found, n) != getattr(judged.right, n)]
    if judged.right.kind == "reply" and _words(judged.found.text) != _words(judged.right.text):
        differing.append("text")
    return differing


def _of(judged: Sequence[Judged], kind: str) -> list[Judged]:
    return [j for j in judged if j.right.kind == kind]


def _is_kind(judged: Judged) -> bool:
    return judged.found.kind == judged.right.kind


def _has_recipients(judged: Judged) -> bool:
    return sorted(judged.found.recipients) == sorted(judged.right.recipients)


def _share(judged: Sequence[Judged], is_right: Callable[[Judged], bool]) -> float:
    return round(_count(judged, is_right) / len(judged), 4)


def _count(judged: Sequence[Judged], is_so: Callable[[Judged], bool]) -> int:
    return sum(is_so(j) for j in judged)


def _words(text: str) -> str:
    return " ".join(text.split())
