"""A person's facts are those of its row, however many are read at once."""

from datetime import UTC, datetime, timedelta

import pytest

from crm import facts, people
from crm.models import Company, Connection, Lead, Owner

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
EXTRA = {"budget": 3, "note": "", "deep": {"blank": "", "known": "x"}}


@pytest.fixture
def make_lead():
    source = Connection.objects.create(name="x", kind="csv", pull_every=timedelta(hours=1))

    def make(**values):
        return Lead.objects.create(source=source, created_at=NOON, **values)

    return make


def test_people_have_the_facts_of_their_rows(make_lead):
    company = Company.objects.create(name="Hopper", employees=0, country="DE", extra=EXTRA)
    owner = Owner.objects.create(email="ada@us.example", name="Ada")
    full = make_lead(
        email="grace@x.example",
        first_name="Grace",
        disposition="positive",
        extra=EXTRA,
        company=company,
        owner=owner,
    )
    blank = make_lead()

    read = people.read([full.pk, blank.pk])

    for lead in (full, blank):
        expected = facts.context(lead, None)
        del expected["deal"]
        assert read[lead.pk].facts == expected
    assert read[full.pk].facts["company"]["employees"] == 0
    assert [(one.pk, one.email, str(one), one.company_id) for one in read.values()] == [
        (full.pk, "grace@x.example", "Grace", company.pk),
        (blank.pk, "", f"lead {blank.pk}", None),
    ]


def test_people_tell_whether_they_or_their_rep_are_gone(make_lead):
    here, gone = (
        Owner.objects.create(email=f"{active}@us.example", active=active)
        for active in (True, False)
    )
    kept, deleted, left = make_lead(owner=here), make_lead(deleted_at=NOON), make_lead(owner=gone)

    read = people.read([kept.pk, deleted.pk, left.pk])

    assert {pk: (one.is_deleted, one.owner_is_gone) for pk, one in read.items()} == {
        kept.pk: (False, False),
        deleted.pk: (True, False),
        left.pk: (False, True),
    }


def test_people_have_no_other_facts_than_were_asked_for(make_lead, django_assert_num_queries):
    company = Company.objects.create(name="Hopper", employees=80)
    lead = make_lead(email="grace@x.example", stage="Approach", title="CTO", company=company)

    with django_assert_num_queries(1):
        stages = people.read([lead.pk], {"lead": {"stage"}})[lead.pk]
    sizes = people.read([lead.pk], {"company": {"employees"}})[lead.pk]

    names = {"email": "grace@x.example", "first_name": None, "last_name": None}
    assert stages.facts["lead"] == {**names, "stage": "Approach"}
    assert stages.facts["company"] == facts.BLANK["company"]
    assert sizes.facts["lead"] == names
    assert sizes.facts["company"] == {"employees": 80}
