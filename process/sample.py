"""A lead with every fact that the workspace knows of, for whoever has none yet."""

from collections.abc import Mapping
from decimal import Decimal

from connectors.base import Written
from crm.models import Company, Deal, Lead, Owner
from process.blueprint import Blueprint
from runtime import clock

#: What a mapped custom field holds, by its type.
_OF_TYPE: Mapping[str, object] = {
    "text": "sample",
    "number": 10,
    "bool": True,
    "date": "2026-01-15",
    "datetime": "2026-01-15T09:00:00+00:00",
    "multiselect": ["sample"],
}


def sample(blueprint: Blueprint, *, stage: str = "") -> tuple[Lead, Deal]:
    """Grace Hopper of Hopper Ltd, whose rep is the owner of the first mailbox; in no database."""
    mailbox = blueprint.mailboxes[0]
    owner = Owner(email=mailbox.owner.lower(), name=mailbox.name)
    company = Company(
        name="Hopper Ltd",
        domain="hopper.example",
        industry="logistics",
        country="United Kingdom",
        employees=250,
        extra=_extra(blueprint, "company"),
    )
    lead = Lead(
        pk=0,
        email="grace.hopper@hopper.example",
        first_name="Grace",
        last_name="Hopper",
        title="Head of Operations",
        phone="+44 20 7946 0000",
        country="United Kingdom",
        language="en",
        timezone="Europe/London",
        status="OPEN",
        lifecycle_stage="lead",
        stage=stage,
        disposition="other",
        company=company,
        owner=owner,
        extra=_extra(blueprint, "lead"),
        created_at=clock.now(),
    )
    deal = Deal(
        name="Hopper Ltd, first order",
        stage_value="open",
        pipeline="default",
        amount=Decimal(12000),
        extra=_extra(blueprint, "deal"),
    )
    return lead, deal


def _extra(blueprint: Blueprint, kind: Written) -> dict[str, object]:
    return {
        name: _OF_TYPE[type_]
        for connection in blueprint.connections.values()
        for name, type_ in connection.custom(kind).items()
    }
