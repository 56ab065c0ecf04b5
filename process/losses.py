"""Why deals are lost: asked for where the process requires a reason, and written with the loss."""

from crm import edit, stages
from crm.models import Activity, Deal, Lead
from process import asked, outcomes, questions, tasks
from process.definition import LossReason
from process.models import Task
from workspace.problems import Fault, unknown


def ask_why(activity: Activity) -> None:
    """A deal that was lost without a reason that counts is a task for the owner."""
    rule, deal, lead = _rule(), activity.deal, activity.lead
    if rule is None or deal is None or lead is None or activity.data.get("won"):
        return
    if not asked.has_reason(deal):
        title = f"Why was {deal} lost? {', '.join(rule.choices)}"
        note, key = asked.how(questions.LOST, lead.pk), f"{_key(deal)}{activity.pk}"
        tasks.make(questions.LOST, title, lead=lead, key=key, note_text=note)


def answered(lead: Lead, reason: str, done: Activity) -> None:  # noqa: ARG001 - as all of them have
    """The task was ticked off with the reason; nothing where the deal wants none by now."""
    task, rule = Task.objects.filter(pk=done.data["task_id"]).first(), _rule()
    deal = asked.deal_of(task) if task is not None else None
    if rule is not None and deal is not None and asked.wants_reason(deal):
        _write(deal, rule, reason, by=str(done.data.get("by", "")))


def lose(lead: Lead, reason: str, *, by: str) -> Deal:
    """Write the reason and the stage of lost deals on the lead's deal; its CRM is owed both.

    The deal is the one that decides the lead's stage, or else the one that was lost last.
    """
    rule = _rule()
    if rule is None:
        raise Fault("process.yaml has no loss_reason")
    if reason not in rule.choices:
        raise Fault(unknown("reason", reason, rule.choices), choices=rule.choices)
    deal = stages.bound_deal(lead) or _lost_last(lead)
    if deal is None or deal.is_won:
        raise Fault(f"{lead} has no deal that may be lost")
    _write(deal, rule, reason, by=by)
    asking = Task.objects.filter(kind=questions.LOST, key__startswith=_key(deal), done_at=None)
    for task in asking:
        tasks.done(task.pk, disposition=reason, by=by)
    return deal


def _write(deal: Deal, rule: LossReason, reason: str, *, by: str) -> None:
    new: dict[str, object] = {rule.field.removeprefix("deal."): reason}
    lost = rule.deal_stage.get(deal.source.name)
    if lost is not None and not deal.is_closed:
        new["stage_value"] = lost
    edit.change(deal, new, by=by)


def _key(deal: Deal) -> str:
    """How those of its tasks begin."""
    return f"loss_reason:{deal.pk}:"


def _lost_last(lead: Lead) -> Deal | None:
    lost = Deal.objects.filter(lead=lead, is_closed=True, is_won=False, deleted_at=None)
    return lost.order_by("closed_at", "pk").last()


def _rule() -> LossReason | None:
    process = outcomes.applied()
    return process.loss_reason if process else None
