"""Fields come and go in a CRM: that is told, and everything else goes on."""

import pytest

from crm.connections import forget
from crm.edit import change
from crm.models import Activity
from tests.sync.test_cases import contact, person

#: CRM -> its field, the objects that have it, and where a phone number stands.
SEATS = {
    "hubspot": ("seats", ("contacts",), "phone"),
    "salesforce": ("Seats__c", ("Lead", "Contact"), "Phone"),
}
GONE = "fields.lead.seats: no property 'seats' of contacts: not read"
TOLD = {
    ("hubspot", False): [GONE],
    ("hubspot", True): [GONE],
    ("salesforce", False): [
        "Lead has no field Seats__c any more: not read",
        "Contact has no field Seats__c any more: not read",
    ],
    ("salesforce", True): ["fields.lead.seats: no field 'Seats__c' on Lead or Contact: not read"],
}


@pytest.mark.parametrize("is_started_anew", [False, True])
@pytest.mark.parametrize("name", SEATS)
def test_a_mapped_field_that_was_removed_is_told_once_and_stops_nothing(
    crms, name, is_started_anew
):
    field, objects, phone = SEATS[name]
    crm = crms(name, fields={"lead": {"seats": field}}, types={"lead": {"seats": "number"}})
    kept, changed = crm.create(
        *(person(n, seats="5") if name == "hubspot" else contact(n, Seats__c=5) for n in (1, 2))
    )
    crm.pull()
    for object_ in objects:
        crm.hands("drop", object_=object_, field=field)
    if is_started_anew:
        forget()

    crm.edit(kept, **{phone: "+49 30 1"})
    change(crm.lead_of(changed), {"title": "Chief", "extra.seats": "7"}, by="ada")
    for _ in range(2):
        crm.advance(minutes=10)
        crm.sync()

    assert (crm.lead_of(kept).phone, crm.lead_of(kept).extra) == ("+49 30 1", {"seats": 5})
    written = crm.records()[changed]
    assert written["jobtitle" if name == "hubspot" else "Title"] == "Chief"
    assert [(row.field, row.status) for row in crm.changes().order_by("field")] == [
        ("extra.seats", "refused"),
        ("title", "pushed"),
    ]
    told = Activity.objects.filter(kind="record_skipped").order_by("pk")
    assert [row.data["reason"] for row in told] == TOLD[name, is_started_anew]
