"""The starter process at work over a few leads, with business time in the test's hands."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from crm.facts import FIELDS
from crm.models import Company, Connection, ExternalRecord, Lead, Owner
from process import apply, blueprint
from runtime import clock

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def loaded(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    for file in ("cadenza.yaml", "process.yaml"):
        shutil.copy(CHECKOUT / "config" / file, folder / file)
    shutil.copytree(CHECKOUT / "sequences" / "library", folder / "sequences")
    shutil.copytree(CHECKOUT / "templates" / "email", folder / "templates" / "email")
    return blueprint.load(folder, schema=FIELDS)


@pytest.fixture
def team(db, frozen_clock, loaded):
    """Everything but people is configured; call it to apply."""
    apply.configure(loaded)
    return lambda: apply.apply(loaded)


@pytest.fixture
def make_lead(team):
    owner, _ = Owner.objects.get_or_create(email="ada@example.com", defaults={"name": "Ada"})
    apply_mailbox_owner(owner)
    company = Company.objects.create(pk=1002, name="Hopper Ltd")  # its variants hang on it
    source = Connection.objects.get(name="hubspot")

    def make(email="grace@customer.example", **values):
        lead = Lead.objects.create(
            **{
                "email": email,
                "first_name": "Grace",
                "source": source,
                "owner": owner,
                "company": company,
                "stage": "Approach",
                "status": "ATTEMPTED_TO_CONTACT",
                "timezone": "Europe/Berlin",
                "created_at": clock.now() - timedelta(days=1),
                **values,
            }
        )
        ExternalRecord.objects.create(
            connection=source, kind="lead", external_id=str(lead.pk), lead=lead
        )
        return lead

    return make


def apply_mailbox_owner(owner):
    from mail.models import Mailbox

    Mailbox.objects.filter(address=owner.email).update(owner=owner)
