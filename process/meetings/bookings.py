"""Bookings as the provider tells them, in whatever order and however often: each meeting is one row.

Whose it is says our token in the link that was followed, whatever address was given; else the
address, where exactly one lead has it. Anybody else's waits for a person.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from django.db import transaction

from crm import normalize
from crm.models import FormerUid, Lead, Meeting
from mail import booking
from mail.models import Mailbox, Sender
from process.meetings import keeping
from process.meetings.calcom import Booking, News, Person
from process.meetings.keeping import Teller
from runtime import clock
from workspace.zones import known

SOURCE = "cal.com"
Status = Meeting.Status
#: What came of the news; "old": something newer is known.
Word = str
#: Before anything was told.
_NEVER = datetime.fromtimestamp(0, UTC)


def take_in(news: News, mailbox: Mailbox) -> Word:
    """`mailbox` is the rep's to whom it is told. Idempotent: what was told before is old."""
    with transaction.atomic():
        meeting = _known(news) or _new(news, mailbox)
        if meeting is None:
            return "nothing"
        if news.former_uid and news.former_uid != meeting.uid:
            keeping.join(meeting, news.former_uid)
        if news.told_at is not None and news.told_at <= meeting.told_at:
            return "old"
        return _TAKEN[news.trigger](news, meeting)


def waiting() -> list[Meeting]:
    """Those of which nobody knows whose they are, and that may still be held."""
    rows = Meeting.objects.filter(lead=None, status__in=(Status.INVITED, Status.BOOKED))
    return list(rows.order_by("starts_at"))


def _created(news: News, meeting: Meeting) -> Word:
    if meeting.uid != news.uid:
        return "nothing"
    _put(meeting, news)
    keeping.book(meeting, _teller(news))
    return "booked"


def _requested(news: News, meeting: Meeting) -> Word:
    """The rep has to confirm it first, and it is told as created then."""
    _put(meeting, news)
    meeting.told_at = news.told_at or meeting.told_at
    meeting.save()
    return "requested"


def _rescheduled(news: News, meeting: Meeting) -> Word:
    _put(meeting, news)
    keeping.move(meeting, _teller(news), uid=news.uid)
    return "moved"


def _canceled(news: News, meeting: Meeting) -> Word:
    """One that is not known as booked is kept as called off, too: the booking may be told late."""
    if meeting.uid != news.uid or meeting.status not in {Status.INVITED, Status.BOOKED}:
        return "nothing"
    keeping.cancel(meeting, _teller(news))
    return "canceled"


def _ended(news: News, meeting: Meeting) -> Word:
    """It is told at the end that was planned: of one that was moved since, it says nothing."""
    is_over = meeting.uid == news.uid and clock.now() >= meeting.ends_at
    if not is_over or meeting.status != Status.BOOKED:
        return "nothing"
    keeping.hold(meeting, Teller(by=SOURCE, at=meeting.told_at))
    return "held"


def _absence(news: News, meeting: Meeting) -> Word:
    if meeting.uid != news.uid:
        return "nothing"
    told = {normalize.email(address): absent for address, absent in (news.absent or {}).items()}
    absent = told.get(meeting.attendee)
    if absent is True and meeting.status in {Status.BOOKED, Status.HELD}:
        keeping.miss(meeting, _teller(news))
        return "missed"
    if absent is False and meeting.status == Status.MISSED:
        keeping.hold(meeting, _teller(news))
        return "held"
    return "nothing"


_TAKEN: Mapping[str, Callable[[News, Meeting], Word]] = {
    "BOOKING_CREATED": _created,
    "BOOKING_REQUESTED": _requested,
    "BOOKING_RESCHEDULED": _rescheduled,
    "BOOKING_CANCELLED": _canceled,
    "BOOKING_REJECTED": _canceled,
    "BOOKING_NO_SHOW_UPDATED": _absence,
    "MEETING_ENDED": _ended,
}


def _known(news: News) -> Meeting | None:
    """Under its present uid or a former one, locked."""
    for uid in filter(None, (news.uid, news.former_uid)):
        found = Meeting.objects.filter(uid=uid).values_list("pk", flat=True).first()
        former = FormerUid.objects.filter(uid=uid).values_list("meeting", flat=True).first()
        if (pk := found or former) is not None:
            return keeping.locked(pk)
    return None


def _new(news: News, mailbox: Mailbox) -> Meeting | None:
    """A row of which nothing was told yet, locked, or the one that somebody wrote at this moment."""
    if news.booking is None:
        return None
    told = news.booking
    lead = _lead_of(told)
    organizer = Mailbox.objects.filter(address=normalize.email(told.organizer)).first() or mailbox
    meeting, _ = Meeting.objects.get_or_create(
        uid=news.uid,
        defaults={
            "lead": lead,
            "owner": (lead and lead.owner) or organizer.owner,
            "source": SOURCE,
            "status": Status.INVITED,
            "starts_at": told.starts_at,
            "ends_at": told.ends_at,
            "title": told.title,
            "location": told.location,
            "timezone": _timezone(told.booker, lead),
            "attendee": normalize.email(told.booker.email),
            "attendee_name": told.booker.name,
            "told_at": _NEVER,
        },
    )
    return keeping.locked(meeting.pk)


def _put(meeting: Meeting, news: News) -> None:
    told = _told(news)
    meeting.starts_at, meeting.ends_at = told.starts_at, told.ends_at
    meeting.title, meeting.location = told.title, told.location
    if meeting.lead is None and (lead := _lead_of(told)):
        meeting.lead, meeting.owner = lead, lead.owner or meeting.owner


def _told(news: News) -> Booking:
    if news.booking is None:
        raise AssertionError(f"{news.trigger} tells of no booking")
    return news.booking


def _lead_of(told: Booking) -> Lead | None:
    if (ours := booking.lead_of(told.token)) is not None:
        return ours
    address = normalize.email(told.booker.email)
    found = list(Lead.objects.filter(email=address, deleted_at=None)[:2]) if address else []
    return found[0] if len(found) == 1 else None


def _timezone(booker: Person, lead: Lead | None) -> str:
    """In which the booker was shown the times."""
    sender = Sender.objects.first()
    return known(booker.timezone, lead.timezone if lead else "", sender.timezone if sender else "")


def _teller(news: News) -> Teller:
    return Teller(by=SOURCE, at=news.told_at or clock.now())
