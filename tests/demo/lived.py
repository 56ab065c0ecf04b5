"""A demo that has ended, from outside: the witness's record, the timeline as SQL, and what the reports say."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from sandbox import phrases


class Lived:
    """A demo that has ended: what the witness kept, and what the reports say at a moment."""

    def __init__(self, folder, moment):
        self.folder = folder
        self.witness = json.loads((folder / "witness.json").read_text())
        self.journal = self.witness["journal"]
        self.process = self.yaml(folder, "process.yaml")
        self.cold = self.yaml(folder, "sequences/approach-cold.yaml")
        told = json.loads((folder / "told.json").read_text())
        self.events = [json.loads(line) for line in told["timeline"].splitlines()]
        self.told = told["moments"][moment]

    def yaml(self, folder, name):
        path = folder / "demo" / "workspace" / name
        return YAML(typ="safe").load(path.read_text())

    def report(self, name):
        return self.json(name)["rows"]

    def json(self, name):
        return json.loads(self.told[name]["json"])

    @cached_property
    def sql(self):
        """The timeline as a table `t`; moments as seconds, `data` as JSON. `standing`: who is where."""
        database = sqlite3.connect(":memory:")
        database.create_function("seconds", 1, seconds, deterministic=True)
        columns = list(self.events[0])
        database.execute(f"CREATE TABLE t ({', '.join(columns)}, s)")
        database.executemany(
            f"INSERT INTO t VALUES ({', '.join('?' * (len(columns) + 1))})",  # noqa: S608 - our columns
            [
                (
                    *(json.dumps(e["data"]) if name == "data" else e[name] for name in columns),
                    seconds(e["at"]),
                )
                for e in self.events
            ],
        )
        database.execute("CREATE TABLE standing (lead, stage)")
        database.executemany("INSERT INTO standing VALUES (?, ?)", self.standing.items())
        return database

    def ask(self, select, *given, tables=""):
        return self.sql.execute(tables + select, given).fetchall()

    @cached_property
    def standing(self):
        """Lead -> its stage at the end: of who never moved, the timeline does not tell."""
        (kept,) = (self.folder / "demo").rglob("cadenza.sqlite3")
        with closing(sqlite3.connect(kept)) as database:
            return dict(database.execute("SELECT id, stage FROM crm_lead"))

    @cached_property
    def crm_of(self):
        """Lead -> the CRM that it came from."""
        (kept,) = (self.folder / "demo").rglob("cadenza.sqlite3")
        with closing(sqlite3.connect(kept)) as database:
            return dict(
                database.execute(
                    "SELECT l.id, c.name FROM crm_lead l JOIN crm_connection c ON c.id = l.source_id"
                )
            )

    @cached_property
    def now(self):
        return datetime.fromisoformat(self.json("nps")["now"])

    @cached_property
    def levels(self):
        """Stage -> its service level in seconds; no clocks change within the demo's weeks."""
        return {
            stage["name"]: 86_400 * int(stage["service_level"].split()[0])
            for stage in self.process["stages"]
        }

    def entries(self, kind, about=None):
        return [
            entry
            for entry in self.journal
            if entry["kind"] == kind and (about is None or entry.get("about") == about)
        ]

    @cached_property
    def tasks(self):
        """What people were asked to do, as it stands in the CRMs: whose, done, a call, due."""
        found, reps = [], self.witness["reps"]
        for task in self.witness["tasks"]["hubspot"] + self.witness["tasks"]["meetings"]:
            values = task["values"]
            state = values.get("hs_task_status") or values.get("hs_meeting_outcome")
            found.append(
                {
                    "owner": reps[values["hubspot_owner_id"]],
                    "is_done": state == "COMPLETED",
                    "is_call": False,  # a call that was made is a record of its own
                    "due": datetime.fromisoformat(values["hs_timestamp"]),
                }
            )
        for call in self.witness["calls"]:
            owner = reps[call["values"]["hubspot_owner_id"]]
            found.append({"owner": owner, "is_done": None, "is_call": True, "due": None})
        for task in self.witness["tasks"]["salesforce"]:
            values = task["values"]
            # Emails and answers are logged as tasks, too, under their own Message-ID.
            if "@cadenza.invalid" in values["Description"]:
                is_done = values["Status"] == "Completed"
                found.append(
                    {
                        "owner": reps[values["OwnerId"]],
                        "is_done": is_done,
                        "is_call": is_done and values["TaskSubtype"] == "Call",
                        "due": datetime.fromisoformat(f"{values['ActivityDate']}T23:59:59Z"),
                    }
                )
        return found

    @cached_property
    def meetings(self):
        """Booked on the page, agreed on in a call, or written down in HubSpot; by the person's owner."""
        owner_of, by_email = {}, {}
        for records in self.witness["contacts"].values():
            for one in records:
                values = one["values"]
                rep = values.get("hubspot_owner_id") or values.get("OwnerId")
                owner_of[one["id"]] = self.witness["reps"][rep] if rep else "nobody"
                email = values.get("email") or values.get("Email") or ""
                by_email[email.casefold()] = owner_of[one["id"]]
        booked = [e for e in self.entries("booking.posted") if e["trigger"] == "BOOKING_CREATED"]
        booked += [
            {**call, "taken": True}
            for call in self.entries("call.made")
            if call["outcome"] == "meeting_set"
        ]
        met = [one for demo in self.witness["demos"] for one in demo["linked"]["contacts"]]
        return Counter(by_email[e["email"]] for e in booked if e["taken"]) + Counter(
            owner_of[one] for one in met
        )

    @cached_property
    def handed_over(self):
        """Whom marketing named: whose it is, and what sales said, a deal made in its place, or nothing."""
        record, found = self.witness["handed_over"], []
        by_id = {one["id"]: one for one in self.people if one["crm"] == "hubspot"}
        said = {one["email"].casefold(): one["said"] for one in record["deals"] + record["said"]}
        for named in record["named"]:
            person = by_id[named["id"]]
            found.append({**person, **named, "said": said.get(person["email"], "")})
        return found

    @cached_property
    def people(self):
        """Whom the CRMs know: one person for two records where both know the address, each once."""
        seen, found, twins = Counter(), [], {}
        for crm, records in self.witness["contacts"].items():
            for one in records:
                person = self._person(crm.partition(" ")[0], one)
                seen[person["crm"], person["email"]] += 1
                found.append(person)
        for person in found:
            address = person["email"]
            if address and all(seen[crm, address] == 1 for crm in ("hubspot", "salesforce")):
                twins.setdefault(address, []).append(person)
        for first, second in twins.values():
            found.remove(second)
            first["opted_out"] |= second["opted_out"]
            first |= {name: value for name, value in second.items() if first[name] in ("", None)}
        return found

    def _person(self, crm, record):
        values = record["values"]
        given = {
            "hubspot": ("email", "firstname", "jobtitle", "hs_timezone", "hs_email_optout"),
            "salesforce": ("Email", "FirstName", "Title", "Timezone__c", "HasOptedOutOfEmail"),
        }[crm]
        email, first_name, title, timezone, opted_out = (values.get(name) for name in given)
        companies = [*record["linked"]["companies"], values.get("AccountId")]
        owner = values.get("hubspot_owner_id") or values.get("OwnerId")
        return {
            "crm": crm,
            "id": record["id"],
            "email": (email or "").casefold(),
            "first_name": first_name,
            "title": title,
            "timezone": timezone,
            "opted_out": opted_out in (True, "true"),
            "company": self.companies.get(next(filter(None, companies), None)),
            "owner": self.witness["reps"].get(owner, "nobody"),
        }

    @cached_property
    def companies(self):
        """Record -> the company's domain, by which it is the same one in both CRMs."""
        return {
            one["id"]: one["values"].get("domain") or urlsplit(one["values"]["Website"]).hostname
            for records in self.witness["companies"].values()
            for one in records
        }

    @cached_property
    def won(self):
        """The deals that reps won in the CRMs: which one, whose, of whom, for how many cents."""
        found = []
        for crm, field, value, owner, amount in (
            ("hubspot", "dealstage", "won", "hubspot_owner_id", "amount"),
            ("salesforce", "StageName", "Won", "OwnerId", "Amount"),
        ):
            moved = self.witness["histories"][f"{crm} deal"]
            ids = {e["id"] for e in moved if e["by"] == "person" and e["value"] == value}
            people = {p["record"]: p["email"] for p in self.witness["people"] if p["crm"] == crm}
            for deal in self.witness["records"][crm]:
                if deal["id"] in ids:
                    assert deal["values"][field] == value
                    [person] = self.witness["deals"][crm][deal["id"]]
                    found.append(
                        {
                            "crm": crm,
                            "owner": self.witness["reps"].get(deal["values"].get(owner), "nobody"),
                            "email": people[person],
                            "cents": round(100 * Decimal(str(deal["values"][amount]))),
                        }
                    )
        return found

    def meaning(self, text):
        return phrases.meaning(self.process["answers"], text)


def seconds(moment):
    return datetime.fromisoformat(moment).timestamp()


def nonzero(counted):
    return {key: count for key, count in counted.items() if count}
