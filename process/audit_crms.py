"""Asking every CRM for its opt-outs, and setting right what `audit` has found."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from django.db import transaction
from django.db.models import F

from connectors import registry
from connectors.base import LeadRecord
from connectors.errors import ConnectorError
from crm import consent, edit, ledger
from crm.connections import UNUSABLE, connector_of
from crm.models import Change, Connection, ExternalRecord, Lead
from crm.normalize import email as normalized_email
from process.audit import Audit, Discrepancy, Stopped, audit_rows, name_of
from runtime import clock

#: Told after every page: connection, records seen so far.
Progress = Callable[[str, int], None]
_MEND = "cadenza suppression audit --mend, then cadenza sync"
_FIELD = "do_not_contact"


def audit(*, progress: Progress | None = None) -> Audit:
    """Look at our rows, then list the people of every CRM, a page at a time and within its quota."""
    found = Audit()
    stopped = audit_rows(found)
    for connection in Connection.objects.order_by("name"):
        found.discrepancies += _of_connection(connection, stopped, found, progress)
    return found


def mend(found: Audit) -> list[Discrepancy]:
    """Set right what can be: the CRMs are owed the opt-outs, ours are taken over; what is left."""
    return [one for one in found.discrepancies if not _mended(one)]


def _of_connection(
    connection: Connection, stopped: Stopped, found: Audit, progress: Progress | None
) -> Iterator[Discrepancy]:
    if connection.status != Connection.Status.ACTIVE:
        yield _not_asked(connection, connection.last_error or "it is stopped")
        return
    seen = calls = 0
    try:
        connector = connector_of(connection)
        before = connector.calls
        try:
            for page in connector.changed("lead", "", now=clock.now()):
                records = [one for one in page.records if isinstance(one, LeadRecord)]
                yield from _of_page(connection, stopped, records)
                seen += len(records)
                if progress:
                    progress(connection.name, seen)
        finally:
            calls = connector.calls - before
            Connection.objects.filter(pk=connection.pk).update(calls=F("calls") + calls)
    except (ConnectorError, *UNUSABLE) as error:
        yield _not_asked(connection, str(error))
    found.records[connection.name], found.calls[connection.name] = seen, calls


def _of_page(
    connection: Connection, stopped: Stopped, records: Sequence[LeadRecord]
) -> Iterator[Discrepancy]:
    living = [record for record in records if not (record.deleted or record.converted_to)]
    links = ExternalRecord.objects.filter(
        connection=connection, kind="lead", external_id__in=[one.external_id for one in living]
    ).select_related("lead")
    by_id = {link.external_id: link for link in links}
    for record in living:
        link = by_id.get(record.external_id)
        if link is None or link.lead is None:
            yield from _of_stranger(connection, stopped, record)
        elif link.lead_id in stopped.people and not record.do_not_contact:
            yield _lost(connection, link, record)
        elif record.do_not_contact and link.lead_id not in stopped.people:
            yield _unknown(connection, name_of(link.lead), record, link.lead_id, _MEND)


def _of_stranger(
    connection: Connection, stopped: Stopped, record: LeadRecord
) -> Iterator[Discrepancy]:
    """A record that was not pulled yet."""
    who = f"{normalized_email(record.email) or 'somebody'} (record {record.external_id})"
    if record.do_not_contact != bool(stopped.book.of(record.email)):
        if record.do_not_contact:
            yield _unknown(connection, who, record, None, "cadenza sync")
        else:
            told = "is suppressed here and not opted out there: the record was not pulled yet"
            yield _discrepancy(connection, "lost", who, told, "cadenza sync")


def _lost(connection: Connection, link: ExternalRecord, record: LeadRecord) -> Discrepancy:
    owed = Change.objects.filter(record=link, field=_FIELD).order_by("-pk").first()
    settings = connection.settings.get("fields")
    if _FIELD in record.absent:
        told, step = "is suppressed here, and the CRM does not tell its flag", "map the field"
    elif _FIELD not in registry.writable(connection.kind, "lead", link.external_id, settings):
        told, step = "is not opted out there, and no program can do it", "set the flag by hand"
    elif owed is not None and owed.status == Change.Status.PENDING:
        told, step = "is not opted out there yet: it waits to be written", "cadenza sync"
    elif owed is not None and owed.status == Change.Status.REFUSED:
        told = f"is not opted out there: the CRM refused it ({owed.last_error})"
        step = "mend what it says, then cadenza sync retry"
    else:
        told, step = "is suppressed here and not opted out there", _MEND
    who = name_of(link.lead) if link.lead else link.external_id
    return _discrepancy(
        connection, "lost", who, told, step, lead=link.lead_id, external_id=link.external_id
    )


def _unknown(
    connection: Connection, who: str, record: LeadRecord, lead: int | None, step: str
) -> Discrepancy:
    told = "is opted out there and not suppressed here"
    return _discrepancy(
        connection, "unknown", who, told, step, lead=lead, external_id=record.external_id
    )


def _not_asked(connection: Connection, why: str) -> Discrepancy:
    return _discrepancy(
        connection, "not_asked", "its opt-outs", f"are not known: {why}", "cadenza sync"
    )


def _discrepancy(
    connection: Connection,
    what: str,
    who: str,
    told: str,
    step: str,
    *,
    lead: int | None = None,
    external_id: str = "",
) -> Discrepancy:
    return Discrepancy(
        what=what, who=who, told=told, next=step, connection=connection.name, lead=lead,
        external_id=external_id,
    )  # fmt: skip


def _mended(one: Discrepancy) -> bool:
    act = _MENDERS.get(one.what)
    if act is None or one.lead is None or (one.connection and one.next != _MEND):
        return False
    with transaction.atomic():
        act(one, Lead.objects.select_for_update(no_key=True).get(pk=one.lead))
    return True


def _flag(_one: Discrepancy, lead: Lead) -> None:
    edit.opt_out(lead, at=clock.now())


def _owe_again(one: Discrepancy, lead: Lead) -> None:
    _set_base(one, {_FIELD: False})
    edit.opt_out(lead, at=clock.now())


def _take_over(one: Discrepancy, lead: Lead) -> None:
    _set_base(one, {_FIELD: True})
    consent.opt_out(lead, Connection.objects.get(name=one.connection), at=clock.now())
    ledger.settle("lead", [lead], at=clock.now())


def _set_base(one: Discrepancy, values: Mapping[str, object]) -> None:
    """What the CRM has just said is what we know of it."""
    links = ExternalRecord.objects.select_for_update(no_key=True)
    link = links.get(connection__name=one.connection, kind="lead", external_id=one.external_id)
    link.base = {**link.base, **values}
    link.save(update_fields=["base"])


_MENDERS: Mapping[str, Callable[[Discrepancy, Lead], None]] = {
    "not_flagged": _flag,
    "lost": _owe_again,
    "unknown": _take_over,
}
