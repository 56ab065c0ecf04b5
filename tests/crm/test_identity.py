"""Records that people merge, convert, delete and enter anew: one row each, and nothing of it lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import KINDS, DealRecord, Kind, LeadRecord, OwnerRecord
from connectors.records import LONGEST, build_all, names_of
from crm import brakes, edit, hints, ledger, order
from crm.land import land
from crm.landing.page import MODELS
from crm.models import Activity, Change, Connection, Deal, ExternalRecord, Lead, Owner
from crm.pull import pull
from crm.push import push
from runtime import clock
from tests.connectors.fake import FakeCrm

pytestmark = pytest.mark.django_db

OLD = LeadRecord(external_id="00Q1", email="g@c.example", last_name="G", title="Clerk")
CONTACT = LeadRecord(external_id="0031", email="g@c.example", last_name="G", title="CTO")
FIRST = LeadRecord(external_id="003A", email="old@c.example", last_name="G", title="Clerk")
SECOND = LeadRecord(external_id="003B", email="new@c.example", last_name="G", title="CTO")
MERGED = replace(FIRST, deleted=True, merged_into="003B")
NOTE = {
    "kind": "bounce", "subject": "s", "text": "t", "sent_at": "2026-03-02T09:00:00+00:00",
    "from_email": "", "to_email": "", "deal_id": "", "owner_id": "",
}  # fmt: skip


@pytest.fixture
def crm(monkeypatch):
    fake = FakeCrm()
    connector = fake.connector_kept = fake.connector()
    for module in ("crm.pull", "crm.push", "crm.hints"):
        monkeypatch.setattr(f"{module}.connector_of", lambda _connection: connector)
    return fake


@pytest.fixture
def salesforce(frozen_clock):
    return Connection.objects.create(name="sf", kind="salesforce", pull_every=timedelta(hours=1))


@pytest.fixture
def hubspot(frozen_clock):
    return Connection.objects.create(
        name="hs",
        kind="hubspot",
        pull_every=timedelta(hours=1),
        settings={"fields": {"lead": {"a": "a", "b": "b"}}},
        first_pulled_at=clock.now(),
    )


def bring(connection, kind, *records):
    land(connection, kind, list(records), now=clock.now(), asked_at=order.draw(connection.pk))


def owe_note(lead):
    record = ExternalRecord.objects.get(lead=lead, deleted_at=None)
    ledger.owe_touch(record, message_id="<1@us.example>", touch=NOTE, at=clock.now())


def lead_of(id_):
    return ExternalRecord.objects.get(kind="lead", external_id=id_).lead


def test_conversion_into_a_known_contact_keeps_its_opt_out(salesforce):
    bring(salesforce, "lead", OLD)
    bring(salesforce, "lead", replace(CONTACT, do_not_contact=True))

    bring(salesforce, "lead", replace(OLD, converted_to="0031"))
    bring(salesforce, "lead", replace(CONTACT, do_not_contact=True))

    assert lead_of("0031").do_not_contact


def test_an_opt_out_that_was_owed_to_a_contact_survives_the_conversion(crm, salesforce):
    crm.put("lead", OLD)
    crm.put("lead", CONTACT)
    bring(salesforce, "lead", OLD, CONTACT)
    edit.opt_out(lead_of("0031"), at=clock.now())

    bring(salesforce, "lead", replace(OLD, converted_to="0031"))
    push(salesforce.pk)

    assert lead_of("0031").do_not_contact
    assert crm.records["lead"]["0031"].do_not_contact


def test_an_opt_out_that_was_owed_to_a_merged_record_survives(crm, salesforce):
    crm.put("lead", SECOND)
    bring(salesforce, "lead", FIRST, SECOND)
    edit.opt_out(lead_of("003A"), at=clock.now())

    bring(salesforce, "lead", MERGED, SECOND)
    push(salesforce.pk)

    assert lead_of("003B").do_not_contact
    assert crm.records["lead"]["003B"].do_not_contact


@pytest.mark.parametrize(
    ("first", "second", "news"),
    [
        (OLD, CONTACT, replace(OLD, converted_to="0031")),
        (FIRST, SECOND, MERGED),
        (SECOND, FIRST, replace(SECOND, deleted=True, merged_into="003A")),
    ],
)
def test_the_survivor_of_a_merge_or_conversion_is_not_overwritten(
    crm, salesforce, first, second, news
):
    crm.put("lead", second)
    bring(salesforce, "lead", first)
    bring(salesforce, "lead", second)

    bring(salesforce, "lead", news)
    edit.change(lead_of(second.external_id), {"phone": "1"}, by="ada")
    push(salesforce.pk)

    assert lead_of(second.external_id) == lead_of(first.external_id)
    assert lead_of(second.external_id).email == second.email
    there = crm.records["lead"][second.external_id]
    assert (there.title, there.email, there.phone) == (second.title, second.email, "1")


def test_what_was_changed_here_goes_over_to_the_survivor(crm, salesforce):
    crm.put("lead", SECOND)
    bring(salesforce, "lead", FIRST, SECOND)
    edit.change(lead_of("003A"), {"phone": "1"}, by="ada")

    bring(salesforce, "lead", MERGED)
    push(salesforce.pk)

    there = crm.records["lead"]["003B"]
    assert (there.title, there.phone) == ("CTO", "1")


def test_what_was_changed_here_goes_over_to_a_contact_that_is_new(crm, salesforce):
    contact = replace(CONTACT, title="Clerk")
    crm.put("lead", contact)
    bring(salesforce, "lead", OLD)
    edit.change(lead_of("00Q1"), {"title": "Chief"}, by="ada")

    bring(salesforce, "lead", replace(OLD, converted_to="0031"))
    bring(salesforce, "lead", contact)
    push(salesforce.pk)

    assert crm.records["lead"]["0031"].title == "Chief"


def test_a_merged_contact_that_is_deleted_stays_deleted_however_often_it_is_seen(hubspot):
    record = LeadRecord(external_id="7", email="a@c.example", merged_ids=("5",))
    bring(hubspot, "lead", record)

    for _ in range(2):
        bring(hubspot, "lead", replace(record, deleted=True))

    assert lead_of("7").deleted_at is not None


def test_a_record_that_is_restored_lives_again(hubspot):
    record = LeadRecord(external_id="7", email="a@c.example")
    deal = DealRecord(external_id="8", name="d", stage="open", lead_ids=("7",))
    for deleted in (False, True):
        bring(hubspot, "lead", replace(record, deleted=deleted))
        bring(hubspot, "deal", replace(deal, deleted=deleted))
    assert lead_of("7").deleted_at is not None

    bring(hubspot, "lead", record)
    bring(hubspot, "deal", deal)

    assert lead_of("7").deleted_at is None
    assert Deal.objects.get().deleted_at is None


def test_a_person_who_is_entered_anew_is_still_left_alone(salesforce):
    gone = replace(CONTACT, do_not_contact=True)
    bring(salesforce, "lead", gone)
    bring(salesforce, "lead", replace(gone, deleted=True))

    bring(salesforce, "lead", replace(CONTACT, external_id="0039"))

    assert lead_of("0039").do_not_contact


def test_whoever_gets_the_address_of_an_opted_out_person_is_left_alone(salesforce):
    bring(salesforce, "lead", replace(FIRST, do_not_contact=True), SECOND)

    bring(salesforce, "lead", replace(SECOND, email=FIRST.email))

    assert lead_of("003B").do_not_contact


@pytest.mark.parametrize("at_once", [False, True])
def test_a_copied_cross_id_joins_nobody(hubspot, salesforce, at_once):
    bring(salesforce, "lead", CONTACT)
    records = [
        LeadRecord(external_id="1", email="g@c.example", cross_id="0031"),
        LeadRecord(external_id="2", email="other@c.example", cross_id="0031"),
    ]

    for page in [records] if at_once else [[record] for record in records]:
        bring(hubspot, "lead", *page)

    assert lead_of("1") != lead_of("2")


@pytest.mark.parametrize("cross_id", ["003gK0000000001", "003gK0000000001QAA"])
@pytest.mark.parametrize("first", ["salesforce", "hubspot"])
def test_a_cross_id_joins_in_either_order_and_spelling(hubspot, salesforce, first, cross_id):
    Connection.objects.filter(pk=hubspot.pk).update(
        settings={"fields": {"lead": {"cross_id": "salesforce_id"}}}
    )
    hubspot.refresh_from_db()
    there = replace(CONTACT, external_id="003gK0000000001QAA")
    here = LeadRecord(external_id="1", email="other@c.example", cross_id=cross_id)

    pages = [(salesforce, there), (hubspot, here)]
    for connection, record in pages if first == "salesforce" else reversed(pages):
        bring(connection, "lead", record)

    assert lead_of("1") == lead_of("003gK0000000001QAA")


def test_owners_who_swap_their_addresses(crm, hubspot):
    crm.put("owner", OwnerRecord(external_id="1", email="a@us.example", name="A"))
    crm.put("owner", OwnerRecord(external_id="2", email="b@us.example", name="B"))
    crm.put("lead", LeadRecord(external_id="7", email="x@c.example", owner_id="1"))
    pull(hubspot.pk)
    crm.put("owner", OwnerRecord(external_id="1", email="b@us.example", name="A"))
    crm.put("owner", OwnerRecord(external_id="2", email="a@us.example", name="B"))

    assert pull(hubspot.pk).error == ""

    assert lead_of("7").owner == Owner.objects.get(email="b@us.example")


def test_a_privacy_deletion_waits_for_no_brake(crm, hubspot):
    bring(hubspot, "lead", LeadRecord(external_id="7", email="a@c.example", merged_ids=("5",)))
    braked = brakes.Brake(
        direction="pull", kind="company", what="changed", count=999, limit=1,
        at=clock.now().isoformat(),
    )  # fmt: skip
    brakes.hold(hubspot, braked)
    hints.take_in(hubspot, [{"objectId": 7, "subscriptionType": "contact.privacyDeletion"}])

    hints.reread(hubspot.pk)

    assert lead_of("7").deleted_at is not None
    archived = LeadRecord(external_id="7", email="a@c.example", merged_ids=("5",), deleted=True)
    bring(hubspot, "lead", archived)
    assert lead_of("7").deleted_at is not None


def test_a_hint_that_comes_while_its_record_is_read_is_kept(crm, hubspot, monkeypatch):
    record = LeadRecord(external_id="7", email="a@c.example", title="before")
    crm.put("lead", record)
    bring(hubspot, "lead", record)
    told = [{"objectId": 7, "subscriptionType": "contact.propertyChange"}]
    hints.take_in(hubspot, told)
    connector = crm.connector_kept
    read = connector.read

    def read_slowly(kind, ids):
        answer = read(kind, ids)
        monkeypatch.setattr(connector, "read", read)
        crm.put("lead", replace(record, title="after"))
        hints.take_in(hubspot, told)
        return answer

    monkeypatch.setattr(connector, "read", read_slowly)
    hints.reread(hubspot.pk)
    hints.reread(hubspot.pk)

    assert lead_of("7").title == "after"


def test_an_edit_between_reading_and_merging_is_not_lost(hubspot, monkeypatch):
    record = LeadRecord(external_id="7", email="a@c.example", extra={"a": "1", "b": "1"})
    bring(hubspot, "lead", record)
    lead = lead_of("7")

    def meanwhile(*_, **__):
        edit.change(Lead.objects.get(pk=lead.pk), {"extra.b": "ours", "title": "Ours"}, by="ada")

    monkeypatch.setattr("crm.brakes.check_scan", meanwhile)
    bring(hubspot, "lead", replace(record, extra={"a": "2", "b": "1"}))

    assert lead_of("7").extra == {"a": "2", "b": "ours"}
    assert lead_of("7").title == "Ours"


def test_a_persons_edit_between_pull_and_push_is_not_overwritten(crm, hubspot, frozen_clock):
    record = LeadRecord(external_id="7", email="a@c.example", title="Clerk")
    crm.put("lead", record)
    pull(hubspot.pk)
    frozen_clock.now += timedelta(minutes=2)
    crm.put("lead", replace(record, title="Person's"))
    edit.change(lead_of("7"), {"title": "Ours"}, by="rule")

    push(hubspot.pk)

    assert crm.records["lead"]["7"].title == "Person's"
    assert lead_of("7").title == "Person's"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"title": "x" * 5000}, "title: 5,000 characters, where 300 are the most"),
        ({"external_id": "9" * 101}, "external_id: 101 characters, where 100 are the most"),
        ({"email": "x" * 400 + "@c.example"}, "email: 410 characters, where 254 are the most"),
        ({"amount": "9999999999999999.999"}, "amount: 9999999999999999.999 where an amount"),
    ],
)
def test_what_no_column_holds_is_told_and_the_others_land(values, reason):
    kind: Kind = "deal" if "amount" in values else "lead"
    item = {"external_id": "7", "email": "a@c.example", "name": "d", "stage": "open", **values}
    good = {"external_id": "8", "email": "b@c.example", "name": "d", "stage": "open"}

    records, skipped = build_all(kind, [item, good], lambda one: one, {})

    assert records[-1].external_id == "8"
    assert len(records) == (2 if "title" in values else 1)
    assert skipped[0].reason.startswith(reason)


def test_the_longest_texts_fit_their_columns():
    for kind in KINDS:
        model = MODELS[kind]
        columns = {field.name: field.max_length for field in model._meta.fields}
        columns["stage"] = columns.pop("stage_value", None)
        for name in names_of(kind):
            if columns.get(name) is not None:
                assert LONGEST[name] <= columns[name], (kind, name)


def test_nothing_is_owed_to_a_record_that_was_deleted_until_it_is_there_again(crm, salesforce):
    bring(salesforce, "lead", FIRST)
    edit.change(lead_of("003A"), {"phone": "1"}, by="ada")
    owe_note(lead_of("003A"))

    bring(salesforce, "lead", replace(FIRST, deleted=True))

    assert set(Change.objects.values_list("status", "last_error")) == {
        ("superseded", "the record was deleted in the CRM")
    }
    bring(salesforce, "lead", FIRST)
    owed = Change.objects.filter(status="pending").order_by("kind")
    assert list(owed.values_list("kind", "field", "value")) == [
        ("touch", "", NOTE),
        ("update", "phone", "1"),
    ]


def test_what_was_owed_goes_over_though_the_deletion_is_told_before_the_merge(crm, salesforce):
    crm.put("lead", SECOND)
    bring(salesforce, "lead", FIRST, SECOND)
    edit.change(lead_of("003A"), {"phone": "1"}, by="ada")
    owe_note(lead_of("003A"))
    bring(salesforce, "lead", replace(FIRST, deleted=True))

    bring(salesforce, "lead", MERGED)
    push(salesforce.pk)

    assert crm.records["lead"]["003B"].phone == "1"
    assert [touch.lead_id for touch in crm.touches.values()] == ["003B"]


@pytest.mark.parametrize("is_known", [True, False])
def test_a_record_that_was_merged_away_and_is_there_all_the_same_overwrites_nothing(
    hubspot, is_known
):
    survivor = LeadRecord(external_id="1", email="a@c.example", title="CTO", merged_ids=("2",))
    undead = LeadRecord(external_id="2", email="b@c.example", title="Clerk")
    if is_known:
        bring(hubspot, "lead", undead)

    for _ in range(3):
        bring(hubspot, "lead", survivor, undead)

    lead = Lead.objects.get(deleted_at=None)
    assert (lead, lead.email, lead.title) == (lead_of("1"), "a@c.example", "CTO")
    assert not Change.objects.exists()
    told = Activity.objects.filter(kind="record_skipped").values_list("data", flat=True)
    assert [(data["id"], data["reason"]) for data in told] == [
        ("2", "it was merged into 1 and is there again: not read")
    ]


@pytest.mark.parametrize("amount", ["-0", "-0.001", "10.005", "9999999999999.99"])
def test_an_amount_comes_back_as_it_was(hubspot, amount):
    raw = {"external_id": "8", "name": "d", "stage": "open", "amount": amount}
    deals, _ = build_all("deal", [raw], lambda item: item, {})

    for _ in range(2):
        bring(hubspot, "deal", *deals)
        ledger.settle("deal", [Deal.objects.get()], at=clock.now())

    assert not Change.objects.exists()
