"""The tasks page: who sees what, and what the buttons do, as a browser without JavaScript has them."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client

from crm.models import Activity, Connection, Lead, Owner
from process import tasks
from process.models import Task
from runtime import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def give(frozen_clock):
    source = Connection.objects.create(
        name="hubspot", kind="hubspot", pull_every=timedelta(hours=1)
    )

    def make(rep, **values):
        owner, _ = Owner.objects.get_or_create(email=rep, defaults={"name": rep})
        lead = Lead.objects.create(
            email=f"{rep}.{Lead.objects.count()}", source=source, owner=owner,
            created_at=clock.now(), **values,
        )  # fmt: skip
        return tasks.make("call", f"Call for {rep}", lead=lead, key=str(lead.pk))

    return make


def browser(email, *, staff=False):
    make = User.objects.create_superuser if staff else User.objects.create_user
    make(email, email, "a password")
    client = Client(enforce_csrf_checks=True)
    page = client.get("/login")
    token = Forms.of(page)[0]["csrfmiddlewaretoken"]
    form = {"username": email, "password": "a password", "csrfmiddlewaretoken": token, "next": ""}
    assert client.post("/login", form)["Location"] == "/tasks"
    return client


class Forms(HTMLParser):
    """The forms of a page, with the values that they hold."""

    def __init__(self):
        super().__init__()
        self.found = []

    @classmethod
    def of(cls, page):
        assert page.status_code == 200
        parser = cls()
        parser.feed(page.content.decode())
        return parser.found

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "form":
            self.found.append({"to": values.get("action", ""), "method": values.get("method")})
        elif tag == "input" and self.found:
            self.found[-1][values["name"]] = values.get("value", "")


def press(client, task, deed, **values):
    """Send a form of the page, as it is filled in."""
    forms = {form["to"]: form for form in Forms.of(client.get("/tasks"))}
    form = forms[f"/tasks/{task.pk}/{deed}"]
    assert form["method"] == "post"
    return client.post(form["to"], {**form, **values}, follow=True).content.decode()


def test_nobody_sees_a_task_without_a_login(client, give):
    task = give("ada@example.com")

    seen, done = client.get("/tasks"), client.post(f"/tasks/{task.pk}/done")

    assert (seen.status_code, seen["Location"]) == (302, "/login?next=/tasks")
    assert (done.status_code, done["Location"]) == (302, "/login?next=/tasks")
    assert Task.objects.get().done_at is None


def test_a_rep_has_the_own_queue_and_staff_all_of_them(give):
    hers, his = give("ada@example.com"), give("bob@example.com")
    ada, boss = browser("Ada@Example.com"), browser("boss@example.com", staff=True)

    own, every = ada.get("/tasks").content.decode(), boss.get("/tasks").content.decode()
    one = boss.get("/tasks?owner=bob@example.com").content.decode()

    assert [task.title in own for task in (hers, his)] == [True, False]
    assert [task.title in every for task in (hers, his)] == [True, True]
    assert [f'id="t{task.pk}"' in one for task in (hers, his)] == [False, True]


def test_a_rep_cannot_touch_somebody_elses(give):
    own, his = give("ada@example.com"), give("bob@example.com")
    ada = browser("ada@example.com")
    token = Forms.of(ada.get("/tasks"))[0]["csrfmiddlewaretoken"]

    answer = ada.post(f"/tasks/{his.pk}/done", {"csrfmiddlewaretoken": token})

    assert answer.status_code == 404
    assert not Task.objects.exclude(done_at=None).exists()
    assert ada.post(f"/tasks/{own.pk}/sell", {"csrfmiddlewaretoken": token}).status_code == 404


def test_a_form_of_another_site_changes_nothing(give):
    task = give("ada@example.com")

    answer = browser("ada@example.com").post(f"/tasks/{task.pk}/done", {})

    assert answer.status_code == 403
    assert Task.objects.get().done_at is None


def test_the_buttons_do_what_they_say(give):
    called, slept, skipped, given = (give("ada@example.com") for _ in range(4))
    bob = Owner.objects.create(email="bob@example.com", name="Bob")
    ada = browser("ada@example.com")

    press(ada, called, "done", disposition="no_answer", note="At noon.")
    press(ada, slept, "snooze", until="2999-01-01")
    press(ada, skipped, "skip", why="met at the fair")
    page = press(ada, given, "give", to="bob@example.com")

    assert "Nothing is to be done." in page
    for task in (called, slept, skipped, given):
        task.refresh_from_db()
    assert (called.disposition, called.ended_by) == ("no_answer", "ada@example.com")
    assert slept.snoozed_until.year in {2998, 2999}
    assert (skipped.skipped, skipped.done_at) == (True, clock.now())
    assert given.owner == bob
    noted = Activity.objects.filter(kind__startswith="task_").order_by("pk")
    assert [(one.kind, one.data["by"]) for one in noted] == [
        (kind, "ada@example.com")
        for kind in ("task_done", "task_snoozed", "task_skipped", "task_given")
    ]


@pytest.mark.parametrize(
    ("deed", "values", "said"),
    [
        ("done", {"disposition": "bored"}, "unknown disposition"),
        ("snooze", {"until": "tomorrow"}, "needs a day"),
        ("snooze", {"until": "2001-01-01"}, "choose a later one"),
        ("skip", {"why": "  "}, "say why"),
        ("give", {"to": "nobody@x.example"}, "choose the rep"),
    ],
)
def test_what_cannot_be_is_said_and_not_done(give, deed, values, said):
    task = give("ada@example.com")

    page = press(browser("ada@example.com"), task, deed, **values)

    assert said in page
    assert task.title in page
    assert not Activity.objects.filter(kind__startswith="task_").exists()


def test_whoever_is_slower_is_told(give):
    task = give("ada@example.com")
    ada = browser("ada@example.com")
    (form,) = [form for form in Forms.of(ada.get("/tasks")) if form["to"].endswith("/done")]
    tasks.done(task.pk, by="bob")

    page = ada.post(form["to"], form, follow=True).content.decode()

    assert "somebody was faster" in page
    assert Task.objects.get().ended_by == "bob"


def test_a_name_is_shown_as_it_is_and_runs_nothing(give):
    give("ada@example.com", first_name="<script>alert(1)</script>")

    page = browser("ada@example.com").get("/tasks").content.decode()

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
