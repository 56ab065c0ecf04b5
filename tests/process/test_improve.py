"""What is weakest, and that it is so by what people did, and not by the time at which one asks."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.definition import STAGES
from process.reports import improve
from process.reports.rates import Rate
from process.reports.report import Scope
from tests.process.histories import FIVE_DAYS, NOW, START, event, history, walks


def improved(found, *, now=NOW, days=60, levels=FIVE_DAYS):
    return improve.improve(found, Scope(now=now), length=timedelta(days=days), levels=levels)


def test_improve_names_the_step_that_fell_and_says_how_sure_it_is():
    def mailed(lead, days, step, *, answers):
        at = 1440 * days
        about = {"sequence": "s", "step": step, "lead": lead}
        sent = event("email_sent", at, message=lead, **about)
        return history(
            [sent, event("answered", at + 9, id_=1, message=lead, lead=lead)][: 1 + answers], lead
        )

    found = [mailed(n, 5, "fell", answers=n < 60) for n in range(200)]
    found += [mailed(1000 + n, 35, "fell", answers=n < 20) for n in range(200)]
    found += [mailed(2000 + n, 5, "stays", answers=n < 5) for n in range(30)]
    found += [mailed(3000 + n, 35, "stays", answers=n < 4) for n in range(30)]
    now = START + timedelta(days=65)

    told = improved(found, now=now, days=30)

    assert (told.step.name, told.step.verdict) == ("fell", "fell")
    assert told.step.now == Rate(hits=20, of=200)
    [stays_] = [one for one in told.compared if one.name == "stays"]
    assert not stays_.fell
    assert stays_.missing > 100
    assert told.stage is None


def test_improve_tells_what_nobody_answered_from_what_was_not_there():
    def mailed(lead, days, *, answers):
        about = {"sequence": "s", "step": "first", "lead": lead, "message": lead}
        sent = event("email_sent", 1440 * days, **about)
        answer = event("answered", 1440 * days + 9, id_=1, message=lead, lead=lead)
        return history([sent, answer][: 1 + answers], lead)

    now = START + timedelta(days=65)
    silent = [mailed(1, 5, answers=False), mailed(2, 35, answers=True)]

    both = improved(silent, now=now, days=30)
    one = improved(silent[1:], now=now, days=30)

    assert both.findings[1] == (
        "Weakest step: none can be told; of what was there in both periods, nobody had answered in "
        "the earlier one."
    )
    assert one.findings[1] == (
        "Weakest step: none can be told yet; nothing was there in both periods."
    )


def walk(lead, *moves, now=NOW, first=""):
    """Day of the move, stage, and whose move it was; what is later than `now` has not happened."""
    events = [
        event("stage_moved", 1440 * day, lead=lead, data={"from": here, "to": to, "by": by})
        for (day, to, by), here in zip(moves, [first, *(to for _, to, _ in moves)], strict=False)
    ]
    return history([one for one in events if one.at <= now], lead)


def rates_of(told, stage):
    [one] = [one for one in told.compared if one.name == stage]
    return one.before, one.now


def test_a_young_team_of_even_work_has_no_stage_that_fell():
    """Ten people a day: three go on after two days, four lose their deal after ten, and three stay."""
    found = []
    for lead, (day, way) in enumerate(
        product(range(35), ["on"] * 3 + ["lost"] * 4 + ["stays"] * 3)
    ):
        came = event("stage_moved", 1440 * day, data={"from": "", "to": "Approach", "by": "rule"})
        on = event("stage_moved", 1440 * (day + 2), data={"from": "Approach", "to": "Presentation"})
        lost = event("deal_closed", 1440 * (day + 10), data={"won": False})
        events = [came, *{"on": [on], "lost": [lost], "stays": []}[way]]
        found.append(history([e for e in events if e.at <= START + timedelta(days=35)], lead))

    told = improved(found, now=START + timedelta(days=35), days=15)

    assert rates_of(told, "Approach") == (Rate(hits=45, of=150),) * 2
    assert told.findings[0] == (
        "Weakest stage: Approach. Gone on within 5 days: 45 of 150, 30.0% (23.2 to 37.8), before that "
        "45 of 150, 30.0% (23.2 to 37.8). +0.0 points (-10.3 to +10.3), not certain; 144 people short."
    )


def test_a_team_whose_first_period_is_not_over_is_told_nothing_yet():
    now = START + timedelta(days=20)
    found = [
        walk(day, (day, "Approach", "rule"), (day + 1, "Presentation", "rule"), now=now)
        for day in range(1, 21)
    ]

    told = improved(found, now=now, days=15)

    assert rates_of(told, "Approach") == (Rate(hits=0, of=0), Rate(hits=15, of=15))
    assert told.findings[0] == (
        "Weakest stage: none can be told yet; nothing was there in both periods."
    )


_HERE = "Presentation"
_OTHERS = [stage for stage in STAGES if stage != _HERE]
#: When somebody comes within a period, in minutes, how long they stay, and what ends that.
_stays = st.tuples(
    st.integers(1, 10 * 1440),
    st.integers(0, 30 * 1440),
    st.sampled_from([
        *(("stage_moved", {"to": to, "by": by}) for to, by in product(_OTHERS, ("rule", "crm"))),
        *(("deal_closed", {"won": won}) for won in (True, False)),
        ("answered", {}),  # and the person stays
    ]),
)  # fmt: skip


@given(st.lists(_stays, min_size=1, max_size=8))
def test_an_even_flow_is_the_same_in_both_periods_from_the_first_day_on(people):
    """Whatever takes long to end has not ended yet of those who came last."""
    now, found = START + timedelta(days=25), []
    for lead, (period, (came, length, (kind, data))) in enumerate(product((0, 1), people)):
        at = came + period * 10 * 1440
        moved = event("stage_moved", at, lead=lead, data={"from": "", "to": _HERE, "by": "rule"})
        ended = event(kind, at + length, lead=lead, data={"from": _HERE, **data})
        found.append(history([one for one in (moved, ended) if one.at <= now], lead))

    before, after = rates_of(improved(found, now=now, days=10), _HERE)

    assert (before, before.of) == (after, len(people))


@given(st.lists(walks(), max_size=6), st.integers(-(10**6), 10**6))
def test_improve_says_the_same_of_the_same_work_at_another_time(found, minutes_later):
    later = timedelta(minutes=minutes_later)
    found = [one._replace(person=one.person._replace(lead=lead)) for lead, one in enumerate(found)]
    moved = [
        one._replace(events=[each._replace(at=each.at + later) for each in one.events])
        for one in found
    ]

    told = improved(found, days=20)

    assert improved(moved, now=NOW + later, days=20) == told


@given(st.lists(walks(), max_size=4))
def test_what_happens_every_ten_days_is_the_same_in_both_periods(found):
    """Everybody's way, however they come and go and come back, is gone again by the next ones."""
    flow = []
    for lead, (one, again) in enumerate(product(found, range(-4, 7))):
        shifted = [
            each._replace(at=each.at + again * timedelta(days=10), lead=lead) for each in one.events
        ]
        flow.append(history([each for each in shifted if each.at <= NOW], lead))

    told = improved(flow, days=10)

    assert [one.before for one in told.compared] == [one.now for one in told.compared]


@pytest.mark.parametrize(
    ("moves", "hits"),
    [
        ([(55, "Closing", "rule")], 1),  # on the last day of its service level
        ([(55.01, "Closing", "rule")], 0),
        ([(50, "Closing", "rule")], 1),  # at once
        ([(51, "Preparation", "person")], 0),
        # The first time counts, and all that follows it in time, whichever stay it was.
        ([(51, "Preparation", "person"), (52, "Approach", "rule"), (53, "Closing", "rule")], 1),
        ([(51, "Preparation", "person"), (54, "Approach", "rule"), (56, "Closing", "rule")], 0),
        ([(51, "Closing", "rule"), (52, "Approach", "person")], 1),
    ],
)
def test_who_came_to_a_stage_has_its_service_level_to_go_on(moves, hits):
    found = walk(1, (50, "Approach", "rule"), *moves)

    told = improved([found], days=10)

    assert rates_of(told, "Approach") == (Rate(hits=0, of=0), Rate(hits=hits, of=1))


def test_who_comes_back_in_the_next_period_starts_anew():
    moves = [(40, "Approach"), (41, "Closing"), (50, "Approach")]
    found = walk(1, *((day, to, "person") for day, to in moves))

    told = improved([found], days=10)

    assert rates_of(told, "Approach") == (Rate(hits=1, of=1), Rate(hits=0, of=1))


def test_who_had_no_time_yet_or_came_nobody_knows_when_counts_in_neither_period():
    young = walk(1, (56, "Approach", "rule"), (57, "Closing", "rule"))
    found = walk(2, (50, "Presentation", "rule"), first="Approach")
    customer = walk(3, (50, "Closing", "rule"), (51, "Follow-up", "rule"))

    told = improved([young, found, customer])

    assert {one.name: one.now for one in told.compared} == {
        "Presentation": Rate(hits=0, of=1),
        "Closing": Rate(hits=1, of=1),
    }


def test_who_was_created_while_we_watched_came_then():
    created = event("lead_created", 1440 * 50)
    still, left = (
        history([created], stage="Prospecting"),
        walk(2, (52, "Approach", "rule"), first="Prospecting"),
    )

    told = improved([still, history([created, *left.events], 2)], days=10)

    assert rates_of(told, "Prospecting")[1] == Rate(hits=1, of=2)


@pytest.mark.parametrize(("told_at", "hits"), [(54, 1), (56, 0)])
def test_a_move_counts_from_the_crms_moment(told_at, hits):
    at = (START + timedelta(days=told_at)).isoformat()
    data = {"from": "Approach", "to": "Closing", "by": "crm", "at": at}
    found = walk(1, (50, "Approach", "rule"))
    found.events.append(event("stage_moved", 1440 * 57, data=data))

    told = improved([found], days=10)

    assert rates_of(told, "Approach")[1] == Rate(hits=hits, of=1)


@pytest.mark.parametrize(("won", "hits"), [(54, 1), (56, 0)])
def test_who_was_put_among_customers_had_gone_on_once_the_deal_was_won(won, hits):
    found = walk(1, (50, "Closing", "rule"), (53, "Follow-up", "crm"))
    found.events.append(event("deal_closed", 1440 * won, data={"won": True}))

    told = improved([found], days=10)

    assert rates_of(told, "Closing")[1] == Rate(hits=hits, of=1)


def test_an_answer_that_came_late_counts_in_neither_period():
    """Who was written to earlier had longer to answer."""
    found = []
    for lead, (sent, after) in enumerate(product((5, 35), (13, 15))):
        about = {"sequence": "s", "step": "first", "lead": lead, "message": lead}
        found.append(
            history(
                [
                    event("email_sent", 1440 * sent, **about),
                    event("answered", 1440 * (sent + after), id_=1, message=lead, lead=lead),
                ],
                lead,
            )
        )

    told = improved(found, now=START + timedelta(days=65), days=30)

    assert rates_of(told, "first") == (Rate(hits=1, of=2),) * 2
