"""Membership three ways: whatever people and we do, in whatever order, nobody is overruled."""

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from crm.membership import Known, is_to_have, told, wanted, written


def test_whom_a_person_took_out_is_not_put_back():
    known, flow = told(written(there=True), there=False)

    assert (known, flow) == (Known(taken_out=True), "leaves")
    assert wanted(known, ours=True, both_ways=False) is None
    back, _ = told(known, there=True)
    assert back == Known(there=True)


def test_whom_a_person_put_there_is_not_taken_out():
    known, flow = told(Known(), there=True)

    assert (known, flow) == (Known(there=True), "joins")
    assert wanted(known, ours=False, both_ways=False) is None
    assert wanted(known, ours=False, both_ways=True) is False


def test_what_we_tried_and_never_heard_of_is_ours():
    assert told(Known(), there=True, attempted=True) == (written(there=True), "joins")
    assert told(written(there=True), there=False, attempted=False) == (Known(), "leaves")


@dataclass
class Crm:
    """One list of a CRM with one person, as it is and as we last knew it."""

    both_ways: bool
    there: bool = False
    known: Known = field(default_factory=Known)
    #: A write of ours of which we heard nothing.
    attempted: bool | None = None
    #: What a person did there last, and how often we overruled it.
    last_word: bool | None = None
    overruled: int = 0

    def person(self, there):
        if self.there != there:
            self.there, self.last_word = there, there

    def read(self):
        self.known, flow = told(self.known, there=self.there, attempted=self.attempted)
        self.attempted = None
        return flow

    def push(self, ours, *, lost):
        want = wanted(self.known, ours=ours, both_ways=self.both_ways)
        if want is None or self.attempted is not None:
            return
        if self.last_word is not None and self.last_word is not want:
            self.overruled += 1
        self.there = want
        if lost:
            self.attempted = want
        else:
            self.known = written(there=want)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("person"), st.booleans()),
        st.tuples(st.just("ours"), st.booleans()),
        st.tuples(st.just("push"), st.booleans()),
        st.tuples(st.just("read"), st.none()),
    ),
    max_size=25,
)


@given(STEPS)
def test_one_way_no_person_is_overruled_and_it_comes_to_rest(steps):
    crm, ours = Crm(both_ways=False), False
    for act, given_ in steps:
        if act == "person":
            # A CRM is read before we write, so that nobody's act falls in between.
            crm.read()
            crm.person(given_)
            crm.read()
        elif act == "ours":
            ours = given_
        elif act == "push":
            crm.push(ours, lost=given_)
        else:
            crm.read()

    crm.read()
    crm.push(ours, lost=False)
    at_rest = (crm.there, crm.known)
    crm.read()
    crm.push(ours, lost=False)

    assert crm.overruled == 0
    assert (crm.there, crm.known) == at_rest
    assert crm.known.there is crm.there
    if crm.last_word is None:
        assert crm.there is ours


STATUSES = st.sampled_from(["Sent", "Responded", "Attended"])


@given(
    st.lists(
        st.tuples(st.sampled_from(["person", "ours", "push", "lost", "read"]), STATUSES),
        max_size=25,
    )
)
def test_a_status_that_a_person_gave_stays_and_ours_follows_what_we_say(steps):
    ours, known, attempted = "Sent", written(there=True, status="Sent"), None
    there, by_person = "Sent", False
    for act, status in steps:
        if act == "person" and status != there:
            known, _ = told(known, there=True, attempted=attempted, status=there)
            there, by_person, attempted = status, True, None
        elif act == "ours":
            ours = status
        elif act in {"push", "lost"} and attempted is None:
            known, _ = told(known, there=True, status=there)
            if is_to_have(known, status=ours):
                assert not by_person or known.our_status == there
                there, attempted = ours, ours
                if act == "push":
                    known, attempted = written(there=True, status=ours), None
        elif act == "read":
            known, _ = told(known, there=True, attempted=attempted, status=there)
            attempted = None

    known, _ = told(known, there=True, attempted=attempted, status=there)
    if is_to_have(known, status=ours):
        there, known = ours, written(there=True, status=ours)

    assert known.status == there
    assert not is_to_have(known, status=ours)
    if not by_person:
        assert there == ours


def test_whoever_a_person_put_there_keeps_their_status():
    known, _ = told(Known(), there=True, status="Sent", given="Sent")

    assert not is_to_have(known, status="Responded")


def test_a_status_that_went_with_a_lost_answer_is_ours():
    known, _ = told(Known(), there=True, attempted=True, status="Sent", given="Sent")

    assert known == written(there=True, status="Sent")
    assert is_to_have(known, status="Responded")


@dataclass
class Step:
    """Three CRMs whose lists are one list of ours."""

    crms: list[Crm] = field(default_factory=lambda: [Crm(both_ways=True) for _ in range(3)])
    listed: bool = False

    def sync(self, number, *, lost=False):
        flow = self.crms[number].read()
        if flow == "joins":
            self.listed = True
            for other in self.crms:
                other.known = replace(other.known, taken_out=False)
        elif flow == "leaves":
            self.listed = False
        self.crms[number].push(self.listed, lost=lost)

    def settle(self):
        for number in (0, 1, 2) * 4:
            self.sync(number)


@given(
    st.lists(
        st.tuples(st.sampled_from(["person", "sync"]), st.integers(0, 2), st.booleans()),
        max_size=30,
    )
)
def test_both_ways_all_lists_come_to_say_what_a_person_said_last(steps):
    step, said = Step(), False
    for act, number, given_ in steps:
        if act == "person":
            step.settle()  # they act one after the other, upon lists that are in step
            step.crms[number].person(given_)
            said = given_
        else:
            step.sync(number, lost=given_)

    step.settle()

    assert [crm.there for crm in step.crms] == [said] * 3
    assert step.listed is said
    owed = [wanted(crm.known, ours=step.listed, both_ways=True) for crm in step.crms]
    assert owed == [None] * 3
