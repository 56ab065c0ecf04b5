"""Whom nothing leaves to: by address, domain and company, entered by people and from files."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as configured
from django.db import connection as database
from hypothesis import given
from hypothesis import strategies as st

from crm import timeline
from crm.models import Activity, Company
from mail import (
    address,
    blocklist,
    blocklist_file,
    handing,
    mailboxes,
    outbox,
    preparation,
    stops,
    suppression,
)
from mail.blocklist import Added, Entry
from mail.models import Message, Suppression
from mail.targets import target
from tests.mail.conftest import NOON
from workspace.problems import Fault, Invalid

GRACE = "grace@customer.example"
LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=10)
DOMAIN = st.lists(LABEL, min_size=2, max_size=4).map(".".join)
LOCAL = st.text("abcdefghijklmnopqrstuvwxyz0123456789.+_-", min_size=1, max_size=20)
SPACE = st.sampled_from(["", " ", "\t", "\n", "  "])


def entry(value, scope="address", kind="manual", at=NOON, reason="asked by phone"):
    return Entry(target=target(value, scope), kind=kind, at=at, by="ada", reason=reason)


def listed():
    return list(Suppression.objects.order_by("pk").values_list("email", "company", "kind"))


@pytest.fixture
def company(db):
    return Company.objects.create(name="Customer Ltd", domain="customer.example")


SUPPRESSED = {
    "the address": ("grace@customer.example", "address"),
    "its domain": ("customer.example", "domain"),
    "a domain above": ("@Customer.EXAMPLE", "domain"),
    "its company": ("customer ltd", "company"),
    "its company by domain": ("customer.example", "company"),
}


@pytest.mark.parametrize(("value", "scope"), SUPPRESSED.values(), ids=SUPPRESSED)
def test_nothing_leaves_to_whom_it_covers(mailbox, queue, make_lead, company, sink, value, scope):
    queue(make_lead("grace@mail.customer.example" if value[0] == "@" else GRACE, company=company))
    queue(make_lead("other@elsewhere.example"))

    added = blocklist.add([entry(value, scope)])
    counts = outbox.deliver(mailbox.pk)

    assert added == Added(new=1, known=0, leads=1)
    assert counts == {"cancelled": 1, "sent": 1}
    assert sink.recipients == ["other@elsewhere.example"]


def test_a_domain_covers_its_sub_domains_and_no_neighbor(make_lead, time):
    inside = make_lead("grace@mail.eu.customer.example")
    neighbors = [make_lead(f"grace@{name}") for name in ("notcustomer.example", "example")]

    blocklist.add([entry("customer.example", "domain")])

    assert suppression.is_suppressed(inside.email)
    assert not any(suppression.is_suppressed(lead.email) for lead in neighbors)
    assert list(Activity.objects.values_list("kind", "lead")) == [("suppressed", inside.pk)]


def test_a_company_is_the_one_that_the_lead_has_now(make_lead, company, time):
    lead = make_lead()
    blocklist.add([entry("Customer Ltd", "company")])
    before = suppression.first(lead.email, lead)

    type(lead).objects.filter(pk=lead.pk).update(company=company)

    assert (before, suppression.first(lead.email, lead)) == (None, Suppression.objects.get())


def test_one_lead_of_a_message_is_found_by_one_indexed_statement(
    make_lead, django_assert_num_queries, time
):
    lead = make_lead()
    with django_assert_num_queries(1) as asked:
        suppression.first(lead.email, lead)
    if database.vendor != "sqlite":
        return
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked.captured_queries[0]['sql']}")
        plan = [row[3] for row in cursor.fetchall()]

    assert [step for step in plan if step.startswith("SCAN")] == []


@given(local=LOCAL, domain=DOMAIN, sub=LABEL, before=SPACE, after=SPACE)
def test_however_an_address_is_spelled_it_has_the_same_keys(local, domain, sub, before, after):
    address = f"{local}@{sub}.{domain}"
    keys = suppression.keys(address)

    assert suppression.keys(f"{before}{address.upper()}{after}") == keys
    assert suppression.normalize(suppression.normalize(address)) == suppression.normalize(address)
    assert keys[0] == address
    assert target(f"{before}{domain.upper()}{after}", "domain").email in keys
    assert target(address.upper(), "address").email == keys[0]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Grace@Customer.example.", "grace@customer.example"),
        ("grace@bücher.example", "grace@xn--bcher-kva.example"),
        ("grace@BÜCHER。example。", "grace@xn--bcher-kva.example"),
        ("grace@faß.example", "grace@xn--fa-hia.example"),
        ("grace@☃.example", "grace@xn--n3h.example"),
        ("grace@.", ""),
    ],
)
def test_a_domain_has_one_spelling_which_is_the_one_that_is_written_to(written, kept):
    assert suppression.normalize(written) == kept
    assert not kept or address.envelope(kept) == kept


@given(local=LOCAL, domain=DOMAIN, other=DOMAIN)
def test_a_domain_is_found_for_its_own_addresses_alone(local, domain, other):
    covers = target(domain, "domain").email in suppression.keys(f"{local}@{other}")

    assert covers == (other == domain or other.endswith(f".{domain}"))


@given(st.text(max_size=40), st.sampled_from(["address", "domain", "erased"]))
def test_any_text_is_a_target_that_is_found_again_or_a_fault(text, scope):
    try:
        found = target(text, scope)
    except Fault:
        return
    assert found.email == target(found.email, scope).email


@pytest.mark.parametrize(
    ("value", "scope", "words"),
    [
        ("*@customer.example", "address", '"*@customer.example" has a wildcard; suppress the domain customer.example'),
        ("customer.example", "address", '"customer.example" is no email address; a domain needs --domain '
         "and a company --company, in a list the column scope"),
        ("@customer.example", "address", '"@customer.example" is no email address; a domain needs --domain '
         "and a company --company, in a list the column scope"),
        ("a b@customer.example", "address", '"a b@customer.example" is no email address'),
        ("*.customer.example", "domain", 'has a wildcard; "customer.example" covers its sub-domains, too'),
        ("grace@customer.example", "domain", '"grace@customer.example" is an address, and no domain'),
        ("com", "domain", '"com" is no domain such as customer.example'),
        ("customer..example", "domain", "the domain is no host name"),
        (" ", "domain", "a domain is missing"),
        ("Nobody Ltd", "company", 'no company has the number, name or domain "Nobody Ltd"'),
        ("xyz", "erased", '"xyz" is no hash of an erased address: 64 hexadecimal digits'),
        ("x", "phone", 'unknown scope "phone"; valid: address, company, domain, erased'),
    ],
)  # fmt: skip
def test_what_is_no_target_is_told(db, value, scope, words):
    with pytest.raises(Fault) as told:
        target(value, scope)

    assert str(told.value).endswith(words)


def test_two_companies_of_one_name_are_told_apart_by_number(company, time):
    other = Company.objects.create(name="CUSTOMER Ltd")

    with pytest.raises(Fault, match=f"by its number: {company.pk}, {other.pk}"):
        target("Customer Ltd", "company")

    assert target(str(other.pk), "company").company == other


def test_what_was_suppressed_already_stays_as_it_was(make_lead, time):
    make_lead()
    blocklist.add([entry("grace@customer.example", reason="first")])

    again = blocklist.add([entry(" GRACE@customer.example", reason="second")] * 2)

    assert again == Added(new=0, known=2, leads=0)
    assert Suppression.objects.get().because == {"by": "ada", "reason": "first"}


def test_a_dry_run_counts_and_changes_nothing(make_lead, time):
    make_lead()

    added = blocklist.add([entry("customer.example", "domain")], dry_run=True)

    assert added == Added(new=1, known=0, leads=1)
    assert (listed(), Activity.objects.count()) == ([], 0)


def test_many_are_written_in_turns_that_another_call_finishes(make_lead, time, monkeypatch):
    leads = [make_lead(f"lead{number}@customer.example") for number in range(5)]
    entries = [entry(lead.email) for lead in leads]
    entries.insert(0, entry("customer.example", "domain"))
    monkeypatch.setattr(blocklist, "AT_ONCE", 2)
    monkeypatch.setattr(blocklist, "BREATH", 0)
    turns = []

    def interrupted(done):
        turns.append((done, Suppression.objects.count()))
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        blocklist.add(entries, progress=interrupted)
    again = blocklist.add(entries, progress=lambda done: turns.append((done, listed())))

    assert turns[:2] == [(2, 2), (4, 4)]
    assert [done for done, _ in turns[2:]] == [2, 4, 5, 6]
    assert again == Added(new=2, known=4, leads=5)
    assert len(listed()) == 6
    assert set(Activity.objects.values_list("lead", flat=True)) == {lead.pk for lead in leads}


def test_others_write_between_two_turns(db, time, monkeypatch):
    rests = []
    monkeypatch.setattr(blocklist, "AT_ONCE", 1)
    monkeypatch.setattr("connectors.retry.rest", rests.append)

    blocklist.add([entry(f"lead{number}@customer.example") for number in range(3)])

    assert rests == [blocklist.BREATH] * 2


def test_rows_and_activities_are_written_together_or_not_at_all(make_lead, time, monkeypatch):
    make_lead()
    monkeypatch.setattr(timeline, "note_all", _fails)

    with pytest.raises(RuntimeError):
        blocklist.add([entry("grace@customer.example"), entry("ada@customer.example")])

    assert (listed(), Activity.objects.count()) == ([], 0)


def _fails(*_):
    raise RuntimeError("the machine dies")


#: Where a worker is, in its order, when somebody imports a list.
POINTS = {
    "rendering": (preparation, "unstopped"),
    "connecting": (mailboxes, "smtp"),
    "checking for stops": (stops, "reason_or_pause"),
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("scope", ["address", "domain", "company"])
def test_an_import_while_a_delivery_runs_is_obeyed(
    mailbox, queue, make_lead, company, sink, monkeypatch, point, scope
):
    message = queue(make_lead(company=company))
    value = "grace@customer.example" if scope == "address" else "customer.example"
    module, name = POINTS[point]
    real = getattr(module, name)

    def first(*args, **values):
        blocklist.add([entry(value, scope)])
        return real(*args, **values)

    monkeypatch.setattr(module, name, first)

    counts = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert (counts, sink.taken) == ({"cancelled": 1}, [])
    assert (message.status, message.handed_at) == (Message.Status.CANCELLED, None)


def test_what_is_with_the_server_already_has_left(mailbox, queue, lead, sink, monkeypatch):
    queue(lead)
    real = handing.hand

    def late(*args, **values):
        blocklist.add([entry("grace@customer.example")])
        return real(*args, **values)

    monkeypatch.setattr(handing, "hand", late)

    assert outbox.deliver(mailbox.pk) == {"sent": 1}
    [row], [message] = Suppression.objects.all(), Message.objects.all()
    assert message.handed_at == row.noted_at == NOON


def test_an_erased_address_is_found_by_its_hash_under_an_old_key_too(db, time, settings):
    [digest] = suppression.hashes("grace@customer.example")
    Suppression.objects.create(email=digest, kind="erased", at=NOON)
    settings.SECRET_KEY_FALLBACKS = [configured.SECRET_KEY]
    settings.SECRET_KEY = "another key"

    assert suppression.is_suppressed("Grace@Customer.example")
    assert not suppression.is_suppressed("ada@customer.example")


# -- taking back ------------------------------------------------------------------------------


def test_what_we_entered_is_taken_back_and_that_is_kept(make_lead, time):
    lead = make_lead()
    blocklist.add([entry("grace@customer.example")])

    removed = blocklist.remove(
        target("grace@customer.example", "address"), by="bob", reason="a typo", consented=False
    )

    assert (removed.rows, removed.lifted, listed()) == (1, [lead], [])
    assert Activity.objects.get(kind="suppression_removed").data == {
        "of": "grace@customer.example",
        "kinds": ["manual"],
        "by": "bob",
        "reason": "a typo",
    }


def test_what_covers_no_lead_is_recorded_all_the_same(db, time):
    blocklist.add([entry("customer.example", "domain", kind="imported")])

    blocklist.remove(
        target("customer.example", "domain"), by="bob", reason="a typo", consented=False
    )

    [noted] = Activity.objects.all()
    assert (noted.kind, noted.lead, noted.data["of"]) == (
        "suppression_removed",
        None,
        "@customer.example",
    )


@pytest.mark.parametrize("kind", ["unsubscribed", "complaint", "do_not_contact", "hard_bounce"])
def test_what_a_person_asked_for_needs_consent(make_lead, time, kind):
    make_lead()
    blocklist.add([entry("grace@customer.example", kind=kind)])
    of = target("grace@customer.example", "address")

    with pytest.raises(blocklist.Asked, match=kind):
        blocklist.remove(of, by="bob", reason="", consented=False)
    kept = listed()
    blocklist.remove(of, by="bob", reason="a form of today", consented=True)

    assert (kept, listed()) == ([("grace@customer.example", None, kind)], [])


def test_whom_another_one_covers_stays_covered(make_lead, time):
    lead = make_lead()
    blocklist.add([entry("grace@customer.example"), entry("customer.example", "domain")])

    removed = blocklist.remove(
        target("customer.example", "domain"), by="bob", reason="", consented=False
    )

    assert (removed.lifted, removed.covered) == ([], [lead])
    assert suppression.is_suppressed(lead.email)


# -- files ------------------------------------------------------------------------------------


def read(tmp_path, text, **values):
    file = tmp_path / "list.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return blocklist_file.read(file, **{"by": "ada", "reason": "import", "now": NOON, **values})


def test_a_list_of_another_tool_needs_one_column(tmp_path, db, time):
    entries = read(tmp_path, "﻿Email;reason\r\n Grace@BÜCHER.example ;spam trap\r\n;\r\n@x.example;")

    blocklist.add(entries)

    assert listed() == [
        ("grace@xn--bcher-kva.example", None, "imported"),
        ("@x.example", None, "imported"),
    ]
    assert [row.because for row in Suppression.objects.order_by("pk")] == [
        {"by": "ada", "reason": "spam trap"},
        {"by": "ada"},
    ]


def test_every_mistake_is_told_with_its_place_and_nothing_is_imported(tmp_path, db):
    text = (
        "value,scope,kind,at\n"
        "fine@customer.example,,,\n"
        "nothing,,,\n"
        "a@customer.example,phone,,\n"
        "b@customer.example,,bored,\n"
        "c@customer.example,,,yesterday\n"
        "d@customer.example,,,,,\n"
    )

    with pytest.raises(Invalid) as told:
        read(tmp_path, text)

    assert str(told.value).splitlines() == [
        'list.csv:3:1: "nothing" is no email address; a domain needs --domain and a company '
        "--company, in a list the column scope",
        'list.csv:4:2: unknown scope "phone"; valid: address, company, domain, erased',
        'list.csv:5:3: unknown kind "bored"; did you mean "imported"? valid: complaint, '
        "do_not_contact, erased, hard_bounce, imported, manual, unsubscribed",
        'list.csv:6:4: "yesterday" is no moment such as 2026-03-04T12:00:00Z',
        "list.csv:7:1: more values (6) than columns (4)",
    ]


def test_a_folder_is_no_list(tmp_path, db):
    with pytest.raises(IsADirectoryError) as told:
        blocklist_file.read(tmp_path, by="ada", reason="import", now=NOON)

    assert told.value.strerror == "is a folder; name the CSV file in it"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("name,reason", 'list.csv:1:1: needs a column "value" or "email"; its first line has name, reason'),
        ("email,phone", 'list.csv:1:2: unknown column "phone"; valid: at, by, email, kind, reason, scope, value'),
    ],
)  # fmt: skip
def test_columns_that_mean_nothing_here_are_told(tmp_path, header, words):
    with pytest.raises(Invalid) as told:
        read(tmp_path, f"{header}\nx,y\n")

    assert str(told.value) == words


def test_what_was_exported_is_imported_as_it_was(tmp_path, make_lead, company, time):
    twin, _ = (Company.objects.create(name="Twin") for _ in range(2))
    blocklist.add(
        [
            entry("grace@customer.example", kind="unsubscribed", at=NOON - timedelta(days=9)),
            entry("grace@customer.example", reason='says "no", twice'),
            entry("bücher.example", "domain", at=datetime(2020, 1, 1, 1, 2, 3, 4, tzinfo=UTC)),
            entry("Customer Ltd", "company", reason=""),
            entry(str(twin.pk), "company"),
            entry("f" * 64, "erased", kind="erased"),
        ]
    )
    rows = Suppression.objects.order_by("at", "email", "kind", "pk")
    exported = blocklist_file.write(rows)
    Suppression.objects.all().delete()

    first = blocklist.add(read(tmp_path, exported))
    again = blocklist.add(read(tmp_path, exported))

    assert (first.new, again) == (6, Added(new=0, known=6, leads=0))
    assert blocklist_file.write(rows.all()) == exported
