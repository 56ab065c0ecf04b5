"""Taking due enrollments so that nobody else takes them meanwhile."""

from collections.abc import Sequence

from django.db import connection
from django.db.models import QuerySet

from crm.models import Company, Owner
from sequences.models import AppliedVersion, Enrollment


def claim(due: QuerySet[Enrollment], *, at_most: int) -> Sequence[Enrollment]:
    """Lock the oldest of these that nobody else has locked, in the caller's transaction.

    With lead, company, owner, deal and version.
    """
    rows = due.order_by("due_at", "pk").select_related("lead", "deal")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",), no_key=True)
    # SQLite's transactions are immediate: whoever is in here is alone.
    claimed = list(rows[:at_most])
    _attach_shared(claimed)
    return claimed


def _attach_shared(enrollments: Sequence[Enrollment]) -> None:
    """What many have in common is read once for all of them: a version's definition is long."""
    leads = [enrollment.lead for enrollment in enrollments]
    versions = AppliedVersion.objects.in_bulk({one.version_id for one in enrollments})
    companies = Company.objects.in_bulk({one.company_id for one in leads} - {None})
    owners = Owner.objects.in_bulk({one.owner_id for one in leads} - {None})
    for enrollment, lead in zip(enrollments, leads, strict=True):
        enrollment.version = versions[enrollment.version_id]
        lead.company = companies.get(lead.company_id)
        lead.owner = owners.get(lead.owner_id)
