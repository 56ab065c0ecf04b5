"""Asking a CRM who moved what: of the records whose stage is news, in a call for many of them."""

from collections.abc import Mapping, Sequence

from connectors.base import Connector, DealRecord, Kind, LeadRecord, Record
from connectors.edits import Edit
from connectors.errors import ConnectorError, Refused, Unauthorized
from crm.models import Connection, ExternalRecord, StageCounterpart
from crm.timeline import note
from runtime import clock

#: Kind -> the connector's field and ours.
_FIELDS: Mapping[str, tuple[str, str]] = {
    "lead": ("status", "status"),
    "deal": ("stage", "stage_value"),
}


class Asking:
    """About the records of one reading, a page at a time.

    What the CRM does not tell is no reason to wait with what it did tell: a stop among it would wait
    too. So one that does not answer is asked no more. That the login may not read it is noted once.
    """

    def __init__(self, connection: Connection, connector: Connector) -> None:
        self._connection, self._connector = connection, connector
        self._is_silent = connection.first_pulled_at is None  # a first pull moves nobody

    def authors(self, kind: Kind, records: Sequence[Record]) -> Mapping[str, Sequence[Edit]]:
        """Record id -> who gave its stage which value when, since we read it last."""
        if self._is_silent or kind not in {"lead", "deal"}:
            return {}
        asked = _moved(self._connection, kind, records)
        if not asked:
            return {}
        try:
            told = self._connector.edits(
                "lead" if kind == "lead" else "deal", _FIELDS[kind][0], sorted(asked)
            )
        except (Refused, Unauthorized) as error:
            _tell(self._connection, kind, error)
            return {}
        except ConnectorError:
            self._is_silent = True
            return {}
        return {id_: _news(edits, asked[id_]) for id_, edits in told.items() if id_ in asked}


def _moved(
    connection: Connection, kind: Kind, records: Sequence[Record]
) -> Mapping[str, ExternalRecord | None]:
    """Those with another value than at our last reading; a deal that is new may move its lead."""
    values = {
        record.external_id: record.stage if isinstance(record, DealRecord) else record.status
        for record in records
        if isinstance(record, DealRecord | LeadRecord) and not record.deleted
    }
    if not values or not _stands_for_a_stage(connection, kind, values):
        return {}
    links = ExternalRecord.objects.filter(
        connection=connection, kind=kind, external_id__in=list(values)
    ).select_related(kind)
    known = {link.external_id: link for link in links}
    field = _FIELDS[kind][1]
    return {
        id_: known.get(id_)
        for id_, value in values.items()
        if (kind == "deal" if id_ not in known else _is_news(known[id_], kind, field, value))
    }


def _stands_for_a_stage(connection: Connection, kind: Kind, values: Mapping[str, str]) -> bool:
    """Any of a deal, which may also be lost; of a lead one of these."""
    rows = StageCounterpart.objects.filter(connection=connection, object=kind)
    return (rows if kind == "deal" else rows.filter(value__in=set(values.values()))).exists()


def _is_news(link: ExternalRecord, kind: Kind, field: str, value: str) -> bool:
    row = getattr(link, kind)
    is_source = row is not None and row.source_id == link.connection_id
    return is_source and field in link.base and link.base[field] != value


def _news(edits: Sequence[Edit], link: ExternalRecord | None) -> Sequence[Edit]:
    """Without those that we have seen, but for the last, whatever its clock says."""
    since = link.known_at if link is not None else None
    return [e for e in edits[:-1] if since is None or e.at > since] + list(edits[-1:])


def _tell(connection: Connection, kind: Kind, error: ConnectorError) -> None:
    note(
        "record_skipped",
        connection=connection,
        occurred_at=clock.now(),
        key=f"skipped:{connection.pk}:{kind}:authors",
        data={"kind": kind, "id": "", "reason": f"who moves it is not told: {error}"},
    )
