"""Why deals are lost: asked for where the process requires a reason, and written with the loss."""

from crm import edit, facts, stages
from crm.models import Activity, Deal, Lead
from process import outcomes, tasks
from process.definition import LossReason
from workspace.expressions import look_up
from workspace.problems import Fault, unknown


def ask_why(activity: Activity) -> None:
    """A deal that was lost without a reason that counts is a task for the owner."""
    rule, deal, lead = _rule(), activity.deal, activity.lead
    if rule is None or deal is None or lead is None or activity.data.get("won"):
        return
    if look_up(rule.field.split("."), {"deal": facts.of_deal(deal)}) not in rule.choices:
        title = f"Why was {deal} lost? {', '.join(rule.choices)}"
        note = f"cadenza lose {lead.pk} --reason REASON"
        key = f"loss_reason:{deal.pk}:{activity.pk}"
        tasks.make("research", title, lead=lead, key=key, note_text=note)


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
    new: dict[str, object] = {rule.field.removeprefix("deal."): reason}
    lost = rule.deal_stage.get(deal.source.name)
    if lost is not None and not deal.is_closed:
        new["stage_value"] = lost
    edit.change(deal, new, by=by)
    return deal


def _lost_last(lead: Lead) -> Deal | None:
    lost = Deal.objects.filter(lead=lead, is_closed=True, is_won=False, deleted_at=None)
    return lost.order_by("closed_at", "pk").last()


def _rule() -> LossReason | None:
    process = outcomes.applied()
    return process.loss_reason if process else None
