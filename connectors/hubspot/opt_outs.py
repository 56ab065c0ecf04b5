"""Opting people out of HubSpot's emails, which is done by address."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import LeadRecord
from connectors.batches import RecordUpdate, chunks
from connectors.errors import Conflict, Outcome, Refused
from connectors.hubspot import answers
from connectors.hubspot.changes import Changes
from connectors.hubspot.wire import Wire
from connectors.vendor_text import shown

_BATCH = 100


class OptOuts:
    def __init__(self, wire: Wire, changes: Changes) -> None:
        self._wire, self._changes = wire, changes

    def write(self, rows: Sequence[RecordUpdate]) -> dict[int, Outcome]:
        """Those who asked to be left alone: unsubscribed from everything by address, in batches.

        hs_email_optout itself cannot be written.
        https://developers.hubspot.com/docs/api-reference/communication-preferences-subscriptions-v4/guide
        """
        asked = {
            position: row.external_id
            for position, row in enumerate(rows)
            if row.kind == "lead" and row.fields.get("do_not_contact") is True
        }
        if not asked:
            return {}
        found = self._changes.read("lead", sorted(set(asked.values())))[0]
        emails = {r.external_id: {r.email} for r in found if isinstance(r, LeadRecord)}
        for position, id_ in asked.items():
            # An address that is written now may not be the one that stands there yet.
            emails.get(id_, set()).add(str(rows[position].fields.get("email") or ""))
        errors: dict[str, Mapping[str, Any]] = {}
        for chunk in chunks(sorted(set().union(*emails.values()) - {""}), _BATCH):
            answer = self._wire.post(
                "/communication-preferences/v4/statuses/batch/unsubscribe-all",
                {"inputs": chunk},
                query={"channel": "EMAIL"},
                repeatable=True,  # once more unsubscribes nobody else
            )
            errors |= _errors_by_address(answer, chunk)
        return {position: _outcome(id_, emails, errors) for position, id_ in asked.items()}


def _outcome(
    id_: str, emails: Mapping[str, set[str]], errors: Mapping[str, Mapping[str, Any]]
) -> Outcome:
    addresses = emails.get(id_, set()) - {""}
    refused_by = next((errors[address] for address in sorted(addresses & set(errors))), None)
    if refused_by is not None:
        return Outcome(
            external_id="",
            error=Refused(shown(refused_by.get("message") or "refused"), field="do_not_contact"),
        )
    if addresses:
        return Outcome(external_id=id_)
    if id_ in emails:
        refused = Refused("HubSpot opts out by address, and it has none", field="do_not_contact")
        return Outcome(external_id="", error=refused)
    gone = Conflict(f"HubSpot has no contact {id_}: it was merged or deleted")
    return Outcome(external_id="", error=gone)


def _errors_by_address(
    answer: Mapping[str, Any], addresses: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """Whom HubSpot did not unsubscribe; an error that names nobody of them may mean any."""
    named = {name.lower(): error for name, error in answers.errors_by_row(answer).items()}
    found = {address: named[address.lower()] for address in addresses if address.lower() in named}
    errors = list(answers.objects(answer, "errors", required=False))
    return found if found or not errors else dict.fromkeys(addresses, errors[0])
