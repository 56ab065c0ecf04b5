"""What the booking page tells is what the product can prove and read, and happens when it should."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest

from process.meetings import calcom
from sandbox import bookings, browser, company
from sandbox.world import World

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
REP = "ada@brightwell-hardware.example"
LINK = "https://cal.example/demo?metadata%5Bcadenza%5D=tok-en"


@pytest.fixture
def world(tmp_path):
    world = World(
        state=tmp_path, company=company.load(seed=7), start=START, product_url="http://127.0.0.1:1"
    )
    yield world
    world.close()


@pytest.fixture
def told(monkeypatch):
    """Everything that was posted: link, body, signature."""
    posted = []

    async def post(link, body, headers=None):
        posted.append((link, body, (headers or {})[calcom.SIGNATURE]))
        return True

    monkeypatch.setattr(browser, "post", post)
    return posted


def run(world):
    while (at := world.agenda.next_due) is not None:
        asyncio.run(world.advance(at))


def test_what_the_page_tells_is_signed_and_reads_as_a_booking(world, told):
    page = bookings.Bookings(world)
    person = world.company.people[0]

    page.book_soon(person, REP, link=LINK)
    asyncio.run(world.advance(world.agenda.next_due))

    [(link, body, signature)] = told
    news = calcom.read(body)
    assert link == f"http://127.0.0.1:1/webhooks/cal/{REP}"
    assert calcom.is_genuine(body, signature, world.keys.cal_secret)
    assert (news.trigger, news.booking.token, news.booking.organizer) == (
        "BOOKING_CREATED", "tok-en", REP,
    )  # fmt: skip
    assert news.booking.booker.email == person.email
    assert news.booking.starts_at > world.moment


def test_meetings_are_moved_canceled_missed_and_held(world, told):
    page = bookings.Bookings(world)
    people = [person for person in world.company.people if person.email][:80]

    for person in people:
        page.book_soon(person, REP)
        page.book_soon(person, REP)
    run(world)

    count = Counter(calcom.read(body).trigger for _, body, _ in told)
    missed = count["BOOKING_NO_SHOW_UPDATED"]
    canceled = count["BOOKING_CANCELLED"]
    assert count["BOOKING_CREATED"] == count["MEETING_ENDED"] + canceled == len(page.made)
    assert 0 < canceled == len(page.called_off) < missed
    assert 0 < count["BOOKING_RESCHEDULED"] < len(people)
    assert 0 < missed == len(page.missed) < len(people)


def test_who_did_not_meet_books_again_once_and_comes(world, told):
    page = bookings.Bookings(world)
    for person in world.company.people[:80]:
        page.book_soon(person, REP)
    run(world)
    again = [person for person in world.company.people[:80] if page.is_asked_again(person)]
    told.clear()

    for person in again:
        page.book_soon(person, REP, link=LINK)
    run(world)

    triggers = {calcom.read(body).trigger for _, body, _ in told}
    assert again
    assert triggers.isdisjoint({"BOOKING_NO_SHOW_UPDATED", "BOOKING_CANCELLED"})
    assert not any(page.is_asked_again(person) for person in again)
