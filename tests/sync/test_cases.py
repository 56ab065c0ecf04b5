"""What the sync must survive, case by case: real SDKs, a CRM that behaves as the real ones do.

The numbers are those of the list of cases in docs/sync.md.
"""

from datetime import timedelta

import pytest

from crm import brakes, health, ledger, order, stages
from crm.edit import change
from crm.models import Activity, Change, ExternalRecord, Lead, StageCounterpart
from runtime import clock


def person(n, **more):
    return {"email": f"p{n}@customer.example", "firstname": f"P{n}", **more}


def contact(n, **more):
    return {"Email": f"p{n}@customer.example", "LastName": f"P{n}", **more}


def touch(crm, id_, message_id="<1@us.example>"):
    ledger.owe_touch(
        ExternalRecord.objects.get(connection=crm.connection, kind="lead", external_id=id_),
        message_id=message_id,
        touch={
            "subject": "Hello",
            "text": "Hello there",
            "sent_at": clock.now().isoformat(),
            "from_email": "ada@us.example",
            "to_email": "p1@customer.example",
            "deal_id": "",
            "owner_id": "",
        },
        at=clock.now(),
    )


@pytest.mark.slow
def test_case_01_twelve_thousand_records_of_one_moment_come_once(hubspot):
    hubspot.advance(minutes=10)
    made = hubspot.create(*(person(n) for n in range(12_000)))

    landed = hubspot.pull().landed["lead"]

    assert (landed.seen, landed.created) == (12_000, 12_000)
    held = ExternalRecord.objects.filter(kind="lead").values_list("external_id", flat=True)
    assert set(held) == set(made)


@pytest.mark.slow
def test_case_02_twenty_five_thousand_changes_in_a_window(hubspot):
    hubspot.advance(minutes=10)
    for start in range(0, 25_000, 5_000):
        hubspot.create(*(person(n) for n in range(start, start + 5_000)))
        hubspot.advance(minutes=1)

    landed = hubspot.pull().landed["lead"]

    assert landed.created == 25_000  # an offset past 10,000 would be a 400, and an error


def test_case_03_search_out_of_order_with_strangers_loses_none(hubspot):
    old = hubspot.create(person(9001), person(9002))
    hubspot.pull()
    hubspot.advance(minutes=50)
    made = hubspot.create(*(person(n) for n in range(450)))
    hubspot.fault("search_unordered")

    landed = hubspot.pull().landed["lead"]

    assert landed.created == 450
    assert hubspot.sandbox.faults()["on"][0]["hit"] > 0
    held = ExternalRecord.objects.filter(kind="lead").values_list("external_id", flat=True)
    assert set(held) == {*old, *made}


def test_case_04_a_record_indexed_forty_minutes_late_is_found(hubspot):
    hubspot.advance(minutes=10)
    hubspot.create(person(1))
    hubspot.fault("search_lag", seconds=40 * 60)

    found = []
    for _ in range(8):
        hubspot.advance(minutes=15)
        found.append(hubspot.pull().landed["lead"].created)

    assert sum(found) == 1


def test_case_05_a_search_without_results_proves_no_absence(hubspot):
    (id_,) = hubspot.create(person(1))
    hubspot.pull()
    hubspot.advance(minutes=10)
    hubspot.edit(id_, jobtitle="CTO")
    hubspot.fault("search_empty", times=3)

    during = hubspot.pull().landed["lead"].changed
    lead = Lead.objects.get()
    hubspot.sandbox.mend()
    hubspot.advance(minutes=5)
    after = hubspot.pull().landed["lead"].changed

    assert (during, after) == (0, 1)
    assert (Lead.objects.get(), lead.deleted_at) == (lead, None)
    assert len(hubspot.records()) == 1


def test_case_06_salesforce_rows_that_commit_late_and_share_a_second(salesforce):
    salesforce.advance(minutes=10)
    salesforce.fault("late_commit", seconds=600)
    salesforce.create(contact(0))
    salesforce.advance(minutes=5)
    assert salesforce.pull().landed["lead"].created == 0
    salesforce.advance(minutes=6)
    assert salesforce.pull().landed["lead"].created == 1

    salesforce.sandbox.mend()
    salesforce.advance(minutes=30)
    salesforce.create(*(contact(n) for n in range(1, 3001)))
    salesforce.fault("error", path="/query/", method="GET", status=503)
    assert "503" in salesforce.pull(expect_error=True).error  # behind the first page
    salesforce.sandbox.mend()
    salesforce.pull()

    assert Lead.objects.count() == 3001


def test_case_07_an_edit_during_the_scan_comes_with_the_next(hubspot):
    ids = hubspot.create(*(person(n) for n in range(250)))
    hubspot.connection.refresh_from_db()
    hubspot.advance(minutes=5)
    hubspot.fault("error", path="/batch/read", times=None, share=0.5)
    hubspot.pull(expect_error=True)
    hubspot.sandbox.mend()
    hubspot.edit(ids[0], jobtitle="Edited during the scan")
    hubspot.pull()
    hubspot.advance(minutes=5)
    hubspot.pull()

    assert hubspot.lead_of(ids[0]).title == "Edited during the scan"


@pytest.mark.parametrize("name", ["hubspot", "salesforce"])
def test_case_08_a_permanent_401_stops_this_connection_alone(crms, name):
    stopped, other = crms(name), crms({"hubspot": "salesforce", "salesforce": "hubspot"}[name])
    stopped.pull()
    stopped.fault("expired_token", path="/crm/" if name == "hubspot" else "/services/data")
    calls = sum(stopped.sandbox.calls(name).values())

    error = stopped.pull(expect_error=True).error

    stopped.connection.refresh_from_db()
    assert stopped.connection.status == "stopped"
    assert "401" in error
    assert "`cadenza sync`" in stopped.connection.last_error
    assert sum(stopped.sandbox.calls(name).values()) - calls <= 4
    assert other.pull().error == ""


def test_case_09_a_429_without_headers_is_paced_and_daily_rests(hubspot):
    (id_,) = hubspot.create(person(1))
    hubspot.pull()
    touch(hubspot, id_)
    hubspot.fault("rate_limited", method="POST", path="/emails/batch/create", times=2)

    assert hubspot.push().pushed == 1

    hubspot.sandbox.mend()
    hubspot.fault("daily_limit")
    assert "daily" in hubspot.pull(expect_error=True).error
    hubspot.connection.refresh_from_db()
    assert hubspot.connection.status == "active"
    assert hubspot.connection.pull_due_at - clock.now() >= timedelta(minutes=10)
    assert hubspot.connection.push_due_at == hubspot.connection.pull_due_at


def test_case_11_a_write_whose_answer_was_lost_has_one_effect(hubspot, salesforce):
    for crm, made in ((hubspot, person(1)), (salesforce, contact(2))):
        (id_,) = crm.create(made)
        crm.pull()
        touch(crm, id_, f"<{crm.name}@us.example>")
        crm.fault(
            "answer_lost", method="POST", times=1, path="" if crm is hubspot else "/composite"
        )

        assert crm.push(expect_error=True).error
        crm.advance(hours=1)
        crm.push()

        assert crm.changes(status="pushed", kind="touch").count() == 1
    assert len(hubspot.records("emails")) == 1
    assert len(salesforce.records("Task")) == 1


def test_case_12_one_refused_row_does_not_hold_up_ninety_nine(hubspot):
    ids = hubspot.create(*(person(n) for n in range(100)))
    hubspot.pull()
    for id_ in ids[1:]:
        change(hubspot.lead_of(id_), {"title": "Chief"}, by="ada")
    change(hubspot.lead_of(ids[0]), {"email": "p1@customer.example"}, by="ada")

    report = hubspot.push()

    titles = [values.get("jobtitle") for values in hubspot.records().values()]
    assert (titles.count("Chief"), report.refused) == (99, 1)
    parked = Change.objects.get(status="refused")
    assert parked.field == "email"
    assert f"Existing ID: {ids[1]}" in parked.last_error


def test_case_13_two_changes_of_one_record_leave_as_one_input(hubspot):
    (id_,) = hubspot.create(person(1))
    hubspot.pull()
    change(hubspot.lead_of(id_), {"title": "Chief", "phone": "+49 30 1"}, by="ada")
    change(hubspot.lead_of(id_), {"title": "Chief of all"}, by="ada")

    hubspot.push()

    (write,) = hubspot.writes()
    assert write[1].count(f'"id": "{id_}"') + write[1].count(f'"id":"{id_}"') == 1
    assert hubspot.records()[id_]["jobtitle"] == "Chief of all"


def test_case_14_a_chain_of_merges_is_one_lead_and_no_deletion(hubspot):
    a, b, c = hubspot.create(person(1), person(2), person(3, jobtitle="CTO"))
    hubspot.pull()
    first = hubspot.lead_of(a)
    hubspot.advance(minutes=10)
    (ab,) = hubspot.hands("merge", a, b)
    hubspot.advance(minutes=10)
    (abc,) = hubspot.hands("merge", ab, c)

    for _ in range(3):
        hubspot.advance(days=1)
        hubspot.sync()

    living = Lead.objects.filter(deleted_at=None)
    assert list(living) == [first]
    assert hubspot.lead_of(abc) == first
    assert hubspot.writes() == []
    assert set(hubspot.records()) == {abc}
    deleted = Activity.objects.filter(kind="lead_deleted").order_by("lead")
    assert [row.data.get("merged_into") for row in deleted] == [first.pk, first.pk]


def test_case_14_salesforce_merges_name_the_survivor(salesforce):
    kept, gone = salesforce.create(contact(1), contact(2))
    salesforce.pull()
    salesforce.advance(minutes=10)
    salesforce.hands("merge", kept, gone)
    salesforce.pull()

    assert list(Lead.objects.filter(deleted_at=None)) == [salesforce.lead_of(kept)]
    assert salesforce.lead_of(gone) == salesforce.lead_of(kept)


def test_case_15_an_email_that_changes_is_the_same_person(hubspot):
    (id_,) = hubspot.create(person(1))
    hubspot.pull()
    lead = Lead.objects.get()
    hubspot.advance(minutes=10)
    hubspot.edit(id_, email="new@elsewhere.example")
    hubspot.pull()

    assert Lead.objects.get() == lead
    assert hubspot.lead_of(id_).email == "new@elsewhere.example"


def test_case_16_a_lead_that_converts_before_the_write_is_followed(salesforce):
    (id_,) = salesforce.create({**contact(1), "Company": "Acme"}, object_="Lead")
    salesforce.pull()
    lead = salesforce.lead_of(id_)
    touch(salesforce, id_)
    change(lead, {"title": "CTO"}, by="ada")
    salesforce.advance(minutes=1)
    (contact_id,) = salesforce.hands("convert", id_, object_="Lead")

    for _ in range(3):
        salesforce.advance(hours=1)
        salesforce.sync()

    assert salesforce.lead_of(contact_id) == lead
    assert salesforce.records("Contact")[contact_id]["Title"] == "CTO"
    assert [task["WhoId"] for task in salesforce.records("Task").values()] == [contact_id]
    assert Lead.objects.filter(deleted_at=None).count() == 1


def test_case_17_a_collection_has_an_outcome_for_each_row(salesforce):
    ids = salesforce.create(*(contact(n) for n in range(200)))
    salesforce.pull()
    for id_ in ids:
        change(salesforce.lead_of(id_), {"title": "Chief"}, by="ada")
    change(salesforce.lead_of(ids[2]), {"email": "p2@nowhere"}, by="ada")
    salesforce.fault("duplicate", ids=[ids[0]])
    salesforce.fault("row_locked", ids=[ids[1]], times=1)

    report = salesforce.push()

    titles = [values.get("Title") for values in salesforce.records("Contact").values()]
    assert titles.count("Chief") == 199  # all but the duplicate; the locked row was tried again
    assert report.refused == 2
    reasons = sorted(c.last_error.split()[0] for c in Change.objects.filter(status="refused"))
    assert reasons == ["DUPLICATES_DETECTED", "INVALID_EMAIL_ADDRESS"]
    sizes = [body.count('"attributes"') for route, body in salesforce.writes()]
    assert sizes[:2] == [200, 1]


@pytest.mark.parametrize("name", ["hubspot", "salesforce"])
def test_a_value_that_validation_refuses_is_parked_until_it_is_tried_again(crms, name):
    crm = crms(name)
    field = {"hubspot": "jobtitle", "salesforce": "Title"}[name]
    made = person if name == "hubspot" else contact
    ids = crm.create(*(made(n) for n in range(3)))
    crm.pull()
    change(crm.lead_of(ids[0]), {"title": "Chief"}, by="ada")
    for id_ in ids[1:]:
        change(crm.lead_of(id_), {"phone": "+49 30 1"}, by="ada")
    crm.fault("invalid", field=field)

    report = crm.push()
    (refused,) = health.refused()
    quiet = crm.push().calls
    crm.sandbox.mend()
    waiting = health.retry(crm.connection)
    crm.push()

    assert (report.pushed, report.refused, quiet, waiting) == (2, 1, 0, 1)
    assert (refused["connection"], refused["field"], refused["count"]) == (name, "title", 1)
    assert field in refused["reason"]
    assert crm.records()[ids[0]][field] == "Chief"


def test_case_18_our_own_writes_never_come_back_as_news(hubspot, salesforce):
    for crm, made in ((hubspot, person(1)), (salesforce, contact(1))):
        (id_,) = crm.create(made)
        crm.pull()
        change(crm.lead_of(id_), {"title": "Chief"}, by="ada")
        crm.push()
        noted, written = Activity.objects.count(), len(crm.writes())

        for _ in range(3):
            crm.advance(hours=1)
            crm.sync()

        assert Activity.objects.count() == noted
        assert len(crm.writes()) == written


def test_case_18_an_answer_older_than_our_write_is_no_news(hubspot):
    (id_,) = hubspot.create(person(1, jobtitle="Clerk"))
    hubspot.pull()
    link = ExternalRecord.objects.get(external_id=id_)
    from crm.connections import connector_of
    from crm.land import land

    assert link.lead is not None
    asked_at = order.draw(hubspot.connection.pk)
    stale = connector_of(hubspot.connection).read("lead", [id_])
    change(link.lead, {"title": "Chief"}, by="ada")
    hubspot.push()
    land(hubspot.connection, "lead", stale, now=clock.now(), asked_at=asked_at)

    assert hubspot.lead_of(id_).title == "Chief"
    hubspot.advance(hours=1)
    hubspot.sync()
    assert hubspot.records()[id_]["jobtitle"] == "Chief"


@pytest.mark.parametrize(
    ("name", "object_", "field", "row"),
    [
        ("hubspot", "contacts", "jobtitle", person(1, jobtitle="CTO")),
        ("salesforce", "Contact", "Title", contact(1, Title="CTO")),
    ],
)
def test_case_19_a_field_that_is_removed_is_told_and_nothing_is_blanked(
    crms, name, object_, field, row
):
    crm = crms(name, policies={"lead": {"title": "crm"}})
    (id_,) = crm.create(row)
    crm.pull()
    crm.advance(minutes=10)
    crm.hands("drop", object_=object_, field=field)
    crm.edit(id_, **{"phone" if name == "hubspot" else "Phone": "+49 30 1"})

    for _ in range(2):
        crm.advance(minutes=10)
        crm.sync()

    lead = crm.lead_of(id_)
    assert (lead.title, lead.phone) == ("CTO", "+49 30 1")
    assert crm.writes() == []


def test_case_20_a_mass_deletion_stops_and_asks(salesforce):
    ids = salesforce.create(*(contact(n) for n in range(100)))
    salesforce.pull()
    salesforce.advance(minutes=10)
    salesforce.hands("delete", *ids[:60])

    error = salesforce.pull(expect_error=True).error
    again = salesforce.pull(expect_error=True).error

    assert "would delete 60 leads" in error
    assert again == error
    assert Lead.objects.exclude(deleted_at=None).count() == 0
    salesforce.connection.refresh_from_db()
    assert brakes.approve(salesforce.connection, at=clock.now())
    salesforce.pull()
    assert Lead.objects.exclude(deleted_at=None).count() == 60
    salesforce.connection.refresh_from_db()
    assert salesforce.connection.brake_approved == []


def test_case_20_what_was_approved_lets_nothing_else_pass(salesforce):
    ids = salesforce.create(*(contact(n) for n in range(400)))
    salesforce.pull()
    salesforce.advance(minutes=10)
    salesforce.hands("delete", *ids[:30])
    assert "would delete 30 leads" in salesforce.pull(expect_error=True).error
    salesforce.connection.refresh_from_db()
    brakes.approve(salesforce.connection, at=clock.now())
    salesforce.hands("edit", *ids[30:], values={"Title": "Overwritten"})

    error = salesforce.pull(expect_error=True).error

    assert "would change" in error
    assert error.endswith("`cadenza sync approve salesforce`")
    assert not Lead.objects.filter(title="Overwritten").exists()
    salesforce.connection.refresh_from_db()
    brakes.approve(salesforce.connection, at=clock.now())
    salesforce.pull()
    assert Lead.objects.filter(title="Overwritten").count() == 370
    assert Lead.objects.exclude(deleted_at=None).count() == 30


def test_case_20_a_scan_that_fails_half_way_deletes_nothing(hubspot):
    hubspot.create(*(person(n) for n in range(250)))
    hubspot.fault("error", path="/batch/read", share=0.7)
    hubspot.advance(minutes=10)
    hubspot.pull(expect_error=True)

    assert Lead.objects.exclude(deleted_at=None).count() == 0


@pytest.mark.parametrize("value", ["Zoë\nline2", "=1+1", "#N/A", "null", "  spaces  ", '"q", ;'])
def test_case_21_values_come_and_go_unchanged(hubspot, salesforce, value):
    for crm, row, field in (
        (hubspot, person(1), "jobtitle"),
        (salesforce, contact(1), "Title"),
    ):
        (id_,) = crm.create({**row, field: value})
        crm.pull()
        lead = crm.lead_of(id_)
        assert lead.title == value
        change(lead, {"phone": value}, by="ada")
        crm.push()
        crm.advance(hours=1)
        crm.sync()
        stored = crm.records()[id_]
        assert stored["phone" if crm is hubspot else "Phone"] == value
        assert len(crm.writes()) == 1


def test_case_22_a_blank_never_overwrites_and_is_filled(hubspot):
    (id_,) = hubspot.create(person(1, jobtitle="CTO"))
    hubspot.pull()
    hubspot.advance(minutes=10)
    hubspot.edit(id_, jobtitle=None)
    hubspot.sync()

    assert hubspot.lead_of(id_).title == "CTO"
    assert hubspot.records()[id_]["jobtitle"] == "CTO"


def test_case_22_a_blank_is_taken_over_where_the_policy_says_so(crms):
    crm = crms("hubspot", policies={"lead": {"title": "crm"}})
    (id_,) = crm.create(person(1, jobtitle="CTO"))
    crm.pull()
    crm.advance(minutes=10)
    crm.edit(id_, jobtitle=None)
    crm.sync()

    assert crm.lead_of(id_).title == ""
    assert crm.writes() == []


@pytest.mark.parametrize("said_in", ["hubspot", "salesforce"])
def test_case_22_an_opt_out_from_any_crm_reaches_every_crm(hubspot, salesforce, said_in):
    (id_,) = hubspot.create(person(1))
    hubspot.pull()
    (other,) = salesforce.create(contact(1))
    salesforce.pull()
    assert hubspot.lead_of(id_) == salesforce.lead_of(other)
    hubspot.advance(minutes=10)
    if said_in == "hubspot":
        hubspot.edit(id_, hs_email_optout="true")
    else:
        salesforce.edit(other, HasOptedOutOfEmail=True)

    for crm in (hubspot, salesforce, hubspot):
        crm.sync()

    assert hubspot.lead_of(id_).do_not_contact
    assert hubspot.records()[id_]["hs_email_optout"] == "true"
    assert salesforce.records()[other]["HasOptedOutOfEmail"] is True


def test_case_23_a_lifecycle_stage_moves_back_and_does_not_loop(hubspot):
    (id_,) = hubspot.create(person(1, lifecyclestage="opportunity"))
    hubspot.pull()
    change(hubspot.lead_of(id_), {"lifecycle_stage": "lead"}, by="ada")

    hubspot.push()
    written = len(hubspot.writes())
    hubspot.advance(hours=1)
    hubspot.sync()

    assert hubspot.records()[id_]["lifecyclestage"] == "lead"
    assert len(hubspot.writes()) == written
    assert hubspot.lead_of(id_).lifecycle_stage == "lead"


def test_a_stage_move_reaches_the_crm_and_is_quiet(hubspot):
    for value, stage in (("NEW", "Prospecting"), ("CONNECTED", "Approach")):
        StageCounterpart.objects.create(
            connection=hubspot.connection, object="lead", value=value, stage=stage, written=True
        )
    (id_,) = hubspot.create(person(1, hs_lead_status="NEW"))
    hubspot.pull()
    stages.move(hubspot.lead_of(id_), "Approach", at=clock.now(), because={"rule": "test"})
    hubspot.push()
    hubspot.advance(hours=1)
    hubspot.sync()

    assert hubspot.records()[id_]["hs_lead_status"] == "CONNECTED"
    assert len(hubspot.writes()) == 1


@pytest.mark.parametrize("name", ["hubspot", "salesforce"])
def test_what_is_owed_to_a_deleted_record_is_given_up(crms, name):
    crm = crms(name)
    (id_,) = crm.create(person(1) if name == "hubspot" else contact(1))
    crm.pull()
    change(crm.lead_of(id_), {"title": "Chief"}, by="ada")
    crm.hands("delete", id_)

    for _ in range(3):
        crm.advance(days=2)
        crm.sync()
    calls = sum(crm.sandbox.calls(name).values())
    crm.advance(days=2)
    crm.push()

    assert [change.status for change in crm.changes()] == ["superseded"]
    assert sum(crm.sandbox.calls(name).values()) == calls
