"""`python -m tests.demo.recount FOLDER DAYS`: the demo, and all that its witness knows at the end.

FOLDER/witness.json has the sandbox's own record: what the mail server received and what the CRMs hold.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import requests

from config.demo import command

MEETINGS = (("hubspot", "meetings", "hs_meeting_title"), ("salesforce", "Event", "Subject"))
TASKS = {"hubspot": "tasks", "salesforce": "Task"}


def main(folder, days):
    audit = command._audit

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
        (folder / "witness.json").write_text(json.dumps(kept, default=str))
        return audit(place, told, rows)

    command._audit = audit_and_keep
    return command.main(folder=folder / "demo", days=days, as_json=True)


def records(control, crm, kind):
    answer = requests.get(
        f"{control}/records", params={"crm": crm, "object": kind, "linked": "contacts"}, timeout=60
    )
    answer.raise_for_status()
    return answer.json()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
