"""FETCH and SEARCH: what is told of a message, and which messages are meant."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime

from sandbox.mail.imap_syntax import BadCommand, Token, in_set, words
from sandbox.mail.mailboxes import SEEN, Folder, Stored

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SECTION = re.compile(r"BODY(\.PEEK)?\[(.*)\](?:<(\d+)(?:\.(\d+))?>)?", re.IGNORECASE)
_FIELDS = re.compile(r"HEADER\.FIELDS(\.NOT)? \(?([^)]*)\)?", re.IGNORECASE)
_MACROS = {"FAST": ["FLAGS", "INTERNALDATE", "RFC822.SIZE"]}


def fetched(stored: Stored, items: Sequence[str], *, peek: bool) -> bytes:
    """The inside of `* n FETCH (...)`; reading a body marks the message seen, unless peeking."""
    parts = []
    for item in items:
        name = item.upper()
        if name == "UID":
            parts.append(f"UID {stored.uid}".encode())
        elif name == "FLAGS":
            parts.append(f"FLAGS ({' '.join(sorted(stored.flags))})".encode())
        elif name == "INTERNALDATE":
            parts.append(f'INTERNALDATE "{internal_date(stored.at)}"'.encode())
        elif name == "RFC822.SIZE":
            parts.append(f"RFC822.SIZE {len(stored.raw)}".encode())
        elif name in {"RFC822", "RFC822.HEADER"}:
            content = stored.raw if name == "RFC822" else _head(stored.raw)
            parts.append(_literal(name, content))
        else:
            parts.append(_section(stored, item, peek=peek))
    return b" ".join(parts)


def fetch_items(token: Token) -> list[str]:
    if isinstance(token, str):
        return _MACROS.get(token.upper(), [token])
    return words(token)


def search(folder: Folder, view: Sequence[Stored], criteria: list[Token]) -> list[Stored]:
    """The messages of `view` that meet all criteria; raises BadCommand."""
    if len(criteria) >= 2 and str(criteria[0]).upper() == "CHARSET":  # noqa: PLR2004 - its two words
        criteria = criteria[2:]
    if len(criteria) == 3 and str(criteria[0]).upper() == "HEADER":  # noqa: PLR2004 - HEADER name value
        name, value = words(criteria[1:])
        exact = folder.with_message_id(value) if name.lower() == "message-id" else ()
        if exact:
            return list(exact)
    wanted = list(_tests(iter(criteria), view))
    return [stored for stored in view if all(test(stored) for test in wanted)]


def internal_date(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at.day:2d}-{MONTHS[at.month - 1]}-{at.year} {at:%H:%M:%S} +0000"


Test = Callable[[Stored], bool]


def _tests(criteria: Iterator[Token], view: Sequence[Stored]) -> Iterator[Test]:
    for token in criteria:
        yield _test(token, criteria, view)


def _test(token: Token, rest: Iterator[Token], view: Sequence[Stored]) -> Test:  # noqa: C901, PLR0911 - one branch per key of RFC 3501 6.4.4
    if isinstance(token, list):
        inside = list(_tests(iter(token), view))
        return lambda stored: all(test(stored) for test in inside)
    key = token.upper()
    if key == "ALL":
        return lambda _: True
    if key in {"SEEN", "UNSEEN", "DELETED", "UNDELETED", "ANSWERED", "UNANSWERED"}:
        flag, wanted = "\\" + key.removeprefix("UN").capitalize(), not key.startswith("UN")
        return lambda stored: (flag in stored.flags) is wanted
    if key == "UID":
        last = view[-1].uid if view else 0
        ranges = in_set(_word(rest), last)
        return lambda stored: any(stored.uid in numbers for numbers in ranges)
    if key in {"SUBJECT", "FROM", "TO"}:
        return _header_holds(key, _word(rest))
    if key == "HEADER":
        return _header_holds(_word(rest), _word(rest))
    if key in {"SINCE", "BEFORE", "ON"}:
        return _dated(key, _day(_word(rest)))
    if key == "NOT":
        negated = _test(next(rest), rest, view)
        return lambda stored: not negated(stored)
    if key == "OR":
        one, other = _test(next(rest), rest, view), _test(next(rest), rest, view)
        return lambda stored: one(stored) or other(stored)
    if key[0].isdigit() or key[0] == "*":
        chosen = {
            view[n - 1].uid for numbers in in_set(key, len(view)) for n in numbers if n <= len(view)
        }
        return lambda stored: stored.uid in chosen
    raise BadCommand(f"search key {token!r} is not known here")


def _header_holds(name: str, value: str) -> Test:
    wanted = value.casefold()
    return lambda stored: any(
        wanted in str(found).casefold() for found in stored.header.get_all(name, ())
    )


def _dated(key: str, day: date) -> Test:
    """By INTERNALDATE in UTC, whatever the time of day."""

    def test(stored: Stored) -> bool:
        arrived = stored.at.astimezone(UTC).date()
        if key == "ON":
            return arrived == day
        return arrived >= day if key == "SINCE" else arrived < day

    return test


def _day(text: str) -> date:
    day, month, year = ([*text.split("-"), "", ""])[:3]
    if month.capitalize() not in MONTHS or not (day + year).isdigit():
        raise BadCommand(f"{text!r} is no date such as 2-Mar-2026")
    return date(int(year), MONTHS.index(month.capitalize()) + 1, int(day))


def _word(rest: Iterator[Token]) -> str:
    token = next(rest, None)
    if not isinstance(token, str):
        raise BadCommand("a search key lacks its value")
    return token


def _section(stored: Stored, item: str, *, peek: bool) -> bytes:
    match = _SECTION.fullmatch(item)
    if match is None:
        raise BadCommand(f"fetch item {item!r} is not known here")
    content = _content(stored, match[2])
    if not match[1] and not peek:
        stored.flags.add(SEEN)
    name = f"BODY[{match[2]}]"
    if match[3] is not None:
        start = int(match[3])
        content = content[start : start + int(match[4])] if match[4] else content[start:]
        name += f"<{start}>"
    return _literal(name, content)


def _content(stored: Stored, section: str) -> bytes:
    if section == "":
        return stored.raw
    if section.upper() == "HEADER":
        return _head(stored.raw)
    if section.upper() == "TEXT":
        return stored.raw[len(_head(stored.raw)) :]
    match = _FIELDS.fullmatch(section)
    if match is None:
        raise BadCommand(f"section {section!r} is not known here")
    named = {name.strip('"').lower() for name in match[2].split()}
    lines = [
        f"{name}: {value}\r\n"
        for name, value in stored.header.items()
        if (name.lower() in named) is not bool(match[1])
    ]
    return ("".join(lines) + "\r\n").encode("utf-8", "surrogateescape")


def _head(raw: bytes) -> bytes:
    end = raw.find(b"\r\n\r\n")
    return raw if end < 0 else raw[: end + 4]


def _literal(name: str, content: bytes) -> bytes:
    return f"{name} {{{len(content)}}}\r\n".encode() + content
