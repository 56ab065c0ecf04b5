"""Marketing's and sales' CRMs hear of each qualification, in their own words, and say so themselves."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm import edit, words
from crm.models import Connection, ExternalRecord, Lead
from process import outcomes
from process.marketing.definition import Crm, Level


@dataclass(frozen=True, kw_only=True)
class Answer:
    accepted: bool
    reason: str  #: of a no; blank where the CRM has no field for it, or nothing in it


def tell(lead: Lead, levels: Sequence[Level], *, by: str) -> None:
    """Every CRM that knows the lead; of several levels at once the last one has its way."""
    for link, crm in _known(lead):
        now = words.of(link, lead)
        said: dict[str, object] = {}
        for level in levels:
            said |= crm.to_say(level, now)
        words.say(link, lead, said, by=by)


def tell_rejected(lead: Lead, reason: str, *, by: str) -> None:
    reasons: dict[str, object] = {}
    for link, crm in _known(lead):
        if crm.rejected is not None:
            words.say(link, lead, crm.rejected.words(), by=by)
            if reason and crm.rejected.reason_field is not None:
                reasons[f"extra.{crm.rejected.reason_field}"] = reason
    if reasons:
        edit.change(lead, reasons, by=by)


def is_mql(lead: Lead, connection: Connection, fields: Collection[str]) -> Mapping[str, object]:
    """The words by which a CRM calls it an MQL, where one of these fields made it so, and since when.

    Nothing where it does not.
    """
    for link, crm in _known(lead):
        if link.connection_id == connection.pk and crm.mql is not None:
            called: dict[str, object] = {**crm.mql.words()}
            if called.keys() & set(fields) and crm.mql.is_said(words.of(link, lead)):
                at = link.modified_at
                return {**called, **({"changed_at": at.isoformat()} if at else {})}
    return {}


def answer(lead: Lead, connection: Connection, fields: Collection[str]) -> Answer | None:
    """What a CRM says that sales answers, where one of these fields made it so: a no, or from SAL on."""
    for link, crm in _known(lead):
        now = words.of(link, lead)
        for level, called in crm.called() if link.connection_id == connection.pk else ():
            if level != "mql" and called.words().keys() & set(fields) and called.is_said(now):
                return _answer(lead, crm, level)
    return None


def _answer(lead: Lead, crm: Crm, level: str) -> Answer:
    field = crm.rejected.reason_field if crm.rejected is not None else None
    reason = lead.extra.get(field) if field is not None and level == "rejected" else None
    return Answer(accepted=level != "rejected", reason=str(reason or ""))


def _known(lead: Lead) -> Iterator[tuple[ExternalRecord, Crm]]:
    """The lead's record in each CRM that has words declared: of several the newest."""
    process = outcomes.applied()
    declared = process.marketing if process else {}
    if not declared:
        return
    links = ExternalRecord.objects.filter(lead=lead, kind="lead", deleted_at=None)
    links = links.filter(connection__name__in=declared).select_related("connection")
    newest = {link.connection.name: link for link in links.order_by("id")}
    for name in sorted(newest):
        yield newest[name], declared[name]
