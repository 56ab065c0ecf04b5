"""What was queued before a column came is not left out of what it is for."""

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor

from mail.models import Message
from sequences.models import AppliedVersion, Enrollment
from tests.mail.conftest import NOON


@pytest.mark.django_db(transaction=True)
def test_an_email_that_is_queued_already_can_be_paused_by_its_sequence(
    mailbox, queue, make_lead, time
):
    version = AppliedVersion.objects.create(
        sequence="approach-cold", digest="1", definition={}, templates={}, applied_at=NOON
    )
    lead = make_lead()
    enrollment = Enrollment.objects.create(
        lead=lead,
        version=version,
        sequence="approach-cold",
        mailbox_id=mailbox.pk,
        timezone="Europe/Berlin",
        started_at=NOON,
    )
    known = queue(lead, enrollment=enrollment.pk)
    stray = queue(make_lead("stray@customer.example"), enrollment=enrollment.pk + 1)

    MigrationExecutor(database).migrate([("mail", "0001_initial")])
    call_command("migrate", verbosity=0)

    assert set(Message.objects.values_list("to_domain", flat=True)) == {"customer.example"}
    names = dict(Message.objects.values_list("pk", "sequence"))
    assert names == {known.pk: "approach-cold", stray.pk: ""}
