"""Every report of the demo, counted again from the witness's own record.

Mail, replies, deals, tasks and stages in the CRMs are what the sandbox received and holds; which
step an email was of stands on the timeline by its Message-ID. No code of ours counts.
"""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from tests.demo.lived import nonzero

PATIENCE = timedelta(days=14)

pytestmark = pytest.mark.timeout(900)


def test_deliverability_is_what_the_mail_server_and_the_inboxes_had(lived):
    received = lived.entries("mail.received")
    refused = {
        (entry["from"], entry["to"])
        for entry in lived.entries("mail.refused")
        if str(entry["code"]).startswith("5")
    }
    came_back = {(e["to"], e["answers"]) for e in lived.entries("mail.delivered", "bounce")}
    away = {(e["to"], e["answers"]) for e in lived.entries("mail.delivered", "auto_reply")}
    late = {(e["to"], e["answers"]) for e in lived.entries("mail.delivered", "delay")}
    gone = {e["email"] for e in lived.entries("mail.delivered", "unsubscribe")}
    gone |= {e["email"] for e in lived.entries("unsubscribe.posted") if e["taken"]}

    rows = lived.report("deliverability")

    boxes = [row for row in rows if row["by"] == "mailbox"]
    domains = [row for row in rows if row["by"] == "domain"]
    assert nonzero({row["name"]: row["sent"] for row in boxes}) == Counter(
        e["from"] for e in received
    )
    assert nonzero({row["name"]: row["sent"] for row in domains}) == Counter(
        e["to"].rpartition("@")[2].encode("idna").decode() for e in received
    )
    hard = Counter(box for box, _ in [*refused, *came_back])
    assert nonzero({row["name"]: row["hard"] for row in boxes}) == hard
    for row in boxes:
        left = Counter(e["from"] for e in received)[row["name"]]
        at_once = Counter(box for box, _ in refused)[row["name"]]
        assert (row["bounce_rate"]["hits"], row["bounce_rate"]["of"]) == (
            hard[row["name"]], left + at_once,
        )  # fmt: skip
    assert nonzero({row["name"]: row["auto_replies"] for row in boxes}) == Counter(
        b for b, _ in away
    )
    assert nonzero({row["name"]: row["delayed"] for row in boxes}) == Counter(b for b, _ in late)
    assert sum(row["unsubscribed"] for row in boxes) == len(gone)


def test_replies_are_what_people_wrote(lived):
    letters = lived.entries("mail.delivered", "reply")

    rows = lived.report("replies")

    answers = Counter()
    for row in rows:
        answers[row["answer"]] += row["answers"]
    automatic = answers.pop("automatic reply", 0)
    assert answers == Counter(lived.meaning(letter["text"]) for letter in letters)
    assert automatic == len(lived.entries("mail.delivered", "auto_reply"))
    people = Counter(
        answer for answer, _ in {(lived.meaning(e["text"]), e["email"]) for e in letters}
    )
    people["automatic reply"] = len(
        {e["email"] for e in lived.entries("mail.delivered", "auto_reply")}
    )
    assert [(row["answer"], row["people"]) for row in rows] == [
        (row["answer"], people[row["answer"]]) for row in rows
    ]
    assert {row["answer"] for row in rows} == {*people}


def test_the_funnel_is_what_left_and_what_people_wrote_upon_it(lived):
    """Which step an email was of stands on the timeline by its Message-ID, and nothing else does."""
    step_of = {
        e["message_id"]: (e["sequence"], e["version"], e["step"], e["variant"])
        for e in lived.events
        if e["kind"] == "email_sent"
    }
    back = {e["answers"] for e in lived.entries("mail.delivered", "bounce")}
    refused = {e["to"] for e in lived.entries("mail.refused") if str(e["code"]).startswith("5")}
    counted = {name: defaultdict(set) for name in ("sent", "bounced", "early", "due")}
    counted |= {name: defaultdict(set) for name in ("replied", "positive", "in time")}
    when = {}

    def count(name, message_id, email):
        """Of the step, and of its whole sequence."""
        key = step_of[message_id]
        counted[name][key].add(email)
        counted[name][*key[:2], "all steps", ""].add(email)

    for mail in lived.entries("mail.received"):
        is_due = datetime.fromisoformat(mail["moment"]) <= lived.now - PATIENCE
        when[mail["message_id"]] = is_due
        count("sent", mail["message_id"], mail["to"])
        count("due" if is_due else "early", mail["message_id"], mail["to"])
        if mail["message_id"] in back:
            count("bounced", mail["message_id"], mail["to"])
    for letter in lived.entries("mail.delivered", "reply"):
        count("replied", letter["answers"], letter["email"])
        if lived.meaning(letter["text"]) == "interested":
            count("positive", letter["answers"], letter["email"])
        if when[letter["answers"]]:
            count("in time", letter["answers"], letter["email"])

    rows = lived.report("funnel")

    found = {tuple(row[k] for k in ("sequence", "version", "step", "variant")): row for row in rows}
    assert {key[2] == "all steps" for key in counted["replied"]} == {True, False}
    for key, row in found.items():
        of = {name: people[key] for name, people in counted.items()}
        gone = of["bounced"] | refused
        assert [row[name] for name in ("sent", "replied", "positive", "open")] == [
            len(of["sent"]), len(of["replied"]), len(of["positive"]),
            len(of["early"] - of["replied"] - gone),
        ], key  # fmt: skip
        rate = row["reply_rate"]
        assert (rate["hits"], rate["of"]) == (len(of["in time"] - gone), len(of["due"] - gone)), key
    assert {*counted["sent"]} <= {*found}


def test_what_reps_did_is_what_the_mail_server_and_the_crms_have(lived):
    tasks = lived.tasks
    never_done = lived.ask(
        """SELECT owner, lead, data ->> 'task' FROM t a WHERE kind = 'task_assigned' AND NOT EXISTS (
            SELECT 1 FROM t WHERE kind = 'task_done' AND enrollment = a.enrollment
              AND step = a.step)
          AND EXISTS (SELECT 1 FROM t WHERE enrollment = a.enrollment AND (kind = 'unenrolled'
            OR kind = 'task_skipped' AND step = a.step))"""
    )
    # Salesforce has no other record of a call than its task, and skipped ones are over there as well.
    never_called = Counter(
        owner
        for owner, lead, task in never_done
        if task == "call" and lived.crm_of[lead] == "salesforce"
    )

    rows = lived.report("reps")

    for name, counted in {
        "emails": Counter(mail["from"] for mail in lived.entries("mail.received")),
        "replies": Counter(e["to"] for e in lived.entries("mail.delivered", "reply")),
        "calls": Counter(task["owner"] for task in tasks if task["is_call"]) - never_called,
        "tasks_done": Counter(task["owner"] for task in tasks if task["is_done"])
        - Counter(owner for owner, *_ in never_done)
        - Counter(one["owner"] for one in lived.handed_over if one["said"] == "deal"),
        "tasks_open": Counter(task["owner"] for task in tasks if task["is_done"] is False),
        "meetings": lived.meetings,
        "won": Counter(deal["owner"] for deal in lived.won),
    }.items():
        assert nonzero({row["owner"]: row[name] for row in rows}) == counted, name


def test_won_deals_and_their_amounts_are_those_that_reps_won_in_the_crms(lived):
    deals, cents = Counter(), Counter()
    for deal in lived.won:
        deals[deal["crm"]] += 1
        cents[deal["crm"]] += deal["cents"]

    rows = lived.report("attribution")

    by_source = {row["what"]: row for row in rows if row["model"] == "source"}
    assert {name: row["deals"] for name, row in by_source.items()} == deals
    assert {name: 100 * Decimal(row["amount"]) for name, row in by_source.items()} == cents
    assert not any(row["without_amount"] for row in rows)
    for model in ("won", "first", "last", "linear"):
        of_model = [row for row in rows if row["model"] == model]
        assert 100 * sum(Decimal(row["amount"]) for row in of_model) == cents.total(), model


def test_scores_are_those_that_customers_gave(lived):
    """By address: each one's last; 9 and 10 promote, 0 to 6 do not."""
    last = {e["email"]: e["score"] for e in lived.entries("score.posted") if e["taken"]}
    owner_of = {one["email"]: one["owner"] for one in lived.people}
    by_owner = defaultdict(list)
    for email, score in last.items():
        for owner in (owner_of[email.casefold()], "everybody"):
            by_owner[owner].append(score)

    rows = lived.report("nps")

    assert last
    assert {row["owner"]: row["people"] for row in rows} == {
        owner: len(scores) for owner, scores in by_owner.items()
    }
    for row in rows:
        scores = by_owner[row["owner"]]
        up, down = sum(score > 8 for score in scores), sum(score < 7 for score in scores)
        people, same = len(scores), len(scores) - up - down
        assert [row[name] for name in ("promoters", "passives", "detractors", "score")] == [
            up, same, down, f"{100 * (up - down) / people:.1f}",
        ]  # fmt: skip
        low, high = _likely_scores(up, same, down)
        assert float(row["low"]) == pytest.approx(low, abs=0.1)
        assert float(row["high"]) == pytest.approx(high, abs=0.1)


def _likely_scores(up, same, down):
    """The lowest and the highest score in steps of 0.025 at which such answers are no surprise.

    Each with the shares that are likeliest then, which are looked for among a thousand.
    """
    people, likely = up + same + down, []
    for score in np.linspace(-1, 1, 8001):
        downs = np.linspace(max(0, -score), (1 - score) / 2, 1000)
        shares = np.clip([downs + score, 1 - score - 2 * downs, downs], 1e-12, None)
        best = downs[np.argmax([up, same, down] @ np.log(shares))]
        spread = people * (2 * best + score - score**2)
        if (up - down - people * score) ** 2 <= 1.959964**2 * spread:
            likely.append(100 * score)
    return min(likely), max(likely)


def test_handoff_is_whom_marketing_named_and_what_sales_said(lived):
    """By HubSpot's tasks, too: it has one for each, and whoever answered has ended it."""
    tasks = {
        contact: task["values"]
        for task in lived.witness["tasks"]["hubspot"]
        if task["values"]["hs_task_subject"].startswith("Accept or reject")
        for contact in task["linked"]["contacts"]
    }
    due = {id_: datetime.fromisoformat(task["hs_timestamp"]) for id_, task in tasks.items()}
    open_ = {id_ for id_, task in tasks.items() if task["hs_task_status"] != "COMPLETED"}
    asked = lived.handed_over
    assert {one["id"] for one in asked} == {*due}
    assert {one["id"] for one in asked if not one["said"]} == open_
    assert {one["said"] for one in asked} == {"accepted", "rejected", "deal", ""}
    counted = defaultdict(Counter)
    for one in asked:
        word = {"deal": "accepted", "": "open_late"}.get(one["said"], one["said"])
        if word == "open_late" and due[one["id"]] >= lived.now:
            word = "open"
        for owner in (one["owner"], "everybody"):
            counted[owner].update(["mqls", word])

    rows = lived.report("handoff")

    assert {row["owner"]: row for row in rows}.keys() == counted.keys()
    for row in rows:
        for name in ("mqls", "accepted", "rejected", "open", "open_late"):
            assert row[name] == counted[row["owner"]][name], (row["owner"], name)


def test_missing_is_what_the_crms_do_not_know(lived):
    people = [one for one in lived.people if one["email"] and not one["opted_out"]]

    rows = lived.report("missing")

    inbound = "approach-inbound"
    assert {row["fact"]: (row["missing"], row["leads"], row["required_by"]) for row in rows} == {
        fact: (sum(not one[name] for one in people), len(people), by)
        for fact, name, by in (
            ("company.name", "company", inbound),
            ("lead.first_name", "first_name", f"approach-cold, {inbound}"),
            ("lead.timezone", "timezone", inbound),
            ("lead.title", "title", inbound),
        )
    }
    assert sum(row["missing"] > 0 for row in rows) == 2


def test_open_tasks_are_those_that_are_open_in_the_crms(lived):
    tasks = lived.witness["tasks"]
    open_ = [t for t in tasks["hubspot"] if t["values"].get("hs_task_status") != "COMPLETED"]
    open_ += [
        task
        for task in tasks["salesforce"]
        if task["values"].get("TaskSubtype") != "Email" and task["values"]["Status"] != "Completed"
    ]
    open_ += [m for m in tasks["meetings"] if m["values"].get("hs_meeting_outcome") != "COMPLETED"]

    assert sum(row["tasks_open"] for row in lived.report("reps")) == len(open_)


def test_moves_in_the_crms_are_those_of_the_reps_there(lived):
    """By the CRMs' own histories: out of which stage a rep moved a deal on, or lost it."""
    moved, lost, freed = Counter(), Counter(), Counter()
    for crm in ("hubspot", "salesforce"):
        values = {
            value: stage["name"]
            for stage in lived.process["stages"]
            for value in stage["counterparts"][crm].get("deal_stage", [])
        }
        at = {}
        for entry in lived.witness["histories"][f"{crm} deal"]:
            before, at[entry["id"]] = at.get(entry["id"]), values.get(entry["value"])
            if entry["by"] == "person" and before is not None:
                moved[before] += at[entry["id"]] is not None
                lost[before] += at[entry["id"]] is None
                # Then a contact's own status says where it is; Salesforce's contacts have none.
                freed[before] += at[entry["id"]] is None and crm == "hubspot"

    rows = {row["stage"]: row for row in lived.report("stages")}

    assert nonzero({stage: row["lost"] for stage, row in rows.items()}) == nonzero(lost)
    for stage in ("Presentation", "Handling Objections", "Closing", "Follow-up"):
        assert rows[stage]["in_crm"] == moved[stage] + freed[stage], stage
