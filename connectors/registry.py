"""From a connection's settings to its connector."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path

from connectors import endpoints
from connectors.base import Connector, Kind
from connectors.endpoints import Budget, Unlimited
from connectors.mapping import merged

Settings = Mapping[str, object]

#: Settings of every connection that are not the connector's.
_OTHERS = frozenset(
    {
        "kind",
        "name",
        "pull_every",
        "policies",
        "brakes",
        "tier",
        "calls_per_day",
        "calls_per_10_seconds",
        "searches_per_second",
        "webhook_secret",
    }
)


def connect(kind: str, settings: Settings, budget: Budget | None = None) -> Connector:
    """The connector of a connection as cadenza.yaml describes it, its secrets filled in.

    Each of its calls asks `budget` first, when there is one.

    Nothing is called yet. Raises ValueError naming the setting and the valid choices.
    """
    if kind not in _KINDS:
        raise ValueError(f"kind: {kind!r} is none of {', '.join(sorted(_KINDS))}")
    names, build = _KINDS[kind]
    for name in sorted(set(settings) - names - _OTHERS - {"fields", "allow_sandbox"}):
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        choices = ", ".join(sorted(names | {"fields"}))
        raise ValueError(f"{name}: no setting of {kind}, which takes {choices}{hint}")
    return build(settings, budget or Unlimited())


def writable(kind: str, record_kind: Kind, external_id: str, custom: object) -> frozenset[str]:
    """Our names of the fields that a connection of this kind can write on a record; no call is made."""
    if kind == "hubspot":
        from connectors.hubspot import fields as hubspot  # noqa: PLC0415 - late, as below

        return hubspot.writable(record_kind, merged(hubspot.PROPERTIES, custom))
    if kind == "salesforce":
        from connectors.salesforce import fields as salesforce  # noqa: PLC0415 - late, as below

        table = merged(salesforce.NO_CUSTOM, custom)
        return salesforce.writable(external_id, table.get(record_kind, {}))
    from connectors.csv_folder import connector  # noqa: PLC0415 - late, as below

    return frozenset(merged(connector.COLUMNS, custom)[record_kind]) - connector.READ_ONLY


def _hubspot(settings: Settings, budget: Budget) -> Connector:
    # Late: the vendor's client costs 80 ms that a command which calls no CRM should not pay.
    from connectors.hubspot import HubSpotConnector, fields, wire  # noqa: PLC0415 - see above

    allow_sandbox = bool(settings.get("allow_sandbox"))
    return HubSpotConnector(
        token=_text(settings, "token"),
        url=endpoints.normalized_url(
            settings.get("url", wire.URL), setting="url", allow_sandbox=allow_sandbox
        ),
        table=merged(fields.PROPERTIES, settings.get("fields")),
        allow_sandbox=allow_sandbox,
        budget=budget,
    )


def _salesforce(settings: Settings, budget: Budget) -> Connector:
    from connectors.salesforce import SalesforceConnector, fields  # noqa: PLC0415 - as above

    allow_sandbox = bool(settings.get("allow_sandbox"))
    return SalesforceConnector(
        url=endpoints.normalized_url(
            _text(settings, "url"), setting="url", allow_sandbox=allow_sandbox
        ),
        client_id=_text(settings, "client_id"),
        client_secret=_text(settings, "client_secret"),
        custom=merged(fields.NO_CUSTOM, settings.get("fields")),
        allow_sandbox=allow_sandbox,
        budget=budget,
    )


def _csv(settings: Settings, _budget: Budget) -> Connector:
    from connectors.csv_folder import CsvConnector, connector  # noqa: PLC0415 - as above

    return CsvConnector(
        folder=Path(_text(settings, "folder")),
        table=merged(connector.COLUMNS, settings.get("fields")),
    )


def _text(settings: Settings, name: str) -> str:
    value = settings.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name}: missing or blank")
    return value


_KINDS: Mapping[str, tuple[frozenset[str], Callable[[Settings, Budget], Connector]]] = {
    "hubspot": (frozenset({"token", "url"}), _hubspot),
    "csv": (frozenset({"folder"}), _csv),
    "salesforce": (frozenset({"url", "client_id", "client_secret"}), _salesforce),
}
