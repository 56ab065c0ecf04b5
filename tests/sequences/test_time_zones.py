"""Every email of a year, in twelve places: once, in the window, by the clock of the person who gets it.

The window and the holidays are looked up here anew, so that what is tested is no witness for itself.
"""

import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from warnings import catch_warnings
from zoneinfo import ZoneInfo

import holidays
import pytest

from mail.pacing import Later, Limits, Now, admit
from sequences import whereabouts
from sequences.cadence import Send, State, Stop, Taken, Wait, decide
from sequences.definition import Sequence

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
OFFICE = {"days": DAYS[:5], "from": "09:00", "to": "17:00", "holidays": "lead"}
#: Where clocks are changed: gaps and overlaps lie in it.
NIGHT = {"days": DAYS, "from": "00:00", "to": "03:30", "holidays": "lead"}
FREE = Limits(per_day=10_000, per_hour=10_000, gap=timedelta(0))
BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Zone, country, and a year in which something happens there.
PLACES = [
    ("Europe/Berlin", "Germany", 2026),
    ("America/New_York", "United States", 2026),
    ("America/Sao_Paulo", "Brasil", 2018),  # the last summer time, begun at midnight
    ("Asia/Amman", "Jordan", 2022),  # summer time for ever
    ("Africa/Casablanca", "Morocco", 2026),  # an hour back for Ramadan
    ("Australia/Lord_Howe", "AUS", 2026),  # half an hour
    ("Pacific/Apia", "WS", 2011),  # 30 December never was
    ("Asia/Kathmandu", "Nepal", 2026),  # 5:45
    ("Pacific/Chatham", "New Zealand", 2026),  # 12:45 and 13:45
    ("America/Santiago", "Chile", 2026),  # changed at midnight
    ("Asia/Beirut", "Lebanon", 2026),  # likewise
    ("Africa/Cairo", "Egypt", 2023),  # summer time once more
]


def sequence(window=OFFICE, *steps):
    written = steps or ({"id": "opening", "email": "a"},)
    return Sequence.model_validate(
        {"name": "any", "stage": "Approach", "window": window, "steps": list(written)}
    )


@dataclass
class Person:
    """One enrollment, in the hands of a shell like the engine's and the outbox's."""

    state: State
    due_at: datetime
    queued: str = ""
    sent: list[tuple[str, datetime]] = field(default_factory=list)
    ended: bool = False


def person(lead, started_at, zone, country=None):
    facts = {"lead": {"country": country}, "company": {}, "event": {}}
    state = State(lead_id=lead, started_at=started_at, timezone=zone, taken={}, facts=facts)
    return Person(state=state, due_at=started_at)


def live(sequence, people, limits=FREE, awake=BEFORE):
    """Until all have ended; every moment is asked twice, and nothing is asked before `awake`."""
    history = []
    due = [(max(one.due_at, awake), number) for number, one in enumerate(people)]
    heapq.heapify(due)
    while due:
        now, number = heapq.heappop(due)
        one = people[number]
        for _ in range(2):
            if one.queued:
                deliver(sequence, one, history, limits, now)
            if not one.queued and not one.ended:
                take(sequence, one, now)
        if not one.ended:
            heapq.heappush(due, (max(one.due_at, now), number))


def take(sequence, one, now):
    decision = decide(sequence, one.state, now)
    if isinstance(decision, Stop):
        one.ended = True
    elif isinstance(decision, Wait):
        assert decision.until > now, "it would be asked for ever"
        one.due_at = decision.until
    else:
        assert isinstance(decision, Send)
        one.queued, one.due_at = decision.step.id, now


def deliver(sequence, one, history, limits, now):
    state = one.state
    admission = admit(history, limits, sequence.window_for(state.facts), state.timezone, now)
    if isinstance(admission, Later):
        assert admission.at > now, "it would be asked for ever"
        one.due_at = admission.at
        return
    assert isinstance(admission, Now)
    history.append(now)
    one.sent.append((one.queued, now))
    one.state = state._replace(taken={**state.taken, one.queued: Taken(at=now)})
    one.queued = ""


def a_year_of_people(zone, country, year):
    """Two a day, at hours that wander through day and night."""
    begin = datetime(year, 1, 1, tzinfo=UTC)
    return [
        person(n, begin + n * timedelta(hours=11, minutes=53), zone, country) for n in range(735)
    ]


def outside(people, window, zone, closed):
    """What left at another time than the window allows, by the person's own wall clock."""
    local = [at.astimezone(ZoneInfo(zone)) for one in people for _, at in one.sent]
    return [
        at
        for at in local
        if DAYS[at.weekday()] not in window["days"]
        or not window["from"] <= f"{at:%H:%M}" < window["to"]
        or at.date() in closed
    ]


def public_holidays(country, year):
    with catch_warnings(action="ignore"):
        return holidays.country_holidays(country, years=[year, year + 1])


@pytest.mark.parametrize("window", [OFFICE, NIGHT], ids=["office", "night"])
@pytest.mark.parametrize(("zone", "country", "year"), PLACES, ids=[place[0] for place in PLACES])
def test_case_13_a_year_of_emails_leave_once_in_the_window_in_local_time(
    zone, country, year, window
):
    people = a_year_of_people(zone, country, year)
    code = whereabouts.countries_of(people[0].state.facts, ("lead",))[0]

    live(sequence(window), people)

    assert {len(one.sent) for one in people} == {1}
    assert outside(people, window, zone, public_holidays(code, year)) == []
    waits = [one.sent[0][1] - one.state.started_at for one in people]
    assert timedelta(0) <= min(waits)
    assert max(waits) < 12 * DAY


@pytest.mark.parametrize(("zone", "country", "year"), PLACES, ids=[place[0] for place in PLACES])
def test_each_place_has_holidays_in_its_year_that_would_have_been_met(zone, country, year):
    """The test of absence above: the same people without holidays are written to on them."""
    people = a_year_of_people(zone, country, year)
    code = whereabouts.countries_of(people[0].state.facts, ("lead",))[0]
    window = {**OFFICE, "holidays": "none"}

    live(sequence(window), people)

    assert outside(people, window, zone, []) == []
    assert outside(people, window, zone, public_holidays(code, year)) != []


@pytest.mark.parametrize(
    ("zone", "hours", "before", "opens"),
    [
        # In a gap: at the first minute that there is behind it.
        ("Europe/Berlin", ("02:15", "03:30"), "2026-03-28T20:00Z", "2026-03-29T03:00+02:00"),
        ("Australia/Lord_Howe", ("02:10", "03:30"), "2026-10-03T10:00Z", "2026-10-04T02:30+11:00"),
        ("America/Sao_Paulo", ("00:15", "03:30"), "2018-11-03T12:00Z", "2018-11-04T01:00-02:00"),
        # In an overlap: when the clock shows it first.
        ("Europe/Berlin", ("02:15", "03:30"), "2026-10-24T20:00Z", "2026-10-25T02:15+02:00"),
        ("Africa/Casablanca", ("02:15", "03:30"), "2026-02-14T12:00Z", "2026-02-15T02:15+01:00"),
        # A day that the calendar left out.
        ("Pacific/Apia", ("09:00", "17:00"), "2011-12-30T09:00Z", "2011-12-31T09:00+14:00"),
        # Given up: the wall clock of March is that of July.
        ("America/Sao_Paulo", ("09:00", "17:00"), "2026-11-01T06:00Z", "2026-11-01T09:00-03:00"),
        ("Asia/Amman", ("09:00", "17:00"), "2026-01-15T01:00Z", "2026-01-15T09:00+03:00"),
    ],
)
def test_case_13_gaps_overlaps_and_clocks_that_were_changed_for_good(zone, hours, before, opens):
    window = {"days": DAYS, "from": hours[0], "to": hours[1], "holidays": "none"}
    moment = datetime.fromisoformat(before)
    written = sequence(window)

    held = admit([], FREE, written.send_window, zone, moment)

    assert isinstance(held, Later)
    assert held.at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes") == opens
    assert isinstance(admit([], FREE, written.send_window, zone, held.at), Now)


@pytest.mark.parametrize(
    ("lead", "company", "zone", "source"),
    [
        ({}, {"country": "Nepal"}, "Asia/Kathmandu", "company"),
        ({"country": "Samoa"}, {"country": "Nepal"}, "Pacific/Apia", "lead"),
        ({"timezone": "Mars/Olympus"}, {"country": "Atlantis"}, "America/St_Johns", "workspace"),
    ],
)
def test_case_13_a_lead_without_a_time_zone(lead, company, zone, source):
    facts = {"lead": lead, "company": company, "event": {}}
    found = whereabouts.timezone_of(facts, window=None, workspace="America/St_Johns")
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    people = [
        Person(
            state=State(
                lead_id=n, started_at=begin + n * DAY, timezone=found["zone"], taken={}, facts=facts
            ),
            due_at=begin + n * DAY,
        )
        for n in range(365)
    ]
    codes = whereabouts.countries_of(facts, ("lead",))
    closed = public_holidays(codes[0], 2026) if codes else []

    live(sequence(), people)

    assert (found["zone"], found["from"]) == (zone, source)
    assert {len(one.sent) for one in people} == {1}
    assert outside(people, OFFICE, zone, closed) == []


STEPS = (
    {"id": "opening", "email": "a"},
    {"id": "pause", "wait": "2 business days"},
    {"id": "reminder", "email": "b"},
    {"id": "rest", "wait": "3 days"},
    {"id": "closing", "email": "c"},
)
CAPS = Limits(per_day=50, per_hour=12, gap=timedelta(seconds=90))
SATURDAY_NIGHT = datetime(2026, 5, 23, 23, 17, tzinfo=UTC)  # before Whitsun


def paced(people, limits):
    """The mailbox's emails in order, once the caps were held against each of them."""
    times = sorted(at for one in people for _, at in one.sent)
    assert all(b - a >= limits.gap for a, b in pairwise(times))
    for span, cap in ((HOUR, limits.per_hour), (DAY, limits.per_day)):
        assert all(
            later - first >= span for first, later in zip(times, times[cap:], strict=False)
        ), f"more than {cap} in {span}"
    return times


def test_case_14_after_downtime_nothing_is_blasted():
    """Three weeks of enrollments were due while nothing ran; it comes back on a Saturday night."""
    begin = SATURDAY_NIGHT - 21 * DAY
    people = [person(n, begin + n * timedelta(hours=4), "Europe/Berlin", "DE") for n in range(120)]

    live(sequence(OFFICE, *STEPS), people, CAPS, awake=SATURDAY_NIGHT)

    assert [[step for step, _ in one.sent] for one in people] == [
        ["opening", "reminder", "closing"]
    ] * 120
    assert outside(people, OFFICE, "Europe/Berlin", public_holidays("DE", 2026)) == []
    times = paced(people, CAPS)
    tuesday = datetime(2026, 5, 26, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert times[0] == tuesday  # Sunday is no day for it, and Whit Monday a holiday
    assert times[CAPS.per_day] >= tuesday + DAY


def test_case_14_from_a_restored_snapshot_the_steps_keep_their_distance():
    """Everybody had the opening; what followed was lost with the last weeks, and all of it is due."""
    opened = SATURDAY_NIGHT - 40 * DAY
    people = []
    for number in range(80):
        one = person(number, opened - DAY, "America/New_York", "US")
        one.state = one.state._replace(taken={"opening": Taken(at=opened)})
        people.append(one)

    live(sequence(OFFICE, *STEPS), people, CAPS, awake=SATURDAY_NIGHT)

    assert {tuple(step for step, _ in one.sent) for one in people} == {("reminder", "closing")}
    assert outside(people, OFFICE, "America/New_York", public_holidays("US", 2026)) == []
    paced(people, CAPS)
    apart = [one.sent[1][1] - one.sent[0][1] for one in people]
    assert min(apart) >= 3 * DAY - HOUR


def test_it_is_the_persons_day_that_is_a_holiday():
    """When it is the fourth of July in Auckland, it is the third in New York."""
    moment = datetime(2025, 7, 3, 20, 30, tzinfo=UTC)
    window = sequence({**OFFICE, "holidays": "US"}).window_for({})

    in_new_york = admit([], FREE, window, "America/New_York", moment)
    in_auckland = admit([], FREE, window, "Pacific/Auckland", moment)

    assert isinstance(in_new_york, Now)
    assert isinstance(in_auckland, Later)
    assert in_auckland.at == datetime(2025, 7, 7, 9, 0, tzinfo=ZoneInfo("Pacific/Auckland"))
