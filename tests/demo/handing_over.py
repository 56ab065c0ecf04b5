"""What people do between marketing and sales in the demo, and their own record of it.

Marketing names whom it takes for a lead of its own, as in every demo; reps at their desks say yes or no,
yes when it is too late, or nothing, or make a deal there without a word.
"""

from sandbox.mail.post import readable
from sandbox.personas import share_of

_SAYS = ("accepted", "rejected", "accepted late", "deal", "nothing")


def begin():
    """Let them work; what they did, as it grows."""
    from config.demo.desk import Desk
    from crm import stages
    from process.prospecting import qualifying
    from runtime import clock

    record = {"named": [], "said": [], "deals": []}
    name = Desk._name

    def name_and_note(desk, contacts):
        name(desk, contacts)
        record["named"] += [{"id": id_, "at": clock.now()} for id_ in contacts]

    def answer(desk, task):
        lead, now = task.lead, clock.now()
        says = _SAYS[share_of(len(_SAYS), "accept", lead.email)]
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

    Desk._name, Desk._answer = name_and_note, answer  # type: ignore[method-assign]
    return record
