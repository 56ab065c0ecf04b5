"""Opening a connection: its settings with the secrets filled in, its connector kept open."""

import os
import threading

from django.conf import settings

from connectors.base import Connector
from connectors.registry import connect
from crm.logins import KeptTokens
from crm.models import Connection, Login
from crm.quota import Budget
from workspace.secrets import MissingSecret, resolve

_open = threading.local()


class NotConfigured(ValueError):
    """A secret or setting that is missing or wrong; the text names it."""


#: What a person has to act on before any call can be made.
UNUSABLE = (NotConfigured, MissingSecret)


def connector_of(connection: Connection) -> Connector:
    """The connector of this thread, its sockets kept open; built anew when its settings change.

    Raises what UNUSABLE names.
    """
    kept: dict[int, tuple[object, Connector]] = _open.__dict__.setdefault("connectors", {})
    asked, connector = kept.get(connection.pk, (None, None))
    if connector is None or asked != connection.settings:
        connector = _connect(connection)
        kept[connection.pk] = (dict(connection.settings), connector)
    return connector


def _connect(connection: Connection) -> Connector:
    try:
        return connect(
            connection.kind,
            {
                **{key: _filled(value) for key, value in connection.settings.items()},
                "allow_sandbox": settings.CADENZA_MODE == "sandbox",
            },
            Budget(connection),
            lambda first: KeptTokens(Login, {"connection": connection}, first),
        )
    except MissingSecret:
        raise
    except ValueError as error:
        raise NotConfigured(str(error)) from error


def forget() -> None:
    """Close this thread's connectors; the next use opens them anew."""
    for _, connector in _open.__dict__.pop("connectors", {}).values():
        connector.close()


def _filled(value: object) -> object:
    return resolve(value, os.environ) if isinstance(value, str) else value
