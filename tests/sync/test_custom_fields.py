"""Custom fields of the team, with their types, through both CRMs and back."""

import pytest

from crm import facts, hints
from crm.edit import NotEditable, change
from crm.models import Activity, Connection, Hint
from workspace.expressions import evaluate

FIELDS = {"seats": "seats", "regions": "regions", "renewal": "renewal_date"}
TYPES = {"seats": "number", "regions": "multiselect", "renewal": "date"}


@pytest.fixture
def hubspot(crms):
    crm = crms("hubspot", fields={"lead": FIELDS}, types={"lead": TYPES})
    crm.pull()
    return crm


def test_values_have_their_types_and_conditions_compare_them(hubspot):
    (id_,) = hubspot.create(
        {
            "email": "p1@c.example",
            "seats": "12.5",
            "regions": "emea;apac",
            "renewal_date": "2027-01-31",
        }
    )
    hubspot.pull()

    lead = hubspot.lead_of(id_)
    assert lead.extra == {"seats": 12.5, "regions": ["apac", "emea"], "renewal": "2027-01-31"}
    known = facts.context(lead, None)
    for condition in (
        "lead.extra.seats > 12 and lead.extra.seats < 100",
        '"emea" in lead.extra.regions and "americas" not in lead.extra.regions',
        'lead.extra.renewal < "2027-02-01"',
    ):
        assert evaluate(condition, known), condition


def test_a_blank_is_none_and_compares_to_nothing(hubspot):
    (id_,) = hubspot.create({"email": "p1@c.example"})
    hubspot.pull()

    known = facts.context(hubspot.lead_of(id_), None)

    assert evaluate("lead.extra.seats is none and not lead.extra.seats > 0", known)
    assert evaluate('"emea" not in lead.extra.regions', known)


def test_a_value_of_another_type_is_told_and_the_record_lands(hubspot):
    (id_,) = hubspot.create({"email": "p1@c.example", "seats": "1" * 16, "regions": "emea"})

    hubspot.pull()

    assert hubspot.lead_of(id_).extra == {"regions": ["emea"], "renewal": None}
    (told,) = Activity.objects.filter(kind="record_skipped")
    assert told.data["id"] == id_
    assert told.data["reason"].startswith(f"seats: {'1' * 16} has more than 15 digits")


def test_a_change_here_is_written_to_both_crms_in_their_words(crms):
    hubspot = crms("hubspot", fields={"lead": FIELDS}, types={"lead": TYPES})
    salesforce = crms(
        "salesforce",
        fields={
            "lead": {"seats": "Seats__c", "regions": "Regions__c", "renewal": "Renewal_Date__c"}
        },
        types={"lead": TYPES},
    )
    (theirs,) = hubspot.create({"email": "p1@c.example", "seats": "5", "regions": "emea"})
    (other,) = salesforce.create({"Email": "p1@c.example", "LastName": "Ada"})
    hubspot.sync()
    salesforce.sync()
    lead = hubspot.lead_of(theirs)

    assert change(
        lead,
        {"extra.seats": "7", "extra.regions": ["emea", "apac"], "extra.renewal": "2027-01-31"},
        by="ada",
    )
    for crm in (hubspot, salesforce):
        crm.push()

    assert {n: hubspot.records()[theirs][n] for n in FIELDS.values()} == {
        "seats": "7",
        "regions": "apac;emea",
        "renewal_date": "2027-01-31",
    }
    assert {n: salesforce.records()[other][n] for n in ("Seats__c", "Regions__c")} == {
        "Seats__c": 7,
        "Regions__c": "apac;emea",
    }
    written = len(hubspot.writes()), len(salesforce.writes())
    for crm in (hubspot, salesforce) * 3:
        crm.sync()
    assert (len(hubspot.writes()), len(salesforce.writes())) == written


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("extra.seats", "many", "extra.seats of a lead: 'many' where a number was expected"),
        ("extra.budget", 1, "extra.budget of a lead is mapped in no connection"),
    ],
)
def test_what_does_not_fit_is_not_edited(hubspot, field, value, message):
    (id_,) = hubspot.create({"email": "p1@c.example"})
    hubspot.pull()

    with pytest.raises(NotEditable) as caught:
        change(hubspot.lead_of(id_), {field: value}, by="ada")

    assert str(caught.value) == message


def test_a_field_that_is_newly_mapped_is_read_of_every_record(crms):
    hubspot = crms("hubspot", fields={"lead": {"seats": "seats"}})
    ids = hubspot.create(
        *({"email": f"p{n}@c.example", "seats": "5", "regions": "emea"} for n in range(250))
    )
    hubspot.pull()
    settings = {**hubspot.connection.settings, "fields": {"lead": FIELDS}, "types": {"lead": TYPES}}
    Connection.objects.filter(pk=hubspot.connection.pk).update(settings=settings)
    hubspot.connection.refresh_from_db()

    hints.all_of(hubspot.connection, "lead")
    hints.all_of(hubspot.connection, "lead")
    hubspot.connection.refresh_from_db()

    assert Hint.objects.count() == 250
    assert hints.reread(hubspot.connection.pk) == 250
    assert hubspot.lead_of(ids[-1]).extra == {"seats": 5, "regions": ["emea"]}
    hubspot.connection.refresh_from_db()
    assert hubspot.connection.brake == {}
