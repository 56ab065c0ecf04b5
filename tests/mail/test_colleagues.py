"""Case 10: somebody else of the company answers, from an address that nobody knows."""

from datetime import timedelta

import pytest

from mail import colleagues, inbound
from mail.models import Inbound, Mailbox, Message
from tests.mail.test_read import reply, sent  # noqa: F401 - a fixture

ALAN = "alan@customer.example"


def arrive(imap, sent, **values):  # noqa: F811 - the fixture's value
    imap.arrive(reply(sent, **{"headers": "", "sender": ALAN, **values}))


@pytest.mark.parametrize("prefix", ["", "Re: ", "AW: Re: ", "RE[2]: ", "Antw: WG: ", "回覆: Re: "])
def test_case_10_by_our_subject(mailbox, sent, imap, lead, prefix):  # noqa: F811 - a fixture
    arrive(imap, sent, subject=f"{prefix}{sent.subject}")

    counts = inbound.read(mailbox.pk)

    assert counts == {"reply": 1}
    assert Inbound.objects.get().lead == lead


def test_case_10_with_another_subject_by_whom_it_quotes(mailbox, sent, imap, lead):  # noqa: F811 - a fixture
    text = f"Grace left us, I took over.\n\n> To: Grace Hopper <{lead.email}>\n> Hello Grace"
    arrive(imap, sent, subject="Your question", text=text)

    assert inbound.read(mailbox.pk) == {"reply": 1}
    assert Inbound.objects.get().answers == sent


@pytest.mark.parametrize(
    "values",
    [
        {"subject": "Invoice 4711"},
        {"subject": "Re: A question", "sender": "alan@elsewhere.example"},
        {"subject": "Re: A question", "sender": "someone@example.com"},
    ],
)
def test_what_is_not_about_our_email_leaves_no_trace(mailbox, sent, imap, values):  # noqa: F811 - a fixture
    arrive(
        imap, sent, **{**values, "subject": values["subject"].replace("A question", sent.subject)}
    )

    assert inbound.read(mailbox.pk) == {"ignored": 1}
    assert not Inbound.objects.exists()


def test_that_two_have_a_gmail_address_says_nothing(mailbox, queue, make_lead, imap, sent):  # noqa: F811 - a fixture
    sent.to_email = "grace@gmail.com"
    sent.save()
    arrive(imap, sent, sender="alan@gmail.com", subject=f"Re: {sent.subject}")

    assert inbound.read(mailbox.pk) == {"ignored": 1}


def test_case_10_to_another_mailbox_of_the_team(mailbox, sent, imap, lead):  # noqa: F811 - a fixture
    """A colleague of theirs answers, to a colleague of ours."""
    elsewhere = Mailbox.objects.get(pk=mailbox.pk)
    elsewhere.pk, elsewhere.address = None, "bob@example.com"
    elsewhere.save()
    Message.objects.update(mailbox=elsewhere)
    arrive(imap, sent, subject=f"Re: {sent.subject}")

    assert inbound.read(mailbox.pk) == {"reply": 1}
    kept = Inbound.objects.get()
    assert (kept.lead, kept.answers, kept.mailbox) == (lead, sent, mailbox)


def test_case_10_the_mailbox_that_was_answered_comes_first(mailbox, sent, imap, queue, make_lead):  # noqa: F811 - a fixture
    elsewhere = Mailbox.objects.get(pk=mailbox.pk)
    elsewhere.pk, elsewhere.address = None, "bob@example.com"
    elsewhere.save()
    later = queue(make_lead("linus@customer.example"))
    Message.objects.filter(pk=later.pk).update(
        status="sent",
        mailbox=elsewhere,
        subject=sent.subject,
        sent_at=sent.sent_at + timedelta(minutes=1),
    )
    arrive(imap, sent, subject=f"Re: {sent.subject}")

    assert inbound.read(mailbox.pk) == {"reply": 1}
    assert Inbound.objects.get().answers == sent


def test_a_colleague_of_ours_answers_nothing(mailbox, sent, imap):  # noqa: F811 - a fixture
    elsewhere = Mailbox.objects.get(pk=mailbox.pk)
    elsewhere.pk, elsewhere.address = None, "bob@customer.example"
    elsewhere.save()
    arrive(imap, sent, subject=f"Re: {sent.subject}")

    assert inbound.read(mailbox.pk) == {"ignored": 1}


def test_a_subject_without_its_marks():
    assert colleagues.bare(" RE: Aw:  Fwd: A   Question") == "a question"
    assert colleagues.bare("Regarding: A") == "regarding: a"
