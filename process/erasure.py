"""Erasing a person's data on request: the rows stay as history, without anything of the person.

A keyed hash of each address stays in suppression, so that whoever comes under it again is not written
to; the lead stays as a stub that the CRM's record is linked to, so that it does not land anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.db.models import Model

from crm import edit, timeline
from crm.models import (
    Activity,
    Change,
    Deal,
    ExternalRecord,
    FormerUid,
    Lead,
    Listed,
    Meeting,
    Membership,
    Separated,
    StageMove,
)
from mail import suppression
from mail.models import Inbound, Message, SentCopy, Suppression, Visit
from process.dossier import Holdings, addresses, everyone, holdings
from process.models import (
    Enrichment,
    Feedback,
    HeldMove,
    LeadQualification,
    LeadScore,
    Question,
    Submission,
    Task,
    Unassigned,
)
from runtime import clock
from sequences import engine, places
from sequences.models import Enrollment, ListMember, StepRun, Waiting
from sequences.refusals import OPEN

#: Of a reason that stays: which rule it was, and what must not be forgotten of an email.
_KEPT = frozenset({"rule", "at", "variant", "called_off"})
_BLANK_LEAD: Mapping[str, Any] = {
    "meeting": None, "nps": None,
    "email": "", "first_name": "", "last_name": "", "title": "", "phone": "", "country": "",
    "language": "", "timezone": "", "line": "", "doubt": "", "extra": {}, "company": None,
    "score": None, "fit": None, "engagement": None,
}  # fmt: skip
_BECAUSE: Mapping[str, Any] = {"because": _KEPT}
#: Table -> column -> what stands there from now on; a set names the keys that stay. None: the rows go.
ERASED: Mapping[type[Model], Mapping[str, Any] | None] = {
    Activity: {"data": {}, "reaction_error": ""},
    Change: {"value": None, "last_error": "", "external_id": ""},
    Deal: {},
    Enrollment: _BECAUSE,
    Enrichment: None,
    ExternalRecord: {"base": frozenset({"do_not_contact"}), "emptied": {}},
    Feedback: {"comment": ""},
    FormerUid: None,
    HeldMove: None,
    Inbound: {"from_email": "", "subject": "", "text": "", "message_id": "", "data": {}},
    LeadQualification: {"because": {}},
    LeadScore: None,
    Listed: None,
    ListMember: None,
    Meeting: None,
    Membership: None,
    Message: {
        "to_email": "", "to_domain": "", "references": "", "subject": "", "text": "", "raw": None, "last_error": "",
        "links": [], "invite": None, "provider_id": None, **_BECAUSE,
    },
    Question: None,
    SentCopy: None,
    Separated: None,
    StageMove: _BECAUSE,
    StepRun: _BECAUSE,
    Submission: None,
    Suppression: None,
    Task: {"title": "erased", "note": "", "say": ""},
    Unassigned: None,
    Visit: None,
    Waiting: None,
}  # fmt: skip


class UnderWay(ValueError):
    """A server has an email to the person right now: try again in a minute."""


def erase(lead: Lead, *, by: str, reason: str) -> int:
    """Erase the person, and whoever was merged into it; how many rows were emptied or deleted.

    1. End what the person is in, and cancel what has not left.
    2. Keep hashes in suppression, and owe every CRM the opt-out.
    3. Empty the rows.

    Raises UnderWay, with nothing done.
    """
    _overwrite_what_is_deleted()
    with transaction.atomic():
        ids = [one.pk for one in everyone(lead)]
        people = list(Lead.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
        _end(people)
        sending = Message.objects.filter(lead__in=people, status=Message.Status.SENDING)
        if sending.exists():
            raise UnderWay(f"a server is being given an email to lead {lead.pk}")
        known, held = addresses(people), holdings(people)
        count = _empty(held, known)
        for person in people:
            _make_stub(person, by=by, reason=reason)
        _keep_hashes(known, people[0], by=by, reason=reason)
    _truncate_log()
    return count


def _end(people: Sequence[Lead]) -> None:
    """The reactions that follow an end otherwise would read what is emptied."""
    for person in people:
        open_ = Enrollment.objects.filter(lead=person, status__in=OPEN)
        left = list(open_.values_list("sequence", flat=True))
        engine.stop_lead(person, "erased", at=clock.now())
        for sequence in left:
            places.place_is_free(sequence, person.company_id)


def _empty(held: Holdings, known: set[str]) -> int:
    count = 0
    for email in known:
        LogEntry.objects.filter(object_repr__contains=email).delete()
    _settle(held)
    for model, rows in held.items():
        columns = ERASED[model]
        count += len(rows)
        if columns is None:
            model._base_manager.filter(pk__in=[row.pk for row in rows]).delete()  # noqa: SLF001 - Django's public name
            continue
        for row in rows if columns else ():
            for name, blank in columns.items():
                setattr(row, name, _left(getattr(row, name), blank))
            row.save(update_fields=list(columns))
    return count


def _settle(held: Holdings) -> None:
    """Nothing is set in motion any more by what is emptied, and nothing of it is written to a CRM."""
    activities = held[Activity]
    activities.filter(reacted_at=None).update(reacted_at=clock.now())
    activities.filter(key__contains="@").update(key=None)
    changes = held[Change].exclude(field="do_not_contact")
    changes.filter(status=Change.Status.PENDING).update(status=Change.Status.SUPERSEDED)
    for change in changes.exclude(message_id=""):  # an answer's may name its writer's host
        Change.objects.filter(pk=change.pk).update(message_id=f"erased:{change.pk}")
    held[Task].filter(done_at=None).update(done_at=clock.now(), skipped=True)


def _left(value: object, blank: object) -> object:
    if isinstance(blank, frozenset):
        kept = value if isinstance(value, Mapping) else {}
        return {name: kept[name] for name in kept if name in blank}
    return blank


def _make_stub(person: Lead, *, by: str, reason: str) -> None:
    for name, blank in _BLANK_LEAD.items():
        setattr(person, name, blank)
    person.erased_at = clock.now()
    person.deleted_at = person.deleted_at or clock.now()
    person.save(update_fields=[*_BLANK_LEAD, "erased_at", "deleted_at"])
    edit.opt_out(person, at=clock.now())
    timeline.note("erased", lead=person, occurred_at=clock.now(), data={"by": by, "reason": reason})


def _keep_hashes(known: set[str], lead: Lead, *, by: str, reason: str) -> None:
    because = {"by": by, "reason": reason}
    Suppression.objects.bulk_create(
        Suppression(
            email=suppression.hashes(address)[0],
            kind=Suppression.Kind.ERASED,
            lead=lead,
            at=clock.now(),
            because=because,
        )
        for address in sorted(known)
    )


def _overwrite_what_is_deleted() -> None:
    """SQLite leaves deleted bytes in its file unless it is told otherwise."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def _truncate_log() -> None:
    """The write-ahead log holds the pages as they were."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
