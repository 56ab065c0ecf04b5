"""The pure reports against plain, slow counting, one lead and one minute at a time."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import product
from math import comb, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from process.definition import STAGES
from process.reports import (
    attribution,
    deliverability,
    funnel,
    handoff,
    improve,
    nps,
    objections,
    reps,
    speed,
    stages,
    stays,
)
from process.reports.answers import Meanings
from process.reports.quantiles import quantile
from process.reports.rates import Rate, difference
from process.reports.report import Scope
from process.reports.rows import ClosedDeal, Work
from tests.process.histories import FIVE_DAYS, NOW, START, WHOLE, event, history, minutes, walks

MEANINGS = Meanings(positive={"interested"}, objections={"price"})


def rows_of(report, *keys):
    named = [dict(zip(report.columns, row, strict=True)) for row in report.rows]
    return {tuple(row[key] for key in keys): row for row in named}


@given(st.lists(walks(), max_size=6))
def test_stages_are_what_plain_counting_finds(found):
    found = [one._replace(person=one.person._replace(lead=lead)) for lead, one in enumerate(found)]
    entered, left, people, there = Counter(), Counter(), Counter(), Counter()
    for one in found:
        moves = [e for e in one.events if e.kind == "stage_moved"]
        entered.update(move.data["to"] for move in moves)
        left.update((move.data["from"], move.data["by"]) for move in moves)
        been = {move.data["to"] for move in moves} | {
            moves[0].data["from"] if moves else one.person.stage
        }
        people.update(been)
        last = moves[-1].at if moves else START - timedelta(days=1)
        lost = any(
            e.kind == "deal_closed" and not e.data["won"] and e.at > last for e in one.events
        )
        there[one.person.stage] += not lost

    rows = rows_of(stages.report(found, WHOLE, levels=FIVE_DAYS), "stage")

    for stage in STAGES:
        row = rows[stage,]
        assert row["entered"] == entered[stage]
        assert row["people"] == people[stage]
        assert row["there"] == there[stage]
        ways = {"by_outcome": "rule", "by_person": "person", "by_time": "time", "in_crm": "crm"}
        assert {w: row[w] for w in ways} == {w: left[stage, by] for w, by in ways.items()}
        assert row["onward_rate"].hits <= row["onward"] <= row["people"]


def test_who_was_found_in_a_stage_counts_alike_moved_or_not():
    left = history([event("stage_moved", 60, data={"from": "Approach", "to": "Presentation"})])

    found = [left, history([], lead=2, stage="Approach")]
    now = Scope(now=START + timedelta(hours=2))
    row = rows_of(stages.report(found, now, levels=FIVE_DAYS), "stage")["Approach",]

    assert (row["found"], row["onward_rate"]) == (2, Rate(hits=1, of=2))


def test_who_comes_back_is_one_person_and_two_stays():
    moves = [("Approach", "Closing"), ("Closing", "Approach"), ("Approach", "Closing")]
    events = [
        event("stage_moved", 1440 * day, id_=day, data={"from": a, "to": b, "by": "person"})
        for day, (a, b) in enumerate(moves, start=1)
    ]

    rows = rows_of(
        stages.report([history(events, stage="Closing")], WHOLE, levels=FIVE_DAYS), "stage"
    )

    closing = rows["Closing",]
    assert (closing["people"], closing["entered"], closing["again"]) == (1, 2, 1)
    assert (closing["by_person"], closing["back"], closing["there"]) == (1, 1, 1)
    assert closing["median"] == timedelta(days=1)


@pytest.mark.parametrize("by", ["rule", "crm"])
@pytest.mark.parametrize(("won", "onward"), [(True, 1), (False, 0)])
def test_who_loses_a_deal_goes_neither_onward_nor_back(won, onward, by):
    """Whoever wins one and whoever loses one may come to the same stage."""
    events = [
        event("stage_moved", 0, data={"from": "Presentation", "to": "Closing", "by": by}),
        event("deal_closed", 60, id_=1, data={"won": won}),
        event("stage_moved", 60, id_=2, data={"from": "Closing", "to": "Follow-up", "by": by}),
    ]

    found = stages.report([history(events, stage="Follow-up")], WHOLE, levels=FIVE_DAYS)
    compared = improve.improve(
        [history(events)], WHOLE, length=timedelta(days=60), levels=FIVE_DAYS
    )

    closing = rows_of(found, "stage")["Closing",]
    assert (closing["onward"], closing["back"], closing["lost"]) == (onward, 0, 1 - onward)
    assert closing["onward_rate"] == Rate(hits=onward, of=1)
    rates = {one.name: one.now for one in compared.compared}
    assert rates["Closing"] == Rate(hits=onward, of=1)


@pytest.mark.parametrize("by", ["person", "crm", "time"])
@pytest.mark.parametrize(("won_at", "onward"), [(30, 1), (90, 1), (150, 0), (None, 0)])
def test_whoever_is_put_aside_went_nowhere(won_at, onward, by):
    """Follow-up is for customers; a CRM may tell of the deal that was won there a little later."""
    aside = {"from": "Presentation", "to": "Follow-up", "by": by}
    back = {"from": "Follow-up", "to": "Prospecting", "by": "time"}
    events = [
        event("stage_moved", 0, data={"from": "Approach", "to": "Presentation", "by": "rule"}),
        event("stage_moved", 60, id_=1, data=aside),
        event("stage_moved", 120, id_=2, data=back),
    ]
    if won_at is not None:
        events.append(event("deal_closed", won_at, id_=3, data={"won": True}))
    events.sort(key=lambda each: each.at)

    found = stages.report([history(events, stage="Prospecting")], WHOLE, levels=FIVE_DAYS)
    compared = improve.improve(
        [history(events)], WHOLE, length=timedelta(days=60), levels=FIVE_DAYS
    )

    presentation = rows_of(found, "stage")["Presentation",]
    assert (presentation["onward"], presentation["back"]) == (onward, 0)
    assert presentation["onward_rate"] == Rate(hits=onward, of=1)
    rates = {one.name: one.now for one in compared.compared}
    assert rates["Presentation"] == Rate(hits=onward, of=1)


@pytest.mark.parametrize(
    ("kind", "starts", "back"),
    [
        ("meeting_booked", None, 1),
        ("crm_meeting", 200, 1),
        ("crm_meeting", 60, 0),  # it was held already: nobody says when it was agreed on
    ],
)
def test_a_meeting_wins_back_that_was_agreed_on_since(kind, starts, back):
    told = {} if starts is None else {"at": (START + timedelta(minutes=starts)).isoformat()}
    events = [
        event("answered", 0, data={"meaning": {"settled": "price"}}),
        event(kind, 60, id_=1, data=told),
    ]

    found = objections.report([history(events)], WHOLE, meanings=MEANINGS)

    assert rows_of(found, "objection")["price",]["won_back"] == back


def test_what_was_done_in_the_crm_counts_from_its_moment_there():
    """Two moves and a loss between two pulls: all are seen at once, an hour after the last."""

    def seen(kind, id_, minute, **data):
        at = (START + timedelta(minutes=minute)).isoformat()
        return event(kind, 120, id_=id_, data={**data, "at": at})

    events = [
        seen("deal_closed", 1, 60, won=False),
        seen("stage_moved", 2, 30, **{"from": "Presentation", "to": "Closing", "by": "crm"}),
        seen("stage_moved", 3, 60, **{"from": "Closing", "to": "Follow-up", "by": "crm"}),
    ]

    found = stages.report([history(events, stage="Follow-up")], WHOLE, levels=FIVE_DAYS)

    rows = rows_of(found, "stage")
    assert {stage: row["lost"] for (stage,), row in rows.items() if row["lost"]} == {"Closing": 1}
    assert rows["Closing",]["median"] == timedelta(minutes=30)
    assert rows["Follow-up",]["there"] == 1


@pytest.mark.parametrize(("won", "back"), [(True, 1), (False, 0)])
def test_whoever_loses_the_deal_was_not_won_back(won, back):
    moved = {"from": "Handling Objections", "to": "Follow-up"}
    events = [
        event("answered", 0, data={"meaning": {"settled": "price"}}),
        event("play_opened", 1, id_=1, data={"play": "objection-price"}),
        event("deal_closed", 60, id_=2, data={"won": won}),
        event("stage_moved", 60, id_=3, data=moved),
    ]

    found = objections.report([history(events)], WHOLE, meanings=MEANINGS)

    price = rows_of(found, "objection", "play")["price", "objection-price"]
    assert (price["won_back"], price["win_back_rate"]) == (back, Rate(hits=back, of=1))


@st.composite
def mailings(draw):
    """Emails of one enrollment, and what came."""
    events = [event("enrolled", 0, enrollment=1, sequence="s", version="v")]
    for number in range(draw(st.integers(0, 4))):
        at = draw(minutes)
        about = {"enrollment": 1, "sequence": "s", "version": "v", "step": f"step{number}"}
        events.append(event("email_sent", at, id_=number, message=number + 1, variant="a", **about))
        if draw(st.booleans()):
            later = at + draw(st.integers(1, 60 * 24 * 9))
            data = {"meaning": {"settled": draw(st.sampled_from(["interested", "price"]))}}
            events.append(event("answered", later, id_=9 + number, message=number + 1, data=data))
    return history(sorted(events, key=lambda e: (e.at, e.id)))


@given(st.lists(mailings(), max_size=6))
def test_funnel_is_what_plain_counting_finds(found):
    found = [one._replace(person=one.person._replace(lead=lead)) for lead, one in enumerate(found)]
    wanted = {}
    for number in range(4):
        sent = replied = positive = due = in_time = open_ = 0
        for one in found:
            [email] = [e for e in one.events if e.kind == "email_sent" and e.id == number] or [None]
            if email is None:
                continue
            answers = [e for e in one.events if e.kind == "answered" and e.message == email.message]
            is_due = NOW - email.at >= timedelta(days=14)
            sent += 1
            replied += bool(answers)
            positive += any(e.data["meaning"]["settled"] == "interested" for e in answers)
            due += is_due
            in_time += is_due and bool(answers)
            open_ += not is_due and not answers
        if sent:
            wanted[f"step{number}",] = (sent, replied, positive, open_, Rate(hits=in_time, of=due))

    report = funnel.report(found, WHOLE, meanings=MEANINGS)

    rows = rows_of(report, "step")
    names = ("sent", "replied", "positive", "open", "reply_rate")
    steps = {
        key: tuple(row[n] for n in names) for key, row in rows.items() if key != ("all steps",)
    }
    assert steps == wanted
    if found:
        assert rows["all steps",]["enrolled"] == len(found)


def test_a_wait_is_counted_for_whoever_kept_the_lead_waiting():
    gate = {"enrollment": 1, "step": "look"}
    events = [
        event("stage_moved", 0, id_=1, data={"from": "", "to": "Approach"}),
        event("assigned", 10, id_=2),
        event("enrolled", 30, id_=3, enrollment=1),
        event("task_assigned", 30, id_=4, data={"task": "research", "gate": True}, **gate),
        event("task_done", 90, id_=5, data={"task": "research"}, **gate),
        event("email_sent", 100, id_=6, message=1, enrollment=1),
    ]

    wait = speed.wait_of(history(events, stage="Approach"), WHOLE, FIVE_DAYS)
    rows = rows_of(speed.report([history(events)], WHOLE, levels=FIVE_DAYS), "owner")

    assert (wait.speed.total, wait.speed.human) == (timedelta(minutes=90), timedelta(minutes=60))
    assert wait.is_within is True
    everybody = rows["everybody",]
    assert (everybody["touched"], everybody["waiting"]) == (1, 0)
    assert everybody["system_median"] == timedelta(minutes=30)
    assert everybody["within_rate"] == Rate(hits=1, of=1)


def test_a_call_that_a_task_asked_for_is_a_call():
    calls = [
        event("crm_call", 1),
        event("called", 2),
        event("task_done", 3, data={"task": "call"}, sequence="cold"),
        event("called", 3, data={"task_id": 7}, sequence="cold"),  # by that task
        event("task_done", 4, data={"task": "research"}, sequence="cold"),
    ]
    deal = ClosedDeal(
        id=1, owner="", lead=1, won=True, amount=Decimal("10.00"), currency="", source="web",
        closed_at=NOW,
    )  # fmt: skip

    activity = reps.report([history(calls)], [], [], WHOLE, owners={})
    won = attribution.report([history(calls)], [deal], WHOLE)

    assert rows_of(activity, "owner")["ada@x.example",]["calls"] == 3
    parts = rows_of(won, "model", "what")
    linear = {what: row["amount"] for (model, what), row in parts.items() if model == "linear"}
    assert linear == {"called": Decimal("6.67"), "cold": Decimal("3.33")}


def test_a_task_is_late_once_it_is_due():
    def work(**values):
        times = {"made_at": START, "due_at": START + timedelta(hours=1), "ended_at": None}
        return Work(**{"owner": "ada", "kind": "call", "skipped": False, **times, **values})

    works = [
        work(ended_at=START + timedelta(hours=1)),
        work(ended_at=START + timedelta(hours=2)),
        work(),
        work(due_at=None),
        work(due_at=NOW),
        work(ended_at=START + timedelta(hours=2), skipped=True),
    ]

    row = rows_of(reps.report([], works, [], WHOLE, owners={}), "owner")["ada",]

    assert [row[f"tasks_{word}"] for word in ("done", "late", "open")] == [2, 2, 3]


amounts = st.one_of(st.none(), st.decimals(0, 10**9, places=2))


@given(
    st.lists(
        st.tuples(amounts, st.sampled_from(["EUR", "USD", ""]), st.integers(0, 3)), max_size=8
    ),
    st.lists(st.lists(st.integers(0, 2), max_size=7), max_size=3),
)
def test_every_model_gives_out_exactly_what_was_won(won, touched):
    deals = [
        ClosedDeal(
            id=n, owner="", lead=lead, won=True, amount=amount, currency=currency,
            source="web", closed_at=NOW - timedelta(days=1),
        )
        for n, (amount, currency, lead) in enumerate(won)
    ]  # fmt: skip
    found = [
        history(
            [event("email_sent", n, sequence=f"s{s}") for n, s in enumerate(sequences)], lead=lead
        )
        for lead, sequences in enumerate(touched)
    ]
    total: dict[str, Decimal] = {}
    for amount, currency, _ in won:
        key = currency or "no currency"
        total[key] = total.get(key, Decimal()) + (amount or Decimal())

    report = attribution.report(found, deals, WHOLE)

    given_out = {}
    for row in rows_of(report, "currency", "model", "what").values():
        key = row["currency"], row["model"]
        given_out[key] = given_out.get(key, Decimal()) + row["amount"]
    models = ("won", "source", "first", "last", "linear")
    assert given_out == {(c, model): amount for c, amount in total.items() for model in models}


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilsons_interval_holds_the_rate(hits, misses):
    rate = Rate(hits=hits, of=hits + misses)
    if not rate.of:
        assert (rate.value, rate.low, rate.high) == (None, 0.0, 1.0)
        return
    n, p, z = rate.of, hits / rate.of, 1.959963984540054
    center, reach = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (center - reach) / (1 + z * z / n), (center + reach) / (1 + z * z / n)
    assert abs(rate.low - low) < 1e-9
    assert abs(rate.high - high) < 1e-9
    change = difference(rate, Rate(hits=misses, of=rate.of))
    assert change.low <= change.value <= change.high


@given(st.lists(st.integers(0, 1000), max_size=30), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_quantile_is_the_shortest_that_enough_do_not_exceed(lengths, share):
    times = [timedelta(seconds=one) for one in lengths]
    enough = [
        t for t in sorted(times) if sum(one <= t for one in times) >= share * len(times) - 1e-9
    ]

    assert quantile(times, share) == (enough[0] if times else None)


@pytest.mark.parametrize(
    ("people", "least"), [(5, 0.92), (10, 0.93), (30, 0.93)], ids=["few", "some", "more"]
)
def test_the_interval_of_a_net_promoter_score_holds_it_in_19_of_20_surveys(people, least):
    """Whatever the shares are, over all surveys that there can be."""
    shares = [(ups / 10, downs / 10) for ups in range(1, 10) for downs in range(1, 10 - ups)]

    held = [_held(people, *of) for of in shares]

    assert least < min(held)
    assert 0.94 < sum(held) / len(held) < 0.98


def _held(people, ups, downs):
    """How likely a survey is whose interval has the score in it."""
    found = 0.0
    for up, down in product(range(people + 1), repeat=2):
        if (rest := people - up - down) >= 0:
            low, high = nps.interval(up, rest, down)
            ways = comb(people, up) * comb(people - up, down)
            if low <= 100 * (ups - downs) <= high:
                found += ways * ups**up * downs**down * (1 - ups - downs) ** rest
    return found


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_the_interval_of_a_net_promoter_score_ends_where_it_would_be_a_surprise(up, same, down):
    people = up + same + down
    if not people:
        return

    low, high = nps.interval(up, same, down)

    score = 100 * (up - down) / people
    assert -100 <= low <= score <= high <= 100
    assert nps.interval(down, same, up) == pytest.approx((-high, -low), abs=1e-6)
    for end in (low / 100, high / 100):
        if abs(end) < 1:
            # The likeliest shares with that difference, by looking for them.
            least = max(0.0, -end)
            share = minimize_scalar(
                lambda downs, end=end: -_log_likelihood((up, down, same), (downs + end, downs, 1 - end - 2 * downs)),
                bounds=(least, (1 - end) / 2), method="bounded", options={"xatol": 1e-12},
            ).x  # fmt: skip
            spread = (people * (2 * share + end * (1 - end))) ** 0.5
            assert abs(up - down - people * end) / spread == pytest.approx(1.959964, rel=1e-3)


def _log_likelihood(counts, shares):
    pairs = zip(counts, shares, strict=True)
    return sum(count * log(max(share, 1e-300)) for count, share in pairs if count)


def test_a_persons_last_score_counts():
    events = [event("nps", at, data={"score": score}) for at, score in ((1, 3), (2, 9))]

    rows = rows_of(nps.report([history(events)], WHOLE), "owner")

    assert rows["everybody",]["promoters"] == 1
    assert rows["everybody",]["score"] == "100.0"


def test_a_bounce_at_once_and_one_that_came_later_are_hard():
    about = {"mailbox": "ada@x.example", "domain": "y.example"}
    events = [
        event("bounced", 1, message=1, data={"hard": True}, **about),
        event("email_sent", 2, id_=1, message=2, **about),
        event("bounced", 3, id_=2, message=2, data={"hard": True}, **about),
        event("unconfirmed", 4, id_=3, message=3, **about),
        event("email_sent", 5, id_=4, message=3, **about),
        event("unsubscribed", 6, id_=5),
    ]

    rows = rows_of(deliverability.report([history(events)], [], WHOLE), "by", "name")

    box = rows["mailbox", "ada@x.example"]
    assert (box["sent"], box["hard"], box["unconfirmed"], box["unsubscribed"]) == (2, 2, 0, 1)
    assert box["bounce_rate"] == Rate(hits=2, of=3)


def test_a_move_of_earlier_days_tells_its_way_by_its_rule():
    assert stays.way_of({"because": {"rule": "moved in the CRM"}}) == "crm"
    assert stays.way_of({"because": {"rule": "exit of Approach on answered"}}) == "outcome"
    assert stays.way_of({"by": "time"}) == "time"


def mql(changed, asked, answered=None, *, lead, answer="accepted"):
    """A lead's way to sales, in hours; it was to be answered within a day."""
    moment = START + timedelta(hours=changed)
    due = {"due_at": (moment + timedelta(days=1)).isoformat()}
    told = {"changed_at": moment.isoformat()}
    events = [
        event("qualified", asked * 60 - 1, lead=lead, data=told),
        event("acceptance_asked", asked * 60, lead=lead, data=due),
    ]
    if answered is not None:
        events.append(event(answer, answered * 60, lead=lead))
    return history(events, lead=lead)


def test_a_late_system_and_a_late_person_are_told_apart():
    system, person = mql(0, 30, 31, lead=1), mql(0, 1, 30, lead=2, answer="rejected")

    one, two = (
        rows_of(handoff.report([found], WHOLE), "owner")["ada@x.example",]
        for found in (system, person)
    )

    assert (one["system_median"], one["human_median"]) == (timedelta(hours=30), timedelta(hours=1))
    assert (two["system_median"], two["human_median"]) == (timedelta(hours=1), timedelta(hours=29))
    assert (one["accepted"], two["rejected"]) == (1, 1)
    assert one["within_rate"] == two["within_rate"] == Rate(hits=0, of=1)


def test_what_waits_for_sales_counts_in_the_rate_once_it_is_late():
    found = [
        mql(0, 1, 5, lead=1, answer="deal_created"),
        mql(0, 1, lead=2),
        mql(24 * 60 - 2, 24 * 60 - 1, lead=3),
    ]

    row = rows_of(handoff.report(found, WHOLE), "owner")["everybody",]

    assert [row[name] for name in ("mqls", "accepted", "open", "open_late")] == [3, 1, 1, 1]
    assert row["within_rate"] == Rate(hits=1, of=2)
