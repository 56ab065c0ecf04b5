"""The new text of a reply: quotes and signatures cut off, line by line, in linear time.

Where in doubt a line is kept: a lost word of the person's is worse than a quoted one too many.
"""

import re

from mail.classify.tables import HEADER_WORDS, ORIGINAL, SENT_FROM, WROTE

#: Longer lines are no attribution and no header of a quoted mail.
LONGEST_MARK = 400
#: Lines over which clients wrap "On Monday, 2 March 2026 at 09:00 Ada Byron <ada@...> wrote:".
ATTRIBUTION_LINES = 4

_DASHES = "-_=* \t—–"
_HEADER_LINE = re.compile(r"\*?([^\W\d][^:：<>@]{0,25}?)\*?\s?[:：]\*?(\s|$)")
_WORDS = frozenset(HEADER_WORDS)
#: Mobile Outlook and others draw a rule over the quoted mail's header.
_RULE = re.compile(r"[-_]{10,}")
_DATED = re.compile(r"\d")
_VERB = re.compile("|".join(map(re.escape, sorted(WROTE, key=len, reverse=True))), re.IGNORECASE)


def extract(text: str) -> str:
    """What the person wrote now; blank when there is nothing but quotes."""
    lines = text.split("\n")
    kept: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place].strip()
        if _begins_original(lines, place):
            break
        if line in {"--", "-- ", "—"} and lines[place].startswith(line[:1]):
            place = _after_signature(lines, place)
            continue
        height = _attribution(lines, place)
        if height:
            if not _quote_follows(lines, place + height):
                break  # the quoted mail follows without marks
            place += height
            continue
        if not (line.startswith(">") or _from_a_phone(line)):
            kept.append(lines[place].rstrip())
        place += 1
    return _tidy(kept)


def _begins_original(lines: list[str], place: int) -> bool:
    line = lines[place].strip().strip("*")
    if len(line) > LONGEST_MARK or not line:
        return False
    if line[0] in "-_*" or line[-1] in "-_":
        words = line.strip(_DASHES).casefold()
        if words in ORIGINAL:
            return True
        if _RULE.fullmatch(line):
            return _is_header_block(lines, place + 1)
    if line.casefold().rstrip(":") in (
        "begin forwarded message",
        "anfang der weitergeleiteten nachricht",
    ):
        return True
    return _is_header_block(lines, place)


def _is_header_block(lines: list[str], place: int) -> bool:
    """Three header lines of a quoted mail within six, the first of them here."""
    while place < len(lines) and not lines[place].strip():
        place += 1
    if place >= len(lines) or not _header_word(lines[place]):
        return False
    words = {_header_word(line) for line in lines[place : place + 6]}
    return len(words - {""}) >= 3  # noqa: PLR2004 - From, Date and Subject at least


def _header_word(line: str) -> str:
    match = _HEADER_LINE.match(line.strip()[:LONGEST_MARK])
    word = match[1].strip().casefold() if match else ""
    return word if word in _WORDS else ""


def _attribution(lines: list[str], place: int) -> int:
    """Over how many lines from here a "... wrote:" stretches; 0 when there is none."""
    first = lines[place].strip()
    if not first or first.startswith(">") or len(first) > LONGEST_MARK:
        return 0
    wrapped = ""
    for height, raw in enumerate(lines[place : place + ATTRIBUTION_LINES], start=1):
        line = raw.strip()
        if not line or line.startswith(">"):
            return 0
        wrapped = f"{wrapped} {line}"[: LONGEST_MARK * 2]
        if line.endswith((":", "：")):
            dated = _DATED.search(wrapped) or "@" in wrapped
            return height if dated and _VERB.search(wrapped[-200:]) and _is_whole(wrapped) else 0
        if line.endswith((".", "!", "?")) and height == 1:
            return 0
    return 0


def _is_whole(wrapped: str) -> bool:
    """An attribution carries an address, a time of day or a year; a person's colon does not."""
    return "@" in wrapped or bool(re.search(r"\d{1,2}[:.h]\d{2}|\b(19|20)\d{2}\b|\d年", wrapped))


def _quote_follows(lines: list[str], place: int) -> bool:
    for line in lines[place : place + 3]:
        if line.strip():
            return line.strip().startswith(">")
    return False


def _after_signature(lines: list[str], place: int) -> int:
    """The signature ends where a quote begins: people also write below it."""
    for later in range(place + 1, len(lines)):
        if lines[later].lstrip().startswith(">"):
            return later
        if _begins_original(lines, later) or _attribution(lines, later):
            return later
    return len(lines)


def _from_a_phone(line: str) -> bool:
    return len(line) < 100 and line.casefold().startswith(SENT_FROM)  # noqa: PLR2004 - one short line


def _tidy(kept: list[str]) -> str:
    tidy: list[str] = []
    for line in kept:
        if line or (tidy and tidy[-1]):
            tidy.append(line)
    return "\n".join(tidy).strip()
