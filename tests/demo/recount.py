"""`python -m tests.demo.recount FOLDER DAYS`: the demo, and all that its witness knows at the end.

FOLDER/witness.json has the sandbox's own record: what the mail server received and what the CRMs hold.
"""

import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import requests

from config.demo import command
from config.demo import place as place_of
from tests.demo import handing_over

MEETINGS = (("hubspot", "meetings", "hs_meeting_title"), ("salesforce", "Event", "Subject"))
TASKS = {"hubspot": "tasks", "salesforce": "Task"}
DEALS = {"hubspot": "deals", "salesforce": "Opportunity"}
COMPANIES = {"hubspot": "companies", "salesforce": "Account"}
#: Where a customer waits until the team asks for a score: so few days nobody would be asked.
WAITS = (
    ("won-handoff", "wait: 10 business days"),
    ("won-handoff", "wait: 5 business days"),
    ("feedback-request", "wait: 20 business days"),
)
#: Nobody fills in a form in the demo, so that what is required then holds nobody up.
INBOUND = (
    "enroll:\n",
    "enroll:\n  requires: [lead.title, lead.first_name, lead.timezone, company.name]\n",
)
PEOPLE = (("hubspot", "contacts"), ("salesforce", "Lead"), ("salesforce", "Contact"))


def main(folder, days):
    audit, set_up, between = command._audit, command._set_up, {}

    def write_and_hurry(place, told, **values):
        place_of.write_workspace(place, told, **values)
        for sequence, wait in WAITS:
            path = place.workspace / "sequences" / f"{sequence}.yaml"
            text = path.read_text()
            assert wait in text, f"{sequence} has no {wait}"
            path.write_text(text.replace(wait, "wait: 1 hour"))
        inbound = place.workspace / "sequences" / "approach-inbound.yaml"
        inbound.write_text(inbound.read_text().replace(*INBOUND))

    def set_up_and_hand_over():
        set_up()
        between["record"] = handing_over.begin()

    def audit_and_keep(place, told, rows):
        from sandbox.audit import look

        seen = look(told["control"], workspace=place.workspace, unconfirmed=rows.unconfirmed)
        kept = asdict(seen)
        del kept["stage_of"]
        kept["histories"] = {
            f"{crm} {what}": found for (crm, what), found in seen.histories.items()
        }
        kept["unconfirmed"] = sorted(seen.unconfirmed)
        kept["tasks"] = {crm: records(told["control"], crm, kind) for crm, kind in TASKS.items()}
        kept["tasks"]["meetings"] = [
            record
            for crm, kind, title in MEETINGS
            for record in records(told["control"], crm, kind)
            if record["values"].get(title) != "Demo"  # those are the reps' own
        ]
        kept["records"] = {crm: records(told["control"], crm, kind) for crm, kind in DEALS.items()}
        kept["companies"] = {
            crm: records(told["control"], crm, kind) for crm, kind in COMPANIES.items()
        }
        kept["handed_over"] = between["record"]
        kept["calls"] = records(told["control"], "hubspot", "calls")
        kept["demos"] = [
            record
            for record in records(told["control"], "hubspot", "meetings")
            if record["values"].get("hs_meeting_title") == "Demo"
        ]
        kept["contacts"] = {
            f"{crm} {kind}": records(told["control"], crm, kind, linked="companies")
            for crm, kind in PEOPLE
        }
        #: Where everybody is; that the CRMs say so, too, is one of the demo's own promises.
        kept["stages"] = Counter(rows.stage_of.values())
        kept["reps"] = {
            **{owner["id"]: owner["email"] for owner in owners(told)},
            **{
                user["id"]: user["values"]["Email"]
                for user in records(told["control"], "salesforce", "User")
            },
        }
        (folder / "witness.json").write_text(json.dumps(kept, default=str))
        return audit(place, told, rows)

    command._audit, command._set_up = audit_and_keep, set_up_and_hand_over
    vars(command)["write_workspace"] = write_and_hurry
    return command.main(folder=folder / "demo", days=days, as_json=True)


def records(control, crm, kind, linked="contacts"):
    answer = requests.get(
        f"{control}/records", params={"crm": crm, "object": kind, "linked": linked}, timeout=60
    )
    answer.raise_for_status()
    return answer.json()


def owners(told):
    answer = requests.get(
        f"{told['hubspot']}/crm/v3/owners",
        headers={"Authorization": f"Bearer {told['hubspot_token']}"},
        timeout=60,
    )
    answer.raise_for_status()
    return answer.json()["results"]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
