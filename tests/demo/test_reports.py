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
    assert sum(row["people"] for row in rows if row["answer"] == "interested") == len(
        {e["email"] for e in letters if lived.meaning(e["text"]) == "interested"}
    )


def test_the_funnel_is_what_left_and_what_people_wrote_upon_it(lived):
    """Which step an email was of stands on the timeline by its Message-ID, and nothing else does."""
    step_of = {
        e["message_id"]: (e["sequence"], e["version"], e["step"], e["variant"])
        for e in lived.events
        if e["kind"] == "email_sent"
    }
    sent, replied, positive = defaultdict(set), defaultdict(set), defaultdict(set)
    back = {e["answers"] for e in lived.entries("mail.delivered", "bounce")}
    bounced, open_, due, in_time = (defaultdict(set) for _ in range(4))
    for mail in lived.entries("mail.received"):
        key = step_of[mail["message_id"]]
        sent[key].add(mail["to"])
        if mail["message_id"] in back:
            bounced[key].add(mail["to"])
        elif datetime.fromisoformat(mail["moment"]) <= lived.now - PATIENCE:
            due[key].add(mail["to"])
        else:
            open_[key].add(mail["to"])
    for letter in lived.entries("mail.delivered", "reply"):
        key = step_of[letter["answers"]]
        replied[key].add(letter["email"])
        if lived.meaning(letter["text"]) == "interested":
            positive[key].add(letter["email"])
    for key, people in replied.items():
        in_time[key] = people & due[key]
        open_[key] -= people

    rows = [row for row in lived.report("funnel") if row["step"] != "all steps"]

    found = {tuple(row[k] for k in ("sequence", "version", "step", "variant")): row for row in rows}
    for name, wanted in {
        "sent": sent, "replied": replied, "positive": positive, "open": open_,
    }.items():  # fmt: skip
        counted = {key: len(people) for key, people in wanted.items()}
        assert nonzero({key: row[name] for key, row in found.items()}) == nonzero(counted), name
    for key, row in found.items():
        rate = row["reply_rate"]
        assert (rate["hits"], rate["of"]) == (len(in_time[key]), len(due[key])), key


def test_what_reps_did_is_what_the_mail_server_and_the_crms_have(lived):
    tasks = lived.tasks
    never_done = lived.ask(
        """SELECT owner, count(*) FROM t a WHERE kind = 'task_assigned' AND NOT EXISTS (
            SELECT 1 FROM t WHERE kind = 'task_done' AND enrollment = a.enrollment
              AND step = a.step)
          AND EXISTS (SELECT 1 FROM t WHERE enrollment = a.enrollment AND (kind = 'unenrolled'
            OR kind = 'task_skipped' AND step = a.step)) GROUP BY 1"""
    )

    rows = lived.report("reps")

    for name, counted in {
        "emails": Counter(mail["from"] for mail in lived.entries("mail.received")),
        "replies": Counter(e["to"] for e in lived.entries("mail.delivered", "reply")),
        "calls": Counter(task["owner"] for task in tasks if task["is_call"]),
        "tasks_done": Counter(task["owner"] for task in tasks if task["is_done"])
        - Counter(dict(never_done)),
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
    up, down = (
        sum(is_so(s) for s in last.values()) for is_so in (lambda s: s > 8, lambda s: s < 7)
    )
    owners = lived.ask("SELECT owner, count(DISTINCT lead) FROM t WHERE kind = 'nps' GROUP BY 1")

    *rows, everybody = lived.report("nps")

    assert last
    names = ("people", "promoters", "passives", "detractors", "score")
    assert [everybody[name] for name in names] == [
        len(last), up, len(last) - up - down, down, f"{100 * (up - down) / len(last):.1f}",
    ]  # fmt: skip
    assert {row["owner"]: row["people"] for row in rows} == dict(owners)
    low, high = _likely_scores(up, len(last) - up - down, down)
    assert float(everybody["low"]) == pytest.approx(low, abs=0.1)
    assert float(everybody["high"]) == pytest.approx(high, abs=0.1)


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
