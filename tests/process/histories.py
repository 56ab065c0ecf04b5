"""Histories of leads, made by hand or by hypothesis."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from process.definition import STAGES
from process.reports.report import Scope
from process.reports.rows import Event, History, Person
from process.reports.service_levels import ServiceLevels
from workspace.durations import Duration

START = datetime(2026, 3, 2, tzinfo=UTC)
NOW = START + timedelta(days=60)
FIVE_DAYS = ServiceLevels(
    by_stage=dict.fromkeys(STAGES, Duration(amount=5, unit="day")), timezone="UTC"
)
WHOLE = Scope(now=NOW)


def event(kind, minutes, *, id_=0, lead=1, data=None, **values):
    return Event(**{
        "id": id_, "kind": kind, "at": START + timedelta(minutes=minutes), "lead": lead,
        "owner": "ada@x.example", "deal": None, "connection": "", "enrollment": None,
        "message": None, "message_id": "", "sequence": "", "version": "", "step": "",
        "variant": "", "mailbox": "", "domain": "", "data": data or {}, **values,
    })  # fmt: skip


def history(events, lead=1, stage=""):
    return History(Person(lead, "ada@x.example", stage, "UTC"), events)


minutes = st.integers(0, 60 * 24 * 60 - 1)


@st.composite
def walks(draw):
    """A lead's moves, and perhaps a loss."""
    times = sorted(draw(st.lists(minutes, max_size=8, unique=True)))
    here, events = draw(st.sampled_from(STAGES)), []
    for number, at in enumerate(times):
        if draw(st.integers(0, 4)) == 0:
            events.append(event("deal_closed", at, id_=number, data={"won": draw(st.booleans())}))
            continue
        to = draw(st.sampled_from([stage for stage in STAGES if stage != here]))
        by = draw(st.sampled_from(["rule", "time", "person", "crm"]))
        events.append(event("stage_moved", at, id_=number, data={"from": here, "to": to, "by": by}))
        here = to
    return history(events, stage=here)
