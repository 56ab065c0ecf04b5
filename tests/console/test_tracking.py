"""Following a link of an email: where it leads, what is noted, and what was a machine."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.test import Client

from crm.models import Activity, Lead
from mail import machines, visits
from mail.models import Message, Visit
from runtime import clock
from tests.console.conftest import LINKS, PUBLIC

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def message(send):
    return send()


def paths(message):
    """Where its links and its pixel lead to."""
    mail = message_from_bytes(message.raw, policy=policy.default)
    html = mail.get_body(("html",)).get_content()
    found = [part.partition('"')[0] for part in html.split(f'"{PUBLIC}')[1:]]
    return [path for path in found if not path.startswith("/u/")]


def visit(path, method="get", **headers):
    return getattr(Client(), method)(path, headers={"User-Agent": FIREFOX, **headers})


def noted(frozen_clock):
    """What stands on the timeline once it could be judged."""
    frozen_clock.now += timedelta(seconds=10)
    visits.judge()
    return list(Activity.objects.order_by("pk").values_list("kind", "data__why"))


def test_a_click_leads_on_and_is_noted_once_it_can_be_judged(message, frozen_clock):
    at = clock.now()

    answer = visit(paths(message)[0])

    assert (answer.status_code, answer["Location"], answer.content) == (302, LINKS[0], b"")
    assert not Activity.objects.exists()
    assert noted(frozen_clock) == [("clicked", None)]
    activity = Activity.objects.get()
    assert (activity.lead, activity.message_id, activity.enrollment_id, activity.occurred_at) == (
        message.lead,
        message.pk,
        message.enrollment_id,
        at,
    )
    assert activity.data == {"step": "opening", "message": "<1@example.com>", "url": LINKS[0]}


def test_nothing_of_the_visitor_is_kept_or_told_on(message):
    answer = visit(paths(message)[0])

    assert not answer.cookies
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert {field.name for field in Visit._meta.fields} == {
        "id", "message", "number", "minute", "machine", "count", "first_at", "last_at", "judged",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({}, None),
        ({"User-Agent": IPHONE}, None),
        ({"method": "head"}, "HEAD"),
        ({"Purpose": "prefetch"}, "prefetch"),
        ({"Sec-Purpose": "prefetch;prerender"}, "prefetch"),
        ({"X-Moz": "prefetch"}, "prefetch"),
        ({"User-Agent": ""}, "user agent"),
        ({"User-Agent": "Mozilla/5.0"}, "user agent"),
        ({"User-Agent": "Slackbot-LinkExpanding 1.0"}, "user agent"),
        ({"User-Agent": "Mozilla/5.0 (Windows NT 10.0) HeadlessChrome/140.0"}, "user agent"),
        ({"User-Agent": "python-requests/2.32"}, "user agent"),
    ],
)
def test_what_says_that_it_is_a_machine_is_kept_as_one(message, frozen_clock, how, why):
    answer = visit(paths(message)[0], **how)

    assert (answer.status_code, answer["Location"]) == (302, LINKS[0])
    assert noted(frozen_clock) == [("machine_clicked" if why else "clicked", why)]
    assert Activity.objects.get().data.get("machine", False) == bool(why)


@pytest.mark.parametrize(("seconds", "kind"), [(14, "machine_clicked"), (15, "clicked")])
def test_nobody_follows_a_link_right_after_it_left(message, frozen_clock, seconds, kind):
    Message.objects.update(sent_at=clock.now() - timedelta(seconds=seconds))

    visit(paths(message)[0])

    assert [found for found, _ in noted(frozen_clock)] == [kind]


def test_an_email_that_never_left_was_followed_by_nobody(message, frozen_clock):
    Message.objects.update(sent_at=None, handed_at=None)

    visit(paths(message)[0])

    assert noted(frozen_clock) == [("machine_clicked", "too soon")]


@pytest.mark.parametrize(
    ("apart", "kinds"), [(2, ["machine_clicked"] * 2), (3, ["clicked", "clicked"])]
)
def test_who_follows_all_links_at_once_is_a_machine_from_the_first_on(
    message, frozen_clock, apart, kinds
):
    for path in paths(message)[:2]:
        visit(path)
        frozen_clock.now += timedelta(seconds=apart)

    assert [kind for kind, _ in noted(frozen_clock)] == kinds


def test_a_later_fetch_of_the_same_link_gives_a_burst_away_too(message, frozen_clock):
    visit(paths(message)[0])
    frozen_clock.now += timedelta(seconds=20)
    assert noted(frozen_clock) == [("clicked", None)]

    for path in paths(message)[:2]:
        visit(path)

    assert noted(frozen_clock) == [("clicked", None), ("machine_clicked", "many links at once")]


def test_the_same_links_of_two_people_are_no_burst(send, message, frozen_clock):
    other = send(2)

    visit(paths(message)[0])
    visit(paths(other)[1])

    assert noted(frozen_clock) == [("clicked", None)] * 2


def test_many_fetches_are_one_row_a_minute(message, frozen_clock):
    for _ in range(30):
        visit(paths(message)[0])

    assert noted(frozen_clock) == [("clicked", None)]
    assert list(Visit.objects.values_list("count", flat=True)) == [30]


def test_an_email_keeps_no_more_than_so_many_rows(message, frozen_clock, monkeypatch):
    monkeypatch.setattr(visits, "MOST", 5)

    for _ in range(20):
        frozen_clock.now += timedelta(minutes=1)
        answer = visit(paths(message)[0])
        assert (answer.status_code, answer["Location"]) == (302, LINKS[0])

    assert noted(frozen_clock) == [("clicked", None)] * 5


def test_judging_twice_notes_nothing_twice(message, frozen_clock):
    visit(paths(message)[0])
    assert noted(frozen_clock) == [("clicked", None)]
    Visit.objects.update(judged=False)

    assert noted(frozen_clock) == [("clicked", None)]


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        (FIREFOX, "opened"),
        ("Mozilla/5.0", "machine_opened"),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) (via ggpht.com GoogleImageProxy)", "machine_opened"),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "machine_opened"),
    ],
)  # fmt: skip
def test_a_pixel_is_an_open_or_a_machines(message, frozen_clock, agent, kind):
    answer = visit(paths(message)[-1], **{"User-Agent": agent})

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
    assert answer.content[:6] == b"GIF89a"
    assert "no-store" in answer["Cache-Control"]
    assert [found for found, _ in noted(frozen_clock)] == [kind]
    assert Activity.objects.get().data.get("url") is None


def test_the_images_beside_a_link_make_no_burst(message, frozen_clock):
    for path in paths(message)[1:]:
        visit(path)

    assert [kind for kind, _ in noted(frozen_clock)] == ["clicked", "opened"]


@pytest.mark.parametrize("query", ["?url=https://evil.example", "?next=//evil.example", "?a#b"])
def test_no_query_leads_elsewhere(message, query):
    answer = visit(paths(message)[0] + query)

    assert (answer.status_code, answer["Location"]) == (302, LINKS[0])


def test_a_link_is_no_pixel_and_a_pixel_no_link(message):
    link, _, pixel = paths(message)

    assert visit(f"{link.replace('/c/', '/o/')}.gif").status_code == 404
    assert visit(pixel.replace("/o/", "/c/").removesuffix(".gif")).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_a_link_is_only_followed(message, method):
    assert visit(paths(message)[0], method).status_code == 405
    assert not Visit.objects.exists()


def test_an_unknown_link_says_so_and_no_more(message):
    answer = visit("/c/nonsense")

    assert (answer.status_code, "leads nowhere" in answer.content.decode()) == (404, True)


@pytest.mark.parametrize("agent", [FIREFOX, IPHONE])
def test_a_browser_is_no_machine(agent, frozen_clock):
    now = clock.now()

    assert not machines.reason(
        method="GET", headers={"User-Agent": agent}, left_at=now - timedelta(days=1), at=now
    )


def test_of_a_person_who_was_erased_no_visit_is_counted(message, frozen_clock):
    Lead.objects.update(erased_at=clock.now())

    answers = [visit(path).status_code for path in paths(message)]

    assert set(answers) == {404}
    assert (Visit.objects.count(), noted(frozen_clock)) == (0, [])


def test_a_visit_while_its_person_is_erased_keeps_no_other_from_being_noted(message, frozen_clock):
    visit(paths(message)[0])
    Message.objects.update(links=[])
    Lead.objects.update(erased_at=clock.now())

    kinds = noted(frozen_clock)

    assert (kinds, Visit.objects.count()) == ([], 0)
