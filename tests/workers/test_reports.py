"""Rows of reports as they are read: every lead once, its events in order, answers with their meaning."""

from datetime import timedelta

import pytest

from crm.timeline import note
from process.reports import reading
from runtime import clock
from workers import reactions

pytestmark = pytest.mark.django_db


def test_every_lead_comes_once_with_its_events_in_order(make_lead, monkeypatch):
    monkeypatch.setattr(reading, "PAGE", 2)
    leads = [make_lead(f"lead{number}@x.example") for number in range(5)]
    now = clock.now()
    for minute, number in ((3, 1), (1, 3), (2, 1), (1, 1), (4, 3)):
        at = now + timedelta(minutes=minute)
        note("email_sent", lead=leads[number], occurred_at=at, data={"step": str(minute)})
    note("cancelled", lead=leads[0], occurred_at=now)
    note("first_pulled", occurred_at=now)

    found = [
        (one.person.lead, one.person.owner, [event.step for event in one.events])
        for one in reading.histories({"email_sent"})
    ]

    steps = [[], ["1", "2", "3"], [], ["1", "4"], []]
    wanted = [(lead.pk, "ada@example.com", of) for lead, of in zip(leads, steps, strict=True)]
    assert found == wanted
    assert len(list(reading.timeline())) == 7


def test_an_answer_keeps_what_it_was_taken_for(team, make_lead):
    team()
    lead = make_lead()
    note("answered", lead=lead, occurred_at=clock.now(), data={"text": "It is too expensive."})

    reactions.react()

    [one] = reading.histories({"answered"})
    assert one.events[0].data["meaning"] == {
        "answer": "price", "by": "process.yaml", "confidence": 1.0, "settled": "price",
    }  # fmt: skip
