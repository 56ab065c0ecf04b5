"""Which of our rows a new record stands for: linked once by a sure sign, afterwards only by id."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import CompanyRecord, Kind, LeadRecord, OwnerRecord, Record
from crm import cross_ids, separating
from crm.models import Company, Connection, Deal, ExternalRecord, Lead, Owner
from crm.normalize import domain as normalized_domain
from crm.normalize import email as normalized_email


def find(connection: Connection, kind: Kind, records: Sequence[Record]) -> Mapping[str, Any]:
    """External id -> our row, of those records that are sure to stand for one that we have."""
    if kind == "owner":
        return _owners([record for record in records if isinstance(record, OwnerRecord)])
    if kind == "company":
        return _companies(connection, [r for r in records if isinstance(r, CompanyRecord)])
    if kind == "lead":
        return _leads(connection, [record for record in records if isinstance(record, LeadRecord)])
    return {}


def _owners(records: Sequence[OwnerRecord]) -> Mapping[str, Owner]:
    """An owner is the same rep in every CRM that knows the email."""
    emails = {record.external_id: _address(record) for record in records}
    rows = {row.email: row for row in Owner.objects.filter(email__in=emails.values())}
    for record in records:
        address = emails[record.external_id]
        if address not in rows:
            rows[address] = Owner.objects.create(
                email=address, name=record.name, active=record.active
            )
    return {external_id: rows[address] for external_id, address in emails.items()}


def follow_owner(link: ExternalRecord, record: OwnerRecord) -> None:
    """A rep who took over another's address is that one from now on, and so are all records."""
    other = Owner.objects.filter(email=_address(record)).exclude(pk=link.owner_id or 0).first()
    if other is None:
        return
    link.owner = other
    link.save(update_fields=["owner"])
    for kind, model in (("company", Company), ("lead", Lead), ("deal", Deal)):
        theirs = ExternalRecord.objects.filter(
            connection=link.connection_id, kind=kind, base__owner_id=record.external_id
        )
        model.objects.filter(pk__in=theirs.values(kind)).update(owner=other)


def _address(record: OwnerRecord) -> str:
    """An owner without an address is nobody else's twin: a name that no mail can reach."""
    return normalized_email(record.email) or f"owner-{record.external_id}@invalid"


def _companies(connection: Connection, records: Sequence[CompanyRecord]) -> Mapping[str, Company]:
    """Companies of two CRMs are one when both know the same domain, once on each side."""
    named = {record.external_id: normalized_domain(record.domain) for record in records}
    domains = Counter(name for name in named.values() if name)
    taken = ExternalRecord.objects.filter(connection=connection, kind="company")
    rows: dict[str, list[Company]] = defaultdict(list)
    for row in Company.objects.filter(domain__in=list(domains)).exclude(
        pk__in=taken.values("company")
    ):
        rows[row.domain].append(row)
    return {
        external_id: rows[name][0]
        for external_id, name in named.items()
        if domains[name] == 1 and len(rows[name]) == 1
    }


def _leads(connection: Connection, records: Sequence[LeadRecord]) -> Mapping[str, Lead]:
    """By the mapped cross-id, else by an email with exactly one candidate on each side."""
    found: dict[str, Lead] = cross_ids.find(connection, records)
    emails = {record.external_id: normalized_email(record.email) for record in records}
    here = Counter(address for address in emails.values() if address)
    rows: dict[str, list[Lead]] = defaultdict(list)
    for row in Lead.objects.filter(email__in=list(here), deleted_at=None):
        rows[row.email].append(row)
    linked_here = set(
        ExternalRecord.objects.filter(
            connection=connection, kind="lead", deleted_at=None, lead__email__in=list(here)
        ).values_list("lead_id", flat=True)
    )
    for record in records:
        address = emails[record.external_id]
        candidates = rows[address]
        if record.external_id in found or here[address] != 1 or len(candidates) != 1:
            continue
        if candidates[0].pk not in linked_here:
            found[record.external_id] = candidates[0]
    return found


def doubt_shared_emails(emails: Sequence[str]) -> None:
    """Flag the leads that share an email: two people, or one twice; a person has to say which."""
    leads = list(Lead.objects.filter(email__in=[e for e in emails if e], deleted_at=None))
    for lead, others in zip(leads, separating.doubts(leads).values(), strict=True):
        named = ", ".join(f"{other} (lead {other.pk})" for other in others)
        doubt = f"has the same email address as {named}" if others else ""
        if lead.doubt != doubt:
            Lead.objects.filter(pk=lead.pk).update(doubt=doubt)


def erased(connection: Connection, records: Sequence[LeadRecord]) -> set[str]:
    """External ids of the records that stand for somebody erased, also under the id of a successor."""
    ids = {id_ for record in records for id_ in (record.external_id, *record.merged_ids)}
    links = ExternalRecord.objects.filter(connection=connection, kind="lead", external_id__in=ids)
    stubs = {
        link.external_id: link.lead
        for link in links.exclude(lead__erased_at=None).select_related("lead")
    }
    if not stubs:
        return set()
    living = set(links.filter(lead__erased_at=None).values_list("external_id", flat=True))
    found = set()
    for record in records:
        own = (record.external_id, *record.merged_ids)
        stub = next((stubs[id_] for id_ in own if id_ in stubs), None)
        if stub is None or living.intersection(own):
            continue
        found.add(record.external_id)
        for successor in {record.external_id, record.converted_to} - {""}:
            ExternalRecord.objects.get_or_create(
                connection=connection, kind="lead", external_id=successor, defaults={"lead": stub}
            )
    return found
