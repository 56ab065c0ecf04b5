"""What the witness counted: every promise as a figure, from what was received and nothing else.

The team's files are read as plain YAML; no code of the product takes part. Things that share a
moment are ordered by the journal's sequence.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
from ruamel.yaml import YAML

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FIELDS = {
    "hubspot": (("deals", "dealstage", "deal"), ("contacts", "hs_lead_status", "lead")),
    "salesforce": (("Opportunity", "StageName", "deal"), ("Lead", "Status", "lead")),
}
Entry = Mapping[str, Any]
Record = tuple[str, str, str]  #: CRM, deal or lead, id


@dataclass(kw_only=True)
class Seen:
    """Everything that the figures are counted from."""

    journal: Sequence[Entry]
    people: Sequence[Entry]
    #: (CRM, "deal" or "lead") -> the history of the field that holds the stage, oldest first.
    histories: Mapping[tuple[str, str], Sequence[Entry]]
    #: CRM -> deal id -> ids of its people.
    deals: Mapping[str, Mapping[str, Sequence[str]]]
    engagements: Sequence[Entry]
    calls: int
    process: Mapping[str, Any]
    windows: Sequence[Mapping[str, Any]]
    timezone: str
    unconfirmed: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def mails(self) -> Sequence[Entry]:
        return [entry for entry in self.journal if entry["kind"] == "mail.received"]

    @cached_property
    def person_of(self) -> Mapping[str, Entry]:
        """Address -> its person; of people who share one, the one whose CRM is read first."""
        found: dict[str, Entry] = {}
        for person in sorted(self.people, key=lambda person: str(person["crm"]), reverse=True):
            if person["email"]:
                found[str(person["email"]).casefold()] = person
        return found

    @cached_property
    def open_deal_of(self) -> Mapping[tuple[str, str], str]:
        """(CRM, person's record) -> the deal that was open at the start."""
        found: dict[tuple[str, str], str] = {}
        for crm, deals in self.deals.items():
            first = {e["id"]: e["value"] for e in reversed(self.histories[crm, "deal"])}
            for deal, people in deals.items():
                if str(first.get(deal, "")).casefold() not in {"won", "lost"}:
                    found.update(((crm, person), deal) for person in people)
        return found


def figures(
    control: str, *, workspace: Path, unconfirmed: set[str] | frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Counts by name; see `offenses` for what stands behind those that should be zero."""
    return counted(look(control, workspace=workspace, unconfirmed=unconfirmed))


def counted(seen: Seen) -> dict[str, Any]:
    found = offenses(seen)
    return {
        "leads": len({mail["to"] for mail in seen.mails}),
        "emails": len(seen.mails),
        "replies": sum(1 for _ in _delivered(seen, "reply")),
        **{name: len(entries) for name, entries in found.items()},
        "unconfirmed": len(seen.unconfirmed),
        "stages": _stages(seen),
        "api_calls": seen.calls,
    }


def offenses(seen: Seen) -> dict[str, list[Any]]:
    """What broke a promise, by the figure's name."""
    missing, extra = _touches(seen)
    return {
        "after_stop": list(_after_stop(seen)),
        "sent_twice": list(_sent_twice(seen)),
        "stage_mismatches": list(_stage_mismatches(seen)),
        "touches_missing": missing,
        "touches_extra": extra,
        "outside_window": [mail for mail in seen.mails if not _inside(seen, mail)],
    }


def look(
    control: str, *, workspace: Path, unconfirmed: set[str] | frozenset[str] = frozenset()
) -> Seen:
    """Ask the witness for everything."""

    def ask(path: str, **query: str) -> Any:
        answer = requests.get(f"{control}{path}", params=query, timeout=120)
        answer.raise_for_status()
        return answer.json()

    yaml = YAML(typ="safe")
    sequences = [
        yaml.load(path.read_text()) for path in sorted((workspace / "sequences").glob("*.yaml"))
    ]
    return Seen(
        journal=ask("/journal"),
        people=ask("/people"),
        histories={
            (crm, what): ask("/history", crm=crm, object=kind, field=name)
            for crm, fields in _FIELDS.items()
            for kind, name, what in fields
        },
        deals={
            "hubspot": {
                deal["id"]: deal["linked"]["contacts"]
                for deal in ask("/records", crm="hubspot", object="deals", linked="contacts")
            },
            "salesforce": {
                role["values"]["OpportunityId"]: [role["values"]["ContactId"]]
                for role in ask("/records", crm="salesforce", object="OpportunityContactRole")
            },
        },
        engagements=ask("/engagements"),
        calls=sum(sum(routes.values()) for routes in ask("/calls").values()),
        process=yaml.load((workspace / "process.yaml").read_text()),
        windows=[sequence.get("window") or {} for sequence in sequences],
        timezone=yaml.load((workspace / "cadenza.yaml").read_text())["timezone"],
        unconfirmed=frozenset(unconfirmed),
    )


def _after_stop(seen: Seen) -> Iterator[Entry]:
    """Emails to a person after that person's stop, or in an enrollment after its reply."""
    people: set[str] = set()
    enrollments: set[str] = set()
    for entry in seen.journal:
        kind, about = entry["kind"], entry.get("about")
        if kind == "mail.received":
            if entry["to"] in people or _enrollment(entry) in enrollments:
                yield entry
        elif kind == "mail.refused":
            if entry["to"] in people:
                yield entry
            if str(entry["code"]).startswith("5"):
                people.add(entry["to"])
        elif kind == "mail.delivered" and about == "reply":
            enrollments.add(entry["enrollment"])
        elif (kind == "mail.delivered" and about in {"unsubscribe", "bounce"}) or (
            kind == "unsubscribe.posted" and entry["taken"]
        ):
            people.add(entry["email"])


def _sent_twice(seen: Seen) -> Iterator[Entry]:
    """By step, and by recipient and body."""
    steps: set[str] = set()
    contents: set[str] = set()
    for mail in seen.mails:
        if mail["step"] in steps or mail["content"] in contents:
            yield mail
        steps.add(mail["step"])
        contents.add(mail["content"])


def _touches(seen: Seen) -> tuple[list[Any], list[Any]]:
    """Mails without their engagement on the right person, and engagements that are no mail's."""
    expected: dict[str, Entry] = {
        mail["message_id"]: mail for mail in seen.mails if mail["step"] not in seen.unconfirmed
    }
    doubtful = {mail["message_id"] for mail in seen.mails} - set(expected)
    right: Counter[str] = Counter()
    extra: list[Any] = []
    for engagement in seen.engagements:
        message_id = engagement["message_id"]
        mail = expected.get(message_id)
        if mail is None:
            if message_id not in doubtful:
                extra.append(engagement)
            continue
        person = seen.person_of.get(mail["to"])
        is_right = (
            person is not None
            and engagement["crm"] == person["crm"]
            and person["record"] in engagement["people"]
        )
        if not is_right or right[message_id]:
            extra.append(engagement)
        right[message_id] += is_right
    return [mail for message_id, mail in expected.items() if not right[message_id]], extra


def _inside(seen: Seen, mail: Entry) -> bool:
    """Whether the lead's wall clock lay in a send window of the team's sequences."""
    person = seen.person_of.get(mail["to"])
    zone = ZoneInfo((person["timezone"] if person else "") or seen.timezone)
    local = datetime.fromisoformat(mail["moment"]).astimezone(zone)
    now = f"{local:%H:%M}"
    return any(
        _DAYS[local.weekday()] in window.get("days", _DAYS[:5])
        and str(window.get("from", "09:00")) <= now < str(window.get("to", "17:00"))
        for window in seen.windows
    )


def _stages(seen: Seen) -> dict[str, int]:
    """Stage -> how many of the people who were written to reached it, by their own record."""
    reached: Counter[str] = Counter()
    mailed = {mail["to"] for mail in seen.mails}
    histories = _by_record(seen)
    for address in mailed:
        person = seen.person_of.get(address)
        if person is None:
            continue
        crm, what, key = _record_of(seen, person)
        stages = {
            stage
            for entry in histories.get((crm, what, key), ())
            for stage in _stages_of(seen, crm, what, entry["value"])
        }
        reached.update(stages)
    return {stage["name"]: reached[stage["name"]] for stage in seen.process["stages"]}


def _stage_mismatches(seen: Seen) -> Iterator[Any]:
    """Answered people whose stage in the CRM is not the one that the process leads to."""
    answered = {entry["email"] for entry in _delivered(seen, "reply")}
    histories = _by_record(seen)
    mail_of: dict[str, list[Entry]] = {address: [] for address in answered}
    for entry in seen.journal:
        address = entry.get("to") if entry["kind"] == "mail.received" else entry.get("email")
        if address in mail_of and (
            entry["kind"] == "mail.received" or entry.get("about") == "reply"
        ):
            mail_of[str(address)].append(entry)
    for address, entries in mail_of.items():
        person = seen.person_of.get(address)
        if person is None:
            continue
        record = _record_of(seen, person)
        history = histories.get(record, [])
        wanted = _expected(seen, record, history, entries)
        found = history[-1]["value"] if history else ""
        if wanted != found:
            yield {"email": address, "record": record, "expected": wanted, "found": found}


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
            stages = _stages_of(seen, crm, what, value)
            if stages and stage not in stages:
                stage = stages[0]
            continue
        happened = []
        if entry["kind"] == "mail.received":
            if _enrollment(entry) not in enrolled:
                enrolled.add(_enrollment(entry))
                happened.append(("enrolled", ""))
            happened.append(("email_sent", ""))
        else:
            happened.append(("answered", _disposition(seen, entry["text"])))
        for event, answer in happened:
            to = _exit(seen, stage, event, answer)
            if to:
                stage, value = to, _written(seen, crm, what, to) or value
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


def _stages_of(seen: Seen, crm: str, what: str, value: str) -> list[str]:
    return [
        stage["name"]
        for stage in seen.process["stages"]
        if value in (stage["counterparts"].get(crm) or {}).get(_LISTED[what], [])
    ]


def _written(seen: Seen, crm: str, what: str, stage: str) -> str:
    for each in seen.process["stages"]:
        if each["name"] == stage:
            values = (each["counterparts"].get(crm) or {}).get(_LISTED[what]) or [""]
            return str(values[0])
    return ""


_LISTED = {"deal": "deal_stage", "lead": "lead_status"}


def _record_of(seen: Seen, person: Entry) -> Record:
    """The record that holds the person's stage: the deal that was open at the start, else the lead."""
    crm, key = str(person["crm"]), str(person["record"])
    deal = seen.open_deal_of.get((crm, key))
    return (crm, "deal", deal) if deal else (crm, "lead", key)


def _by_record(seen: Seen) -> dict[Record, list[Entry]]:
    found: dict[Record, list[Entry]] = {}
    for (crm, what), entries in seen.histories.items():
        for entry in entries:
            found.setdefault((crm, what, entry["id"]), []).append(entry)
    return found


def _delivered(seen: Seen, about: str) -> Iterator[Entry]:
    return (
        entry
        for entry in seen.journal
        if entry["kind"] == "mail.delivered" and entry.get("about") == about
    )


def _enrollment(mail: Entry) -> str:
    return str(mail["step"]).partition(".")[0]
