"""The new text of a reply: quotes and signatures cut off, line by line, in linear time.

Where in doubt a line is kept: a lost word of the person's is worse than a quoted one too many.
"""

import re

from mail.classify.tables import (
    DEVICE,
    FORWARDED,
    HEADER_WORDS,
    OPENERS,
    ORIGINAL,
    SENT_BEHIND,
    SENT_FROM,
    SENT_FROM_ALONE,
    SENT_WORDS,
    SUBJECT_WORDS,
    WROTE,
)

#: Characters in which marks of quoted mail are looked for; of the lines behind them only those go
#: that are marked one by one.
MOST_MARKED = 64 * 1024
#: Longer lines are no attribution and no header of a quoted mail.
LONGEST_MARK = 400
#: Lines over which clients wrap "On Monday, 2 March 2026 at 09:00 Ada Byron <ada@...> wrote:".
ATTRIBUTION_LINES = 4
#: A client wraps no line that, with the next word, is shorter than this.
SHORTEST_WRAPPED = 60
#: A signature is short; a long text below two dashes is the person's.
SIGNATURE_LINES = 12

#: `-------- Message transféré --------`
_TITLE = re.compile(r"[-_=]{3,20} ?[^-_=].{2,60}? ?[-_=]{3,20}")
#: GroupWise writes `>>> Ada <ada@...> 3/4/2026 9:00 AM >>>`, and no marks below.
_GROUPWISE = re.compile(r">>> ?[^>].{3,200}\d{1,2}:\d\d.{0,20}>>>")
_STAMP = re.compile(r"\d[\d./-]{5,9},? \d{1,2}:\d\d( ?[AP]M)?")
_DASHES = "-_=* \t—–"
_HEADER_LINE = re.compile(r"\*{0,2}([^\W\d][^:：<>@]{0,25}?)\*{0,2}\s?[:：]\*{0,2}(\s|$)")
_WORDS = frozenset(HEADER_WORDS)
#: Mobile Outlook and others draw a rule over the quoted mail's header.
_RULE = re.compile(r"[-_]{10,}")
#: Between what a person wrote and what a client adds.
_DIVIDES = re.compile(r"[-_=*\s]*")
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}\b")
_YEAR = re.compile(r"\b(19|20)\d{2}\b|\d年")
#: Clients whose language has no verb here end with the address: `2026年3月4日 18:00 Ada <ada@...>:`.
_ADDRESS_ENDS = re.compile(r"\d.{0,300}<[^<>\s]{1,200}@[^<>\s]{1,250}>\s?[:：]$")
#: Zoho writes `---- On Wed, 04 Mar 2026 Ada <ada@...> wrote ----`.
_FRAMED = re.compile(r"-{3,10} ?.{5,300}?-{3,10}")
#: Old Gmail writes `2026/3/4 Ada <ada@...>` and no more.
_UNWORDED = re.compile(r"(19|20)\d\d/\d{1,2}/\d{1,2} .{1,200}<[^<>\s]{1,250}>")
#: Marks of writing direction, which stand around any part of a line in Hebrew and Arabic.
_DIRECTION = dict.fromkeys(
    map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
)
_DATED = re.compile(r"\d")
_CAPITALIZED = re.compile(r"[^\W\d_][^\s:@]{0,30}")
_INNER_OPENER = re.compile(rf"(?<=[\s-])({'|'.join(map(str.strip, OPENERS))}) (?=[^\n]{{0,40}}\d)")
_VERB = re.compile("|".join(map(re.escape, sorted(WROTE, key=len, reverse=True))), re.IGNORECASE)


def extract(text: str) -> str:
    """What the person wrote now; blank when there is nothing but quotes."""
    ends = text.find("\n", MOST_MARKED)
    head, behind = (text[:ends], text[ends + 1 :]) if ends >= 0 else (text, "")
    lines = head.split("\n")
    kept: list[str] = []
    place = 0
    divided = False  # two dashes stood between the person's own lines
    while place < len(lines):
        line = lines[place].strip()
        if _begins_original(lines, place):
            break
        if line in {"--", "—"} and lines[place].startswith(line):
            after = place if divided and lines[place] == "--" else _after_signature(lines, place)
            divided = divided or after == place
            if after > place:
                place = after
                continue
        height = _attribution(lines, place)
        if height:
            quoted = _quote_follows(lines, place + height)
            if quoted or _is_a_clients(" ".join(lines[place : place + height])):
                kept.append(_before_opener(line))
                place += height
                if quoted:
                    continue
                break  # the quoted mail follows without marks
        is_rule = _RULE.fullmatch(line) is not None and _quote_follows(lines, place + 1)
        if not (is_rule or _is_quoted(line) or _from_a_phone(lines, place)):
            kept.append(lines[place].rstrip())
        place += 1
    else:
        kept += [line.rstrip() for line in behind.split("\n") if not _is_quoted(line.strip())]
    return _tidy(kept)


def _is_quoted(line: str) -> bool:
    return line.startswith(">") and not line.endswith("<<")


def _begins_original(lines: list[str], place: int) -> bool:
    line = lines[place].strip().strip("*")
    if len(line) > LONGEST_MARK or not line:
        return False
    if _RULE.fullmatch(line):
        return _is_header_block(lines, place + 1)
    return (
        _is_a_title(line, lines, place + 1)
        or _GROUPWISE.fullmatch(line) is not None
        or line.casefold().rstrip(" :\uff1a") in FORWARDED
        or _is_header_block(lines, place)
        or _is_a_notes_block(lines, place)
    )


def _is_a_title(line: str, lines: list[str], below: int) -> bool:
    """`-----Original Message-----`; in an unknown language if a header stands below it."""
    known = line.strip(_DASHES).casefold() in ORIGINAL
    if known and (line[0] in "-_*" or line[-1] in "-_"):
        return True
    if known and _is_header_block(lines, below):
        return True
    return _TITLE.fullmatch(line) is not None and _headers_follow(lines, below)


def _is_a_notes_block(lines: list[str], place: int) -> bool:
    """Notes writes sender and date, and then each label on a line of its own."""
    below = [line.strip() for line in lines[place + 1 : place + 16]]
    if not any(_STAMP.fullmatch(line) for line in below[:2]):
        return False
    labels = {line.rstrip(":").casefold() for line in below[1:]}
    return not labels.isdisjoint(SUBJECT_WORDS) and len(labels & _WORDS) > 1


def _headers_follow(lines: list[str], place: int) -> bool:
    """Below a title between dashes, whose language nobody needs to know."""
    block = [line.translate(_DIRECTION).strip() for line in lines[place : place + 7]]
    block = [line[:LONGEST_MARK] for line in block if line][:4]
    headers = [line for line in block if _HEADER_LINE.match(line)]
    return len(headers) > 2 and any("@" in line for line in block) and any(map(_YEAR.search, block))  # noqa: PLR2004 - sender, date and subject


def _is_header_block(lines: list[str], place: int) -> bool:
    """Three header lines of a quoted mail within six, the first of them here: its subject or when it
    was sent is among them, and an address or a time of day; a person's own "From: To:" has neither.
    """
    while place < len(lines) and not lines[place].strip():
        place += 1
    if place >= len(lines) or not _header_word(lines[place]):
        return False
    block = lines[place : place + 6]
    words = {_header_word(line) for line in block} - {""}
    if len(words) < 3 or words.isdisjoint(SUBJECT_WORDS | SENT_WORDS):  # noqa: PLR2004 - From, Date and Subject at least
        return False
    plain = [line.translate(_DIRECTION)[:LONGEST_MARK] for line in block]
    return any("@" in line for line in plain) or _is_dated(plain)


def _is_dated(block: list[str]) -> bool:
    """A day and a time of it on one line, as no agenda of a person has them."""
    return any(_TIME.search(line) and _YEAR.search(line) for line in block)


def _header_word(line: str) -> str:
    match = _HEADER_LINE.match(line.translate(_DIRECTION).strip()[:LONGEST_MARK])
    word = match[1].strip().casefold() if match else ""
    return word if word in _WORDS else ""


def _attribution(lines: list[str], place: int) -> int:
    """Over how many lines from here a "... wrote:" stretches; 0 when there is none."""
    first = lines[place].strip()
    if not first or first.startswith(">") or len(first) > LONGEST_MARK:
        return 0
    wrapped = ""
    for height, raw in enumerate(lines[place : place + ATTRIBUTION_LINES], start=1):
        line = raw.translate(_DIRECTION).strip()
        if not line or line.startswith(">"):
            return 0
        wrapped = f"{wrapped} {line}"[: LONGEST_MARK * 2]
        if line.endswith((":", "：")):
            dated = _DATED.search(wrapped) or "@" in wrapped
            verb = (
                _VERB.search(wrapped)
                or _ADDRESS_ENDS.search(wrapped)
                # In whichever language: a date and an address right above a quote.
                or (
                    "@" in wrapped
                    and _DATED.search(wrapped)
                    and _quote_follows(lines, place + height)
                )
            )
            bare = height == 1 and _is_a_name_alone(line) and _quote_follows(lines, place + 1)
            whole = bare or (dated and verb and _is_whole(wrapped))
            return height if whole and (height == 1 or _begins(first, lines[place + 1])) else 0
        framed = _FRAMED.fullmatch(line) and _VERB.search(line)
        if framed or (_UNWORDED.fullmatch(line) and _quote_follows(lines, place + 1)):
            return height
        if line.endswith((".", "!", "?")) and height == 1:
            return 0
    return 0


def _is_a_name_alone(line: str) -> bool:
    """`Ada Bright wrote:`, as old programs have it."""
    verb = _VERB.search(line)
    name = (
        line[: verb.start()].split() if verb and line[verb.end() :].strip() in {":", "："} else []
    )
    return 1 < len(name) < 6 and all(  # noqa: PLR2004 - words of a name
        word[0].isupper() and _CAPITALIZED.fullmatch(word) for word in name
    )


def _begins(first: str, second: str) -> bool:
    """Whether a client wrapped its attribution behind this line: it is none of the person's own.

    That one stands above it, and is as a rule too short to have been wrapped.
    """
    if second.lstrip().startswith(OPENERS) and not first.startswith(OPENERS):
        return False
    if first.startswith(OPENERS) or "<" in first or (first[0].isdigit() and _YEAR.search(first)):
        return True
    return len(first) + len(second.split(maxsplit=1)[0]) > SHORTEST_WRAPPED


def _before_opener(line: str) -> str:
    """What a person wrote on the line on which the client begins: `Yes. On Monday Ada wrote:`."""
    match = _INNER_OPENER.search(line)
    return line[: match.start()].rstrip(" -") if match and not line.startswith(OPENERS) else ""


def _is_whole(wrapped: str) -> bool:
    """An attribution carries an address, a time of day or a year; a person's colon does not."""
    return _is_a_clients(wrapped) or bool(_YEAR.search(wrapped))


def _is_a_clients(text: str) -> bool:
    """Clients write an address or a time of day; without one it may be the person's own line."""
    return "@" in text or bool(_TIME.search(text))


def _quote_follows(lines: list[str], place: int) -> bool:
    for line in lines[place : place + 3]:
        if line.strip():
            return line.strip().startswith(">")
    return False


def _after_signature(lines: list[str], place: int) -> int:
    """Where the signature ends: at a quote, below which people also write; here when it is none."""
    written = 0
    for later in range(place + 1, len(lines)):
        if lines[later].lstrip().startswith(">"):
            return later
        if _begins_original(lines, later) or _attribution(lines, later):
            return later
        if lines[later] == lines[place] == "--":
            return place  # dashes between the person's own lines
        written += bool(lines[later].strip())
        if written > SIGNATURE_LINES:
            return place
    return len(lines)


def _from_a_phone(lines: list[str], place: int) -> bool:
    """One short line that names a device or a program."""
    line = lines[place].translate(_DIRECTION).strip(_DASHES)
    if len(line) >= 100 or line.endswith("?") or not DEVICE.search(line):  # noqa: PLR2004 - one short line
        return False
    folded = line.casefold()
    if folded.startswith(SENT_FROM):
        return True
    behind = folded.rstrip(".").endswith(SENT_BEHIND) and DEVICE.match(line)
    return bool(folded.startswith(SENT_FROM_ALONE) or behind) and _stands_alone(lines, place)


def _stands_alone(lines: list[str], place: int) -> bool:
    around = (*lines[max(0, place - 1) : place], *lines[place + 1 : place + 2])
    return all(_DIVIDES.fullmatch(line.strip()) or line.startswith(">") for line in around)


def _tidy(kept: list[str]) -> str:
    tidy: list[str] = []
    for line in kept:
        if line or (tidy and tidy[-1]):
            tidy.append(line)
    return "\n".join(tidy).strip()
