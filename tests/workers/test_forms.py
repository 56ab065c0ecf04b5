"""What a form sets in motion, for a lead that is known and for one that comes later."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection

from crm.timeline import note
from process import apply, dossier, erasure
from process.models import Form, Submission
from process.prospecting import submissions
from process.prospecting.forms import FormSettings, Submitted
from process.simulation import load
from runtime import clock
from sequences.definition import Sequence
from sequences.models import Enrollment, ListMember
from tests.sync.test_forms import SETTINGS
from tests.workers.test_language import OPENING, at_work, sequence  # noqa: F401 - a fixture
from workers import reactions

pytestmark = pytest.mark.django_db
INBOUND = {"name": "inbound", "enroll": {"on": ["form_submitted"]}}


def submit(email, form="demo"):
    form, _ = Form.objects.get_or_create(name=form, defaults={"settings": SETTINGS})
    settings, told = FormSettings.model_validate(SETTINGS), Submitted(email, {"message": "A demo?"})
    return submissions.take_in(form, settings, told, page="", address="192.0.2.7")


def of(exported, column):
    return [row[column] for row in exported["submissions"]]


def enrolled():
    return list(Enrollment.objects.order_by("pk").values_list("sequence", "status"))


def test_a_known_lead_enters_at_once(team, make_lead, at_work):  # noqa: F811 - the fixture
    at_work(sequence(OPENING, **INBOUND))
    lead = make_lead()

    submit(lead.email)
    reactions.react()

    assert enrolled() == [("inbound", "active")]


@pytest.mark.parametrize("happens", ["lead_created", "lead_changed"])
def test_whoever_wrote_to_us_is_no_cold_lead(team, make_lead, at_work, happens):  # noqa: F811 - likewise
    at_work(sequence(OPENING, name="cold"), sequence(OPENING, **INBOUND))
    submit("grace@customer.example")
    lead = make_lead()

    note(happens, lead=lead, occurred_at=clock.now())
    reactions.react()

    assert (enrolled(), reactions.waiting()) == ([("inbound", "active")], False)


def test_what_waits_belongs_to_the_person_of_its_address(team, make_lead):
    submit("alan@customer.example")
    submit("grace@customer.example")
    lead = make_lead()

    exported = of(dossier.export(lead), "email")
    of_a_stranger = of(dossier.export_address("alan@customer.example"), "told")
    erasure.erase(lead, by="Ada", reason="a letter")

    assert exported == ["grace@customer.example"]
    assert of_a_stranger == [{"message": "A demo?"}]
    assert list(Submission.objects.values_list("email", flat=True)) == ["alan@customer.example"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="a database in memory lets no two threads in"
)
def test_eight_at_once_are_not_more_than_one_network_may(frozen_clock):
    Form.objects.create(name="demo", settings=SETTINGS)
    settings = FormSettings.model_validate({**SETTINGS, "per_hour": 3})

    def write(number):
        form, told = Form.objects.get(), Submitted(f"grace{number}@customer.example", {})
        try:
            return submissions.take_in(form, settings, told, page="", address="192.0.2.7").state
        except submissions.TooMany:
            return "too many"
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        came_of_it = Counter(pool.map(write, range(8)))

    assert came_of_it == {"waiting": 3, "too many": 5}
    assert Submission.objects.count() == 3


def listed():
    return list(ListMember.objects.order_by("email").values_list("list", "email"))


def test_a_form_puts_people_on_its_list_for_the_rules(loaded, make_lead, frozen_clock):
    forms = {"demo": FormSettings.model_validate({**SETTINGS, "list": "askers"})}
    listing = sequence(OPENING, name="cold", enroll={"list": "askers"})
    definition = Sequence.model_validate(listing)
    team = replace(loaded, forms=forms, sequences={"cold": definition}, digests={"cold": "0" * 64})
    apply.apply(team)
    grace, other = make_lead(), make_lead("other@customer.example")

    submit(grace.email)
    submit("alan@customer.example")
    note("lead_changed", lead=other, occurred_at=clock.now())
    reactions.react()
    dropped = submit("drop@customer.example")
    before = listed()
    submissions.drop(dropped, by="Ada", why="a test")
    at_once = listed()
    apply.configure(team)

    assert len(before) == len(at_once) + 1
    assert at_once == listed()
    assert [one.lead for one in Enrollment.objects.all()] == [grace]
    assert listed() == [("askers", "alan@customer.example"), ("askers", grace.email)]
    assert load.scene(team, clock.now()).files.lists["askers"] == {
        "alan@customer.example",
        grace.email,
    }


DROPPED = "drop@customer.example"


@pytest.fixture
def askers(loaded, make_lead):
    """Two forms put people on one list, a third on another; of two leads nobody knows who writes."""
    apply.configure(replace(loaded, lists={"askers": frozenset({"file@customer.example"})}))
    for name, listed_on in {"demo": "askers", "too": "askers", "else": "others"}.items():
        Form.objects.create(name=name, settings={**SETTINGS, "list": listed_on})
    return [make_lead(DROPPED), make_lead(DROPPED)]


@pytest.mark.parametrize(
    "before",
    [
        lambda: None,
        lambda: submit("other@customer.example"),
        lambda: submit(DROPPED, form="else"),
        lambda: submissions.drop(submit(DROPPED), by="Ada", why="a test"),
    ],
)
def test_whose_submission_is_dropped_leaves_its_list_at_once(askers, before):
    before()
    others = listed()

    dropped = submit(DROPPED)
    meanwhile = listed()
    submissions.drop(dropped, by="Ada", why="nobody")

    assert sorted(meanwhile) == sorted([*others, ("askers", DROPPED)])
    assert listed() == others


@pytest.mark.parametrize(
    "also",
    [
        lambda _: submit(DROPPED),
        lambda _: submit(DROPPED, form="too"),
        lambda leads: submissions.give(submit("private@mail.example"), leads[0], by="Ada"),
    ],
)
def test_who_submitted_something_else_stays_on_the_list(askers, also):
    also(askers)
    dropped = submit(DROPPED)

    submissions.drop(dropped, by="Ada", why="nobody")

    assert ("askers", DROPPED) in listed()


def test_whom_its_file_names_stays_on_a_list(askers):
    submissions.drop(submit("file@customer.example"), by="Ada", why="nobody")

    assert listed() == [("askers", "file@customer.example")]


def test_whom_a_submission_is_given_to_stands_on_the_list_too(team, make_lead):
    Form.objects.create(name="demo", settings={**SETTINGS, "list": "askers"})
    lead = make_lead()

    submissions.give(submit("private@mail.example"), lead, by="Ada")

    assert listed() == [("askers", lead.email), ("askers", "private@mail.example")]
