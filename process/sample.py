"""A lead with every fact that the workspace knows of, for whoever has none yet."""

from decimal import Decimal

from crm.models import Company, Deal, Lead, Owner
from process.blueprint import Blueprint
from process.person import FACTS, extra
from runtime import clock


def sample(blueprint: Blueprint, *, stage: str = "") -> tuple[Lead, Deal]:
    """Grace Hopper of Hopper Ltd, whose rep is the owner of the first mailbox; in no database."""
    mailbox = blueprint.mailboxes[0]
    lead = Lead(
        **FACTS["lead"],
        pk=0,
        stage=stage,
        disposition="other",
        company=Company(**FACTS["company"], extra=extra(blueprint, "company")),
        owner=Owner(email=mailbox.owner.lower(), name=mailbox.name),
        extra=extra(blueprint, "lead"),
        created_at=clock.now(),
    )
    amount = Decimal(FACTS["deal"]["amount"])
    deal = Deal(**{**FACTS["deal"], "amount": amount}, extra=extra(blueprint, "deal"))
    return lead, deal
