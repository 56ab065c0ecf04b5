"""What is done with a lead: it is prepared, assigned, qualified, and moved to its next stage."""

from crm import words
from crm.models import Activity, Lead
from mail.coverage import stop_newcomers
from process import moves
from process.preparation import enriching
from process.prospecting import assigning, merging, qualifying, scores, submissions


def first_pulled(activity: Activity) -> None:
    """Who was suppressed before the CRM was connected; and nobody of them has a score."""
    stop_newcomers(Lead.objects.filter(externalrecord__connection=activity.connection))
    submissions.settle()
    scores.count_all()


def follow_merge(activity: Activity) -> None:
    if activity.lead is not None:
        merging.follow(activity.lead, activity.data["merged"])


def assign(activity: Activity) -> None:
    if activity.lead is not None:
        assigning.happened(activity.lead, activity.kind)


def prepare(activity: Activity) -> None:
    if activity.lead is not None:
        enriching.came(activity.lead)


def move_on(activity: Activity) -> None:
    """By an exit of the lead's stage; what the event begins sees the new one."""
    moves.happened(activity)


def told_by_crm(activity: Activity) -> None:
    """An MQL, by the words of the CRM that says so; what was changed here stands in the source."""
    lead = activity.lead
    if lead is not None:
        fields = activity.data.get("fields", words.FIELDS)
        crm = activity.connection or lead.source
        if activity.connection is not None:
            qualifying.answered_in_crm(lead, crm, fields, at=activity.occurred_at)
        qualifying.told_by_crm(lead, crm, fields, at=activity.occurred_at)


def put_before_sales(activity: Activity) -> None:
    if activity.lead is not None:
        qualifying.put_before_sales(activity.lead, activity.data, at=activity.occurred_at)


def may_be_sql(activity: Activity) -> None:
    if activity.lead is not None:
        qualifying.stage_moved(activity.lead)


def is_opportunity(activity: Activity) -> None:
    if activity.lead is not None:
        qualifying.deal_created(activity.lead, activity.deal, at=activity.occurred_at)


def may_be_customer(activity: Activity) -> None:
    if activity.lead is not None and activity.data.get("won"):
        qualifying.deal_won(activity.lead)
