"""Tasks that are done by an answer alone: whether sales takes a lead, and why a deal was lost.

Whoever ticks one off gives the answer as its disposition, unless it was given elsewhere. Nobody else
asks again, so that a tick without one would leave the question open for good.
"""

from collections.abc import Sequence

from crm import facts
from crm.models import Deal
from process import outcomes, questions
from process.definition import LossReason, Process
from process.models import LeadQualification, Task
from process.questions import ACCEPT
from workspace.expressions import look_up


def answers(task: Task, process: Process | None) -> Sequence[str]:
    """Of which one is its disposition; none: it asks for none, or for none any more."""
    return questions.answers(task.kind, process) if process is not None else ()


def how(kind: str, lead_id: int) -> str:
    """What answers it on the command line."""
    if kind == ACCEPT:
        return f"cadenza accept {lead_id}, or cadenza reject {lead_id} --reason REASON"
    return f"cadenza lose {lead_id} --reason REASON"


def is_open(task: Task) -> bool:
    """Nobody has answered it yet."""
    if not answers(task, outcomes.applied()):
        return False
    if task.kind == ACCEPT:
        return qualification_of(task) is not None
    deal = deal_of(task)
    return deal is not None and wants_reason(deal)


def qualification_of(task: Task) -> LeadQualification | None:
    """That of which it asks, while it is open."""
    rows = LeadQualification.objects.filter(pk=_asked_of(task), lead=task.lead_id)
    return rows.filter(state=LeadQualification.State.OPEN).first()


def deal_of(task: Task) -> Deal | None:
    return Deal.objects.select_related("source").filter(pk=_asked_of(task)).first()


def wants_reason(deal: Deal) -> bool:
    """It is lost, and nobody has said why; one that was opened again, or won, since then wants none."""
    is_lost = deal.is_closed and not deal.is_won and deal.deleted_at is None
    return is_lost and not has_reason(deal)


def has_reason(deal: Deal) -> bool:
    """One that counts; any will do where none is asked for."""
    process = outcomes.applied()
    rule = process.loss_reason if process else None
    return rule is None or _said(rule, deal) in rule.choices


def reason_of(deal: Deal) -> str:
    """Why it was lost, in whichever words; blank where nobody said, or none is asked for."""
    process = outcomes.applied()
    rule = process.loss_reason if process else None
    return str(_said(rule, deal) or "") if rule else ""


def _said(rule: LossReason, deal: Deal) -> object:
    return look_up(rule.field.split("."), {"deal": facts.of_deal(deal)})


def _asked_of(task: Task) -> int:
    """The number in keys such as `accept:7` and `loss_reason:7:12`."""
    return int(task.key.split(":")[1])
