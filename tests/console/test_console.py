"""What the web shows, to whom, and what it changes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from crm.models import Activity, Connection, Lead
from mail import unsubscribe
from mail.models import Suppression

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PAGES = ["crm/lead", "crm/deal", "crm/activity", "sequences/enrollment", "mail/message"]


@pytest.fixture
def source():
    return Connection.objects.create(name="hubspot", kind="hubspot", pull_every=timedelta(hours=1))


@pytest.fixture
def people(source):
    def make(count):
        for number in range(count):
            lead = Lead.objects.create(
                email=f"p{number}@customer.example", source=source, created_at=NOON
            )
            Activity.objects.create(kind="lead_created", lead=lead, occurred_at=NOON)

    return make


@pytest.fixture
def lead(people):
    people(1)
    return Lead.objects.get()


@pytest.fixture
def admin():
    User.objects.create_superuser("ada", "ada@example.com", "a password")
    client = Client()
    assert client.login(username="ada", password="a password")
    return client


@pytest.mark.parametrize("page", PAGES)
def test_nobody_looks_without_a_login(client, page):
    answer = client.get(f"/admin/{page}/")
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]


@pytest.mark.parametrize("page", PAGES)
def test_history_can_be_read_and_not_written(admin, page):
    assert admin.get(f"/admin/{page}/").status_code == 200
    assert admin.get(f"/admin/{page}/add/").status_code == 403


def test_a_lead_shows_its_timeline(admin, lead):
    text = admin.get(f"/admin/crm/lead/{lead.pk}/change/").content.decode()
    assert "p0@customer.example" in text
    assert "lead_created" in text


@pytest.mark.parametrize("page", ["crm/lead", "crm/activity"])
def test_a_list_asks_as_often_for_thirty_rows_as_for_three(
    admin, people, page, django_assert_max_num_queries
):
    def queries():
        with django_assert_max_num_queries(100) as captured:
            admin.get(f"/admin/{page}/")
        return len(captured)

    people(3)
    few = queries()
    Lead.objects.all().delete()
    people(30)
    assert queries() <= few


def test_the_link_of_a_test_email_unsubscribes_nobody(client, lead):
    path = f"/u/{unsubscribe.token(unsubscribe.nobody())}"

    pages = [client.get(path), client.post(path)]

    assert [page.status_code for page in pages] == [200, 200]
    assert all("Nobody was unsubscribed" in page.content.decode() for page in pages)
    assert not Suppression.objects.exists()


def test_looking_at_the_unsubscribe_page_changes_nothing(client, lead):
    path = f"/u/{unsubscribe.token(lead)}"
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200
    assert not Suppression.objects.exists()


def test_one_click_stops_without_cookies_or_csrf(lead):
    mail_provider = Client(enforce_csrf_checks=True)
    path = f"/u/{unsubscribe.token(lead)}"
    for _ in range(2):
        answer = mail_provider.post(path, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert not answer.cookies
    assert Suppression.objects.get().email == lead.email
    assert Activity.objects.filter(kind="unsubscribed").count() == 1


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        (
            "multipart/form-data; boundary=edge",
            '--edge\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
            "One-Click\r\n--edge--\r\n",
        ),
    ],
)
def test_case_8_one_click_answers_200_and_leads_nowhere_else(lead, content_type, body):
    path = f"/u/{unsubscribe.token(lead)}"

    answer = Client(enforce_csrf_checks=True).post(path, body, content_type=content_type)

    assert (answer.status_code, answer.headers.get("Location")) == (200, None)
    assert [found.email for found in Suppression.objects.all()] == [lead.email]


@pytest.mark.parametrize("token", ["nonsense", "%00", "a" * 5000])
def test_a_forged_token_finds_nobody(client, lead, token):
    assert client.post(f"/u/{token}").status_code == 404
    assert not Suppression.objects.exists()


def test_a_changed_token_finds_nobody(client, lead):
    token = unsubscribe.token(lead)
    for place in range(0, len(token), 3):
        forged = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert client.post(f"/u/{forged}").status_code == 404
    assert not Suppression.objects.exists()


def test_health_is_fine_while_the_database_answers(client):
    assert client.get("/healthz").status_code == 200
