"""Who changed a field in Salesforce: of a deal's stage always told, else where the org tracks it.

Without such a history the record itself tells who changed it last, and when.
https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_opportunityhistory.htm
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simple_salesforce.format import quote_soql_value

from connectors.base import Written
from connectors.batches import chunks
from connectors.edits import Edit, Source, in_order
from connectors.errors import Refused, Unavailable
from connectors.salesforce import fields
from connectors.salesforce.changes import IDS, Changes
from connectors.salesforce.wire import Wire
from connectors.values import Malformed, mapping, moment, text

_BY = "CreatedDate, CreatedById, CreatedBy.Name, CreatedBy.Email, CreatedBy.UserType"
_LAST_BY = (
    "LastModifiedDate, LastModifiedById, LastModifiedBy.Name, LastModifiedBy.Email, "
    "LastModifiedBy.UserType"
)
#: What a User is who is a person; the platform's own processes have other types.
_PERSON = "Standard"
#: An id without the suffix that is for those who cannot tell cases apart.
_SHORT = 15


class Edits:
    def __init__(self, wire: Wire, changes: Changes) -> None:
        self._wire, self._changes = wire, changes

    def of(self, kind: Written, field: str, ids: Sequence[str]) -> dict[str, list[Edit]]:
        """See Connector.edits. A query for 200 records, and another where it found nothing."""
        found: dict[str, list[Edit]] = {}
        try:
            for object_ in fields.OBJECTS[kind] if ids else ():
                column = self._changes.names(object_).get(field)
                mine = [id_ for id_ in ids if fields.PREFIXES.get(id_[:3]) == object_]
                for chunk in chunks(mine, IDS) if column else ():
                    found |= self._told(object_, column or "", chunk)
                    if rest := [id_ for id_ in chunk if id_ not in found]:
                        found |= self._last(object_, column or "", rest)
        except Malformed as error:
            raise Unavailable(f"Salesforce's history of {field}: {error}") from error
        return found

    def _told(self, object_: str, column: str, ids: Sequence[str]) -> dict[str, list[Edit]]:
        """By the history; nothing where the org keeps none."""
        told: dict[str, list[Edit]] = defaultdict(list)
        try:
            for row in self._rows(_history(object_, column, ids)):
                value = row.get("StageName" if object_ == "Opportunity" else "NewValue")
                edit = self._edit(row, "Created", value)
                told[text(row.get(f"{object_}Id"))].append(edit)
        except Refused:
            return {}
        return {id_: in_order(edits) for id_, edits in told.items()}

    def _last(self, object_: str, column: str, ids: Sequence[str]) -> dict[str, list[Edit]]:
        wanted = quote_soql_value(ids)
        soql = f"SELECT Id, {column}, {_LAST_BY} FROM {object_} WHERE Id IN {wanted}"  # noqa: S608 - the org's own names, quoted ids
        return {
            text(row.get("Id")): [self._edit(row, "LastModified", row.get(column), is_last=True)]
            for row in self._rows(soql)
        }

    def _rows(self, soql: str) -> Iterator[Mapping[str, Any]]:
        for items, _ in self._changes.rows(soql):
            yield from map(mapping, items)

    def _edit(
        self, row: Mapping[str, Any], said: str, value: object, *, is_last: bool = False
    ) -> Edit:
        at, user = moment(row.get(f"{said}Date")), text(row.get(f"{said}ById"))
        if at is None:
            raise Malformed("a row without its moment")
        is_ours = user[:_SHORT] == self._wire.user_id()[:_SHORT]
        by = mapping(row.get(f"{said}By") or {})
        is_person = text(by.get("UserType")) == _PERSON and not is_ours
        source: Source = "integration" if is_ours else "person" if is_person else "automation"
        return Edit(
            value=text(value),
            at=at,
            source="record" if is_last and is_person else source,
            who=text(by.get("Email")) or text(by.get("Name")) if is_person else "",
            is_ours=is_ours,
        )


def _history(object_: str, column: str, ids: Sequence[str]) -> str:
    """OpportunityHistory is always on; the other objects' histories know the tracked fields."""
    wanted = quote_soql_value(ids)
    if object_ == "Opportunity" and column == "StageName":
        select = f"SELECT OpportunityId, StageName, {_BY} FROM OpportunityHistory"  # noqa: S608 - our names
        where = f"WHERE OpportunityId IN {wanted}"
    elif object_ == "Opportunity":
        raise Refused(f"no history of {column} is read")
    else:
        select = f"SELECT {object_}Id, NewValue, {_BY} FROM {object_}History"  # noqa: S608 - our names
        where = f"WHERE {object_}Id IN {wanted} AND Field = {quote_soql_value(column)}"
    return f"{select} {where} ORDER BY CreatedDate, Id"
