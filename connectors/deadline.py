"""HTTP that ends by a deadline, however slowly it is answered.

The timeouts of sockets count anew with each byte that comes: who sends one now and then would hold
a caller for as long as it likes.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Overdue(requests.Timeout):
    """The whole answer was not here by the deadline."""


@contextmanager
def session(within: float) -> Iterator[requests.Session]:
    """For what is to be answered within so many real seconds in all; raises Overdue then."""
    cut = _Cut()
    timer = threading.Timer(within, cut)
    timer.daemon = True
    with requests.Session() as opened:
        for scheme in ("https://", "http://"):
            opened.mount(scheme, _Adapter(cut))
        timer.start()
        try:
            yield opened
        except requests.RequestException:
            if not cut.was_made:
                raise
        finally:
            timer.cancel()
            cut.forget()
    if cut.was_made:  # also where what had come until then passes for an answer
        raise Overdue(f"no whole answer within {within:g} s")


class _Cut:
    """Ends every connection that it knows, and those that are opened later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: list[socket.socket] = []
        self.was_made = False

    def __call__(self) -> None:
        with self._lock:
            self.was_made = True
            for known in self._known:
                _end(known)

    def watch(self, opened: socket.socket) -> socket.socket:
        """Under a name of our own: encryption takes the socket's away."""
        with self._lock:
            self._known.append(opened.dup())
            if self.was_made:
                _end(opened)
        return opened

    def forget(self) -> None:
        with self._lock:
            while self._known:
                self._known.pop().close()


class _Adapter(HTTPAdapter):
    def __init__(self, cut: _Cut) -> None:
        self._pools = _pools(cut)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(cut: _Cut) -> Mapping[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return cut.watch(super()._new_conn())

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return cut.watch(super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
