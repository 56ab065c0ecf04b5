"""The starter process at work over a few leads, with business time in the test's hands."""

import shutil
from copy import copy
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from crm.facts import FIELDS
from crm.models import Company, Connection, ExternalRecord, Lead, Owner
from process import apply, blueprint
from runtime import clock

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    """The starter's files, for a test that changes them or names them to a command."""
    return _copied(tmp_path)


@pytest.fixture
def loaded():
    """The starter, read once for all: what a test puts into it stays with the test."""
    read = _read()
    own = {name: copy(value) for name, value in vars(read).items() if isinstance(value, dict)}
    own["templates"] = {name: copy(template) for name, template in read.templates.items()}
    return replace(read, **own)


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


@cache
def _read():
    with TemporaryDirectory() as parent:
        return blueprint.load(_copied(Path(parent)), schema=FIELDS)


def _copied(parent):
    folder = parent / "workspace"
    folder.mkdir()
    for file in ("cadenza.yaml", "process.yaml"):
        shutil.copy(CHECKOUT / "config" / file, folder / file)
    shutil.copytree(CHECKOUT / "sequences" / "library", folder / "sequences")
    shutil.copytree(CHECKOUT / "templates" / "email", folder / "templates" / "email")
    return folder
