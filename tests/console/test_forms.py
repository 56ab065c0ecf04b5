"""Where forms post: what is taken in, what is told to whom, and what a person does with what waits."""

from datetime import timedelta

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Activity, Connection, Lead
from process.models import Form, Submission
from process.prospecting import submissions
from process.prospecting.forms import FormSettings, Submitted
from runtime import clock
from workspace.problems import Fault

pytestmark = pytest.mark.django_db
SITE = "https://www.example.com"
CONSENT = "You may write to me about demos."
SETTINGS = {
    "fields": {"email": "lead.email", "name": "lead.first_name", "said": "message"},
    "consent": CONSENT,
    "allowed_origins": [SITE],
    "per_hour": 3,
}
FILLED = {"email": " Grace@Customer.example", "name": "Grace", "said": "A demo?", "consent": "on"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def form(db, frozen_clock):
    return Form.objects.create(name="demo", settings=SETTINGS)


@pytest.fixture
def make_lead(db):
    source = Connection.objects.create(name="crm", kind="csv", pull_every=timedelta(hours=1))

    def make(email="grace@customer.example"):
        return Lead.objects.create(email=email, source=source, created_at=clock.now())

    return make


def post(fields=FILLED, *, origin=SITE, headers=None, name="demo", **environ):
    sent = {"Referer": f"{SITE}/demo?token=secret#top", "Origin": origin, **(headers or {})}
    return Client().post(f"/forms/{name}", fields, headers=sent, **environ)


def kept():
    return list(Submission.objects.order_by("pk").values_list("email", "state", "lead"))


def noted():
    return list(Activity.objects.filter(kind="form_submitted").order_by("pk"))


def test_what_a_known_lead_writes_is_on_its_timeline(form, make_lead):
    lead = make_lead()

    page = post()

    (activity,) = noted()
    row = Submission.objects.get()
    assert (page.status_code, "Thank you" in page.text) == (200, True)
    assert page.headers["Access-Control-Allow-Origin"] == SITE
    assert (activity.lead, activity.occurred_at) == (lead, clock.now())
    assert activity.data == {
        "form": "demo", "page": f"{SITE}/demo", "submission": row.pk, "by": "",
        "told": {"lead.first_name": "Grace", "message": "A demo?"},
        "consent": CONSENT, "consented_at": clock.now().isoformat(),
    }  # fmt: skip
    assert kept() == [("grace@customer.example", "noted", lead.pk)]


def test_nobody_learns_whom_we_know(form, make_lead):
    strange = post()
    make_lead()
    known = post()

    assert (strange.status_code, strange.content) == (known.status_code, known.content)


def test_a_form_of_nobody_waits(form):
    post()

    (row,) = submissions.waiting()
    assert submissions.told(row) == {
        "submission": row.pk, "form": "demo", "at": clock.now(), "email": "grace@customer.example",
        "told": {"lead.first_name": "Grace", "message": "A demo?"}, "page": f"{SITE}/demo",
        "waits": "no lead has the address", "suppressed": "",
    }  # fmt: skip


def test_a_form_of_two_leads_waits_for_a_person(form, make_lead):
    one, two = make_lead(), make_lead()

    post()

    (row,) = submissions.waiting()
    assert submissions.told(row)["waits"] == f"leads {one.pk}, {two.pk} have the address"
    submissions.give(row, two, by="Ada")
    (activity,) = noted()
    assert (activity.lead, activity.data["by"], submissions.waiting()) == (two, "Ada", [])


def test_what_a_person_dropped_stays_so(form, make_lead):
    post()
    (row,) = submissions.waiting()
    submissions.drop(row, by="Ada", why="a test of ours")
    lead = make_lead()

    claimed = submissions.claim(lead)

    with pytest.raises(Fault, match=f"submission {row.pk} is dropped already"):
        submissions.give(row, lead, by="Ada")
    row.refresh_from_db()
    assert (claimed, noted(), row.by, row.why) == ([], [], "Ada", "a test of ours")


def test_what_a_person_has_to_mend(form):
    page = post({"email": "grace", "name": "G" * 201})
    told = post({"name": ""}, headers=JSON)

    assert (page.status_code, told.status_code) == (400, 400)
    assert "<b>email</b> is no email address" in page.text
    assert post({"email": "grace", "name": "G" * 201}, headers=JSON).json() == {
        "ok": False,
        "errors": {
            "email": "is no email address",
            "name": "is longer than 200 characters",
            "consent": "is missing: please agree first",
        },
    }
    assert told.json()["errors"]["email"] == "is missing"
    assert kept() == []


def test_a_machine_that_fills_everything_is_thanked_and_nothing_is_kept(form):
    page = post({**FILLED, "leave_blank": "x"})

    assert (page.status_code, kept()) == (200, [])
    assert page.text == post().text
    assert len(kept()) == 1


@pytest.mark.parametrize(
    "origin", ["", "null", "https://evil.example", f"{SITE}.evil.example", "http://www.example.com"]
)
def test_another_site_is_turned_away(form, origin):
    page = post(origin=origin)

    assert (page.status_code, kept()) == (403, [])
    assert "Access-Control-Allow-Origin" not in page.headers


def test_only_a_post_does_anything(form):
    answers = [Client().generic(method, "/forms/demo") for method in ("GET", "HEAD", "PUT")]

    assert ([answer.status_code for answer in answers], kept()) == ([405] * 3, [])
    assert post(name="other").status_code == 404
    assert post({**FILLED, "said": "x" * 70_000}).status_code == 413


def test_one_network_has_so_many_in_an_hour(form, frozen_clock):
    first = [post(REMOTE_ADDR="192.0.2.7").status_code for _ in range(4)]
    other = post(REMOTE_ADDR="192.0.2.8").status_code
    six = [post(REMOTE_ADDR=f"2001:db8::{n}").status_code for n in range(4)]
    frozen_clock.now += timedelta(hours=1)
    later = post(REMOTE_ADDR="192.0.2.7").status_code

    assert (first, other, six, later) == ([200] * 3 + [429], 200, [200] * 3 + [429], 200)
    assert len(kept()) == 8
    assert "192.0.2.7" not in set(Submission.objects.values_list("network", flat=True))


def test_where_a_browser_goes_afterwards(form):
    Form.objects.update(settings={**SETTINGS, "thanks_url": f"{SITE}/thanks"})

    page, told = post(), post(headers=JSON)

    assert (page.status_code, page.headers["Location"]) == (303, f"{SITE}/thanks")
    assert (told.status_code, told.json()) == (200, {"ok": True})


@given(st.dictionaries(st.sampled_from(["email", "name", "said", "consent"]), st.text()))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_is_read_or_told(written):
    read = FormSettings.model_validate(SETTINGS).read(written)

    if isinstance(read, Submitted):
        assert read.email.count("@") == 1
        assert set(read.told) <= {"lead.first_name", "message"}
        assert all(text.strip() == text != "" for text in read.told.values())
    else:
        assert set(read) <= {"email", "name", "said", "consent"}
