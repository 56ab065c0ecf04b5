"""What Cal.com tells of bookings: proven by its signature, and read.

https://cal.com/docs/developing/guides/automation/webhooks
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from mail.booking import KEY

SIGNATURE = "X-Cal-Signature-256"
Trigger = Literal[
    "BOOKING_CREATED",
    "BOOKING_REQUESTED",
    "BOOKING_RESCHEDULED",
    "BOOKING_CANCELLED",
    "BOOKING_REJECTED",
    "BOOKING_NO_SHOW_UPDATED",
    "MEETING_ENDED",
]
#: Near the calendar's ends no time zone can be reckoned.
_YEARS = range(1970, 9998)


class Unreadable(ValueError):
    """It is signed, and nothing that we know."""


@dataclass(frozen=True, kw_only=True)
class Person:
    email: str = ""
    name: str = ""
    timezone: str = ""


@dataclass(frozen=True, kw_only=True)
class Booking:
    starts_at: datetime
    ends_at: datetime
    title: str
    location: str
    booker: Person
    organizer: str  #: the address
    token: str  #: ours, of the link that was followed; blank: of another


@dataclass(frozen=True, kw_only=True)
class News:
    trigger: Trigger
    uid: str
    former_uid: str = ""  #: before it was moved
    told_at: datetime | None  #: None: only its being told counts
    booking: Booking | None = None  #: None: the news is not of when and with whom
    absent: Mapping[str, bool] | None = None  #: address -> whether it did not come


def is_genuine(body: bytes, signature: str, secret: str) -> bool:
    """The HMAC-SHA256 of the body as it was sent, in hexadecimal digits."""
    expected = hmac.digest(secret.encode(), body, "sha256").hex()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def read(body: bytes) -> News | None:
    """None for what is about no booking of anybody, such as a test; raises Unreadable."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error
    if not isinstance(told, dict):
        raise Unreadable("no object")
    if told.get("triggerEvent") not in get_args(Trigger):
        return None
    try:
        return _READERS.get(told["triggerEvent"], _of_booking)(told)
    except ValidationError as error:
        fields = {".".join(map(str, fault["loc"])) for fault in error.errors()}
        raise Unreadable(f"not as expected: {', '.join(sorted(fields))}"[:200]) from error


def _moment(moment: datetime) -> datetime:
    if moment.tzinfo is None or moment.year not in _YEARS:
        raise ValueError("no moment")
    return moment


def _without_controls(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


_Moment = Annotated[datetime, AfterValidator(_moment)]
_Line = Annotated[str, AfterValidator(_without_controls)]
_Uid = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_without_controls)]


class _Attendee(BaseModel):
    email: Annotated[_Line, Field(max_length=320)] = ""
    name: _Line = ""
    timezone: Annotated[str | None, Field(alias="timeZone")] = None

    def person(self) -> Person:
        return Person(email=self.email, name=self.name[:300], timezone=self.timezone or "")


class _Video(BaseModel):
    url: str | None = None


class _Payload(BaseModel):
    uid: _Uid
    reschedule_uid: Annotated[_Uid | None, Field(alias="rescheduleUid")] = None
    starts_at: Annotated[_Moment, Field(alias="startTime")]
    ends_at: Annotated[_Moment, Field(alias="endTime")]
    title: _Line | None = None
    location: Any = None
    attendees: Annotated[list[_Attendee], Field(max_length=1000)] = []
    organizer: _Attendee = _Attendee()
    metadata: dict[str, Any] | None = None
    video: Annotated[_Video | None, Field(alias="videoCallData")] = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends_at < self.starts_at:
            raise ValueError("ends before it starts")
        return self

    def booking(self) -> Booking:
        token = (self.metadata or {}).get(KEY)
        return Booking(
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            title=(self.title or "")[:300],
            location=self._location(),
            booker=self.attendees[0].person() if self.attendees else Person(),
            organizer=self.organizer.email,
            token=token if isinstance(token, str) else "",
        )

    def _location(self) -> str:
        """The link where there is one: `integrations:daily` tells nobody where to go."""
        video = (self.metadata or {}).get("videoCallUrl") or (self.video and self.video.url)
        told = video if isinstance(video, str) else self.location
        if not isinstance(told, str) or told.startswith("integrations:"):
            return ""
        return _without_controls(told)[:500]


class _Told(BaseModel):
    created_at: Annotated[_Moment, Field(alias="createdAt")]
    payload: _Payload


def _of_booking(told: dict[str, Any]) -> News:
    read_ = _Told.model_validate(told)
    return News(
        trigger=told["triggerEvent"],
        uid=read_.payload.uid,
        former_uid=read_.payload.reschedule_uid or "",
        told_at=read_.created_at,
        booking=read_.payload.booking(),
    )


class _Named(BaseModel):
    uid: _Uid


def _of_end(told: dict[str, Any]) -> News:
    """The booking itself stands where others have a payload; `createdAt` is then the booking's."""
    payload = told["payload"] if isinstance(told.get("payload"), dict) else told
    named = _Named.model_validate(payload)
    return News(trigger="MEETING_ENDED", uid=named.uid, told_at=None)


class _Absence(BaseModel):
    email: Annotated[_Line, Field(max_length=320)]
    is_absent: Annotated[bool, Field(alias="noShow")]


class _Absences(BaseModel):
    uid: Annotated[_Uid, Field(alias="bookingUid")]
    attendees: Annotated[list[_Absence], Field(max_length=1000)]


class _AbsencesTold(BaseModel):
    created_at: Annotated[_Moment, Field(alias="createdAt")]
    payload: _Absences


def _of_absence(told: dict[str, Any]) -> News:
    read_ = _AbsencesTold.model_validate(told)
    return News(
        trigger="BOOKING_NO_SHOW_UPDATED",
        uid=read_.payload.uid,
        told_at=read_.created_at,
        absent={one.email: one.is_absent for one in read_.payload.attendees},
    )


_READERS = {"MEETING_ENDED": _of_end, "BOOKING_NO_SHOW_UPDATED": _of_absence}
