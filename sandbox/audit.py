"""What the witness counted: every promise as a figure, from what was received and nothing else.

The team's files are read as plain YAML; no code of the product takes part. Things that share a
moment are ordered by the journal's sequence.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sandbox import audit_stages
from sandbox.seen import Entry, Seen, delivered, enrollment, look

__all__ = ["Seen", "counted", "figures", "look", "offenses"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def figures(
    control: str,
    *,
    workspace: Path,
    unconfirmed: frozenset[str] = frozenset(),
    stage_of: Mapping[tuple[str, str], str] | None = None,
) -> dict[str, Any]:
    """Counts by name; see `offenses` for what stands behind those that should be zero.

    What the team tells of itself: step tokens of emails whose outcome nobody knows, and its leads'
    stages by their records.
    """
    seen = look(control, workspace=workspace, unconfirmed=unconfirmed, stage_of=stage_of)
    return counted(seen)


def counted(seen: Seen) -> dict[str, Any]:
    found = offenses(seen)
    return {
        "leads": len({mail["to"] for mail in seen.mails}),
        "emails": len(seen.mails),
        "replies": sum(1 for _ in delivered(seen, "reply")),
        **{name: len(entries) for name, entries in found.items()},
        "unconfirmed": len(seen.unconfirmed),
        "stages_compared": len(audit_stages.shown(seen)),
        "stages": audit_stages.reached(seen),
        "api_calls": seen.calls,
    }


def offenses(seen: Seen) -> dict[str, list[Any]]:
    """What broke a promise, by the figure's name."""
    missing, extra = _touches(seen)
    return {
        "after_stop": list(_after_stop(seen)),
        "sent_twice": list(_sent_twice(seen)),
        "stage_mismatches": list(audit_stages.mismatches(seen)),
        "stage_disagreements": list(audit_stages.disagreements(seen)),
        "touches_missing": missing,
        "touches_extra": extra,
        "outside_window": [mail for mail in seen.mails if not _inside(seen, mail)],
    }


def _after_stop(seen: Seen) -> Iterator[Entry]:
    """Emails to a person after that person's stop, or in an enrollment after its reply."""
    people: set[str] = set()
    enrollments: set[str] = set()
    for entry in seen.journal:
        kind, about = entry["kind"], entry.get("about")
        if kind == "mail.received":
            if entry["to"] in people or enrollment(entry) in enrollments:
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
