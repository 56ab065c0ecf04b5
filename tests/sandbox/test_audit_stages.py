"""What an answer leads to in the CRM, whom a record belongs to, and what the witness only counts."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sandbox.audit import Seen, counted, offenses

PROCESS = YAML(typ="safe").load(
    (Path(__file__).resolve().parents[2] / "config" / "process.yaml").read_text()
)
PROMISED = (
    "after_stop",
    "sent_twice",
    "stage_mismatches",
    "touches_missing",
    "touches_extra",
    "outside_window",
)
WEDNESDAY = "2026-03-04T12:00:00+00:00"
OFFICE_HOURS = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
INTERESTED = "Sounds interesting, tell me more."
GRACE = "grace@customer.example"
HUBSPOT_LEAD = ("hubspot", "lead", "101")
HUBSPOT_DEAL = ("hubspot", "deal", "301")


def person(email=GRACE, crm="hubspot", record="101", timezone="Europe/Berlin"):
    return {"email": email, "crm": crm, "record": record, "timezone": timezone}


def received(step, to=GRACE, at=WEDNESDAY, content=None):
    """A mail; what is left open follows from its step and its recipient."""
    return {
        "kind": "mail.received",
        "moment": at,
        "to": to,
        "message_id": f"<{step}.{to}>",
        "step": step,
        "content": content or f"{step} {to}",
    }


def replied(text=INTERESTED, email=GRACE, enrollment="e1"):
    return {
        "kind": "mail.delivered",
        "moment": WEDNESDAY,
        "about": "reply",
        "email": email,
        "enrollment": enrollment,
        "text": text,
    }


def stopped(email=GRACE, about="unsubscribe"):
    return {**replied("", email), "about": about}


def engagement(mail, crm="hubspot", people=("101",)):
    return {"crm": crm, "message_id": mail["message_id"], "people": list(people)}


def moved(record, *values):
    """One record's stages: each is (value, by, how far the journal was)."""
    crm, what, id_ = record
    entries = [
        {"id": id_, "value": value, "at": WEDNESDAY, "by": by, "journal": journal}
        for value, by, journal in values
    ]
    return {(crm, what): entries}


def world(*journal, people=None, histories=None, deals=None, engagements=None, **others):
    """Everything that was received is logged on its person, unless told otherwise."""
    numbers = count(1)
    entries = [{**entry, "seq": next(numbers)} for entry in journal]
    crm_of = {(crm, what): () for crm in ("hubspot", "salesforce") for what in ("deal", "lead")}
    known = people or [person()]
    if engagements is None:
        owners = {each["email"]: each for each in known}
        engagements = [
            engagement(mail, owners[mail["to"]]["crm"], [owners[mail["to"]]["record"]])
            for mail in entries
            if mail["kind"] == "mail.received"
        ]
    seen = Seen(
        journal=entries,
        people=known,
        histories={**crm_of, **(histories or {})},
        deals={"hubspot": {}, "salesforce": {}, **(deals or {})},
        engagements=engagements,
        calls=0,
        process=PROCESS,
        windows=[OFFICE_HOURS],
        timezone="Europe/Berlin",
    )
    return replace(seen, **others)


def broken(seen):
    figures = counted(seen)
    return {name: figures[name] for name in PROMISED if figures[name]}


def approached(*later, record=HUBSPOT_LEAD, values=("NEW", "OPEN", "ATTEMPTED_TO_CONTACT")):
    """The history of who was enrolled and got one email, and what came later."""
    first, *ours = values
    return moved(record, (first, "seed", 0), *((value, "api", 1) for value in ours), *later)


def test_an_answer_moves_its_lead_where_the_process_says():
    seen = world(received("e1.s1"), replied(), histories=approached(("CONNECTED", "api", 2)))

    assert broken(seen) == {}


def test_a_lead_that_its_answer_did_not_move_is_told_with_both_stages():
    seen = world(received("e1.s1"), replied(), histories=approached())

    assert broken(seen) == {"stage_mismatches": 1}
    assert offenses(seen)["stage_mismatches"] == [
        {
            "email": GRACE,
            "record": HUBSPOT_LEAD,
            "expected": "CONNECTED",
            "found": "ATTEMPTED_TO_CONTACT",
        }
    ]


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("SOUNDS\n  interesting!", "CONNECTED"),
        ("It is too expensive for us.", "IN_PROGRESS"),
        ("Perhaps next quarter.", "IN_PROGRESS"),
        ("We already use something.", "IN_PROGRESS"),
        ("You have the wrong person.", "IN_PROGRESS"),
        ("We are not interested.", "ATTEMPTED_TO_CONTACT"),
        ("Who are you?", "ATTEMPTED_TO_CONTACT"),
    ],
)
def test_the_first_phrase_that_is_found_decides(text, stage):
    mails = (received("e1.s1"), replied(text))

    right = world(*mails, histories=approached((stage, "api", 2)))
    wrong = world(*mails, histories=approached(("OPEN_DEAL", "api", 2)))

    assert broken(right) == {}
    assert broken(wrong) == {"stage_mismatches": 1}


def test_an_objector_who_is_won_over_moves_on():
    journal = (
        received("e1.s1"),
        replied("It is too expensive."),
        received("e2.s1"),
        replied(enrollment="e2"),
    )
    objected = ("IN_PROGRESS", "api", 2)

    assert broken(world(*journal, histories=approached(objected, ("CONNECTED", "api", 4)))) == {}
    assert broken(world(*journal, histories=approached(objected))) == {"stage_mismatches": 1}


def test_a_lead_that_did_not_answer_owes_no_stage():
    assert broken(world(received("e1.s1"), histories=approached(values=["NEW"]))) == {}


def test_an_out_of_office_is_no_answer():
    away = {**replied("Back next quarter."), "about": "auto_reply"}

    seen = world(received("e1.s1"), away, received("e1.s2"), histories=approached())

    assert broken(seen) == {}
    assert counted(seen)["replies"] == 0


def test_an_out_of_office_before_an_answer_moves_nothing():
    away = {**replied("Back next quarter."), "about": "auto_reply"}
    journal = (received("e1.s1"), away, received("e1.s2"), replied("Who are you?"))

    assert broken(world(*journal, histories=approached())) == {}


def test_a_lead_that_a_person_put_back_is_not_enrolled_again_by_the_next_email():
    back = ("NEW", "person", 1)
    exits = {"Prospecting": {"exit": [{"on": "enrolled", "to": "Preparation"}]}}
    stages = [{**stage, **exits.get(stage["name"], {})} for stage in PROCESS["stages"]]

    seen = world(
        received("e1.s1"),
        received("e1.s2"),
        replied(),
        histories=approached(back),
        process={**PROCESS, "stages": stages},
    )

    assert broken(seen) == {}


def test_a_stage_without_a_name_in_the_crm_leaves_the_value_as_it_was():
    answered = {"on": "answered", "to": "Follow-up"}
    unnamed = {"hubspot": {"deal_stage": ["won"]}}
    changed: dict[str, dict[str, object]] = {
        "Approach": {"exit": [answered]},
        "Follow-up": {"counterparts": unnamed},
    }
    stages = [{**stage, **changed.get(stage["name"], {})} for stage in PROCESS["stages"]]
    seen = world(
        received("e1.s1"),
        replied(),
        histories=approached(),
        process={**PROCESS, "stages": stages},
    )

    assert broken(seen) == {}


def test_a_persons_later_edit_stands():
    journal = (received("e1.s1"), replied())
    edit = ("UNQUALIFIED", "person", 2)
    ours = ("CONNECTED", "api", 2)

    assert broken(world(*journal, histories=approached(ours, edit))) == {}
    assert broken(world(*journal, histories=approached(edit, ours))) == {"stage_mismatches": 1}


def test_an_answer_counts_from_the_stage_that_a_person_chose_before():
    journal = (received("e1.s1"), replied("It is too expensive."))
    chosen = ("CONNECTED", "person", 1)

    assert broken(world(*journal, histories=approached(chosen, ("IN_PROGRESS", "api", 2)))) == {}
    assert broken(world(*journal, histories=approached(chosen))) == {"stage_mismatches": 1}


def test_an_open_deal_holds_the_stage_in_place_of_the_lead():
    journal = (received("e1.s1"), replied())
    deals = {"hubspot": {"301": ["101"]}}
    values = ("prospecting", "preparation", "engaging")
    lead = moved(HUBSPOT_LEAD, ("NEW", "seed", 0))
    done = approached(("presentation", "api", 2), record=HUBSPOT_DEAL, values=values)
    late = approached(record=HUBSPOT_DEAL, values=values)

    assert broken(world(*journal, deals=deals, histories=lead | done)) == {}
    assert broken(world(*journal, deals=deals, histories=lead | late)) == {"stage_mismatches": 1}


@pytest.mark.parametrize("closed", ["won", "lost"])
def test_a_deal_that_was_closed_at_the_start_leaves_the_stage_to_the_lead(closed):
    deal = moved(HUBSPOT_DEAL, (closed, "seed", 0))
    journal = (received("e1.s1"), replied())
    deals = {"hubspot": {"301": ["101"]}}
    done = approached(("CONNECTED", "api", 2))

    assert broken(world(*journal, deals=deals, histories=deal | done)) == {}
    assert broken(world(*journal, deals=deals, histories=deal | approached())) == {
        "stage_mismatches": 1
    }


def test_a_deal_that_closes_later_still_holds_the_stage():
    seen = world(
        received("e1.s1"),
        replied(),
        deals={"hubspot": {"301": ["101"]}},
        histories=approached(
            ("presentation", "api", 2),
            ("won", "person", 2),
            record=HUBSPOT_DEAL,
            values=("prospecting", "preparation", "engaging"),
        ),
    )

    assert broken(seen) == {}
    assert counted(seen)["stages"]["Follow-up"] == 1


def test_a_deal_that_was_lost_stays_lost_whoever_comes_back():
    journal = (received("e1.s1"), received("e2.s1"), replied(enrollment="e2"))
    deals = {"hubspot": {"301": ["101"]}}
    values = ("prospecting", "preparation", "engaging")
    stays, moves = (
        approached(("lost", "person", 1), *others, record=HUBSPOT_DEAL, values=values)
        for others in ((), (("presentation", "api", 3),))
    )

    assert broken(world(*journal, deals=deals, histories=stays)) == {}
    assert broken(world(*journal, deals=deals, histories=moves)) == {"stage_mismatches": 1}


def test_a_salesforce_lead_has_the_stages_of_its_crm():
    record = ("salesforce", "lead", "00Q1")
    values = ("Open - Not Contacted", "Researching", "Working - Contacted")
    known = [person(crm="salesforce", record="00Q1")]
    journal = (received("e1.s1"), replied())
    done = approached(("Qualified", "api", 2), record=record, values=values)

    assert broken(world(*journal, people=known, histories=done)) == {}
    assert broken(
        world(*journal, people=known, histories=approached(record=record, values=values))
    ) == {"stage_mismatches": 1}


def test_a_contact_without_a_stage_owes_none():
    known = [person(crm="salesforce", record="003a")]

    assert broken(world(received("e1.s1"), replied(), people=known)) == {}


def test_stages_tell_how_many_of_those_who_were_written_to_came_there():
    other = "alan@customer.example"
    seen = world(
        received("e1.s1"),
        replied(),
        received("e2.s1", to=other),
        people=[person(), person(other, record="102"), person("unwritten@x.example", record="103")],
        histories={
            ("hubspot", "lead"): [
                entry
                for record in ("101", "102", "103")
                for entry in approached(record=("hubspot", "lead", record))["hubspot", "lead"]
            ]
            + moved(HUBSPOT_LEAD, ("CONNECTED", "api", 2))["hubspot", "lead"]
        },
    )

    figures = counted(seen)

    assert broken(seen) == {}
    assert (figures["leads"], figures["emails"], figures["replies"]) == (2, 2, 1)
    assert figures["stages"] == {
        "Prospecting": 2,
        "Preparation": 2,
        "Approach": 2,
        "Presentation": 1,
        "Handling Objections": 0,
        "Closing": 0,
        "Follow-up": 0,
    }


def test_a_stop_concerns_its_person_alone_and_from_then_on():
    other = "alan@customer.example"
    seen = world(
        received("e1.s1"),
        stopped(),
        received("e2.s1", to=other),
        people=[person(), person(other, record="102")],
    )

    assert broken(seen) == {}


def test_every_email_after_a_stop_is_told():
    late = [received(f"e{number}.s1") for number in (2, 3)]

    seen = world(received("e1.s1"), stopped(about="bounce"), *late)

    assert broken(seen) == {"after_stop": 2}
    assert [mail["step"] for mail in offenses(seen)["after_stop"]] == ["e2.s1", "e3.s1"]


def test_a_delay_notice_stops_nothing():
    assert broken(world(received("e1.s1"), stopped(about="delay"), received("e1.s2"))) == {}


def test_a_mail_that_repeats_step_and_body_counts_once():
    mail = received("e1.s1")

    again = {**mail, "message_id": "<again>"}

    assert broken(world(mail, again)) == {"sent_twice": 1}


def test_one_text_to_two_people_is_not_sent_twice():
    other = "alan@customer.example"
    known = [person(), person(other, record="102")]

    assert broken(world(received("e1.s1"), received("e2.s1", to=other), people=known)) == {}


def test_an_engagement_in_the_other_crm_is_both_missing_and_extra():
    mail = received("e1.s1")

    seen = world(mail, engagements=[engagement(mail, crm="salesforce")])

    assert broken(seen) == {"touches_missing": 1, "touches_extra": 1}


def test_who_stands_in_both_crms_is_logged_in_the_one_that_is_read_first():
    both = [person(crm="salesforce", record="003a"), person()]
    mail = received("e1.s1")

    assert broken(world(mail, people=both, engagements=[engagement(mail)])) == {}
    assert broken(
        world(mail, people=both, engagements=[engagement(mail, "salesforce", ["003a"])])
    ) == {"touches_missing": 1, "touches_extra": 1}


def test_an_address_is_one_whatever_its_case():
    mail = received("e1.s1")

    seen = world(mail, people=[person("Grace@Customer.example")], engagements=[engagement(mail)])

    assert broken(seen) == {}


def test_a_mail_is_logged_on_its_contact_among_others():
    mail = received("e1.s1")

    assert broken(world(mail, engagements=[engagement(mail, people=["999", "101"])])) == {}


def test_unconfirmed_mails_are_counted_apart():
    seen = world(received("e1.s1"), received("e1.s2"), engagements=[])

    assert broken(seen) == {"touches_missing": 2}
    known = replace(seen, unconfirmed=frozenset({"e1.s1"}))
    assert broken(known) == {"touches_missing": 1}
    assert (counted(known)["unconfirmed"], counted(known)["emails"]) == (1, 2)


@pytest.mark.parametrize(
    ("at", "timezone", "outside"),
    [
        ("2026-03-06T20:30:00+00:00", "Pacific/Auckland", True),
        ("2026-03-08T20:30:00+00:00", "Pacific/Auckland", False),
        ("2026-03-27T08:30:00+00:00", "Europe/Berlin", False),
        ("2026-03-30T15:30:00+00:00", "Europe/Berlin", True),
        ("2026-03-04T03:29:59+00:00", "Asia/Kolkata", True),
        ("2026-03-04T03:30:00+00:00", "Asia/Kolkata", False),
        ("2026-03-04T15:59:59+00:00", "Europe/Berlin", False),
        ("2026-03-04T17:00:00+01:00", "Europe/Berlin", True),
    ],
)
def test_the_leads_own_calendar_decides(at, timezone, outside):
    seen = world(received("e1.s1", at=at), people=[person(timezone=timezone)])

    assert broken(seen) == ({"outside_window": 1} if outside else {})


def test_a_mail_needs_one_of_the_windows():
    saturday = world(received("e1.s1", at="2026-03-07T12:00:00+00:00"))
    weekend = {"days": ["sat", "sun"], "from": "12:00", "to": "14:00"}

    assert broken(saturday) == {"outside_window": 1}
    assert broken(replace(saturday, windows=[OFFICE_HOURS, weekend])) == {}
    assert broken(replace(saturday, windows=[])) == {"outside_window": 1}


def test_a_sequence_without_a_window_keeps_office_hours():
    def outside(at):
        return counted(world(received("e1.s1", at=at), windows=[{}]))["outside_window"]

    assert outside(WEDNESDAY) == 0
    assert outside("2026-03-04T07:59:00+00:00") == 1
    assert outside("2026-03-04T16:00:00+00:00") == 1
    assert outside("2026-03-07T12:00:00+00:00") == 1


def booked(email=GRACE, trigger="BOOKING_CREATED"):
    return {"kind": "booking.posted", "moment": WEDNESDAY, "email": email, "trigger": trigger}


def called(outcome, email=GRACE):
    return {"kind": "call.made", "moment": WEDNESDAY, "email": email, "outcome": outcome}


@pytest.mark.parametrize(
    ("event", "stage"),
    [
        (booked(), "CONNECTED"),
        (booked(trigger="MEETING_ENDED"), "ATTEMPTED_TO_CONTACT"),
        (called("meeting_set"), "CONNECTED"),
        (called("connected"), "ATTEMPTED_TO_CONTACT"),
    ],
)
def test_a_meeting_that_was_agreed_on_moves_its_lead(event, stage):
    journal = (received("e1.s1"), event, replied("Who are you?"))

    right = world(*journal, histories=approached((stage, "api", 2)))
    wrong = world(*journal, histories=approached(("OPEN_DEAL", "api", 2)))

    assert broken(right) == {}
    assert broken(wrong) == {"stage_mismatches": 1}


def test_a_deal_that_a_rep_makes_has_the_stage_from_then_on():
    journal = (received("e1.s1"), replied(), replied("It is too expensive."))
    made = moved(HUBSPOT_DEAL, ("presentation", "person", 2), ("objections", "api", 3))
    lead = approached(("CONNECTED", "api", 2))
    seen = world(*journal, histories=lead | made, deals={"hubspot": {"301": ["101"]}})

    assert broken(seen) == {}
    assert broken(replace(seen, deals={"hubspot": {}})) == {"stage_mismatches": 1}
    assert counted(seen)["stages"]["Handling Objections"] == 1


def test_whom_a_rep_moves_by_hand_is_there():
    by_hand = {"kind": "lead.moved", "moment": WEDNESDAY, "email": GRACE, "to": "Follow-up"}
    journal = (received("e1.s1"), replied(), by_hand)
    moved_on = ("CONNECTED", "api", 2)

    assert broken(world(*journal, histories=approached(moved_on, ("BAD_TIMING", "api", 3)))) == {}
    assert broken(world(*journal, histories=approached(moved_on))) == {"stage_mismatches": 1}


@pytest.mark.parametrize(
    ("ends", "value"),
    [("2026-04-18T11:59:00+00:00", "ATTEMPTED_TO_CONTACT"), ("2026-04-18T12:00:00+00:00", "NEW")],
)
def test_a_lead_leaves_when_its_time_in_the_stage_is_over(ends, value):
    last = {"kind": "mail.delivered", "moment": ends, "about": "bounce", "email": "x@y.example"}
    journal = (received("e1.s1"), replied("Who are you?"), last)

    right = world(*journal, histories=approached((value, "api", 3)))
    wrong = world(*journal, histories=approached(("OPEN_DEAL", "api", 3)))

    assert broken(right) == {}
    assert broken(wrong) == {"stage_mismatches": 1}


def test_an_answer_takes_nobody_out_of_follow_up_who_has_bought():
    journal = (received("e1.s1"), replied())
    engaging = ("prospecting", "preparation", "engaging")
    bought = approached(("won", "person", 1), record=HUBSPOT_DEAL, values=engaging)
    put_off = approached(("BAD_TIMING", "person", 1))
    thinks_again = approached(("BAD_TIMING", "person", 1), ("CONNECTED", "api", 2))
    deal = {"hubspot": {"301": ["101"]}}

    assert broken(world(*journal, deals=deal, histories=bought)) == {}
    assert broken(world(*journal, histories=thinks_again)) == {}
    assert broken(world(*journal, histories=put_off)) == {"stage_mismatches": 1}


def agreed(stage, *, histories, deals=None):
    """Whether the CRM shows the stage in which the team has Grace."""
    seen = world(histories=histories, deals=deals, stage_of={("hubspot", "101"): stage})
    figures = counted(seen)
    return figures["stages_compared"], figures["stage_disagreements"]


def test_a_leads_own_status_shows_its_stage():
    status = moved(HUBSPOT_LEAD, ("NEW", "seed", 0), ("CONNECTED", "person", 1))

    assert agreed("Presentation", histories=status) == (1, 0)
    assert agreed("Prospecting", histories=status) == (1, 1)


def test_a_status_that_stands_for_no_stage_is_not_compared():
    status = moved(HUBSPOT_LEAD, ("UNQUALIFIED", "person", 1))

    assert agreed("Presentation", histories=status) == (0, 0)
    assert agreed("Presentation", histories={}) == (0, 0)


def deals(*told):
    """Each of Grace's deals: (id, when it was made, its values)."""
    entries = [
        {"id": id_, "value": value, "at": f"2026-03-0{day}", "by": "person", "journal": 0}
        for id_, day, *values in told
        for value in values
    ]
    status = moved(HUBSPOT_LEAD, ("CONNECTED", "api", 1))
    return {
        "histories": {**status, ("hubspot", "deal"): entries},
        "deals": {"hubspot": {id_: ["101"] for id_, *_ in told}},
    }


@pytest.mark.parametrize(
    ("told", "stage"),
    [
        ([("1", 2, "prospecting", "closing")], "Closing"),
        ([("1", 2, "closing"), ("2", 3, "objections")], "Handling Objections"),
        ([("1", 4, "closing"), ("2", 3, "objections")], "Closing"),
        ([("1", 2, "closing"), ("2", 3, "won")], "Closing"),
        ([("1", 2, "won"), ("2", 3, "lost")], "Follow-up"),
        ([("1", 2, "closing", "lost")], "Presentation"),
    ],
)
def test_the_newest_open_deal_shows_the_stage_else_the_one_won_last_else_the_lead(told, stage):
    assert agreed(stage, **deals(*told)) == (1, 0)
    assert agreed("Preparation", **deals(*told)) == (1, 1)


def test_a_disagreement_is_told_with_both_sides():
    seen = world(
        histories=moved(HUBSPOT_LEAD, ("CONNECTED", "api", 1)),
        stage_of={("hubspot", "101"): "Closing"},
    )

    assert offenses(seen)["stage_disagreements"] == [
        {"record": HUBSPOT_LEAD, "ours": "Closing", "shown": ["Presentation"]}
    ]
