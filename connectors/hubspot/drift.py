"""Properties that the team mapped and the account does not have: noticed, told, and lived without.

HubSpot answers as if nobody had asked for them; a blank one is there, and null.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.base import Kind, Skipped
from connectors.errors import Unavailable
from connectors.hubspot import fields
from connectors.hubspot.wire import Wire
from connectors.mapping import FieldTable
from connectors.values import Malformed, mapping, sequence, text


class Drift:
    def __init__(self, wire: Wire, table: FieldTable) -> None:
        self._wire = wire
        #: Kind -> our name -> the property, of what is mapped and was not looked for.
        self._mapped = {
            kind: {o: t for o, t in names.items() if fields.PROPERTIES[kind].get(o) != t}
            for kind, names in table.items()
        }

    def told(self, kind: Kind, items: Iterable[object]) -> list[Skipped]:
        """What no item has: looked for among the account's properties, once, and told where gone."""
        mapped, answered = self._mapped.get(kind, {}), list(map(_properties, items))
        missing = {o: t for o, t in mapped.items() if not any(t in names for names in answered)}
        if not missing or not answered:
            return []
        known = self._known(kind)
        self._mapped[kind] = {o: t for o, t in mapped.items() if o not in missing}
        return [
            Skipped(
                external_id="",
                reason=f"fields.{kind}.{ours}: no property {theirs!r} of {fields.OBJECTS[kind]}: "
                "not read",
            )
            for ours, theirs in sorted(missing.items())
            if theirs not in known
        ]

    def _known(self, kind: Kind) -> set[str]:
        try:
            answer = self._wire.get(f"/crm/v3/properties/{fields.OBJECTS[kind]}")
            return {text(mapping(one).get("name")) for one in sequence(answer.get("results"))}
        except Malformed as error:
            raise Unavailable(f"HubSpot's properties of a {kind}: {error}") from error


def _properties(item: object) -> Mapping[str, Any]:
    properties = item.get("properties") if isinstance(item, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}
