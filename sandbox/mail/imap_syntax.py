"""IMAP's grammar, as far as clients use it: words, quoted strings, literals, lists, message sets."""

import asyncio
import re
from collections.abc import Iterable, Sequence

#: A word, a quoted string, a literal's contents as text, or a list of these.
Token = str | list["Token"]

#: No client sends more in one command.
LARGEST_LITERAL = 64 * 1024 * 1024

_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r?\n\Z")
_WORD = re.compile(r'[^\s()"\[\]]*\[[^\]]*\](?:<[\d.]+>)?|[^\s()"]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


class BadCommand(Exception):
    """The command cannot be understood; the text says what."""


async def read_command(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[list[Token], list[bytes]] | None:
    """The tokens of one command and its literals' raw bytes; None when the client is gone.

    A literal stands among the tokens as its text, decoded as UTF-8 where it can be.
    """
    text = ""
    literals: list[bytes] = []
    while True:
        line = await reader.readline()
        if not line.endswith(b"\n"):
            return None
        match = _LITERAL.search(line)
        if not match:
            text += line.decode("utf-8", "replace")
            return tokens(text, literals), literals
        size = int(match[1])
        if size > LARGEST_LITERAL:
            raise BadCommand(f"a literal of {size} bytes is too large")
        if not match[2]:
            writer.write(b"+ go ahead\r\n")
            await writer.drain()
        text += line[: match.start()].decode("utf-8", "replace") + f"\0{len(literals)}\0 "
        literals.append(await reader.readexactly(size))


def tokens(text: str, literals: Sequence[bytes] = ()) -> list[Token]:
    """The command as nested lists; raises BadCommand."""
    stack: list[list[Token]] = [[]]
    place = 0
    while place < len(text):
        char = text[place]
        if char.isspace():
            place += 1
        elif char == "(":
            stack.append([])
            place += 1
        elif char == ")":
            if len(stack) == 1:
                raise BadCommand("a parenthesis too many")
            done = stack.pop()
            stack[-1].append(done)
            place += 1
        elif char == "\0":
            end = text.index("\0", place + 1)
            stack[-1].append(literals[int(text[place + 1 : end])].decode("utf-8", "replace"))
            place = end + 1
        else:
            match = _QUOTED.match(text, place) if char == '"' else _WORD.match(text, place)
            if match is None:
                raise BadCommand(f"cannot read {text[place : place + 20]!r}")
            stack[-1].append(re.sub(r"\\(.)", r"\1", match[1]) if char == '"' else match[0])
            place = match.end()
    if len(stack) > 1:
        raise BadCommand("a parenthesis is missing")
    return stack[0]


def in_set(wanted: str, last: int) -> list[range]:
    """The ranges of "1:3,7,9:*", where "*" is `last`; raises BadCommand."""
    ranges = []
    for part in wanted.split(","):
        low, colon, high = part.partition(":")
        ends = [_number(low, last), _number(high if colon else low, last)]
        ranges.append(range(min(ends), max(ends) + 1))
    return ranges


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def words(items: Iterable[Token]) -> list[str]:
    """All of them as plain words; raises BadCommand for a list."""
    found = []
    for item in items:
        if isinstance(item, list):
            raise BadCommand("a list stands where a word is wanted")
        found.append(item)
    return found


def _number(text: str, last: int) -> int:
    if text == "*":
        return last
    if not text.isdigit():
        raise BadCommand(f"{text!r} is no message number")
    return int(text)
