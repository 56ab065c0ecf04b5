"""HTTP that ends by a deadline, however slowly it is answered.

The timeouts of sockets count anew with each byte that comes: who sends one now and then would hold
a caller for as long as it likes.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Overdue(requests.Timeout):
    """The whole answer was not here by the deadline."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What this thread asks in it is to be answered within so many real seconds in all, or Overdue.

    It holds for the connections of an Adapter, and of pools that are bound to it.
    """
    cut = _Cut()
    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    _here.cuts.append(cut)
    timer.start()
    try:
        yield
    except (OSError, urllib3.exceptions.HTTPError):
        if not cut.was_made:
            raise
    finally:
        timer.cancel()
        _here.cuts.remove(cut)
        cut.forget()
    if cut.was_made:  # also where what had come until then passes for an answer
        raise Overdue(f"no whole answer within {seconds:g} s")


@contextmanager
def session(seconds: float) -> Iterator[requests.Session]:
    """For what is to be answered within so many real seconds in all; raises Overdue then."""
    with within(seconds), requests.Session() as opened:
        for scheme in ("https://", "http://"):
            opened.mount(scheme, Adapter(max_retries=0))
        yield opened


class Adapter(HTTPAdapter):
    """Its connections end when the time of their caller is over."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        bind(self.poolmanager)

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **options)
        bind(manager)
        return manager


def bind(pools: urllib3.PoolManager) -> None:
    """Likewise the connections of these pools, before one is opened."""
    pools.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}


class _Cut:
    """Ends every connection that it knows, and those that are used later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: list[socket.socket] = []
        self.was_made = False

    def __call__(self) -> None:
        with self._lock:
            self.was_made = True
            for known in self._known:
                _end(known)

    def watch(self, used: socket.socket) -> None:
        """Under a name of our own: encryption takes the socket's away."""
        with self._lock:
            self._known.append(socket.socket(fileno=os.dup(used.fileno())))
            if self.was_made:
                _end(self._known[-1])

    def forget(self) -> None:
        with self._lock:
            while self._known:
                self._known.pop().close()


class _Here(threading.local):
    def __init__(self) -> None:
        self.cuts: list[_Cut] = []


_here = _Here()


class _Watched(HTTPConnection):
    """One that was kept open counts for whoever uses it now."""

    def _new_conn(self) -> socket.socket:
        opened = super()._new_conn()
        _watch(opened)
        return opened

    def request(self, *arguments: Any, **options: Any) -> None:
        if self.sock is not None:
            _watch(self.sock)
        super().request(*arguments, **options)


class _WatchedEncrypted(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedEncrypted


def _watch(used: socket.socket) -> None:
    for cut in _here.cuts:
        cut.watch(used)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
