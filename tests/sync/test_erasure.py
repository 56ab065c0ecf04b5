"""Whoever was erased does not come back by a pull, whatever becomes of the record in the CRM."""

import pytest

from crm.models import ExternalRecord, Lead
from mail import suppression
from process import erasure
from tests.sync.test_suppression import CONTACT, GRACE, flags, react


@pytest.fixture
def erased():
    def erase():
        lead = Lead.objects.get()
        erasure.erase(lead, by="ada", reason="a letter")
        react()
        return lead

    return erase


def test_an_edit_in_the_crm_does_not_bring_the_person_back_and_the_opt_out_goes_there(
    salesforce, erased
):
    [id_] = salesforce.create(CONTACT)
    salesforce.pull()
    erased()

    salesforce.advance(minutes=20)
    salesforce.edit(id_, Title="Rear Admiral")
    salesforce.sync()
    react()

    lead = Lead.objects.get()
    assert (lead.email, lead.last_name, lead.title, flags(salesforce)) == ("", "", "", [True])
    assert set(ExternalRecord.objects.get(kind="lead").base) <= {"do_not_contact"}


def test_the_contact_that_a_lead_became_is_the_same_stub(salesforce, erased):
    [id_] = salesforce.create({**CONTACT, "Company": "Hopper Ltd"}, object_="Lead")
    salesforce.pull()
    erased()

    salesforce.advance(minutes=20)
    salesforce.hands("convert", id_, object_="Lead")
    salesforce.pull()

    assert Lead.objects.get().email == ""
    assert ExternalRecord.objects.filter(kind="lead").count() == 2


def test_a_merged_record_is_the_same_stub(hubspot, erased):
    first, second = hubspot.create(GRACE, {"email": "grace@other.example", "firstname": "Grace"})
    hubspot.pull()
    for lead in Lead.objects.order_by("pk"):
        erasure.erase(lead, by="ada", reason="a letter")

    hubspot.advance(hours=2)
    hubspot.hands("merge", first, second)
    hubspot.pull()

    assert list(Lead.objects.values_list("email", flat=True)) == ["", ""]


def test_a_living_record_that_an_erased_one_was_merged_into_lives_on_opted_out(hubspot):
    first, second = hubspot.create(GRACE, {"email": "ada@other.example", "firstname": "Ada"})
    hubspot.pull()
    erasure.erase(hubspot.lead_of(first), by="ada", reason="a letter")
    react()

    hubspot.advance(hours=2)
    hubspot.hands("merge", second, first)
    hubspot.pull()

    living = Lead.objects.get(erased_at=None)
    assert (living.email, living.first_name, living.do_not_contact) == (
        "ada@other.example",
        "Ada",
        True,
    )


def test_a_new_record_of_the_same_address_is_another_lead_that_nothing_leaves_to(hubspot, erased):
    hubspot.create(GRACE)
    hubspot.pull()
    erased()

    hubspot.create({**GRACE, "email": "GRACE@Customer.example"})
    hubspot.advance(hours=2)
    hubspot.pull()
    react()
    hubspot.push()

    again = Lead.objects.get(erased_at=None)
    assert (again.email, again.do_not_contact) == ("grace@customer.example", True)
    assert suppression.first(again.email, again).kind == "erased"
    assert flags(hubspot) == [True, True]
