"""What people write into the forms of our website: noted on the one lead that it is of, else kept.

What waits is noted by itself once a CRM brings a lead of that address; see workers.reactions.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.db import transaction
from django.utils.crypto import salted_hmac

from crm.models import Lead
from crm.timeline import note
from mail.suppression import first
from process.models import Form, Submission
from process.prospecting import form_lists
from process.prospecting.forms import FormSettings, Submitted
from runtime import clock
from workspace.problems import Fault

_HOUR = timedelta(hours=1)
_State = Submission.State


class TooMany(Exception):
    """From one network address within the hour."""


def take_in(
    form: Form, settings: FormSettings, submitted: Submitted, *, page: str, address: str
) -> Submission:
    """Keep what was submitted, and note it on its lead; raises TooMany, with nothing kept."""
    network = _network(address)
    with transaction.atomic():
        # Whoever submits the same form at the same moment is counted after us.
        Form.objects.select_for_update(no_key=True).get(pk=form.pk)
        recent = Submission.objects.filter(
            form=form.name, network=network, at__gt=clock.now() - _HOUR
        )
        if recent.count() >= settings.per_hour:
            raise TooMany
        row = Submission.objects.create(
            form=form.name,
            email=submitted.email,
            told=dict(submitted.told),
            page=page[:500],
            consent=settings.consent,
            network=network,
            at=clock.now(),
        )
        form_lists.put(row, row.email)
    # Only now: a lead that lands meanwhile finds the row, or is found here.
    with transaction.atomic():
        waiting_still = Submission.objects.filter(pk=row.pk, state=_State.WAITING)
        for locked in waiting_still.select_for_update(no_key=True):
            _note_if_known(locked)
    return row


def claim(lead: Lead) -> list[str]:
    """Note on the lead what waits for its address; the keys of the activities."""
    if not lead.email or lead.deleted_at is not None:
        return []
    waiting = Submission.objects.filter(state=_State.WAITING, email=lead.email).order_by("pk")
    return [_key(row) for row in waiting.select_for_update(no_key=True) if _note_if_known(row)]


def settle() -> int:
    """The same for all that wait: a first pull brings everybody at once."""
    with transaction.atomic():
        known = Lead.objects.filter(deleted_at=None).values("email")
        rows = Submission.objects.filter(state=_State.WAITING, email__in=known)
        return sum(map(_note_if_known, rows.order_by("pk").select_for_update(no_key=True)))


def waiting() -> Sequence[Submission]:
    return list(Submission.objects.filter(state=_State.WAITING).order_by("at", "pk"))


def told(row: Submission) -> Mapping[str, object]:
    """What a person needs to decide on it."""
    covered = first(row.email)
    return {
        "submission": row.pk,
        "form": row.form,
        "at": row.at,
        "email": row.email,
        "told": row.told,
        "page": row.page,
        "waits": _waits_for(row),
        "suppressed": f"{covered.kind} since {covered.at:%Y-%m-%d}" if covered else "",
    }


def give(row: Submission, lead: Lead, *, by: str) -> None:
    """A person says whose it is. Raises Fault."""
    with transaction.atomic():
        locked = _locked(row)
        _note(locked, lead, by=by)


def drop(row: Submission, *, by: str, why: str) -> None:
    """A person says that nothing is to come of it. Raises Fault."""
    with transaction.atomic():
        locked = _locked(row)
        locked.state, locked.ended_at = _State.DROPPED, clock.now()
        locked.by, locked.why = by[:150], why[:300]
        locked.save(update_fields=["state", "ended_at", "by", "why"])
        form_lists.take_off(locked)


def leads_of(row: Submission) -> list[Lead]:
    return list(Lead.objects.filter(email=row.email, deleted_at=None).order_by("pk"))


def check_waits(row: Submission) -> None:
    """Raises Fault where nothing is left to say of it."""
    if row.state != _State.WAITING:
        raise Fault(f"submission {row.pk} is {row.state} already")


def _locked(row: Submission) -> Submission:
    found = Submission.objects.select_for_update(no_key=True).get(pk=row.pk)
    check_waits(found)
    return found


def _note_if_known(row: Submission) -> bool:
    found = leads_of(row)
    if len(found) == 1:
        _note(row, found[0])
    return len(found) == 1


def _note(row: Submission, lead: Lead, *, by: str = "") -> None:
    at = row.at.isoformat()
    data: dict[str, object] = {
        "form": row.form, "page": row.page, "told": row.told, "submission": row.pk,
        "consent": row.consent, "consented_at": at, "by": by,
    }  # fmt: skip
    form_lists.put(row, lead.email)  # which may be another than was written
    note("form_submitted", lead=lead, occurred_at=row.at, key=_key(row), data=data)
    row.state, row.lead, row.by, row.ended_at = _State.NOTED, lead, by[:150], clock.now()
    row.save(update_fields=["state", "lead", "by", "ended_at"])


def _key(row: Submission) -> str:
    return f"submission:{row.pk}"


def _waits_for(row: Submission) -> str:
    numbers = ", ".join(str(lead.pk) for lead in leads_of(row))
    return f"leads {numbers} have the address" if numbers else "no lead has the address"


def _network(address: str) -> str:
    """Who has an IPv6 address has a whole /64 of them."""
    try:
        known = ip_address(address)
    except ValueError:
        return _hashed(address)
    if isinstance(known, IPv6Address):
        return _hashed(str(ip_network((known, 64), strict=False)))
    return _hashed(str(known))


def _hashed(text: str) -> str:
    return salted_hmac("cadenza.submission", text, algorithm="sha256").hexdigest()
