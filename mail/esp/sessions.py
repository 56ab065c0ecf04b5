"""Kept-open sessions with ESPs' APIs: one per thread and mailbox."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from django.conf import settings

from connectors import deadline
from connectors.endpoints import normalized_url
from mail import mailboxes
from mail.esp.kinds import KINDS
from mail.models import Mailbox
from runtime import clock
from workspace import secrets

#: Real seconds without use after which a session is closed: servers hang up after a minute or more,
#: and a request on a connection that is being closed may or may not have been read.
IDLE_FOR = 20.0
#: Real seconds for all of an answer, as for all of an SMTP server's.
IN_ALL = 30.0


class _Session(requests.Session):
    """Sends a request once, and nowhere else than where it was told to."""

    asked = 0  #: requests that were begun

    def request(self, *args: Any, **options: Any) -> requests.Response:
        self.asked += 1
        with deadline.within(IN_ALL):
            return super().request(*args, **{**options, "allow_redirects": False})


@dataclass
class _Kept:
    backend: Any
    login: Mapping[str, object]  #: what it was opened with: changed settings open another one
    used_at: float = 0


@dataclass
class _Thread(threading.local):
    process: int = 0
    kept: dict[int, _Kept] = field(default_factory=dict)


_thread = _Thread()


def backend(mailbox: Mailbox) -> Any:
    """django-anymail's backend with this thread's session; raises Refused."""
    if _thread.process != os.getpid():  # the parent's connections are not ours
        _thread.kept.clear()
        _thread.process = os.getpid()
    login = _login(mailbox)
    kept = _thread.kept.get(mailbox.pk)
    rested = kept is not None and clock.monotonic() - kept.used_at > IDLE_FOR
    if kept is not None and (rested or kept.login != login):
        drop(mailbox)
        kept = None
    if kept is None:
        kept = _thread.kept[mailbox.pk] = _Kept(backend=_open(mailbox, login), login=login)
    kept.used_at = clock.monotonic()
    return kept.backend


def drop(mailbox: Mailbox) -> None:
    kept = _thread.kept.pop(mailbox.pk, None)
    if kept is not None:
        kept.backend.close()


def close_all() -> None:
    """Close what this thread keeps open."""
    while _thread.kept:
        _thread.kept.popitem()[1].backend.close()


def resolved(mailbox: Mailbox, names: Mapping[str, str]) -> dict[str, str]:
    """The mailbox's settings of these names, under their new ones, with their secrets; raises Refused."""
    esp = mailbox.esp or {}
    try:
        return {
            new: secrets.resolve(str(esp[name]), os.environ)
            for name, new in names.items()
            if name in esp
        }
    except ValueError as error:
        raise mailboxes.Refused(f"{mailbox.address}: {error}") from error


def _login(mailbox: Mailbox) -> dict[str, str]:
    keys = KINDS[(mailbox.esp or {})["kind"]].keys
    return resolved(mailbox, {**{key: key for key in keys}, "url": "api_url"})


def _open(mailbox: Mailbox, login: Mapping[str, object]) -> Any:
    timeout = (mailboxes.CONNECT_WITHIN, mailboxes.ANSWER_WITHIN)
    opened = KINDS[(mailbox.esp or {})["kind"]].backend({**login, "timeout": timeout})
    sandbox = settings.CADENZA_MODE == "sandbox"
    try:
        normalized_url(opened.api_url, setting="esp.url", allow_sandbox=sandbox)
    except ValueError as error:
        raise mailboxes.Refused(f"{mailbox.address}: {error}") from error
    opened.session = _Session()
    opened.session.trust_env = not sandbox  # no proxy, which may stand elsewhere
    for scheme in ("https://", "http://"):
        opened.session.mount(scheme, deadline.Adapter(pool_connections=1, max_retries=0))
    return opened
