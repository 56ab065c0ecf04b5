"""Whom a lead that was merged is part of: what reaches it, by a link or an answer, is the person's."""

from crm.models import Activity, Lead


def into(lead: Lead) -> Lead:
    """The lead that stands for this person now; itself where it was not merged.

    The older one always stays, so the way ends.
    """
    while lead.deleted_at is not None and (stays := _next(lead)) is not None:
        lead = stays
    return lead


def _next(lead: Lead) -> Lead | None:
    noted = Activity.objects.filter(lead=lead, kind="lead_deleted", data__has_key="merged_into")
    last = noted.order_by("-pk").first()
    return None if last is None else Lead.objects.filter(pk=last.data["merged_into"]).first()
