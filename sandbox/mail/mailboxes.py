"""The reps' mailboxes: folders of messages with UIDs, and whoever waits for news in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser

SEEN = "\\Seen"
DELETED = "\\Deleted"


@dataclass(eq=False, kw_only=True)
class Stored:
    uid: int
    raw: bytes
    #: INTERNALDATE: when it arrived.
    at: datetime
    flags: set[str] = field(default_factory=set)
    _header: Message | None = None

    @property
    def header(self) -> Message:
        if self._header is None:
            self._header = BytesHeaderParser().parsebytes(self.raw)
        return self._header


class Folder:
    def __init__(self, name: str, uid_validity: int) -> None:
        self.name = name
        self.uid_validity = uid_validity
        self.uid_next = 1
        self.messages: list[Stored] = []
        #: Called whenever a message comes or goes.
        self.watchers: set[Callable[[], None]] = set()
        self._by_message_id: dict[str, list[Stored]] = {}

    def append(self, raw: bytes, at: datetime, flags: Sequence[str] = ()) -> Stored:
        stored = Stored(uid=self.uid_next, raw=raw, at=at, flags=set(flags))
        self.uid_next += 1
        self.messages.append(stored)
        message_id = str(stored.header.get("Message-ID", "")).strip()
        self._by_message_id.setdefault(message_id, []).append(stored)
        self._tell()
        return stored

    def expunge(self) -> None:
        gone = [stored for stored in self.messages if DELETED in stored.flags]
        if not gone:
            return
        self.messages = [stored for stored in self.messages if DELETED not in stored.flags]
        for stored in gone:
            self._by_message_id[str(stored.header.get("Message-ID", "")).strip()].remove(stored)
        self._tell()

    def with_message_id(self, message_id: str) -> Sequence[Stored]:
        return self._by_message_id.get(message_id.strip(), ())

    def _tell(self) -> None:
        for watcher in list(self.watchers):
            watcher()


class Mailbox:
    def __init__(self, address: str, uid_validity: int) -> None:
        self.address = address
        self.folders = {name: Folder(name, uid_validity) for name in ("INBOX", "Sent")}

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    @property
    def sent(self) -> Folder:
        return self.folders["Sent"]

    def folder(self, name: str) -> Folder | None:
        """By name; INBOX in any case, as RFC 3501 5.1 says."""
        return self.folders.get("INBOX" if name.upper() == "INBOX" else name)
