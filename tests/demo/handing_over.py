"""What people do between marketing and sales in the demo, and their own record of it.

By hand in HubSpot marketing says whom it takes for a lead of its own; reps at their desks say yes or no,
yes when it is too late, or nothing, or make a deal there without a word.
"""

from sandbox.mail.post import readable
from sandbox.personas import share_of

#: What the team's process says of it, beyond the starter's.
RULES = """
qualification:
  reject_reasons: [too small, no budget]
  respond_within: 1 day
marketing:
  hubspot: { mql: { lifecycle_stage: marketingqualifiedlead } }
"""
_MQL = {"lifecyclestage": "marketingqualifiedlead"}
#: At each look of the reps marketing names one of so many contacts, each time others.
_ONE_OF = 30
_SAYS = ("accepted", "rejected", "accepted late", "deal", "nothing")


def begin(contacts):
    """Let them work; `contacts` asks HubSpot for its records. What they did, as it grows."""
    from config.demo.desk import Desk
    from crm import stages
    from process.prospecting import qualifying
    from runtime import clock

    record = {"named": [], "said": [], "deals": []}
    work, do, looks = Desk.work, Desk._do, []

    def work_and_name(desk, now):
        work(desk, now)
        people = [one["id"] for one in contacts() if one["values"].get("email")]
        named = sorted(people)[len(looks) :: _ONE_OF]
        looks.append(now)
        act = {"do": "edit", "crm": "hubspot", "object": "contacts", "ids": named, "values": _MQL}
        desk._ask("/hands", act)
        record["named"] += [{"id": id_, "at": now} for id_ in named]

    def do_or_answer(desk, task):
        if task.kind == "accept":
            answer(desk, task, _SAYS[share_of(len(_SAYS), "accept", task.lead.email)])
        else:
            do(desk, task)

    def answer(desk, task, says):
        lead, now = task.lead, clock.now()
        told = {"email": readable(lead.email), "said": says.split()[0], "at": now}
        if says == "deal":
            is_there = lead.source.name == "hubspot" and lead.stage != "Follow-up"
            if is_there and stages.bound_deal(lead) is None:
                desk._make_deal(lead)
                record["deals"].append(told)
        elif says == "rejected":
            qualifying.reject(lead, "too small", by="a rep")
            record["said"].append(told)
        elif says == "accepted" or (says == "accepted late" and now > task.due_at):
            qualifying.accept(lead, by="a rep")
            record["said"].append(told)

    Desk.work, Desk._do = work_and_name, do_or_answer  # type: ignore[method-assign]
    return record
