"""What we hold on a person, and that nothing of it is left once it was erased."""

import json

import pytest
from django.apps import apps

from crm.models import Activity, Change, Lead
from crm.timeline import note
from mail import suppression
from mail.models import Inbound, Message, SentCopy, Suppression
from process import dossier, erasure, tasks
from runtime import clock
from sequences.models import Enrollment, ListMember, Waiting
from tests.workers.test_life import leaves, settle, until_queued
from workers import reactions

pytestmark = pytest.mark.django_db

#: Whatever of the person must be gone; none of it occurs in what stays.
PERSONAL = ("grace", "murray", "+1 555", "rear admiral", "cobol", "compiler")


@pytest.fixture
def lead(team, make_lead, frozen_clock):
    """Somebody with something in every table."""
    lead = make_lead(
        email="grace@customer.example", last_name="Murray", phone="+1 555 0100",
        title="Rear Admiral", extra={"likes": "COBOL"}, line="Your compiler is a marvel",
    )  # fmt: skip
    base = {"email": lead.email, "first_name": "Grace", "do_not_contact": False}
    lead.externalrecord_set.update(base=base)
    team()
    message = until_queued(frozen_clock)
    Message.objects.update(
        subject="To Grace", text="Your compiler", raw=b"To: grace@customer.example"
    )
    leaves(message)
    settle(frozen_clock)
    Inbound.objects.create(
        mailbox=message.mailbox, uidvalidity=1, uid=1, fingerprint="f", kind="reply", lead=lead,
        answers=message, message_id="<1@grace.example>", from_email=lead.email, text="My compiler",
        subject="COBOL", received_at=clock.now(), data={"words": "COBOL"},
    )  # fmt: skip
    note(
        "called", lead=lead, occurred_at=clock.now(), data={"text": "about COBOL"},
        key="called:grace@customer.example",
    )  # fmt: skip
    tasks.make("call", "Call Grace Murray", lead=lead, key="call:1", note_text="+1 555 0100")
    suppression.suppress("grace@customer.example", "manual", at=clock.now(), lead=lead)
    SentCopy.objects.create(
        mailbox=message.mailbox, message_id="<9@example.com>", token="t", to_email=lead.email,
        sent_at=clock.now(), found_in="Sent", raw=b"To: grace@customer.example",
    )  # fmt: skip
    ListMember.objects.create(list="friends", email=lead.email)
    Waiting.objects.create(
        lead=lead, sequence="x", reason="Grace waits", retry_at=clock.now(), since=clock.now()
    )
    return lead


def everything():
    """All rows of all tables, as text."""
    told = []
    for model in apps.get_models(include_auto_created=True):
        for row in model._base_manager.all():
            values = (getattr(row, field.attname) for field in model._meta.concrete_fields)
            told += [
                bytes(v).decode() if isinstance(v, memoryview | bytes) else str(v) for v in values
            ]
    return "\n".join(told).casefold()


def test_what_is_kept_of_somebody_who_is_no_lead(lead, make_lead, frozen_clock):
    alan = "alan@customer.example"
    answer = Inbound.objects.get()
    Inbound.objects.create(
        mailbox=answer.mailbox, uidvalidity=1, uid=2, fingerprint="g", kind="reply", lead=lead,
        message_id="<2@alan.example>", from_email=alan, text="Grace has left", received_at=clock.now(),
    )  # fmt: skip
    note("replied", lead=lead, occurred_at=clock.now(), data={"inbound": answer.pk + 1})
    suppression.suppress(alan, "manual", at=clock.now())
    ListMember.objects.create(list="friends", email=alan)
    make_lead("gone@customer.example", deleted_at=clock.now())

    told = json.loads(json.dumps(dossier.export_address(alan)))
    gone = json.loads(json.dumps(dossier.export_address("gone@customer.example")))
    nobody = dossier.export_address("nobody@customer.example")

    kept = {name: rows for name, rows in told.items() if isinstance(rows, list) and rows}
    assert set(kept) == {"activities", "inbound", "suppressions", "list_members"}
    assert [row["text"] for row in kept["inbound"]] == ["Grace has left"]
    assert [row["kind"] for row in kept["activities"]] == ["replied"]
    assert [row["email"] for row in gone["person"]] == ["gone@customer.example"]
    assert [name for name, rows in nobody.items() if isinstance(rows, list) and rows] == []


def test_an_export_has_all_that_is_held_and_nothing_of_others(lead, make_lead):
    make_lead("ada@customer.example", first_name="Ada", last_name="Other")

    told = json.loads(json.dumps(dossier.export(lead)))

    assert told["person"][0]["email"] == "grace@customer.example"
    assert told["companies"][0]["name"] == "Hopper Ltd"
    assert told["messages"][0]["raw"] == "To: grace@customer.example"
    assert told["inbound"][0]["text"] == "My compiler"
    assert told["tasks"][-1]["title"] == "Call Grace Murray"
    counted = {name: len(rows) for name, rows in told.items() if isinstance(rows, list)}
    assert {name for name, count in counted.items() if count} == {
        "activities", "changes", "companies", "enrollments", "external_records", "inbound",
        "list_members", "messages", "person", "sent_copies", "step_runs", "suppressions", "tasks", "waiting",
    }  # fmt: skip
    assert "other" not in json.dumps(told).casefold()


def test_nothing_of_the_person_is_left(lead):
    before = everything()

    erasure.erase(lead, by="ada", reason="a letter of 2 March")

    left = everything()
    assert [word for word in PERSONAL if word not in before] == []
    assert [word for word in PERSONAL if word in left] == []


def test_history_stays_without_the_person(lead):
    kinds = list(Activity.objects.filter(lead=lead).order_by("pk").values_list("kind", flat=True))

    erasure.erase(lead, by="ada", reason="a letter of 2 March")

    lead.refresh_from_db()
    stays = list(Activity.objects.filter(lead=lead).order_by("pk").values_list("kind", "data"))
    assert str(lead) == f"lead {lead.pk}"
    assert [kind for kind, _ in stays][: len(kinds)] == kinds
    assert stays[-1] == ("erased", {"by": "ada", "reason": "a letter of 2 March"})
    assert list(Message.objects.values_list("status", flat=True)) == ["sent"]
    assert list(Enrollment.objects.values_list("status", "reason")) == [("stopped", "erased")]


def test_every_crm_is_told_and_no_reaction_fails(lead, frozen_clock):
    erasure.erase(lead, by="ada", reason="a letter")
    settle(frozen_clock)
    reactions.react()

    assert not Activity.objects.exclude(reaction_error="").exists()
    owed = Change.objects.filter(status="pending").values_list("kind", "field", "value")
    assert list(owed) == [("update", "do_not_contact", True)]


def test_nothing_leaves_to_the_address_ever_again(lead, make_lead, frozen_clock):
    erasure.erase(lead, by="ada", reason="a letter")
    again = make_lead("Grace@Customer.example".lower())
    note("lead_created", lead=again, occurred_at=clock.now())
    settle(frozen_clock)

    suppression.suppress(again.email, "hard_bounce", at=clock.now(), lead=again)

    again.refresh_from_db()
    assert again.do_not_contact
    assert suppression.first("grace@customer.example").kind == "erased"
    assert not Enrollment.objects.filter(lead=again).exists()
    assert list(Suppression.objects.values_list("kind", flat=True)) == ["erased"]


def test_who_was_merged_into_the_person_is_erased_too(lead, make_lead):
    other = make_lead("g.murray@old.example", first_name="Grace")
    Lead.objects.filter(pk=other.pk).update(deleted_at=clock.now())
    note("lead_deleted", lead=other, occurred_at=clock.now(), data={"merged_into": lead.pk})

    erasure.erase(lead, by="ada", reason="a letter")

    assert Lead.objects.exclude(erased_at=None).count() == 2
    assert suppression.is_suppressed("g.murray@old.example")
    assert "murray" not in everything()


def test_an_email_that_a_server_is_being_given_is_waited_for(lead):
    Message.objects.update(status="sending", handed_at=clock.now())

    with pytest.raises(erasure.UnderWay):
        erasure.erase(lead, by="ada", reason="a letter")

    lead.refresh_from_db()
    assert (lead.erased_at, lead.last_name) == (None, "Murray")


def test_every_table_that_refers_to_a_person_says_what_becomes_of_it(lead):
    assert set(dossier.holdings([lead])) == set(erasure.ERASED)


def test_every_table_with_addresses_or_bytes_is_erased_or_of_the_team():
    of_the_team = {"Lead", "Mailbox", "MailboxLogin", "Owner", "Sender", "Session", "User"}
    kept = {
        model.__name__
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if "email" in field.name or "address" in field.name or field.name == "raw"
    }

    assert kept - of_the_team == {model.__name__ for model in erasure.ERASED} & kept
