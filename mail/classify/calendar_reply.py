"""An answer that a calendar sends to an invitation, RFC 5546 3.2.3: who comes, and who does not.

Read by lines, since calendars are not agreed on what else stands there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from mail.classify.parsed import Parsed, content

_KINDS = frozenset({"text/calendar", "application/ics"})
_FOLD = re.compile(r"\n[ \t]")
# No parameter has a ";" outside quotes: were one let in, a line of many could be split in too many ways.
_LINE = re.compile(r"([A-Za-z-]{1,40})((?:;[^:;\"]{0,1000}|\"[^\"]{0,1000}\")*):(.*)")
_STATE = re.compile(r";PARTSTAT=\"?([A-Z-]{1,20})", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)")
_MEANT = {"n": "\n", "N": "\n"}
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, kw_only=True)
class CalendarReply:
    uid: str  #: the meeting's
    answer: str  #: accepted | declined | tentative, or another of RFC 5545 3.2.12
    sequence: int = 0  #: of the invitation that is answered


def detect(mail: Parsed) -> CalendarReply | None:
    for part in _calendars(mail):
        if (found := _read(part)) is not None:
            return found
    return None


def comment(mail: Parsed) -> str:
    """What the person added: some programs write it nowhere else."""
    for part in _calendars(mail):
        component = ""
        for name, _, value in _lines(part):
            if name == "BEGIN":
                component = value.upper()
            elif name == "COMMENT" and component == "VEVENT" and value:
                return _ESCAPED.sub(lambda found: _MEANT.get(found[1], found[1]), value)
    return ""


def _read(part: Message) -> CalendarReply | None:
    known: dict[str, str] = {}
    answer = ""
    for name, params, value in _lines(part):
        if name == "ATTENDEE" and (state := _STATE.search(params)):
            answer = answer or state[1].lower()
        known.setdefault(name, value)
    if known.get("METHOD", "").upper() != "REPLY" or not known.get("UID") or not answer:
        return None
    number = known.get("SEQUENCE", "")
    sequence = int(number) if _NUMBER.fullmatch(number) and number.isascii() else 0
    return CalendarReply(uid=known["UID"][:255], answer=answer, sequence=sequence)


def _calendars(mail: Parsed) -> Iterator[Message]:
    return (part for part in mail.own if part.get_content_type() in _KINDS)


def _lines(part: Message) -> Iterator[tuple[str, str, str]]:
    """Name, parameters and value of each."""
    for line in _FOLD.sub("", content(part)).split("\n"):
        if match := _LINE.fullmatch(line.rstrip()):
            yield match[1].upper(), match[2], match[3].strip()
