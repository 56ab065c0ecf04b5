"""Automatic replies, and until when their person is away."""

import re
from datetime import date, timedelta

from mail.classify.parsed import Parsed
from mail.classify.tables import AUTO_SUBJECT, BACK, MONTHS, UNTIL, WEEKDAYS

#: Characters of the text in which a return date is looked for.
MOST_TEXT = 4000
#: A date is further away than this only by a misreading.
LONGEST_ABSENCE = timedelta(days=366)
#: Characters between "back on" and its date.
NEAR = 40

_NAMES = "|".join(map(re.escape, sorted(MONTHS, key=len, reverse=True)))
_DAYS = "|".join(map(re.escape, sorted(WEEKDAYS, key=len, reverse=True)))
_DATE = re.compile(
    rf"""
      (?P<y1>20\d\d)[-./](?P<m1>\d{{1,2}})[-./](?P<d1>\d{{1,2}})\b
    | \b(?P<d2>\d{{1,2}})\.\ ?(?P<m2>\d{{1,2}})\.(\ ?(?P<y2>20\d\d|\d\d)\b)?
    | \b(?P<a3>\d{{1,2}})[/-](?P<b3>\d{{1,2}})([/-](?P<y3>20\d\d|\d\d))?\b
    | \b(?P<d4>\d{{1,2}})(st|nd|rd|th|º|er|\.)?\ (de\ |of\ |d')?(?P<m4>{_NAMES})\b\.?(,?\ (de\ )?(?P<y4>20\d\d))?
    | \b(?P<m5>{_NAMES})\b\.?\ (?P<d5>\d{{1,2}})(st|nd|rd|th)?\b(,?\ (?P<y5>20\d\d))?
    | (?P<y6>20\d\d)年(?P<m6>\d{{1,2}})月(?P<d6>\d{{1,2}})日
    | \b(?P<weekday>{_DAYS})\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_automatic(mail: Parsed) -> bool:
    """Whether a machine answered for its person."""
    submitted = mail.header("Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if any(mail.header(name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From")):
        return True
    if mail.header("Precedence").lower() in {"auto_reply", "auto-reply"}:
        return True
    return mail.subject.casefold().startswith(AUTO_SUBJECT)


def back_on(text: str, today: date) -> date | None:
    """The first day on which the person is there again, as far as the words say."""
    text = text[:MOST_TEXT]
    best: tuple[int, date] | None = None
    for match in _DATE.finditer(text):
        day = _day(match, today)
        if day is None or not today <= day <= today + LONGEST_ABSENCE:
            continue
        before = text[max(0, match.start() - NEAR) : match.start()]
        rank, first_day_back = _rank(before, day, is_weekday=bool(match["weekday"]))
        if rank and (best is None or (rank, first_day_back) > best):
            best = (rank, first_day_back)
    return best[1] if best else None


def _rank(before: str, day: date, *, is_weekday: bool) -> tuple[int, date]:
    """How surely the date is the return's: 3 "back on", 2 "until", 1 any other date, 0 none."""
    back, until = _last(BACK, before), _last(UNTIL, before)
    if back >= 0 and back >= until:
        return 3, day
    if until >= 0:
        # "back until" does not occur; "away until Friday" means back on the day after.
        return 2, day + timedelta(days=1)
    return (0, day) if is_weekday else (1, day)


def _last(words: re.Pattern[str], text: str) -> int:
    return max((match.start() for match in words.finditer(text)), default=-1)


def _day(match: re.Match[str], today: date) -> date | None:
    groups = match.groupdict()
    if groups["weekday"]:
        ahead = (WEEKDAYS[groups["weekday"].lower()] - today.weekday()) % 7 or 7
        return today + timedelta(days=ahead)
    if groups["a3"]:
        return _slashed(int(groups["a3"]), int(groups["b3"]), groups["y3"], today)
    for form in "12456":
        if groups[f"d{form}"]:
            month = groups[f"m{form}"]
            number = int(month) if month.isdigit() else MONTHS[month.lower()]
            return _date(groups[f"y{form}"], number, int(groups[f"d{form}"]), today)
    return None


def _slashed(first: int, second: int, year: str | None, today: date) -> date | None:
    """3/4: day first or month first? The later one in time: waiting too long harms nobody."""
    readings = [_date(year, second, first, today), _date(year, first, second, today)]
    ahead = [day for day in readings if day and today <= day <= today + LONGEST_ABSENCE]
    return max(ahead, default=None)


def _date(year: str | None, month: int, day: int, today: date) -> date | None:
    try:
        if year:
            return date(int(year) + (2000 if len(year) == 2 else 0), month, day)  # noqa: PLR2004 - 26 is 2026
        this_year = date(today.year, month, day)
        return this_year if this_year >= today else date(today.year + 1, month, day)
    except ValueError:
        return None
