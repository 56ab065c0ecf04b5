"""What one domain or one company gets from all mailboxes together."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from crm.models import Company
from mail import backlog, claims, settle
from mail.models import Mailbox, Message
from mail.pacing import DAY, HOUR, Later, Limits, Now, admit, admit_each
from mail.quotas import Quotas, domain_of
from mail.window import Window
from tests.mail.conftest import NOON, WINDOW

ALWAYS = Window(days=frozenset(range(7)), opens=0, closes=24 * 60)
FREE = Limits(per_day=1000, per_hour=1000, gap=timedelta(0))
PER_COMPANY = {"per_company": {"per_day": 1}}


# -- pure -------------------------------------------------------------------------------------


def test_a_quota_holds_back_its_own_emails_and_no_others():
    quotas = Quotas({"per_domain": {"per_hour": 1}})
    waiting = [
        (n, ALWAYS, "UTC", quotas.of(domain, None)) for n, domain in enumerate(["a", "a", "b"])
    ]

    admissions = [admission for _, admission in admit_each(waiting, [], FREE, NOON)]

    assert [type(admission) for admission in admissions] == [Now, Later, Now]
    assert admissions[1] == Later(at=NOON + HOUR, because={"rule": "domain_per_hour", "limit": 1})


def test_the_caps_of_a_mailbox_come_first():
    quotas = Quotas({"per_domain": {"per_hour": 1}}, [("a", None, NOON - timedelta(minutes=50))])
    limits = Limits(per_day=9, per_hour=1, gap=timedelta(0))

    admission = admit(
        [NOON - timedelta(minutes=10)], limits, ALWAYS, "UTC", NOON, quotas=quotas.of("a", None)
    )

    assert admission == Later(
        at=NOON + timedelta(minutes=50), because={"rule": "per_hour", "limit": 1}
    )
    assert admission.is_for_all


def test_an_address_at_a_free_provider_is_no_company_s():
    quotas = Quotas({**PER_COMPANY, "per_domain": {"per_day": 5}})

    caps = {domain: [q.caps for q in quotas.of(domain, 7)] for domain in ("gmail.com", "x.example")}

    per_domain, per_company = [("domain_per_day", 5, DAY)], [("company_per_day", 1, DAY)]
    assert caps == {"gmail.com": [per_domain], "x.example": [per_domain, per_company]}


def test_who_belongs_to_no_company_counts_in_none():
    assert Quotas(PER_COMPANY).of("x.example", None) == []


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("Grace@Customer.Example", "customer.example"),
        ("grace@customer.example.", "customer.example"),
        ("grace@MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("grace@XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"),
        ("grace@mu\u0308nchen.example", "xn--mnchen-3ya.example"),
        ("grace@customer\u3002example", "customer.example"),
        ("", ""),
    ],
)
def test_a_domain_is_the_same_however_it_is_written(address, domain):
    assert domain_of(address) == domain


caps = st.fixed_dictionaries(
    {"per_hour": st.none() | st.integers(1, 3), "per_day": st.integers(3, 6)}
)
places = st.tuples(st.sampled_from(["a.example", "gmail.com"]), st.sampled_from([None, 1, 2]))


@given(
    per_domain=caps,
    per_company=caps,
    asked=st.lists(st.tuples(st.integers(0, 4000), places), max_size=60),
)
def test_no_domain_and_no_company_ever_gets_more_and_nothing_is_stuck(
    per_domain, per_company, asked
):
    quotas = Quotas({"per_domain": per_domain, "per_company": per_company})
    sent, now = [], datetime(2026, 3, 2, tzinfo=UTC)
    for wait, (domain, company) in asked:
        now += timedelta(seconds=wait)
        shared = quotas.of(domain, company)
        [(_, admission)] = admit_each([(0, ALWAYS, "UTC", shared)], [], FREE, now)
        if isinstance(admission, Later):
            assert now < admission.at <= now + DAY
            assert not admission.is_for_all
            again = admit([], FREE, ALWAYS, "UTC", admission.at, quotas=shared)
            assert isinstance(again, Now)
        else:
            sent.append((now, domain, company))

    for domain in ("a.example", "gmail.com"):
        _never_more([at for at, to, _ in sent if to == domain], per_domain)
    for number in (1, 2):
        _never_more([at for at, to, of in sent if (to, of) == ("a.example", number)], per_company)


def _never_more(moments, written):
    for span, most in ((HOUR, written["per_hour"]), (DAY, written["per_day"])):
        for place, moment in enumerate(moments):
            within = [later for later in moments[place:] if later - moment < span]
            assert most is None or len(within) <= most


# -- over the rows ----------------------------------------------------------------------------


@pytest.fixture
def bob(mailbox):
    values = {"smtp_url": mailbox.smtp_url, "imap_url": mailbox.imap_url, "per_day": 100}
    return Mailbox.objects.create(
        address="bob@example.com", username="bob", per_hour=100, gap=timedelta(0), **values
    )


def limit(**limits):
    Mailbox.objects.update(team_limits=limits)


def claim(mailbox):
    return [message.to_email for message in claims.claim(mailbox, Counter())]


def leave(state):
    """What was claimed is sent, under way or in doubt."""
    Message.objects.filter(status="sending").update(handed_at=NOON)
    for message in Message.objects.filter(status="sending"):
        match state:
            case "sent":
                settle.sent(message, {})
            case "unconfirmed":
                settle.unconfirmed(message, "lost")


@pytest.mark.parametrize("state", ["sending", "unconfirmed", "sent"])
@pytest.mark.parametrize(
    ("limits", "rule", "told"),
    [
        (
            {"per_domain": {"per_day": 1}},
            "domain_per_day",
            "the daily cap of its recipient's domain",
        ),
        (PER_COMPANY, "company_per_day", "the daily cap of its recipient's company"),
    ],
)
def test_what_leaves_one_mailbox_counts_for_the_other(
    queue, make_lead, mailbox, bob, limits, rule, told, state
):
    company = Company.objects.create(name="Customer")
    queue(make_lead(company=company))
    queue(make_lead("alan@customer.example", company=company), mailbox_id=bob.pk)
    limit(**limits)

    first = claim(mailbox)
    leave(state)
    second = claim(bob)

    assert (first, second) == (["grace@customer.example"], [])
    held = Message.objects.get(mailbox=bob)
    assert held.because["admission"] == {"rule": rule, "limit": 1}
    assert held.due_at == NOON + DAY
    assert backlog.backlog(bob.address)["queued"][0]["waits_for"] == told


def test_one_company_has_people_at_two_domains(queue, make_lead, mailbox, bob):
    company = Company.objects.create(name="Customer")
    queue(make_lead(company=company))
    queue(make_lead("alan@subsidiary.example", company=company), mailbox_id=bob.pk)
    queue(make_lead("eve@gmail.com", company=company), mailbox_id=bob.pk)
    limit(**PER_COMPANY)

    assert claim(mailbox) == ["grace@customer.example"]
    assert claim(bob) == ["eve@gmail.com"]


def test_many_that_are_held_back_hold_back_nobody_else(queue, make_lead, mailbox):
    for n in range(2 * claims.BATCH + 1):
        queue(make_lead(f"p{n}@customer.example"))
    queue(make_lead("alan@other.example"))
    limit(per_domain={"per_hour": 1})

    taken = [claim(mailbox), claim(mailbox)]

    assert taken == [["p0@customer.example"], ["alan@other.example"]]
    assert not claims.due(mailbox)


def test_the_day_before_counts_no_more(queue, make_lead, mailbox, time):
    queue(make_lead())
    limit(per_domain={"per_day": 1})
    assert claim(mailbox) == ["grace@customer.example"]
    leave("sent")

    time.forward(days=1)
    queue(make_lead("alan@customer.example"))

    assert claim(mailbox) == ["alan@customer.example"]


def test_a_window_holds_after_a_quota(queue, make_lead, mailbox):
    queue(make_lead())
    queue(make_lead("alan@customer.example"), window={**WINDOW, "to": "13:30"})
    limit(per_domain={"per_hour": 1})

    assert claim(mailbox) == ["grace@customer.example"]
    assert claim(mailbox) == []
    assert Message.objects.get(status="queued").due_at == datetime(2026, 3, 5, 8, 0, tzinfo=UTC)


def test_only_limits_that_are_written_are_asked_about(queue, make_lead, mailbox):
    asked = []
    for n, limits in enumerate([{}, {"per_domain": {"per_day": 5}}, PER_COMPANY]):
        queue(make_lead(f"p{n}@customer.example", company=Company.objects.create(name=f"C{n}")))
        limit(**limits)
        with CaptureQueriesContext(connection) as queries:
            claim(mailbox)
        told = [query["sql"] for query in queries]
        asked.append(
            [sum(what in sql for sql in told) for what in ("to_domain IN", "company_id IN")]
        )

    assert asked == [[0, 0], [1, 0], [0, 1]]
