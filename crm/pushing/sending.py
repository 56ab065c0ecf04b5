"""Changes in the words of a connector, one outcome each, in order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from connectors.base import Update, Written
from connectors.engagements import Completion, Handover, Touch
from connectors.errors import Outcome
from crm import ledger, listing
from crm.models import Change
from crm.pushing.batch import Batch


def updates(batch: Batch, changes: Sequence[Change]) -> Sequence[Outcome]:
    return batch.connector.update(
        [
            Update(
                kind=cast("Written", change.record.kind),
                external_id=change.record.external_id,
                fields={ledger.connectors_name(change.field): change.value},
            )
            for change in changes
        ]
    )


def touches(batch: Batch, changes: Sequence[Change]) -> Sequence[Outcome]:
    return batch.connector.log_touches([_touch(change) for change in changes])


def completions(batch: Batch, changes: Sequence[Change]) -> Sequence[Outcome]:
    return batch.connector.complete(
        [
            Completion(
                kind=_value(change)["kind"],
                external_id=change.external_id,
                outcome=_value(change).get("outcome", ""),
            )
            for change in changes
        ]
    )


def handovers(batch: Batch, changes: Sequence[Change]) -> Sequence[Outcome]:
    return batch.connector.hand_over(
        [
            Handover(
                kind=_value(change)["kind"],
                external_id=change.external_id,
                owner_id=_value(change)["owner_id"],
            )
            for change in changes
        ]
    )


def memberships(batch: Batch, changes: Sequence[Change]) -> Sequence[Outcome]:
    return listing.write(batch.connection, batch.connector, changes)


def _touch(change: Change) -> Touch:
    value = _value(change)
    return Touch(
        kind=value.get("kind", "email"),
        message_id=change.message_id,
        lead_id=change.record.external_id,
        subject=value["subject"],
        text=value["text"],
        sent_at=datetime.fromisoformat(value["sent_at"]),
        from_email=value["from_email"],
        to_email=value["to_email"],
        work=value.get("work", ""),
        deal_id=value["deal_id"],
        owner_id=value["owner_id"],
    )


def _value(change: Change) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", change.value)
