from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from mail.pacing import Later, Limits, Never, Now, RampUp, admit
from mail.window import Window, is_open

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ALWAYS = Window(days=frozenset(range(7)), opens=0, closes=24 * 60)
OFFICE = Window(days=frozenset(range(5)), opens=9 * 60, closes=17 * 60)
FREE = Limits(per_day=100, per_hour=100, gap=timedelta(0))

limits = st.builds(
    Limits,
    per_day=st.integers(1, 6),
    per_hour=st.integers(1, 6),
    per_minute=st.none() | st.integers(1, 6),
    gap=st.integers(0, 3600).map(lambda s: timedelta(seconds=s)),
)
ages = st.lists(st.integers(0, 100_000).map(lambda s: timedelta(seconds=s)), max_size=20)


def test_the_first_email_leaves_at_once():
    assert isinstance(admit([], FREE, OFFICE, BERLIN, NOW), Now)


def test_the_gap_is_kept():
    limits = Limits(per_day=100, per_hour=100, gap=timedelta(seconds=90))
    last = NOW - timedelta(seconds=30)

    admission = admit([last], limits, OFFICE, BERLIN, NOW)

    assert admission == Later(
        at=last + limits.gap_after(last), because={"rule": "gap", "limit": 90.0}
    )


def test_the_gap_has_a_jitter_of_up_to_a_third():
    moments = [NOW + timedelta(seconds=n) for n in range(300)]
    ada, bob = (
        Limits(per_day=100, per_hour=100, gap=timedelta(seconds=90), whose=whose)
        for whose in ("ada@x.example", "bob@x.example")
    )

    gaps = [ada.gap_after(moment).total_seconds() for moment in moments]

    assert 90 <= min(gaps) < 91
    assert 119 < max(gaps) < 120
    assert gaps == [ada.gap_after(m.astimezone(BERLIN)).total_seconds() for m in moments]
    assert gaps != [bob.gap_after(moment).total_seconds() for moment in moments]


def test_who_has_no_gap_has_no_jitter():
    assert FREE.gap_after(NOW) == timedelta(0)


def test_the_hour_is_rolling():
    limits = Limits(per_day=100, per_hour=2, gap=timedelta(0))
    history = [NOW - timedelta(minutes=50), NOW - timedelta(minutes=20)]

    admission = admit(history, limits, OFFICE, BERLIN, NOW)

    assert admission == Later(
        at=NOW + timedelta(minutes=10), because={"rule": "per_hour", "limit": 2}
    )


def test_the_minute_is_rolling():
    limits = Limits(per_day=100, per_hour=100, per_minute=2, gap=timedelta(0))
    history = [NOW - timedelta(seconds=50), NOW - timedelta(seconds=20)]

    admission = admit(history, limits, OFFICE, BERLIN, NOW)

    assert admission == Later(
        at=NOW + timedelta(seconds=10), because={"rule": "per_minute", "limit": 2}
    )


def test_the_day_is_rolling_and_the_window_holds_after_it():
    limits = Limits(per_day=1, per_hour=5, gap=timedelta(0))
    history = [datetime(2026, 3, 6, 15, 30, tzinfo=UTC)]  # a Friday

    admission = admit(history, limits, OFFICE, BERLIN, datetime(2026, 3, 6, 15, 31, tzinfo=UTC))

    assert admission == Later(
        at=datetime(2026, 3, 9, 8, 0, tzinfo=UTC),
        because={"rule": "window", "timezone": "Europe/Berlin"},
    )


def test_a_mailbox_that_may_send_nothing_never_does():
    limits = Limits(per_day=0, per_hour=5, gap=timedelta(0))

    admission = admit([], limits, OFFICE, BERLIN, NOW)

    assert admission == Never(because={"rule": "per_day", "limit": 0})


def test_an_unknown_time_zone_is_never_guessed():
    assert isinstance(admit([], FREE, OFFICE, "Europe/Atlantis", NOW), Never)


@given(limits=limits, ages=ages)
def test_later_is_ahead_open_and_admitted_then(limits, ages):
    history = [NOW - age for age in ages]

    admission = admit(history, limits, OFFICE, BERLIN, NOW)

    if isinstance(admission, Later):
        assert admission.at > NOW
        assert is_open(OFFICE, BERLIN, admission.at)
        assert isinstance(admit(history, limits, OFFICE, BERLIN, admission.at), Now)


@given(limits=limits, waits=st.lists(st.integers(0, 30) | st.integers(0, 7200), max_size=60))
def test_caps_hold_whenever_it_is_asked(limits, waits):
    sent, now = [], datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    for wait in waits:
        now += timedelta(seconds=wait)
        admission = admit(sent, limits, OFFICE, BERLIN, now)
        if isinstance(admission, Later):
            now = admission.at
            continue
        sent.append(now)

    for place, moment in enumerate(sent):
        assert is_open(OFFICE, BERLIN, moment)
        assert all(later - moment >= limits.gap for later in sent[place + 1 :])
        within = [later - moment for later in sent[place:]]
        assert sum(age < timedelta(minutes=1) for age in within) <= (limits.per_minute or 60)
        assert sum(age < timedelta(hours=1) for age in within) <= limits.per_hour
        assert sum(age < timedelta(days=1) for age in within) <= limits.per_day


def test_a_new_mailbox_sends_more_after_each_day_on_which_it_sent():
    ramp, told = RampUp(start=10, add=5), []
    for sent in (True, True, False, True):
        now = NOW + timedelta(days=len(told))
        told.append(ramp.most(now))
        ramp = ramp.sent(now).sent(now + timedelta(hours=1)) if sent else ramp

    assert told == [10, 15, 20, 20]
    assert ramp.most(NOW + timedelta(days=3)) == 20
    assert ramp.most(NOW + timedelta(days=4)) == 25


@given(
    start=st.integers(1, 4), add=st.integers(1, 3), waits=st.lists(st.integers(0, 50), max_size=60)
)
def test_a_new_mailbox_sends_no_more_than_its_ramp_in_any_24_hours(start, add, waits):
    ramp, sent, now = RampUp(start=start, add=add), [], NOW
    for wait in waits:
        now += timedelta(hours=wait)
        allowed = ramp.most(now)
        limits = Limits(per_day=100, per_hour=100, gap=timedelta(0), ramp_up=allowed)
        admission = admit(sent, limits, ALWAYS, BERLIN, now)
        if isinstance(admission, Now):
            sent.append(now)
            ramp = ramp.sent(now)
            within = [moment for moment in sent if moment > now - timedelta(days=1)]
            assert len(within) <= allowed
        else:
            assert admission.because == {"rule": "ramp_up", "limit": allowed}
