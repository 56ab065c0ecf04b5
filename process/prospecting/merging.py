"""What a person says of two leads: they are one, or two for good; and what follows when a CRM says so.

Of one person nothing is lost: the older row stays, all that hung on the other hangs on it, and
whoever asked on either side to be left alone is left alone.
"""

from collections.abc import Collection
from typing import Any

from django.db import transaction

from crm import customers, edit, identity, ledger, meetings, separating, values
from crm.merge import is_blank
from crm.models import Activity, ExternalRecord, Lead, Listed, Separated
from crm.timeline import note
from mail.models import Message
from mail.suppression import book_of, suppress
from process import tasks
from process.models import Enrichment, HeldMove, LeadQualification, LeadScore, Unassigned
from runtime import clock
from sequences import engine
from sequences.models import Enrollment, Waiting
from sequences.refusals import OPEN
from workspace.problems import Fault

#: Of one person there is one of each: the other's goes.
_OF_ONE = (Enrichment, HeldMove, LeadScore, Unassigned)
#: What no CRM knows of a person; the place among the stages goes together.
_OURS, _PLACE = ("line", "nps"), ("stage", "stage_since", "disposition")


def merge(one: Lead, two: Lead, *, by: str) -> Lead:
    """Make one person of two leads; the older one, which stays. Raises Fault, with nothing done.

    1. Whom nothing may leave to on either side, nothing leaves to.
    2. One enrollment stays open: the older lead's, else the other's.
    3. Everything that hangs on the other row hangs on the older one; what is blank there is filled.
    4. Each CRM is owed what it lacks.
    """
    with transaction.atomic():
        keeper, other = _locked(one, two)
        _check(keeper, other)
        was_left_alone = _opted_out(keeper) or _opted_out(other)
        _keep_suppressions(keeper, other)
        _end_one_enrollment(keeper, other)
        _move_rows(keeper, other)
        was_at = keeper.company_id
        filled = _fill(keeper, other, values.columns_of(keeper))
        if was_at != other.company_id:  # what was under way was so at either's
            customers.note_joined([keeper], at=clock.now())
        meetings.settle(keeper)
        _close(keeper, other, by=by)
        if was_left_alone:
            edit.opt_out(keeper, at=clock.now())
        identity.doubt_shared_emails([keeper.email, other.email])
        ledger.settle("lead", [keeper], at=clock.now())
        data: dict[str, object] = {"fields": sorted(filled), "by": by}
        note("lead_changed", lead=keeper, occurred_at=clock.now(), data=data)
    keeper.refresh_from_db()
    return keeper


def follow(keeper: Lead, other_id: int) -> None:
    """A CRM made one person of two, and said what it knows: what only we have goes along.

    The keeper's row is locked by the caller; it is the older one.
    """
    other = Lead.objects.select_for_update(no_key=True).get(pk=other_id)
    if other.deleted_at is None:  # the CRM took it back
        return
    engine.stop_lead(other, "lead deleted", at=clock.now())
    was_left_alone = _opted_out(other)
    _keep_suppressions(keeper, other)
    _move_rows(keeper, other)
    filled = _fill(keeper, other, ())
    meetings.settle(keeper)
    if was_left_alone:
        edit.opt_out(keeper, at=clock.now())
    data: dict[str, object] = {"fields": filled, "by": "merge"}
    note("lead_changed", lead=keeper, occurred_at=clock.now(), data=data)


def separate(one: Lead, two: Lead, *, by: str) -> None:
    """They are two people, though they share an address. Raises Fault."""
    with transaction.atomic():
        first, second = _locked(one, two)
        kept: dict[str, Any] = {"by": by[:150], "at": clock.now()}
        Separated.objects.get_or_create(first=first, second=second, defaults=kept)
        identity.doubt_shared_emails([first.email, second.email])
        for lead in (first, second):
            data: dict[str, object] = {"fields": ["doubt"], "by": by}
            note("lead_changed", lead=lead, occurred_at=clock.now(), data=data)


def doubtful() -> list[tuple[Lead, Lead]]:
    """The pairs of which nobody has said yet whether they are one person, the older one first."""
    leads = list(Lead.objects.exclude(doubt="").filter(deleted_at=None).order_by("pk"))
    by_pk = {lead.pk: lead for lead in leads}
    others = separating.doubts(leads)
    return [(by_pk[pk], two) for pk in by_pk for two in others[pk] if pk < two.pk]


def told(lead: Lead) -> dict[str, object]:
    """What tells one lead from another."""
    records = ExternalRecord.objects.filter(lead=lead, kind="lead", deleted_at=None)
    known = records.order_by("pk").values_list("connection__name", "external_id")
    in_one = Enrollment.objects.filter(lead=lead, status__in=OPEN).first()
    return {
        "lead": lead.pk,
        "name": f"{lead.first_name} {lead.last_name}".strip(),
        "email": lead.email,
        "title": lead.title,
        "company": str(lead.company or ""),
        "records": ", ".join(f"{name} {id_}" for name, id_ in known),
        "since": lead.created_at,
        "sequence": in_one.sequence if in_one else "",
    }


def _locked(one: Lead, two: Lead) -> tuple[Lead, Lead]:
    """The older one first."""
    ids = sorted({one.pk, two.pk})
    if len(ids) == 1:
        raise Fault(f"{one} and {two} are one lead already, number {one.pk}")
    rows = Lead.objects.select_for_update(no_key=True).filter(pk__in=ids, deleted_at=None)
    found = list(rows.order_by("pk"))
    if len(found) < len(ids):
        raise Fault("one of them was deleted or merged meanwhile")
    return found[0], found[1]


def _check(keeper: Lead, other: Lead) -> None:
    records = ExternalRecord.objects.filter(kind="lead", deleted_at=None)
    theirs = records.filter(lead=keeper).values("connection")
    both = records.filter(lead=other, connection__in=theirs).select_related("connection").first()
    if both is not None:
        raise Fault(
            f"both have a record in {both.connection.name}: merge them there, and the next pull "
            "follows"
        )
    if Message.objects.filter(lead__in=(keeper, other), status=Message.Status.SENDING).exists():
        raise Fault("a server is being given an email to one of them: try again in a minute")


def _opted_out(lead: Lead) -> bool:
    return lead.do_not_contact or bool(book_of([lead]).of_lead(lead))


def _keep_suppressions(keeper: Lead, other: Lead) -> None:
    """What forbids writing to the other's address forbids writing to the address that stays."""
    for row in book_of([other]).of_lead(other):
        if keeper.email and row.company_id is None:
            because: dict[str, object] = {"merged_from": other.pk, "suppression": row.pk}
            suppress(keeper.email, row.kind, at=row.at, lead=keeper, because=because)


def _end_one_enrollment(keeper: Lead, other: Lead) -> None:
    if Enrollment.objects.filter(lead=keeper, status__in=OPEN).exists():
        because: dict[str, object] = {"rule": "merged", "into": keeper.pk}
        engine.stop_lead(other, "merged with another lead", at=clock.now(), because=because)


def _move_rows(keeper: Lead, other: Lead) -> None:
    """Whatever refers to a lead, so that a table of tomorrow is not forgotten."""
    for model in _OF_ONE:
        if model._base_manager.filter(lead=keeper).exists():  # noqa: SLF001 - Django's public name
            model._base_manager.filter(lead=other).delete()  # noqa: SLF001 - likewise
    Waiting.objects.filter(
        lead=other, sequence__in=Waiting.objects.filter(lead=keeper).values("sequence")
    ).delete()
    on_lists = Listed.objects.filter(lead=keeper).values("list")
    Listed.objects.filter(lead=other, list__in=on_lists).delete()
    _leave_one_question(keeper, other)
    _keep_apart(keeper, other)
    stay = _stay(keeper)
    for relation in Lead._meta.related_objects:  # noqa: SLF001 - likewise
        name = relation.field.name
        rows = relation.related_model._base_manager.filter(**{name: other})  # noqa: SLF001 - likewise
        if relation.related_model is Activity:
            rows = rows.exclude(kind__in=stay)
        rows.update(**{name: keeper})


def _stay(keeper: Lead) -> set[str]:
    """That it is gone is the other's own, and when it came to a customer's is no matter of what the
    keeper is in."""
    is_in_one = Enrollment.objects.filter(lead=keeper, status__in=OPEN).exists()
    return {"lead_deleted", *(["joined_customer"] if is_in_one else [])}


def _leave_one_question(keeper: Lead, other: Lead) -> None:
    """Sales is asked once about one person."""
    asked = LeadQualification.objects.filter(state=LeadQualification.State.OPEN)
    if asked.filter(lead=keeper).exists():
        for row in asked.filter(lead=other):
            tasks.skipped(f"accept:{row.pk}")
            row.delete()


def _keep_apart(keeper: Lead, other: Lead) -> None:
    """Who is somebody else than the one is somebody else than both."""
    for row in [*other.separated_from.all(), *other.separated_too.all()]:
        partner = row.second_id if row.first_id == other.pk else row.first_id
        row.delete()
        if partner != keeper.pk:
            first, second = sorted((keeper.pk, partner))
            kept: dict[str, Any] = {"by": row.by, "at": row.at}
            Separated.objects.get_or_create(first_id=first, second_id=second, defaults=kept)


def _fill(keeper: Lead, other: Lead, columns: Collection[str]) -> list[str]:
    names = [*columns, *_OURS, *(_PLACE if not keeper.stage else ())]
    filled = [name for name in names if name != "extra" and _is_missing(keeper, other, name)]
    for name in filled:
        setattr(keeper, name, getattr(other, name))
    keeper.save(update_fields=filled)
    return [*filled, *(_fill_extra(keeper, other) if "extra" in columns else ())]


def _fill_extra(keeper: Lead, other: Lead) -> list[str]:
    blank = {name for name, value in keeper.extra.items() if is_blank(value)}
    more = {n: v for n, v in other.extra.items() if n in blank or n not in keeper.extra}
    keeper.extra = {**keeper.extra, **more}
    keeper.save(update_fields=["extra"])
    return [f"extra.{name}" for name in more]


def _is_missing(keeper: Lead, other: Lead, name: str) -> bool:
    return is_blank(getattr(keeper, name)) and not is_blank(getattr(other, name))


def _close(keeper: Lead, other: Lead, *, by: str) -> None:
    now = clock.now()
    Lead.objects.filter(pk=other.pk).update(deleted_at=now, doubt="")
    note(
        "lead_deleted",
        lead=other,
        occurred_at=now,
        key=f"merged:{other.pk}:{keeper.pk}",
        data={"merged_into": keeper.pk, "by": by},
    )
