"""What the witness has seen, asked of it by its own door, and the team's files as plain YAML."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
from ruamel.yaml import YAML

_FIELDS = {
    "hubspot": (("deals", "dealstage", "deal"), ("contacts", "hs_lead_status", "lead")),
    "salesforce": (("Opportunity", "StageName", "deal"), ("Lead", "Status", "lead")),
}
_NOTHING: Mapping[str, Any] = {"by": "", "value": ""}
_LISTED = {"deal": "deal_stage", "lead": "lead_status"}
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
    #: (CRM, the lead's record there) -> the stage in which the team has the lead.
    stage_of: Mapping[tuple[str, str], str] = field(default_factory=dict)

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
            first = {e["id"]: e for e in reversed(self.histories[crm, "deal"])}
            for deal, people in deals.items():
                began = first.get(deal, _NOTHING)
                if began["by"] == "seed" and began["value"].casefold() not in {"won", "lost"}:
                    found.update(((crm, person), deal) for person in people)
        return found

    @cached_property
    def later_deals_of(self) -> Mapping[tuple[str, str], Mapping[str, int]]:
        """(CRM, person's record) -> the deals that were made later, and how far the journal was."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        for crm, deals in self.deals.items():
            first = {e["id"]: e for e in reversed(self.histories[crm, "deal"])}
            for deal, people in deals.items():
                began = first.get(deal, _NOTHING)
                if began["by"] == "person":
                    for person in people:
                        found.setdefault((crm, person), {})[deal] = began["journal"]
        return found


def look(
    control: str,
    *,
    workspace: Path,
    unconfirmed: frozenset[str] = frozenset(),
    stage_of: Mapping[tuple[str, str], str] | None = None,
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
        unconfirmed=unconfirmed,
        stage_of=stage_of or {},
    )


def delivered(seen: Seen, about: str) -> Iterator[Entry]:
    return (
        entry
        for entry in seen.journal
        if entry["kind"] == "mail.delivered" and entry.get("about") == about
    )


def enrollment(mail: Entry) -> str:
    return str(mail["step"]).partition(".")[0]


def stages_of(seen: Seen, crm: str, what: str, value: str) -> list[str]:
    return [
        stage["name"]
        for stage in seen.process["stages"]
        if value in (stage["counterparts"].get(crm) or {}).get(_LISTED[what], [])
    ]


def written(seen: Seen, crm: str, what: str, stage: str) -> str:
    for each in seen.process["stages"]:
        if each["name"] == stage:
            values = (each["counterparts"].get(crm) or {}).get(_LISTED[what]) or [""]
            return str(values[0])
    return ""


def record_of(seen: Seen, person: Entry) -> Record:
    """The record that holds the person's stage: the deal that was open at the start, else the lead."""
    crm, key = str(person["crm"]), str(person["record"])
    deal = seen.open_deal_of.get((crm, key))
    return (crm, "deal", deal) if deal else (crm, "lead", key)


def by_record(seen: Seen) -> dict[Record, list[Entry]]:
    found: dict[Record, list[Entry]] = {}
    for (crm, what), entries in seen.histories.items():
        for entry in entries:
            found.setdefault((crm, what, entry["id"]), []).append(entry)
    return found
