"""An IMAP4rev1 server (RFC 3501, IDLE of RFC 2177, LITERAL+ of RFC 7888) for the reps' mailboxes."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime

from sandbox.mail.imap_fetch import fetch_items, fetched, internal_date, search
from sandbox.mail.imap_syntax import BadCommand, Token, in_set, quoted, read_command, words
from sandbox.mail.mailboxes import Folder, Mailbox, Stored
from sandbox.mail.post import PostOffice

BANNER = "cadenza-sandbox"
CAPABILITIES = "IMAP4rev1 IDLE LITERAL+ UNSELECT NAMESPACE AUTH=PLAIN SASL-IR"
FLAGS = r"(\Seen \Answered \Flagged \Deleted \Draft)"
#: Longest line without its literals.
LONGEST_LINE = 1024 * 1024


async def serve(office: PostOffice, sessions: set[asyncio.Task[None]]) -> asyncio.Server:
    """Listen on a free port of 127.0.0.1; `sessions` holds the running connections' tasks."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            sessions.add(task)
            task.add_done_callback(sessions.discard)
        try:
            await _Session(office, reader, writer).run()
        finally:
            writer.close()

    return await asyncio.start_server(connected, "127.0.0.1", 0, limit=LONGEST_LINE)


class _Session:
    """One connection."""

    def __init__(
        self, office: PostOffice, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.office = office
        self.reader = reader
        self.writer = writer
        self.mailbox: Mailbox | None = None
        self.folder: Folder | None = None
        self.read_only = False
        #: The selected folder's messages as the client numbers them.
        self.view: list[Stored] = []
        self.literals: list[bytes] = []
        self.open = True

    async def run(self) -> None:
        self._say(f"* OK [CAPABILITY {CAPABILITIES}] {BANNER} ready")
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while self.open:
                await self.writer.drain()
                if not await self._one():
                    return
            await self.writer.drain()

    async def _one(self) -> bool:
        """Answer one command; False when the client is gone."""
        try:
            read = await read_command(self.reader, self.writer)
        except (BadCommand, ValueError) as error:
            self._say(f"* BAD {error}")
            self.open = False
            return True
        if read is None:
            return False
        line, self.literals = read
        if len(line) < 2 or not isinstance(line[0], str) or not isinstance(line[1], str):  # noqa: PLR2004 - tag and command
            self._say("* BAD a tag and a command are wanted")
            return True
        tag, name, arguments = line[0], line[1].upper(), line[2:]
        try:
            done = await self._command(name, arguments)
        except (BadCommand, ValueError, IndexError) as error:
            self._say(f"{tag} BAD {error}")
        else:
            self._say(f"{tag} {done}")
        return True

    async def _command(self, name: str, arguments: list[Token]) -> str:
        known: dict[str, Callable[[list[Token]], Awaitable[str] | str]] = {
            "CAPABILITY": self._capability,
            "NOOP": self._noop,
            "CHECK": self._noop,
            "LOGOUT": self._logout,
            "LOGIN": self._login,
            "AUTHENTICATE": self._authenticate,
            "NAMESPACE": self._namespace,
            "LIST": self._list,
            "STATUS": self._status,
            "SELECT": lambda rest: self._select(rest, read_only=False),
            "EXAMINE": lambda rest: self._select(rest, read_only=True),
            "CLOSE": self._close,
            "UNSELECT": self._unselect,
            "APPEND": self._append,
            "IDLE": self._idle,
            "EXPUNGE": self._expunge,
            "SEARCH": lambda rest: self._search(rest, by_uid=False),
            "FETCH": lambda rest: self._fetch(rest, by_uid=False),
            "STORE": lambda rest: self._store(rest, by_uid=False),
            "UID": self._uid,
        }
        if name not in known:
            raise BadCommand(f"{name} is not known here")
        before_login = {"CAPABILITY", "NOOP", "LOGOUT", "LOGIN", "AUTHENTICATE"}
        if self.mailbox is None and name not in before_login:
            return "NO log in first"
        answer = known[name](arguments)
        return answer if isinstance(answer, str) else await answer

    # Any state

    def _capability(self, _: list[Token]) -> str:
        self._say(f"* CAPABILITY {CAPABILITIES}")
        return "OK CAPABILITY done"

    def _noop(self, _: list[Token]) -> str:
        self._news()
        return "OK NOOP done"

    def _logout(self, _: list[Token]) -> str:
        self._say("* BYE see you")
        self.open = False
        return "OK LOGOUT done"

    def _login(self, arguments: list[Token]) -> str:
        address, password = words(arguments[:2])
        if not self.office.may_login(address, password):
            return "NO [AUTHENTICATIONFAILED] wrong address or password"
        self.mailbox = self.office.mailboxes[address.casefold()]
        self.office.world.heard()
        return f"OK [CAPABILITY {CAPABILITIES}] logged in"

    async def _authenticate(self, arguments: list[Token]) -> str:
        mechanism, *initial = words(arguments)
        if mechanism.upper() != "PLAIN":
            return f"NO {mechanism} is not offered; PLAIN is"
        if not initial:
            self._say("+ ")
            await self.writer.drain()
            initial = [(await self.reader.readline()).decode("ascii", "replace").strip()]
        try:
            _, address, password = base64.b64decode(initial[0]).decode().split("\0")
        except (binascii.Error, ValueError):
            raise BadCommand("the credentials are not PLAIN in base64") from None
        return self._login([address, password])

    # Logged in

    def _namespace(self, _: list[Token]) -> str:
        self._say('* NAMESPACE (("" "/")) NIL NIL')
        return "OK NAMESPACE done"

    def _list(self, arguments: list[Token]) -> str:
        _, pattern = words(arguments[:2])
        if pattern == "":
            self._say('* LIST (\\Noselect) "/" ""')
        for name in self._mailbox.folders:
            if pattern in {"*", "%"} or pattern.casefold() == name.casefold():
                marks = "(\\HasNoChildren \\Sent)" if name == "Sent" else "(\\HasNoChildren)"
                self._say(f'* LIST {marks} "/" {quoted(name)}')
        return "OK LIST done"

    def _status(self, arguments: list[Token]) -> str:
        folder = self._named(arguments[0])
        if folder is None:
            return "NO [NONEXISTENT] no such folder"
        counts = {
            "MESSAGES": len(folder.messages),
            "RECENT": 0,
            "UIDNEXT": folder.uid_next,
            "UIDVALIDITY": folder.uid_validity,
            "UNSEEN": sum("\\Seen" not in stored.flags for stored in folder.messages),
        }
        asked = words(arguments[1]) if isinstance(arguments[1], list) else []
        told = " ".join(
            f"{name} {counts[name]}" for name in map(str.upper, asked) if name in counts
        )
        self._say(f"* STATUS {quoted(folder.name)} ({told})")
        return "OK STATUS done"

    def _select(self, arguments: list[Token], *, read_only: bool) -> str:
        self.folder = self._named(arguments[0])
        self.view = []
        if self.folder is None:
            return "NO [NONEXISTENT] no such folder"
        self.read_only = read_only
        self.view = list(self.folder.messages)
        self._say(f"* FLAGS {FLAGS}")
        self._say(f"* {len(self.view)} EXISTS")
        self._say("* 0 RECENT")
        self._say(f"* OK [PERMANENTFLAGS {'()' if read_only else FLAGS}] flags that stay")
        self._say(f"* OK [UIDVALIDITY {self.folder.uid_validity}] these UIDs are valid")
        self._say(f"* OK [UIDNEXT {self.folder.uid_next}] the next UID")
        return f"OK [{'READ-ONLY' if read_only else 'READ-WRITE'}] selected"

    def _append(self, arguments: list[Token]) -> str:
        folder = self._named(arguments[0])
        if folder is None:
            return "NO [TRYCREATE] no such folder"
        if not self.literals:
            raise BadCommand("APPEND wants the message as a literal")
        flags = next((words(a) for a in arguments[1:-1] if isinstance(a, list)), [])
        dates = [a for a in arguments[1:-1] if isinstance(a, str)]
        at = _moment(dates[0]) if dates else self.office.world.moment
        stored = folder.append(self.literals[-1], at, flags)
        self._news()
        return f"OK [APPENDUID {folder.uid_validity} {stored.uid}] APPEND done"

    # A folder selected

    def _unselect(self, _: list[Token]) -> str:
        self.folder, self.view = None, []
        return "OK UNSELECT done"

    def _close(self, _: list[Token]) -> str:
        if not self.read_only:
            self._selected.expunge()
        self.folder, self.view = None, []
        return "OK CLOSE done"

    def _expunge(self, _: list[Token]) -> str:
        if self.read_only:
            return "NO [READ-ONLY] selected with EXAMINE"
        self._selected.expunge()
        self._news()
        return "OK EXPUNGE done"

    def _uid(self, arguments: list[Token]) -> str:
        name, rest = words(arguments[:1])[0].upper(), arguments[1:]
        # The client names UIDs, so new numbers may be told before the answer.
        self._news()
        if name == "SEARCH":
            return self._search(rest, by_uid=True)
        if name == "FETCH":
            return self._fetch(rest, by_uid=True)
        if name == "STORE":
            return self._store(rest, by_uid=True)
        raise BadCommand(f"UID {name} is not known here")

    def _search(self, criteria: list[Token], *, by_uid: bool) -> str:
        found = search(self._selected, self.view, criteria)
        numbers = [s.uid if by_uid else self.view.index(s) + 1 for s in found]
        self._say(" ".join(["* SEARCH", *map(str, numbers)]))
        return "OK SEARCH done"

    def _fetch(self, arguments: list[Token], *, by_uid: bool) -> str:
        items = fetch_items(arguments[1])
        if by_uid and "UID" not in map(str.upper, items):
            items = ["UID", *items]
        for number, stored in self._chosen(arguments[0], by_uid=by_uid):
            told = fetched(stored, items, peek=self.read_only)
            self.writer.write(f"* {number} FETCH (".encode() + told + b")\r\n")
        return "OK FETCH done"

    def _store(self, arguments: list[Token], *, by_uid: bool) -> str:
        if self.read_only:
            return "NO [READ-ONLY] selected with EXAMINE"
        how = words(arguments[1:2])[0].upper()
        given = arguments[2] if isinstance(arguments[2], list) else arguments[2:]
        flags = set(words(given))
        for number, stored in self._chosen(arguments[0], by_uid=by_uid):
            if how.startswith("+"):
                stored.flags |= flags
            elif how.startswith("-"):
                stored.flags -= flags
            else:
                stored.flags = set(flags)
            if not how.endswith(".SILENT"):
                shown = " ".join(sorted(stored.flags))
                uid = f"UID {stored.uid} " if by_uid else ""
                self._say(f"* {number} FETCH ({uid}FLAGS ({shown}))")
        return "OK STORE done"

    async def _idle(self, _: list[Token]) -> str:
        folder = self._selected
        came = asyncio.Event()
        folder.watchers.add(came.set)
        self._say("+ idling")
        done = asyncio.ensure_future(self.reader.readline())
        try:
            self._news()
            while not done.done():
                await self.writer.drain()
                waiting = asyncio.ensure_future(came.wait())
                await asyncio.wait({done, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                came.clear()
                self._news()
        finally:
            folder.watchers.discard(came.set)
            done.cancel()
        if done.result().strip().upper() != b"DONE":
            raise BadCommand("IDLE ends with DONE")
        return "OK IDLE done"

    @property
    def _mailbox(self) -> Mailbox:
        if self.mailbox is None:
            raise BadCommand("log in first")
        return self.mailbox

    @property
    def _selected(self) -> Folder:
        if self.folder is None:
            raise BadCommand("select a folder first")
        return self.folder

    def _named(self, name: Token) -> Folder | None:
        return self._mailbox.folder(words([name])[0])

    def _chosen(self, wanted: Token, *, by_uid: bool) -> Sequence[tuple[int, Stored]]:
        """Numbers and messages of a set, in order."""
        last = (self.view[-1].uid if self.view else 0) if by_uid else len(self.view)
        ranges = in_set(words([wanted])[0], last)
        return [
            (number, stored)
            for number, stored in enumerate(self.view, start=1)
            if any((stored.uid if by_uid else number) in numbers for numbers in ranges)
        ]

    def _news(self) -> None:
        """Tell what came and went since the client was last told."""
        if self.folder is None or self.view == self.folder.messages:
            return
        kept = set(self.folder.messages)
        for number in range(len(self.view), 0, -1):
            if self.view[number - 1] not in kept:
                del self.view[number - 1]
                self._say(f"* {number} EXPUNGE")
        if len(self.folder.messages) != len(self.view):
            self.view = list(self.folder.messages)
            self._say(f"* {len(self.view)} EXISTS")

    def _say(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())


def _moment(text: str) -> datetime:
    """The INTERNALDATE that APPEND names; raises ValueError."""
    return datetime.strptime(text.strip(), "%d-%b-%Y %H:%M:%S %z")


__all__ = ["internal_date", "serve"]
