"""Serving the web with waitress: as a process of its own, or as threads beside the others."""

import threading
from typing import Protocol, cast

from waitress.server import create_server

from console.application import application


class Server(Protocol):
    def run(self) -> None: ...
    def close(self) -> None: ...


def serve(host: str, port: int) -> None:
    """Serve until interrupted."""
    _server(host, port).run()


def start(host: str, port: int) -> Server:
    """Serve in threads of this process until `stop`."""
    server = _server(host, port)
    threading.Thread(target=server.run, name="web", daemon=True).start()
    return server


def stop(server: Server) -> None:
    server.close()


def _server(host: str, port: int) -> Server:
    return cast("Server", create_server(application(), host=host, port=port, threads=4))
