"""Two CRMs' records of one person, where a mapped field of one holds the other's id."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from connectors.base import LeadRecord
from connectors.ids import spellings
from crm.models import Connection, ExternalRecord, Lead

Pairs = Iterable[tuple[str, ExternalRecord]]


def find(connection: Connection, records: Sequence[LeadRecord]) -> dict[str, Lead]:
    """Either side may name the other. A cross-id that two records carry is no sure sign of anybody."""
    links = [*_naming(connection, records), *_named_by(connection, records)]
    pairs = {(external_id, link.lead) for external_id, link in links if link.lead is not None}
    claims = Counter(external_id for external_id, _ in pairs)
    claimed = Counter(lead.pk for _, lead in pairs)
    found = {id_: lead for id_, lead in pairs if claims[id_] == 1 and claimed[lead.pk] == 1}
    taken = ExternalRecord.objects.filter(
        connection=connection, kind="lead", deleted_at=None, lead__in=list(found.values())
    )
    linked_here = set(taken.values_list("lead_id", flat=True))
    return {id_: lead for id_, lead in found.items() if lead.pk not in linked_here}


def _naming(connection: Connection, records: Sequence[LeadRecord]) -> Pairs:
    """(id, the other CRM's record) of those records that name one."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for record in records:
        for spelling in spellings(record.cross_id) if record.cross_id else ():
            wanted[spelling].append(record.external_id)
    for link in _elsewhere(connection).filter(external_id__in=list(wanted)):
        yield from ((external_id, link) for external_id in wanted[link.external_id])


def _named_by(connection: Connection, records: Sequence[LeadRecord]) -> Pairs:
    """(id, the other CRM's record) of those records that one names."""
    mapping = [
        other.pk
        for other in Connection.objects.exclude(pk=connection.pk)
        if "cross_id" in ((other.settings.get("fields") or {}).get("lead") or {})
    ]
    if not mapping:
        return
    wanted = {s: record.external_id for record in records for s in spellings(record.external_id)}
    naming = _elsewhere(connection).filter(connection__in=mapping)
    for link in naming.filter(base__cross_id__in=list(wanted), deleted_at=None):
        yield wanted[str(link.base["cross_id"])], link


def _elsewhere(connection: Connection) -> QuerySet[ExternalRecord]:
    links = ExternalRecord.objects.filter(kind="lead").exclude(connection=connection)
    return links.select_related("lead")
