"""What workers do: tasks take ids, fetch, delegate."""

from collections.abc import Sequence

from crm import hints
from crm.pull import pull as pull_connection
from crm.push import push as push_connection
from mail import inbound, outbox, visits, watch
from process import readback, timing
from process.closing import stalled
from process.preparation import enriching
from process.prospecting import assigning, members, scores
from process.renewal import sweep as renewals
from sequences import engine
from sequences import enroll as enrolling
from workers import reactions, schedule
from workers.app import app


@app.task
def sweep() -> None:
    watch.keep()
    schedule.ring_due(schedule.due())


@app.task
def pull(connection_ids: Sequence[int]) -> None:
    for connection_id in connection_ids:
        pull_connection(connection_id, only_if_due=True)


@app.task
def reread(connection_ids: Sequence[int]) -> None:
    for connection_id in connection_ids:
        hints.reread(connection_id)


@app.task
def push(connection_ids: Sequence[int]) -> None:
    for connection_id in connection_ids:
        push_connection(connection_id)


@app.task
def read_mailbox(mailbox_ids: Sequence[int]) -> None:
    for mailbox_id in mailbox_ids:
        inbound.read(mailbox_id)


@app.task
def read_back() -> None:
    readback.read_back()


@app.task
def deliver(mailbox_ids: Sequence[int]) -> None:
    for mailbox_id in mailbox_ids:
        outbox.deliver(mailbox_id)


@app.task
def enroll() -> None:
    enrolling.retry_waiting()


@app.task
def advance() -> None:
    engine.advance_due()


@app.task
def react() -> None:
    reactions.react()


@app.task
def move_on() -> None:
    timing.move_on()


@app.task
def score() -> None:
    scores.count_due()


@app.task
def assign() -> None:
    assigning.retry_due()


@app.task
def enrich() -> None:
    enriching.enrich_due()


@app.task
def settle_lists() -> None:
    members.settle_due()


@app.task
def judge_visits() -> None:
    visits.judge()


@app.task
def tell_renewals() -> None:
    renewals.tell()


@app.task
def tell_stalled() -> None:
    stalled.tell()


@app.task
def settle_unconfirmed() -> None:
    outbox.settle_unconfirmed()
