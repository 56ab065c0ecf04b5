"""Each promised figure is zero in a good world, and one when that promise alone is broken."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sandbox.audit import Seen, counted

CONFIG = Path(__file__).resolve().parents[2] / "config"
MAIL = "grace@customer.example"
PROMISED = (
    "after_stop",
    "sent_twice",
    "stage_mismatches",
    "touches_missing",
    "touches_extra",
    "outside_window",
)
PERSON = {
    "id": 1,
    "email": MAIL,
    "crm": "hubspot",
    "object": "contacts",
    "record": "101",
    "persona": "interested",
    "timezone": "Europe/Berlin",
}
WEDNESDAY = "2026-03-04T12:00:00+00:00"
HISTORIES = [(crm, what) for crm in ("hubspot", "salesforce") for what in ("deal", "lead")]
_numbers = count(1)


def received(step="e1.s1", at=WEDNESDAY, to=MAIL, content=None, **others):
    number = next(_numbers)
    return {
        "seq": number,
        "moment": at,
        "kind": "mail.received",
        "from": "ada@us.example",
        "to": to,
        "message_id": f"<{number}@us.example>",
        "step": step,
        "content": content or f"content {number}",
        **others,
    }


def delivered(about, enrollment="e1", text=""):
    return {
        "seq": next(_numbers),
        "moment": WEDNESDAY,
        "kind": "mail.delivered",
        "to": "ada@us.example",
        "about": about,
        "email": MAIL,
        "person": 1,
        "enrollment": enrollment,
        "text": text,
    }


def engagement(mail, **others):
    return {"crm": "hubspot", "message_id": mail["message_id"], "people": ["101"], **others}


@pytest.fixture
def world():
    """Two emails of two steps, both logged, nobody answered."""
    mails = [received("e1.s1"), received("e1.s2")]
    return Seen(
        journal=mails,
        people=[PERSON],
        histories=dict.fromkeys(HISTORIES, ()),
        deals={"hubspot": {}, "salesforce": {}},
        engagements=[engagement(mail) for mail in mails],
        calls=7,
        process=YAML(typ="safe").load((CONFIG / "process.yaml").read_text()),
        windows=[{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}],
        timezone="Europe/Berlin",
    )


def broken(seen):
    figures = counted(seen)
    return {name: figures[name] for name in PROMISED if figures[name]}


def more(world, *entries):
    """The world with more in its journal; what is received is logged as it should be."""
    mails = [entry for entry in entries if entry["kind"] == "mail.received"]
    return replace(
        world,
        journal=[*world.journal, *entries],
        engagements=[*world.engagements, *map(engagement, mails)],
    )


def test_a_good_world_breaks_nothing(world):
    assert broken(world) == {}
    figures = counted(world)
    assert (figures["leads"], figures["emails"], figures["api_calls"]) == (1, 2, 7)


@pytest.mark.parametrize("about", ["unsubscribe", "bounce"])
def test_an_email_after_a_persons_stop_counts_even_in_a_new_enrollment(world, about):
    assert broken(more(world, delivered(about), received("e2.s1"))) == {"after_stop": 1}


def test_an_email_after_a_click_to_unsubscribe_counts_once_it_was_taken(world):
    click = {"kind": "unsubscribe.posted", "email": MAIL, "moment": WEDNESDAY}
    assert broken(more(world, {**click, "taken": False}, received("e1.s3"))) == {}
    assert broken(more(world, {**click, "taken": True}, received("e1.s3"))) == {"after_stop": 1}


def test_trying_an_address_again_that_was_refused_for_good_counts(world):
    refused = {"kind": "mail.refused", "to": MAIL, "code": "550", "moment": WEDNESDAY}
    assert broken(more(world, refused)) == {}
    assert broken(more(world, refused, refused)) == {"after_stop": 1}
    later = {**refused, "code": "451"}
    assert broken(more(world, later, later)) == {}


def test_after_a_reply_its_enrollment_is_over_and_another_may_begin(world):
    def after_reply(step):
        entries = broken(more(world, delivered("reply"), received(step)))
        return entries.get("after_stop", 0)

    assert after_reply("e1.s3") == 1
    assert after_reply("e2.s1") == 0


def test_one_step_twice_counts(world):
    assert broken(more(world, received("e1.s1"))) == {"sent_twice": 1}


def test_one_body_twice_counts(world):
    same = world.journal[0]["content"]
    assert broken(more(world, received("e9.s9", content=same))) == {"sent_twice": 1}


def test_a_mail_without_its_engagement_counts(world):
    assert broken(replace(world, engagements=world.engagements[1:])) == {"touches_missing": 1}


def test_an_unconfirmed_mail_owes_no_engagement(world):
    step = world.journal[0]["step"]
    unconfirmed = replace(world, unconfirmed=frozenset({step}))
    assert broken(replace(unconfirmed, engagements=world.engagements[1:])) == {}
    assert broken(unconfirmed) == {}


def test_an_engagement_twice_or_of_no_mail_counts(world):
    twice = [*world.engagements, world.engagements[0]]
    assert broken(replace(world, engagements=twice)) == {"touches_extra": 1}
    made_up = [*world.engagements, engagement({"message_id": "<nothing@us.example>"})]
    assert broken(replace(world, engagements=made_up)) == {"touches_extra": 1}


def test_an_engagement_on_somebody_else_is_both_missing_and_extra(world):
    wrong = [engagement(world.journal[0], people=["999"]), *world.engagements[1:]]
    found = broken(replace(world, engagements=wrong))
    assert found == {"touches_missing": 1, "touches_extra": 1}


@pytest.mark.parametrize(
    ("at", "timezone", "outside"),
    [
        ("2026-03-04T08:00:00+00:00", "Europe/Berlin", 0),
        ("2026-03-04T07:59:00+00:00", "Europe/Berlin", 1),
        ("2026-03-04T16:00:00+00:00", "Europe/Berlin", 1),
        ("2026-03-07T12:00:00+00:00", "Europe/Berlin", 1),
        ("2026-03-04T12:00:00+00:00", "America/Los_Angeles", 1),
        ("2026-03-04T07:59:00+00:00", "", 1),
    ],
)
def test_the_window_is_that_of_the_persons_wall_clock(world, at, timezone, outside):
    mail = received("e1.s1", at=at)
    seen = replace(
        world,
        journal=[mail],
        engagements=[engagement(mail)],
        people=[{**PERSON, "timezone": timezone}],
    )
    assert broken(seen) == ({"outside_window": 1} if outside else {})


def test_an_answered_lead_whose_stage_stayed_where_it_was_counts(world):
    history = [{"id": "101", "value": "NEW", "at": WEDNESDAY, "by": "start", "journal": 0}]
    answered = more(world, delivered("reply", text="Yes, let us meet next week."))
    stale = replace(answered, histories={**world.histories, ("hubspot", "lead"): history})
    assert broken(stale) == {"stage_mismatches": 1}
