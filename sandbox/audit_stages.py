"""What the witness counted of stages: who came where, and whether everybody is where they should be."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

from sandbox.audit_course import BOOKED, expected
from sandbox.seen import Entry, Record, Seen, by_record, delivered, record_of, stages_of


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
        # A deal that a rep made has the stage, until it is lost.
        spans = list(_dealt(seen, person))
        mine = [e for e in entries if not any(made < e["seq"] <= lost for made, lost in spans)]
        wanted = expected(seen, record, history, mine)
        found = history[-1]["value"] if history else ""
        if wanted != found:
            yield {"email": address, "record": record, "expected": wanted, "found": found}


def _dealt(seen: Seen, person: Entry) -> Iterator[tuple[int, float]]:
    """Of each deal that a rep made: its first entry in the journal, and the one that lost it."""
    histories = by_record(seen)
    for deal, made in seen.later_deals_of.get((person["crm"], person["record"]), {}).items():
        last = histories[person["crm"], "deal", deal][-1]
        is_lost = str(last["value"]).casefold() == "lost"
        yield made, last["journal"] if is_lost else inf


def _counts(entry: Entry) -> bool:
    return (
        entry["kind"] in {"mail.received", "lead.moved", *BOOKED} or entry.get("about") == "reply"
    )
