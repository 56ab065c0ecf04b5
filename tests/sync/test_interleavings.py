"""Whatever happens in whatever order: at rest both CRMs and we agree, and nothing was lost or made up.

Each run is drawn from its seed: edits by people in either CRM and here, pulls, pushes, hints to
re-read, answers that come late, calls that fail before or after their effect, and kills between any
two statements. A run that fails names its seed: CADENZA_SEED=n runs that one alone, and
CADENZA_RUNS=n sets how many are tried; `make test-random` tries hundreds.
"""

import os
import random
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import transaction

from connectors.base import LeadRecord
from connectors.errors import RateLimited, Unavailable
from crm import edit, ledger, order
from crm.land import land
from crm.models import Change, Connection, ExternalRecord, Lead
from crm.policy import CHOICES
from crm.pull import pull
from crm.push import push
from runtime import clock
from tests.connectors.fake import FakeCrm

RUNS = int(os.environ.get("CADENZA_RUNS", "120"))
BLOCKS = 6
#: A custom one among them.
FIELDS = ("title", "phone", "country", "extra.tier")
VALUES = ("", "a", "b", "c")
POLICIES = [policy for policy in CHOICES if policy != "opt_out"]
NAMES = ("marketing", "sales")
_STILL_ALLOWED = ("ROLLBACK", "RELEASE", "SAVEPOINT")


class Killed(BaseException):
    """Nothing catches it, as nothing catches kill -9."""


class World:
    """Two CRMs that know the same people, our mirror between them, and what was done so far."""

    def __init__(self, seed, clock_of_test, monkeypatch):
        self.random = random.Random(seed)  # noqa: S311 - a test that can be repeated
        self.clock = clock_of_test
        self.crms = {name: FakeCrm() for name in NAMES}
        self.connectors = {name: crm.connector() for name, crm in self.crms.items()}
        for crm in self.crms.values():
            crm.custom = {"tier"}
        self.policies = {name: {f: self.random.choice(POLICIES) for f in FIELDS} for name in NAMES}
        self.connections = {
            name: Connection.objects.create(
                name=name, kind="hubspot", pull_every=timedelta(hours=1),
                settings={
                    "fields": {"lead": {"tier": "tier"}},
                    "policies": {
                        "lead": {f.removeprefix("extra."): p for f, p in self.policies[name].items()}
                    },
                },
            )
            for name in NAMES
        }  # fmt: skip
        for module in ("crm.pull", "crm.push"):
            monkeypatch.setattr(f"{module}.connector_of", lambda c: self.connectors[c.name])
        #: (person, field) -> who edited it, in order, with the value.
        self.edits: dict[tuple[int, str], list[tuple[str, object]]] = {}
        self.opted_out: set[int] = set()
        self.touches: set[str] = set()
        #: Message-IDs of tasks, and of those that are done.
        self.tasks: list[str] = []
        self.done: set[str] = set()
        self.held: list[tuple[str, int, list[LeadRecord]]] = []
        self.people = self.random.randint(1, 3)
        for person in range(self.people):
            for name in NAMES:
                self.crms[name].put("lead", self.fresh(name, person))
        # Until both have been seen nobody can say which side made an edit.
        for name in self.random.sample(NAMES, 2):
            pull(self.connections[name].pk)

    def fresh(self, name, person):
        return LeadRecord(
            external_id=f"{name}-{person}", email=f"p{person}@c.example", title="a",
            extra={"tier": ""}, modified_at=clock.now(),
        )  # fmt: skip

    # -- what may happen -------------------------------------------------------------------

    def step(self):
        act = self.random.choice(
            [self.edit_there, self.edit_there, self.edit_here, self.edit_here, self.opt_out,
             self.touch, self.tick_off, self.pull, self.pull, self.push, self.push, self.hint, self.hold,
             self.land_late, self.wait]
        )  # fmt: skip
        act()

    def edit_there(self):
        name, person, field = self.random.choice(NAMES), self.anybody(), self.random.choice(FIELDS)
        value = self.random.choice(VALUES)
        if self.put(name, person, **{field: value}):
            self.edits.setdefault((person, field), []).append((name, value))

    def edit_here(self):
        person, field = self.anybody(), self.random.choice(FIELDS)
        value = self.random.choice(VALUES[1:])
        lead = self.lead(person)
        if lead is None:
            return
        done = False
        with self.maybe_killed():
            done = edit.change(lead, {field: value}, by="ada")
        if done:
            self.edits.setdefault((person, field), []).append(("here", value))

    def opt_out(self):
        if self.random.random() < 0.8:
            return
        name, person = self.random.choice(NAMES), self.anybody()
        self.put(name, person, do_not_contact=True)
        self.opted_out.add(person)

    def touch(self):
        record = ExternalRecord.objects.filter(kind="lead", connection__name="marketing").first()
        if record is None:
            return
        message_id = f"<{len(self.touches)}@us.example>"
        self.touches.add(message_id)
        words = dict.fromkeys(("subject", "text", "from_email", "to_email", "deal_id"), "x")
        at = {"sent_at": clock.now().isoformat(), "owner_id": ""}
        if self.random.random() < 0.5:
            self.tasks.append(message_id)
            at["kind"] = "task"
        ledger.owe_touch(record, message_id=message_id, touch={**words, **at}, at=clock.now())

    def tick_off(self):
        """A task of ours is done, here; whether the CRM was told of the task by then or not."""
        if not self.tasks:
            return
        mark = self.random.choice(self.tasks)
        touch = Change.objects.get(kind=Change.Kind.TOUCH, message_id=mark)
        with self.maybe_killed():
            ledger.owe_completion(touch, at=clock.now())
            self.done.add(mark)

    def pull(self):
        self.run(pull, self.random.choice(NAMES))

    def push(self):
        self.run(push, self.random.choice(NAMES))

    def hint(self):
        """A webhook: some record may have changed, so it is read again."""
        self.hold()
        self.land_late()

    def hold(self):
        """An answer that is under way while other things happen."""
        name = self.random.choice(NAMES)
        asked_at = order.draw(self.connections[name].pk)
        records = [
            r for r in self.crms[name].records["lead"].values() if self.random.random() < 0.7
        ]
        if Connection.objects.get(name=name).first_pulled_at is not None:
            self.held.append((name, asked_at, records))

    def land_late(self):
        if not self.held:
            return
        name, asked_at, records = self.held.pop(self.random.randrange(len(self.held)))
        with self.maybe_killed(), transaction.atomic():
            land(self.connections[name], "lead", records, now=clock.now(), asked_at=asked_at)

    def wait(self):
        self.clock.now += timedelta(minutes=self.random.choice((1, 4, 20, 90)))

    # -- how it may go wrong ---------------------------------------------------------------

    def run(self, work, name):
        crm = self.crms[name]
        if self.random.random() < 0.4:
            error = self.random.choice(
                [Unavailable("503"), RateLimited("429", retry_after=30.0), Killed()]
            )
            plan = [None] * self.random.randint(0, 5)
            crm.failures = [*plan, error]
            crm.lose_answer = not isinstance(error, RateLimited) and self.random.random() < 0.5
        try:
            with self.maybe_killed():
                work(self.connections[name].pk)
        except Killed:
            pass
        finally:
            crm.failures, crm.lose_answer = [], False

    @contextmanager
    def maybe_killed(self):
        """Killed at some statement of the work, one time in four; after it none is executed."""
        if self.random.random() > 0.25:
            yield
            return
        left = self.random.randint(1, 60)

        def execute(call, sql, params, many, context):
            nonlocal left
            left -= 1
            if left < 0 and not sql.startswith(_STILL_ALLOWED):
                raise Killed
            return call(sql, params, many, context)

        try:
            with database.execute_wrapper(execute):
                yield
        except Killed:
            pass

    # -- at rest ---------------------------------------------------------------------------

    def rest(self):
        """Rounds without faults, until the last three have written nothing."""
        quiet, self.held = 0, []
        for _ in range(12):
            before = self.writes()
            self.clock.now += timedelta(days=2)
            for name in NAMES:
                assert pull(self.connections[name].pk).error == ""
                assert push(self.connections[name].pk).error == ""
            quiet = quiet + 1 if self.writes() == before else 0
            if quiet == 3:
                return
        raise AssertionError("it never goes quiet")

    def check(self):
        assert Lead.objects.count() == self.people
        assert not Lead.objects.exclude(deleted_at=None).exists()
        assert ExternalRecord.objects.filter(kind="lead").count() == 2 * self.people
        assert not Change.objects.filter(status=Change.Status.PENDING).exists()
        logged = [touch.message_id for crm in self.crms.values() for touch in crm.touches.values()]
        assert sorted(logged) == sorted(self.touches)
        crm = self.crms["marketing"]
        assert {crm.touches[id_].message_id for id_ in crm.completed} == self.done
        for person in range(self.people):
            self.check_person(person)

    def check_person(self, person):
        lead = self.lead(person)
        there = {name: self.crms[name].records["lead"][f"{name}-{person}"] for name in NAMES}
        if person in self.opted_out:
            assert lead.do_not_contact
            assert all(record.do_not_contact for record in there.values())
        for field in FIELDS:
            ours = _value(lead, field)
            for name, record in there.items():
                carried = ours or self.policies[name][field] == "crm"
                assert not carried or _value(record, field) == ours, (person, field, name)
            made = self.edits.get((person, field), [])
            if made and len({who for who, _ in made}) == 1 and made[-1][1]:
                assert ours == made[-1][1], (person, field, made)

    # -- helpers ---------------------------------------------------------------------------

    def anybody(self):
        return self.random.randrange(self.people)

    def lead(self, person):
        return Lead.objects.filter(email=f"p{person}@c.example").first()

    def put(self, name, person, **values):
        """What a person types into a CRM; whether it was another value."""
        record = self.crms[name].records["lead"][f"{name}-{person}"]
        custom = {n.removeprefix("extra."): v for n, v in values.items() if "." in n}
        plain = {name: value for name, value in values.items() if "." not in name}
        fresh = replace(record, extra={**record.extra, **custom}, **plain)
        if fresh == record:
            return False
        self.crms[name].put("lead", replace(fresh, modified_at=clock.now()))
        return True

    def writes(self):
        return sum(
            crm.asked[verb]
            for crm in self.crms.values()
            for verb in ("update", "log_touches", "complete")
        )


def _value(held, field):
    if field.startswith("extra."):
        return held.extra.get(field.removeprefix("extra."), "")
    return getattr(held, field)


def _always_with_savepoint(atomic):
    return lambda using=None, savepoint=True, durable=False: atomic(using, durable=durable)


def _seeds(block):
    if "CADENZA_SEED" in os.environ:
        return [int(os.environ["CADENZA_SEED"])] if block == 0 else []
    return range(block * RUNS // BLOCKS, (block + 1) * RUNS // BLOCKS)


def _named(block):
    """What pytest prints: the block's seeds."""
    seeds = _seeds(block)
    return f"seeds-{seeds[0]}-to-{seeds[-1]}" if seeds else f"block-{block}-empty"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.django_db
@pytest.mark.parametrize("block", range(BLOCKS), ids=_named)
def test_at_rest_everybody_agrees_and_nothing_was_lost(block, frozen_clock, monkeypatch):
    # A dead worker's lease runs out in a minute; here nobody else is alive.
    monkeypatch.setattr("crm.lease.SECONDS", 0.0)
    # What is a transaction of its own elsewhere is within the test's here: it, too, has its savepoint.
    monkeypatch.setattr(transaction, "atomic", _always_with_savepoint(transaction.atomic))
    for seed in _seeds(block):
        savepoint = transaction.savepoint()
        try:
            world = World(seed, frozen_clock, monkeypatch)
            for _ in range(world.random.randint(5, 40)):
                world.step()
            world.rest()
            world.check()
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
        finally:
            transaction.savepoint_rollback(savepoint)
