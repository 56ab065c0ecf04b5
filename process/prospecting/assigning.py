"""Giving leads to owners, by territory and in turn, however many workers do it at once.

The lead's row is locked by the caller, then the territory's: a turn and what came of it are committed
together, so that none is lost and none is taken twice.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from crm import facts, owning
from crm.models import Lead, Owner
from crm.stages import bound_deal
from crm.timeline import note
from mail.models import Sender
from mail.suppression import is_suppressed
from process import outcomes
from process.models import TerritoryTurn, Unassigned
from process.prospecting.territories import Assignment, Territory, turn
from runtime import clock
from workspace.zones import zone

BATCH = 100
RETRY = timedelta(days=1)


class Turn(NamedTuple):
    """Whom a lead is given to; blank, and why not."""

    owner: str
    last: str
    reason: str


def happened(lead: Lead, kind: str) -> None:
    """Give the lead an owner, if this is an occasion for it."""
    assignment = declared()
    if assignment is not None and kind in assignment.on:
        assign(assignment, lead)


def assign(assignment: Assignment, lead: Lead) -> str:
    """The owner's address; blank when it has one already or nobody can be given it now."""
    obstacle = owning.obstacle(lead, also_of_gone=assignment.reassign)
    if lead.deleted_at is not None or obstacle:
        return ""
    waits_for = _waits_for(lead)
    territory = assignment.territory_of(facts.context(lead, bound_deal(lead)))
    found = Turn("", "", waits_for) if waits_for else _take_turn(assignment, territory)
    if not found.owner:
        _wait(lead, found.reason)
        return ""
    Unassigned.objects.filter(lead=lead).delete()
    now = clock.now()
    is_owed = owning.give(lead, Owner.objects.get(email=found.owner), at=now)
    because: dict[str, object] = {"rule": territory.when or "all others", "after": found.last}
    data = {"owner": found.owner, "territory": territory.name, "because": because}
    note("assigned", lead=lead, occurred_at=now, data={**data, "crm_is_told": is_owed})
    return found.owner


def retry_due() -> int:
    """Try again for those who wait; how many got an owner."""
    assigned = 0
    due = Unassigned.objects.filter(retry_at__lte=clock.now()).order_by("since", "pk")
    for lead_id in list(due.values_list("lead", flat=True)[:BATCH]):
        with transaction.atomic():
            lead = Lead.objects.select_for_update(no_key=True).get(pk=lead_id)
            assignment = declared()
            assigned += bool(assignment is not None and assign(assignment, lead))
            # It has an owner by now, from whomever, or nobody asks for one any more.
            Unassigned.objects.filter(lead=lead, retry_at__lte=clock.now()).delete()
    return assigned


def are_due() -> bool:
    return Unassigned.objects.filter(retry_at__lte=clock.now()).exists()


def next_due() -> datetime | None:
    return Unassigned.objects.order_by("retry_at").values_list("retry_at", flat=True).first()


def declared() -> Assignment | None:
    process = outcomes.applied()
    return process.assignment if process else None


def _waits_for(lead: Lead) -> str:
    if lead.doubt:
        return lead.doubt
    if lead.do_not_contact or is_suppressed(lead.email, lead):
        return "must not be written to"
    return ""


def _take_turn(assignment: Assignment, territory: Territory) -> Turn:
    TerritoryTurn.objects.bulk_create(
        [TerritoryTurn(territory=territory.name)], ignore_conflicts=True
    )
    row = TerritoryTurn.objects.select_for_update().get(territory=territory.name)
    away = _away(territory.owners, assignment.absent(_today()))
    owner = turn(territory.owners, row.last_owner, set(territory.owners) - away.keys())
    found = Turn(owner, row.last_owner, "; ".join(f"{who} {why}" for who, why in away.items()))
    if owner:
        row.last_owner = owner
        row.save(update_fields=["last_owner"])
    return found


def _away(owners: Sequence[str], absent: frozenset[str]) -> Mapping[str, str]:
    """Owner -> why nothing can be given to them."""
    rows = Owner.objects.filter(email__in=owners).values_list("email", "active")
    is_active = dict(rows)
    reasons = {
        owner: "is away"
        if owner in absent
        else "is no owner in any CRM"
        if owner not in is_active
        else ""
        if is_active[owner]
        else "is not active"
        for owner in owners
    }
    return {owner: reason for owner, reason in reasons.items() if reason}


def _today() -> date:
    sender = Sender.objects.first()
    return clock.now().astimezone(zone(sender.timezone if sender else "UTC")).date()


def _wait(lead: Lead, reason: str) -> None:
    now = clock.now()
    kept = {"reason": reason[:300], "retry_at": now + RETRY}
    Unassigned.objects.update_or_create(
        lead=lead, defaults=kept, create_defaults={**kept, "since": now}
    )
