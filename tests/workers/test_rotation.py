"""A rep with several mailboxes: who is written to from which, and that it stays so."""

from collections import Counter
from dataclasses import replace

import pytest

from mail import pauses, receive
from mail.inbound import Arrived
from mail.models import Inbound, Mailbox, Message
from process import apply, freezing, planning
from runtime import clock
from sequences import enroll
from sequences.models import Enrollment
from tests.workers.test_life import leaves, settle, until_queued

pytestmark = pytest.mark.django_db

FIRST, SECOND = "ada@example.com", "ada@second.example"


@pytest.fixture
def loaded(loaded):
    [ada] = loaded.mailboxes
    second = {"address": SECOND, "username": SECOND, "per_day": 50}
    return replace(loaded, mailboxes=[ada, ada.model_copy(update=second)])


def spread():
    addresses = dict(Mailbox.objects.values_list("pk", "address"))
    used = Enrollment.objects.values_list("mailbox_id", flat=True)
    return Counter(addresses[pk] for pk in used)


def test_leads_are_spread_as_planned(loaded, make_lead, frozen_clock):
    for number in range(9):
        make_lead(f"p{number}@x.example")
    plan = planning.plan(loaded)

    apply.apply(loaded, freezing.freeze(plan))

    planned = {
        candidate.lead.pk: candidate.mailbox_id
        for entry in plan.sequences
        for candidate in entry.enrolls
    }
    assert spread() == {FIRST: 6, SECOND: 3}
    assert dict(Enrollment.objects.values_list("lead_id", "mailbox_id")) == planned
    assert [(load.address, load.emails) for load in plan.mailboxes] == [(FIRST, 18), (SECOND, 9)]


@pytest.mark.parametrize("how", ["by a person", "by itself"])
def test_a_paused_mailbox_is_given_nobody(loaded, make_lead, frozen_clock, how):
    for number in range(6):
        make_lead(f"p{number}@x.example")
    if how == "by itself":
        Mailbox.objects.filter(address=FIRST).update(status="paused", rates_exceeded_at=clock.now())
    else:
        pauses.pause("mailbox", FIRST, by="ada", reason="")

    apply.apply(loaded)

    assert spread() == {SECOND: 6}


def test_all_emails_of_an_enrollment_and_of_the_next_leave_from_one(
    loaded, make_lead, frozen_clock
):
    lead = make_lead()
    apply.apply(loaded)
    first = Enrollment.objects.get()
    left = []
    for _ in range(2):
        message = until_queued(frozen_clock)
        left.append(message.mailbox_id)
        leaves(message)
        settle(frozen_clock)
    for number in range(4):  # by now the other mailbox has less to do
        Enrollment.objects.create(
            lead=make_lead(f"p{number}@x.example"), version=first.version, sequence="x",
            mailbox_id=first.mailbox_id, timezone="UTC", started_at=clock.now(),
        )  # fmt: skip

    again = enroll.judge(first.version, lead, again=True)
    newcomer = enroll.judge(first.version, make_lead("new@x.example"))

    assert left == [first.mailbox_id] * 2
    assert again.mailbox_id == first.mailbox_id
    assert newcomer.mailbox_id != first.mailbox_id


REPLY = """\
From: Grace <{sender}>
To: {to}
Subject: Re: hello
Message-ID: <reply-1@customer.example>

Let us talk.
"""


def arrive(to, sender):
    raw = REPLY.format(to=to, sender=sender).encode()
    arrived = Arrived(uidvalidity=1, uid=1, raw=raw, received_at=clock.now())
    return receive.receive(Mailbox.objects.get(address=to), arrived)


def test_an_answer_to_the_reps_other_mailbox_is_one(loaded, make_lead, frozen_clock):
    make_lead()
    apply.apply(loaded)
    message = until_queued(frozen_clock)
    leaves(message)
    [other] = {FIRST, SECOND} - {message.mailbox.address}

    kind = arrive(other, "grace@customer.example")

    assert (kind, Inbound.objects.get().answers_id) == ("reply", message.pk)


def test_what_the_rep_writes_from_the_other_mailbox_is_none(loaded, make_lead, frozen_clock):
    make_lead(SECOND)
    apply.configure(loaded)

    assert arrive(FIRST, SECOND) == "ignored"


def test_a_mailbox_that_was_taken_out_begins_nothing(loaded, make_lead, frozen_clock):
    make_lead()
    apply.apply(loaded)
    message = until_queued(frozen_clock)
    [kept] = [one for one in loaded.mailboxes if one.address != message.mailbox.address]
    for number in range(3):
        make_lead(f"p{number}@x.example")

    apply.apply(replace(loaded, mailboxes=[kept]))

    assert spread() == {message.mailbox.address: 1, kept.address: 3}
    assert Message.objects.get(pk=message.pk).mailbox == message.mailbox
