"""What records refer to: owner, company, the person of a deal; found here, or made good later.

What is referred to may land last: a CRM's index knows a deal before its new contact.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.base import Record
from crm import values
from crm.models import Connection, ExternalRecord

#: Which kinds refer to a kind, and where the base of such a record names it.
_REFERRING: Mapping[str, tuple[tuple[str, ...], str]] = {
    "owner": (("company", "lead", "deal"), "base__owner_id__in"),
    "company": (("lead", "deal"), "base__company_id__in"),
    "lead": (("deal",), "base__lead_ids__0__in"),
}


class Links:
    """Of a page of records the rows that they refer to, as far as they have landed."""

    def __init__(self, connection: Connection, records: Iterable[Record]) -> None:
        named = [_named(record) for record in records]
        self._rows = {
            kind: _rows(connection, kind, {ids[kind] for ids in named if ids.get(kind)})
            for kind in _REFERRING
        }

    def columns(self, record: Record) -> dict[str, object]:
        """Row by column; None where it refers to nothing that is here."""
        return {kind: self._rows[kind].get(id_) for kind, id_ in _named(record).items()}

    def news(self, record: Record, base: Mapping[str, Any]) -> dict[str, object]:
        """The same, of what it refers to otherwise than the base says."""
        named = _named(record).items()
        changed = {kind for kind, id_ in named if id_ != _id(base, kind)}
        return {kind: row for kind, row in self.columns(record).items() if kind in changed}

    def dangle(self, record: Record) -> bool:
        """Whether it refers to something that has not landed."""
        return any(id_ and id_ not in self._rows[kind] for kind, id_ in _named(record).items())


def make_good(connection: Connection, kind: str, ids: Sequence[str]) -> Sequence[Any]:
    """Records of `kind` have landed: what referred to them in vain refers to them now; those rows."""
    if kind not in _REFERRING:
        return []
    kinds, names = _REFERRING[kind]
    dangling = ExternalRecord.objects.filter(connection=connection, kind__in=kinds, dangling=True)
    found = list(dangling.filter(deleted_at=None, **{names: list(ids)}).select_related(*kinds))
    rows = _rows(connection, kind, {_id(link.base, kind) for link in found})
    mended = []
    for link in found:
        row = getattr(link, link.kind)
        setattr(row, kind, rows[_id(link.base, kind)])
        row.save(update_fields=[kind])
        link.dangling = any(_id(link.base, k) and _is_open(row, k) for k in _REFERRING)
        mended.append(row)
    ExternalRecord.objects.bulk_update(found, ["dangling"], batch_size=500)
    return mended


def _is_open(row: Any, column: str) -> bool:
    return getattr(row, f"{column}_id", 0) is None


def _rows(connection: Connection, kind: str, ids: Iterable[str]) -> Mapping[str, Any]:
    wanted = list(ids)
    if not wanted:
        return {}
    links = ExternalRecord.objects.filter(
        connection=connection, kind=kind, external_id__in=wanted
    ).select_related(kind)
    return {link.external_id: getattr(link, kind) for link in links}


def _named(record: Record) -> dict[str, str]:
    """Kind -> the id that the record names, blank where it names none."""
    links = values.links_of(record)
    return {kind: _id(links, kind) for kind in _REFERRING if _field(kind) in links}


def _id(links: Mapping[str, Any], kind: str) -> str:
    named = links.get(_field(kind)) or ""
    return str(named[0]) if isinstance(named, list) else str(named)


def _field(kind: str) -> str:
    return "lead_ids" if kind == "lead" else f"{kind}_id"
