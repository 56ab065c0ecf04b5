"""A person's click decides; a machine's is seen and decides nothing."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.test import Client

from crm.models import Activity
from mail import compose, visits
from mail.models import EmailTemplate, Sender
from process.models import Task
from runtime import clock
from sequences.models import Enrollment
from tests.workers.test_language import CALL, OPENING, at_work, sequence
from tests.workers.test_life import leaves, settle, until_queued
from workers import schedule

__all__ = ["at_work"]
pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HTML = "<a href='https://a.example/'>a</a><a href='https://b.example/'>b</a>{{ unsubscribe_url }}"


@pytest.fixture
def follow(at_work, make_lead, frozen_clock):
    """Somebody is sent an email with two links and, a day later, called if there was a click."""
    lead = make_lead()
    branch = {"id": "looked", "branch": [{"when": "event.clicked", "steps": [CALL]}]}
    exits = {"exit": ["event.clicked > 2"]}
    at_work(sequence(OPENING, {"id": "w", "wait": "1 day"}, branch, **exits))
    EmailTemplate.objects.update(html=HTML)
    message = until_queued(frozen_clock)
    raw = compose.compose(message)
    type(message).objects.filter(pk=message.pk).update(links=raw.links)
    leaves(message)
    settle(frozen_clock)
    frozen_clock.now += timedelta(hours=1)
    html = message_from_bytes(raw.raw, policy=policy.default).get_body(("html",)).get_content()
    paths = [part.partition('"')[0] for part in html.split("https://outreach.example.com")[1:3]]

    def fetch(*numbers, method="get", **headers):
        for number in numbers:
            headers = {"User-Agent": FIREFOX, **headers}
            answer = getattr(Client(), method)(paths[number], headers=headers)
            assert answer.status_code == 302
        while Enrollment.objects.filter(lead=lead, status="active").exists():
            settle(frozen_clock)
            frozen_clock.now = schedule.next_due() or clock.now() + timedelta(days=1)
            if schedule.due().judge_visits:
                visits.judge()

    return fetch


@pytest.mark.parametrize(
    ("numbers", "how", "kinds"),
    [
        ([0], {}, ["clicked"]),
        ([0, 0, 0, 0], {}, ["clicked"]),
        ([], {}, []),
        ([0], {"method": "head"}, ["machine_clicked"]),
        ([0], {"Sec-Purpose": "prefetch"}, ["machine_clicked"]),
        ([0], {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, ["machine_clicked"]),
        ([0, 1], {}, ["machine_clicked", "machine_clicked"]),
    ],
)
def test_a_branch_on_a_click_is_for_people_alone(follow, numbers, how, kinds):
    follow(*numbers, **how)

    clicks = Activity.objects.filter(kind__endswith="clicked").values_list("kind", flat=True)
    assert list(clicks) == kinds
    assert Task.objects.filter(step_id="call").count() == (kinds == ["clicked"])


def test_what_the_team_says_of_tracking_is_applied(at_work, loaded):
    at_work(sequence(OPENING))

    sender = Sender.objects.get()
    assert (sender.track_clicks, sender.track_opens, sender.tracking_url) == (True, False, "")
