"""What an examination finds, and how bad it is."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    FINE = "fine"
    UNKNOWN = "unknown"  #: could not be seen from here; `fix` says how to find out
    WARNING = "warning"  #: emails leave, and fewer arrive than could
    FAULT = "fault"  #: emails do not leave, are refused, or anyone can send in the team's name


@dataclass(frozen=True)
class Finding:
    subject: str  #: a mailbox's address, a domain, or the public address
    check: str  #: spf | dkim | dmarc | mx | ptr | tls | smtp | imap | sent folder | public url
    grade: Grade
    said: str  #: what was seen
    fix: str = ""  #: the next move; blank when all is fine
