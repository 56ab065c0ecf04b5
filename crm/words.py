"""A person's status and lifecycle stage: every CRM has its own words for them.

Those of the source CRM stand on the lead. Those that another one is to hold stand on its record.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from connectors import registry
from connectors.base import Record
from crm import edit, ledger, policy, values
from crm.merge import Merged, merge
from crm.models import Connection, ExternalRecord, Lead
from runtime import clock

FIELDS = policy.OF_SOURCE["lead"]


def held(connection: Connection) -> frozenset[str]:
    """The fields for which this CRM has words."""
    fields = connection.settings.get("fields")
    return FIELDS & registry.writable_of_people(connection.kind, fields)


def of(link: ExternalRecord, lead: Lead) -> Mapping[str, object]:
    """What stands in the CRM, or is about to."""
    return ledger.ours(link, lead, FIELDS)


def say(link: ExternalRecord, lead: Lead, said: Mapping[str, object], *, by: str) -> None:
    """Owe a CRM its own words of a lead, whose row the caller locked; those it has no field for are not."""
    new = {name: word for name, word in said.items() if name in ledger.takes(link)}
    if link.connection_id == lead.source_id:
        if new:
            edit.change(lead, new, by=by)
        return
    _keep_mirror(link, lead, new)
    link.words = {**link.words, **new}
    link.save(update_fields=["words"])
    ledger.settle("lead", [lead], at=clock.now())


def heard(
    link: ExternalRecord,
    record: Record,
    *,
    base: Mapping[str, object],
    policy_of: Callable[[str], policy.Policy],
    ours_at: Mapping[str, datetime],
) -> Merged:
    """What another CRM than the source says: what is newer there by the field's policy stays."""
    lead = link.lead
    if lead is None or lead.source_id == link.connection_id:
        return Merged()
    theirs = {name: word for name, word in values.of_record(record).items() if name in FIELDS}
    merged = merge(
        base=base,
        ours={name: link.words.get(name, base.get(name)) for name in theirs},
        theirs=theirs,
        policy_of=policy_of,
        ours_at=ours_at,
        theirs_at=record.modified_at,
    )
    link.words = {name: word for name, word in link.words.items() if name not in merged.take}
    return merged


def _keep_mirror(link: ExternalRecord, lead: Lead, new: Mapping[str, object]) -> None:
    """A field that the source CRM does not have goes on showing this one's word."""
    shown = {name: word for name, word in new.items() if name not in held(lead.source)}
    before, here = of(link, lead), values.of_row(lead, names=shown)
    shown = {name: word for name, word in shown.items() if here[name] in ("", before.get(name))}
    if shown:
        lead.save(update_fields=values.put(lead, shown))
