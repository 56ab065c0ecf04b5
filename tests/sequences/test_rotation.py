"""Which of a rep's mailboxes is chosen."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sequences.rotation import choose


@dataclass(frozen=True, kw_only=True)
class Box:
    pk: int
    address: str
    per_day: int = 100

    def most_at(self, now):
        assert now == NOON
        return self.per_day


NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def boxes(*per_day):
    return [
        Box(pk=n, address=f"ada{n}@example.com", per_day=cap) for n, cap in enumerate(per_day, 1)
    ]


def fill(found, leads, held=()):
    load = Counter()
    for lead in leads:
        load[choose(found, lead_id=lead, before=None, held=held, load=load, now=NOON).pk] += 1
    return load


def test_leads_are_spread_by_what_each_may_send():
    assert fill(boxes(100, 50, 50), range(40)) == {1: 20, 2: 10, 3: 10}


def test_a_paused_one_gets_nobody_unless_all_are():
    assert fill(boxes(100, 100), range(10), held={1}) == {2: 10}
    assert fill(boxes(100, 100), range(10), held={1, 2}) == {1: 5, 2: 5}


def test_the_one_that_wrote_before_is_kept_while_it_is_there_and_sends():
    found, load = boxes(100, 100), {1: 90, 2: 0}

    kept, paused, gone = (
        choose(found, lead_id=7, before=before, held=held, load=load, now=NOON).pk
        for before, held in ((1, ()), (1, {1}), (9, ()))
    )

    assert (kept, paused, gone) == (1, 2, 2)


def test_ties_fall_on_all_of_them():
    found = boxes(100, 100, 100)

    drawn = Counter(
        choose(found, lead_id=n, before=None, held=(), load={}, now=NOON).pk for n in range(300)
    )

    assert set(drawn) == {1, 2, 3}
    assert min(drawn.values()) > 70


@given(st.lists(st.integers(1, 500), min_size=1, max_size=5), st.integers(1, 200))
def test_none_gets_more_than_its_share_and_one(caps, count):
    load = fill(boxes(*caps), range(count))

    for pk, cap in enumerate(caps, 1):
        assert load[pk] < count * cap / sum(caps) + len(caps)


@given(st.permutations(boxes(100, 50, 75)), st.integers())
def test_their_order_does_not_matter(found, lead):
    chosen = choose(found, lead_id=lead, before=None, held=(), load={}, now=NOON)

    assert chosen == choose(
        boxes(100, 50, 75), lead_id=lead, before=None, held=(), load={}, now=NOON
    )
