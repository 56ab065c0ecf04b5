"""Touches as HubSpot's engagements: logged, found again, ticked off and handed over.

https://developers.hubspot.com/docs/reference/api/crm/engagements/email
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from connectors.batches import chunks, in_batches, refused_apart
from connectors.engagements import Completion, Handover, Touch
from connectors.errors import ConnectorError, Outcome, Unavailable
from connectors.hubspot import answers, engagements
from connectors.hubspot.changes import Changes
from connectors.hubspot.wire import Wire

_BATCH = 100
_Row = TypeVar("_Row", Touch, Completion, Handover)


class Touches:
    def __init__(self, wire: Wire, changes: Changes) -> None:
        self._wire, self._changes = wire, changes

    def log(self, touches: Sequence[Touch]) -> list[Outcome]:
        """See Connector.log_touches. Emails of both directions are emails, bounce reports notes."""
        return _by_object(touches, self._create)

    def complete(self, completions: Sequence[Completion]) -> list[Outcome]:
        """See Connector.complete."""
        return _by_object(completions, self._complete)

    def hand_over(self, handovers: Sequence[Handover]) -> list[Outcome]:
        """See Connector.hand_over."""
        return _by_object(handovers, self._hand_over)

    def find(self, lead_ids: Sequence[str]) -> dict[str, str]:
        """See Connector.find_touches."""
        touches: dict[str, str] = {}
        for object_, name in engagements.MARKS.items():
            found = self._changes.associated("contacts", object_, lead_ids)
            ids = sorted({str(to.get("toObjectId")) for links in found.values() for to in links})
            for chunk in chunks(ids, _BATCH):
                answer = self._wire.post(
                    f"/crm/v3/objects/{object_}/batch/read",
                    {
                        "inputs": [{"id": id_} for id_ in chunk],
                        "properties": [name],
                        "propertiesWithHistory": [],
                    },
                    repeatable=True,
                )
                for result in answers.objects(answer, "results"):
                    if message_id := _message_id(object_, result):
                        touches[message_id] = answers.id_of(result)
        return touches

    def _create(self, object_: str, touches: Sequence[Touch]) -> list[Outcome]:
        answer = self._wire.post(
            f"/crm/v3/objects/{object_}/batch/create",
            {"inputs": [engagements.made(touch) for touch in touches]},
            repeatable=False,  # a second time would log it twice
        )
        created = {
            _message_id(object_, result): answers.id_of(result)
            for result in answers.objects(answer, "results")
        }
        errors = answers.errors_by_row(answer)
        return [_logged(touch.message_id, created, errors) for touch in touches]

    def _complete(self, object_: str, completions: Sequence[Completion]) -> list[Outcome]:
        values = engagements.COMPLETED[object_]
        return self._set(object_, {done.external_id: values for done in completions}, completions)

    def _hand_over(self, object_: str, handovers: Sequence[Handover]) -> list[Outcome]:
        values = {given.external_id: {"hubspot_owner_id": given.owner_id} for given in handovers}
        return self._set(object_, values, handovers)

    def _set(
        self,
        object_: str,
        values: Mapping[str, Mapping[str, str]],
        rows: Sequence[Completion | Handover],
    ) -> list[Outcome]:
        answer = self._wire.post(
            f"/crm/v3/objects/{object_}/batch/update",
            {
                "inputs": [
                    {"id": id_, "properties": values[id_], "objectWriteTraceId": id_}
                    for id_ in sorted(values)
                ]
            },
            repeatable=True,  # the same values again change nothing
        )
        done = {answers.id_of(result) for result in answers.objects(answer, "results")}
        errors = answers.errors_by_row(answer)
        return [answers.updated(row.external_id, done, errors) for row in rows]


def _by_object(
    rows: Sequence[_Row], send: Callable[[str, Sequence[_Row]], list[Outcome]]
) -> list[Outcome]:
    """Each object's rows in batches of their own; raises only when nothing is known of any row."""
    outcomes: dict[int, Outcome] = {}
    for object_ in engagements.MARKS:
        mine = [n for n, row in enumerate(rows) if engagements.OBJECTS[row.kind] == object_]
        apart = partial(refused_apart, send=partial(send, object_))
        try:
            answered = in_batches([rows[n] for n in mine], _BATCH, apart)
        except ConnectorError as error:
            if not any(outcome.error is None for outcome in outcomes.values()):
                raise
            answered = [Outcome(external_id="", error=error)] * len(mine)
        outcomes |= dict(zip(mine, answered, strict=True))
    return [outcomes[n] for n in range(len(rows))]


def _logged(
    message_id: str, created: Mapping[str, str], errors: Mapping[str, Mapping[str, Any]]
) -> Outcome:
    if message_id in created:
        return Outcome(external_id=created[message_id])
    if message_id in errors:
        return Outcome(external_id="", error=answers.refusal(errors[message_id]))
    # Neither logged nor refused as far as the answer says: look before it is written again.
    return Outcome(external_id="", error=Unavailable("HubSpot's answer does not name this touch"))


def _message_id(object_: str, result: Mapping[str, Any]) -> str:
    return engagements.message_id(object_, answers.property_of(result, engagements.MARKS[object_]))
