"""Opt-outs between us and the CRMs, by what the sandbox received."""

import pytest

from crm.models import Lead
from mail import blocklist
from mail.blocklist import Entry
from mail.models import Suppression
from mail.targets import target
from runtime import clock
from workers import reactions

GRACE = {"email": "grace@customer.example", "firstname": "Grace"}
CONTACT = {"Email": "grace@customer.example", "LastName": "Hopper"}


def suppress(value="grace@customer.example", scope="address"):
    entry = Entry(target=target(value, scope), kind="manual", at=clock.now(), by="ada", reason="")
    return blocklist.add([entry])


def react():
    while reactions.waiting():
        reactions.react()


def flags(crm):
    name = {"hubspot": "hs_email_optout", "salesforce": "HasOptedOutOfEmail"}[crm.name]
    return [str(record.get(name)).lower() == "true" for record in crm.records().values()]


def test_it_reaches_every_connected_crm(hubspot, salesforce):
    hubspot.create(GRACE)
    salesforce.create(CONTACT)
    hubspot.pull(), salesforce.pull()

    suppress("customer.example", "domain")
    react()
    hubspot.push(), salesforce.push()

    assert (flags(hubspot), flags(salesforce)) == ([True], [True])


@pytest.mark.parametrize("scope", ["address", "domain"])
def test_a_list_that_was_there_before_the_crm_reaches_it(crms, scope):
    suppress(GRACE["email"] if scope == "address" else "customer.example", scope)
    hubspot = crms("hubspot")
    hubspot.create(GRACE, {"email": "ada@elsewhere.example"})

    hubspot.pull()
    react()
    hubspot.push()

    assert sorted(flags(hubspot)) == [False, True]


def test_who_moves_to_a_suppressed_company_is_opted_out(salesforce):
    [company] = salesforce.create({"Name": "Hopper Ltd"}, object_="Account")
    [id_] = salesforce.create(CONTACT)
    salesforce.pull()
    suppress("Hopper Ltd", "company")

    salesforce.advance(minutes=20)
    salesforce.edit(id_, AccountId=company)
    salesforce.pull()
    react()
    salesforce.push()

    assert flags(salesforce) == [True]


def test_consent_lifts_it_once_a_person_has_cleared_the_crm(salesforce):
    [id_] = salesforce.create(CONTACT)
    salesforce.pull()
    suppress()
    react()
    salesforce.push()
    of = target("grace@customer.example", "address")
    removed = blocklist.remove(of, by="bob", reason="a form", consented=True)
    before = Lead.objects.get().do_not_contact

    salesforce.advance(minutes=20)
    salesforce.edit(id_, HasOptedOutOfEmail=False)
    salesforce.sync()
    react()
    salesforce.push()

    assert ([lead.pk for lead, _ in removed.held], before) == ([Lead.objects.get().pk], True)
    assert (Lead.objects.get().do_not_contact, flags(salesforce)) == (False, [False])
    assert not Suppression.objects.exists()
