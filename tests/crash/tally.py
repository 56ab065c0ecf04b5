"""What came of every email: counted at the receiving server, beside what our rows say."""

import json
from collections import Counter, defaultdict

from mail.models import Message


def count(folder, *, jumps):
    """Figures by name; each list names the emails that it is about."""
    mail, stops, checks = (_lines(folder / f"{n}.jsonl") for n in ("mail", "stops", "checks"))
    taken = [event for event in mail if event["event"] == "taken"]
    rows = dict(Message.objects.values_list("to_email", "status"))
    received = {event["to"] for event in taken}
    stopped = {stop["to"]: stop["committed_at"] for stop in stops}
    sessions = _sessions(mail)
    doubtful = {to for to, status in rows.items() if status == Message.Status.UNCONFIRMED}
    faults = folder / "faults.log"
    return {
        "emails": len(rows),
        "received": len(taken),
        "stops": len(stops),
        "rows": dict(Counter(rows.values())),
        "duplicates": _twice(event["message_id"] for event in taken)
        + _twice(event["step"] for event in taken),
        "after_a_stop": _after(stopped, taken, checks),
        "lost": sorted(to for to, status in rows.items() if _is_lost(to, status, received, stopped)),
        "told_wrong": sorted(
            to for to, status in rows.items()
            if (status == "sent") != (to in received) and status != "unconfirmed"
        ),
        "doubtful_for_no_reason": sorted(doubtful - _in_doubt(sessions, jumps)),
        "faults": faults.read_text().splitlines()[:40] if faults.exists() else [],
    }  # fmt: skip


def _is_lost(to, status, received, stopped):
    """It neither arrived nor do our rows say what became of it."""
    if to in received or status in {"failed", "unconfirmed", "queued"}:
        return False
    return not (status == "cancelled" and to in stopped)


def _after(stopped, taken, checks):
    """Whose stop was committed before the last check of an email that arrived even began."""
    arrived = {event["to"] for event in taken}
    last_check = dict(checks)
    return sorted(to for to in stopped.keys() & arrived if stopped[to] < last_check[to])


def _sessions(mail):
    found = defaultdict(list)
    for event in mail:
        found[event["session"]].append(event)
    return list(found.values())


def _in_doubt(sessions, jumps):
    """Whose outcome a worker need not know: under way when its session broke off, or answered just before.

    Or when its claim ran out in the hands of a worker that lived.
    """
    found = set()
    for events in sessions:
        for moment in [events[-1]["at"], *jumps]:
            if events[0]["at"] <= moment <= events[-1]["at"]:
                before = [event for event in events if event["at"] <= moment]
                found |= _last(before, "rcpt") | _last(before, "answered")
    return found


def _last(events, name):
    return set([event["to"] for event in events if event["event"] == name][-1:])


def _twice(names):
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
