"""What the witness counted of stages: who came where, and whether everybody is where they should be."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.seen import (
    Entry,
    Record,
    Seen,
    by_record,
    delivered,
    enrollment,
    record_of,
    stages_of,
    written,
)


def reached(seen: Seen) -> dict[str, int]:
    """Stage -> how many of the people who were written to reached it, by their own records."""
    reached: Counter[str] = Counter()
    mailed = {mail["to"] for mail in seen.mails}
    histories = by_record(seen)
    for address in mailed:
        person = seen.person_of.get(address)
        if person is None:
            continue
        later = seen.later_deals_of.get((person["crm"], person["record"]), {})
        records = [record_of(seen, person), *((person["crm"], "deal", deal) for deal in later)]
        reached.update(
            {
                stage
                for crm, what, key in records
                for entry in histories.get((crm, what, key), ())
                for stage in stages_of(seen, crm, what, entry["value"])
            }
        )
    return {stage["name"]: reached[stage["name"]] for stage in seen.process["stages"]}


def disagreements(seen: Seen) -> Iterator[Any]:
    """Leads whose stage is none of those for which the CRM's own value stands."""
    for (crm, key), (record, value) in shown(seen).items():
        stages = stages_of(seen, crm, record[1], value)
        if seen.stage_of[crm, key] not in stages:
            yield {"record": record, "ours": seen.stage_of[crm, key], "shown": stages}


def shown(seen: Seen) -> Mapping[tuple[str, str], tuple[Record, str]]:
    """A lead's record -> the record that tells its stage, and the value; without those that tell none."""
    last = {record: entries[-1] for record, entries in by_record(seen).items()}
    deals_of: dict[tuple[str, str], list[Record]] = {}
    for crm, deals in seen.deals.items():
        for deal, people in deals.items():
            for person in people:
                deals_of.setdefault((crm, person), []).append((crm, "deal", deal))
    told = {}
    for crm, key in seen.stage_of:
        record = _telling(seen, deals_of.get((crm, key), ())) or (crm, "lead", key)
        value = str(last[record]["value"]) if record in last else ""
        if stages_of(seen, crm, record[1], value):
            told[crm, key] = record, value
    return told


def _telling(seen: Seen, deals: Sequence[Record]) -> Record | None:
    """The open deal that was made last, else the one that was won last."""
    histories = by_record(seen)
    ends = {deal: str(histories[deal][-1]["value"]).casefold() for deal in deals}
    made = {deal: histories[deal][0]["at"] for deal in deals}
    ended = {deal: histories[deal][-1]["at"] for deal in deals}
    running = [deal for deal in deals if ends[deal] not in {"won", "lost"}]
    won = [deal for deal in deals if ends[deal] == "won"]
    return max(running, key=made.__getitem__, default=None) or max(
        won, key=ended.__getitem__, default=None
    )


def mismatches(seen: Seen) -> Iterator[Any]:
    """Answered people whose stage in the CRM is not the one that the process leads to."""
    answered = {entry["email"] for entry in delivered(seen, "reply")}
    histories = by_record(seen)
    events_of: dict[str, list[Entry]] = {address: [] for address in answered}
    for entry in seen.journal:
        address = entry.get("to") if entry["kind"] == "mail.received" else entry.get("email")
        if address in events_of and _counts(entry):
            events_of[str(address)].append(entry)
    for address, entries in events_of.items():
        person = seen.person_of.get(address)
        if person is None:
            continue
        record = record_of(seen, person)
        history = histories.get(record, [])
        # From then on a deal that a rep made has the stage.
        made = seen.later_deals_of.get((person["crm"], person["record"]), {}).values()
        until = min(made, default=None)
        mine = [entry for entry in entries if until is None or entry["seq"] <= until]
        wanted = _expected(seen, record, history, mine)
        found = history[-1]["value"] if history else ""
        if wanted != found:
            yield {"email": address, "record": record, "expected": wanted, "found": found}


def _counts(entry: Entry) -> bool:
    return (
        entry["kind"] in {"mail.received", "lead.moved", *_BOOKED} or entry.get("about") == "reply"
    )


def _is_booked(entry: Entry) -> bool:
    """A meeting was agreed on: by the link, or on the phone."""
    return _BOOKED.get(entry["kind"]) in set(entry.values())


#: Kind of entry -> the value by which it tells of a meeting that was agreed on.
_BOOKED = {"booking.posted": "BOOKING_CREATED", "call.made": "meeting_set"}


def _expected(
    seen: Seen, record: Record, history: Sequence[Entry], entries: Sequence[Entry]
) -> str:
    """The value that the process leads to: its exits, and what people did in the CRM."""
    crm, what, _ = record
    people = [entry for entry in history if entry["by"] != "api"]
    events = sorted(
        [*((entry["journal"], 1, entry) for entry in people), *((e["seq"], 0, e) for e in entries)],
        key=lambda event: event[:2],
    )
    stage, value = "", ""
    enrolled: set[str] = set()
    for _, from_crm, entry in events:
        if from_crm:
            value = entry["value"]
            stages = stages_of(seen, crm, what, value)
            if stages and stage not in stages:
                stage = stages[0]
            continue
        if entry["kind"] == "lead.moved":
            stage = entry["to"]
            value = written(seen, crm, what, stage) or value
            continue
        happened = []
        if entry["kind"] == "mail.received":
            if enrollment(entry) not in enrolled:
                enrolled.add(enrollment(entry))
                happened.append(("enrolled", ""))
            happened.append(("email_sent", ""))
        elif entry["kind"] in _BOOKED:
            happened += [("meeting_booked", "")] if _is_booked(entry) else []
        else:
            happened.append(("answered", _disposition(seen, entry["text"])))
        for event, answer in happened:
            to = _exit(seen, stage, event, answer)
            if to:
                stage, value = to, written(seen, crm, what, to) or value
    return value


def _exit(seen: Seen, stage: str, event: str, answer: str) -> str:
    for each in seen.process["stages"]:
        if each["name"] != stage:
            continue
        for rule in each["exit"]:
            if rule.get("on") == event and (not rule.get("answer") or answer in rule["answer"]):
                return str(rule["to"])
    return ""


def _disposition(seen: Seen, text: str) -> str:
    folded = " ".join(text.casefold().split())
    for name, phrases in seen.process["answers"].items():
        if any(phrase.casefold() in folded for phrase in phrases):
            return str(name)
    return "other"
