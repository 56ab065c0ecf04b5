"""Whom a notification in free words is about."""

import re

from mail.classify.parsed import ADDRESS, Parsed, content, header, inside
from mail.classify.server_words import ANNOUNCES, ORIGINAL_FOLLOWS, ROBOT

#: Characters of a notification that are searched, and of one of its lines.
MOST_WORDS = 16_000
MOST_LINE = 1000
MOST_RECIPIENTS = 50

_ADDRESS = ADDRESS.pattern
#: How a line names the recipient that failed; the surest first.
_ALONE = rf"^\W{{0,12}}({_ADDRESS})[>\"'\])]{{0,2}}[;,]?\s{{0,4}}(:|$|\(| (on|am|le|il|el|em|op|den) [\w,]|\.{{3}})"
_XMAIL, _COMMUNIGATE = rf"rcpt=\[({_ADDRESS})\]", rf"failed to deliver to '({_ADDRESS})'"
_X400 = rf"\bsmtp=({_ADDRESS})"
_COMMAND = rf"rcpt to:\s{{0,4}}<?({_ADDRESS})"
_LABELED = rf"^\s{{0,8}}[^\s:：@][^:：@]{{0,40}}[:：]\s{{0,4}}['\"<]?({_ADDRESS})"
_NAMED = (
    re.compile(f"{_X400}|{_ALONE}|{_XMAIL}|{_COMMUNIGATE}", re.IGNORECASE),
    re.compile(f"{_COMMAND}|{_LABELED}", re.IGNORECASE),
)
_OURS = re.compile(
    r"\W{0,8}(>>> mail from|from|sender|reply-to|return-path|mail from|von|de|message-id)\b\s?:",
    re.IGNORECASE,
)
#: AOL and others name the person without the domain, which is their own.
_BARE = re.compile(r"\s{1,8}[\w.+-]{2,64}")


def before_original(words: str) -> str:
    """What the server says, without our mail below it."""
    words = words[:MOST_WORDS]
    cut = ORIGINAL_FOLLOWS.search(words)
    return words[: cut.start()] if cut else words


def named(mail: Parsed) -> tuple[str, ...]:
    """From the header that some servers set, else from the words, else from our mail."""
    failed = ADDRESS.findall(header(mail.headers, "X-Failed-Recipients"))
    return tuple(dict.fromkeys(failed[:MOST_RECIPIENTS])) or in_words(mail) or _in_original(mail)


def in_words(mail: Parsed) -> tuple[str, ...]:
    lines = [line[:MOST_LINE] for line in before_original(mail.text).split("\n")]
    announced = _announced(lines)
    for form in _NAMED:
        for among in (lines[announced:], lines):
            if found := _others(mail, _found(form, among)):
                return found
    if announced and _BARE.fullmatch(line := "".join(lines[announced : announced + 1])):
        return (f"{line.strip()}@{mail.from_email.partition('@')[2]}",)
    return _others(mail, [a for line in _theirs(lines) for a in ADDRESS.findall(line)])[:1]


def _announced(lines: list[str]) -> int:
    """Below which line those stand who were not reached; old Exchange repeats our To above it."""
    found = next((n for n, line in enumerate(lines, 1) if ANNOUNCES.search(line)), 0)
    return 0 if _found(_NAMED[0], lines[:found]) else found


def _found(form: re.Pattern[str], lines: list[str]) -> list[str]:
    matches = (form.search(line) for line in _theirs(lines))
    return [next(group for group in m.groups() if group and "@" in group) for m in matches if m]


def _theirs(lines: list[str]) -> list[str]:
    return [line for line in lines if "@" in line and not _OURS.match(line)]


def _others(mail: Parsed, found: list[str]) -> tuple[str, ...]:
    """Without our own address and the robot's, each once."""
    known = {mail.from_email.lower(), *(a.lower() for a in ADDRESS.findall(mail.header("To")))}
    clean = (address.strip(".'") for address in found)
    others = [a for a in clean if a.lower() not in known and not ROBOT.match(a)]
    return tuple({address.lower(): address for address in others}.values())[:MOST_RECIPIENTS]


def _in_original(mail: Parsed) -> tuple[str, ...]:
    """Whom our returned mail went to."""
    for part in mail.parts[1:]:
        if part.get_content_type() == "message/rfc822" and (inner := inside(part)):
            to = header(inner[0], "To")
        elif part.get_content_type() == "text/rfc822-headers":
            to = _to_line(content(part)[:MOST_WORDS])
        else:
            continue
        if found := ADDRESS.findall(to):
            return tuple(found[:MOST_RECIPIENTS])
    return tuple(ADDRESS.findall(_to_line(mail.text[: MOST_WORDS * 2]))[:1])


def _to_line(text: str) -> str:
    return next((line for line in text.split("\n") if line[:3].lower() == "to:"), "")[:MOST_LINE]
