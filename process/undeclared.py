"""Facts and events that there never are, since process.yaml lacks the section that gives them."""

from collections.abc import Mapping

from process.definition import Process

SCORES = ("score", "fit", "engagement")


def undeclared(process: Process) -> Mapping[str, str]:
    """Such a fact, or an event as `event.qualified` -> what is missing."""
    facts: dict[str, str] = {}
    if process.scoring is None:
        missing = "is never known: add scoring to process.yaml"
        facts |= dict.fromkeys((f"lead.{name}" for name in SCORES), missing)
        if not any(crm.mql for crm in process.marketing.values()):
            missing = "never happens: add scoring to process.yaml, or an mql under marketing"
            facts["event.qualified"] = missing
    if process.qualification is None:
        missing = "never happens: add qualification to process.yaml"
        facts |= dict.fromkeys(("event.accepted", "event.rejected"), missing)
    if process.assignment is None:
        facts["event.assigned"] = "never happens: add assignment to process.yaml"
    return facts
