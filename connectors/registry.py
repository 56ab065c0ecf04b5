"""From a connection's settings to its connector."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from connectors import endpoints
from connectors.base import Connector, Kind
from connectors.endpoints import Budget, Unlimited
from connectors.logins import OwnTokens, Tokens
from connectors.mapping import merged, types

if TYPE_CHECKING:
    from connectors.hubspot import wire as hubspot_wire

Settings = Mapping[str, object]
#: From the workspace's refresh token to who keeps what it wins.
TokensOf = Callable[[str], Tokens]

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


def connect(
    kind: str,
    settings: Settings,
    budget: Budget | None = None,
    tokens: TokensOf = OwnTokens,
) -> Connector:
    """The connector of a connection as cadenza.yaml describes it, its secrets filled in.

    Each of its calls asks `budget` first, when there is one; `tokens` keeps what a refresh token
    wins, for those logins that have one.

    Nothing is called yet. Raises ValueError naming the setting and the valid choices.
    """
    if kind not in _KINDS:
        raise ValueError(f"kind: {kind!r} is none of {', '.join(sorted(_KINDS))}")
    names, build = _KINDS[kind]
    for name in sorted(set(settings) - names - _OTHERS - {"fields", "types", "allow_sandbox"}):
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        choices = ", ".join(sorted(names | {"fields", "types"}))
        raise ValueError(f"{name}: no setting of {kind}, which takes {choices}{hint}")
    return build(settings, budget or Unlimited(), tokens)


def writable(kind: str, record_kind: Kind, external_id: str, custom: object) -> frozenset[str]:
    """Our names of the fields that a connection of this kind can write on a record; no call is made."""
    if kind == "hubspot":
        from connectors.hubspot import fields as hubspot  # noqa: PLC0415 - late, as below

        return hubspot.writable(record_kind, merged(hubspot.PROPERTIES, custom))
    if kind == "salesforce":
        from connectors.salesforce import fields as salesforce  # noqa: PLC0415 - late, as below

        table = merged(salesforce.NO_CUSTOM, custom)
        return salesforce.writable(external_id, table.get(record_kind, {}))
    if kind == "tryton":
        from connectors.tryton import fields as tryton  # noqa: PLC0415 - late, as below

        return frozenset(merged(tryton.FIELDS, custom)[record_kind]) - tryton.READ_ONLY
    from connectors.csv_folder import fields as csv_folder  # noqa: PLC0415 - late, as below

    return frozenset(merged(csv_folder.COLUMNS, custom)[record_kind]) - csv_folder.READ_ONLY


def writable_of_people(kind: str, custom: object) -> frozenset[str]:
    """The same of a person who is new there: in Salesforce a Lead, which may become a Contact."""
    return writable(kind, "lead", "00Q" if kind == "salesforce" else "", custom)


def calls_are_tasks(kind: str) -> bool:
    """Whether a call's task that is done stands in the CRM as the call, and needs no other."""
    return kind == "salesforce"


def keeps_lists(kind: str) -> bool:
    """Whether such a CRM has lists of people, on which they can be put."""
    return kind in {"hubspot", "salesforce"}


def _hubspot(settings: Settings, budget: Budget, tokens: TokensOf) -> Connector:
    # Late: the vendor's client costs 80 ms that a command which calls no CRM should not pay.
    from connectors.hubspot import HubSpotConnector, fields, wire  # noqa: PLC0415 - see above

    allow_sandbox = bool(settings.get("allow_sandbox"))
    return HubSpotConnector(
        login=_hubspot_login(settings, tokens),
        url=endpoints.normalized_url(
            settings.get("url", wire.URL), setting="url", allow_sandbox=allow_sandbox
        ),
        table=merged(fields.PROPERTIES, settings.get("fields")),
        types=types(settings.get("types")),
        allow_sandbox=allow_sandbox,
        budget=budget,
    )


def _hubspot_login(settings: Settings, tokens: TokensOf) -> "hubspot_wire.Login":
    from connectors.hubspot import wire  # noqa: PLC0415 - as above

    if not settings.get("refresh_token"):
        return wire.Login(token=_text(settings, "token"))
    if settings.get("token"):
        raise ValueError("token: a connection has a token or a refresh_token, not both")
    return wire.Login(
        tokens=tokens(_text(settings, "refresh_token")),
        client_id=_text(settings, "client_id"),
        client_secret=_text(settings, "client_secret"),
    )


def _salesforce(settings: Settings, budget: Budget, tokens: TokensOf) -> Connector:
    from connectors.salesforce import SalesforceConnector, connector, fields, login  # noqa: PLC0415 - as above

    ways = [
        name for name in ("client_secret", "private_key", "refresh_token") if settings.get(name)
    ]
    if "private_key" in ways:
        _text(settings, "username")
    elif not ways:
        _text(settings, "client_secret")
    first = str(settings.get("refresh_token") or "")
    allow_sandbox = bool(settings.get("allow_sandbox"))
    return SalesforceConnector(
        url=endpoints.normalized_url(
            _text(settings, "url"), setting="url", allow_sandbox=allow_sandbox
        ),
        login=login.Login(
            client_id=_text(settings, "client_id"),
            client_secret=str(settings.get("client_secret") or ""),
            private_key=str(settings.get("private_key") or ""),
            username=str(settings.get("username") or ""),
            audience=str(settings.get("audience") or login.AUDIENCE),
            tokens=tokens(first) if first else None,
        ),
        custom=merged(fields.NO_CUSTOM, settings.get("fields")),
        types=types(settings.get("types")),
        bulk_from=int(str(settings.get("bulk_from") or connector.BULK_FROM)),
        allow_sandbox=allow_sandbox,
        budget=budget,
    )


def _tryton(settings: Settings, budget: Budget, _tokens: TokensOf) -> Connector:
    from connectors.tryton import TrytonConnector, fields  # noqa: PLC0415 - as above

    allow_sandbox = bool(settings.get("allow_sandbox"))
    return TrytonConnector(
        url=endpoints.normalized_url(
            _text(settings, "url"), setting="url", allow_sandbox=allow_sandbox
        ),
        database=_text(settings, "database"),
        key=_text(settings, "key"),
        table=merged(fields.FIELDS, settings.get("fields")),
        types=types(settings.get("types")),
        allow_sandbox=allow_sandbox,
        budget=budget,
    )


def _csv(settings: Settings, _budget: Budget, _tokens: TokensOf) -> Connector:
    from connectors.csv_folder import CsvConnector, fields  # noqa: PLC0415 - as above

    return CsvConnector(
        folder=Path(_text(settings, "folder")),
        table=merged(fields.COLUMNS, settings.get("fields")),
        types=types(settings.get("types")),
    )


def _text(settings: Settings, name: str) -> str:
    value = settings.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name}: missing or blank")
    return value


_KINDS: Mapping[str, tuple[frozenset[str], Callable[[Settings, Budget, TokensOf], Connector]]] = {
    "hubspot": (
        frozenset({"token", "url", "client_id", "client_secret", "refresh_token"}),
        _hubspot,
    ),
    "csv": (frozenset({"folder"}), _csv),
    "salesforce": (
        frozenset(
            {
                "url",
                "client_id",
                "client_secret",
                "private_key",
                "username",
                "audience",
                "refresh_token",
                "bulk_from",
            }
        ),
        _salesforce,
    ),
    "tryton": (frozenset({"url", "database", "key"}), _tryton),
}
