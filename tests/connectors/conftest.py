"""The sandbox process, one for the session, and a way to move its time."""

import json
import threading
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any

import pytest

from connectors.registry import connect
from tests.connectors import sandbox_process

pytest.register_assert_rewrite("tests.connectors.conformance")

_fork = get_context("forkserver")
_fork.set_forkserver_preload([sandbox_process.__name__])
#: One for the session may have to wait for long until it is this file's turn again.
_PATIENT = ("--idle", str(4 * 60 * 60))


@dataclass
class Sandbox:
    """What the sandbox's one line of JSON says, and its control door."""

    facts: dict[str, Any]

    def __getitem__(self, name):
        return self.facts[name]

    def now(self):
        return datetime.fromisoformat(self._control("/state")["now"])

    def advance(self, by=timedelta(hours=1)):
        self._control("/moment", {"now": (self.now() + by).isoformat()})

    def fault(self, crm, kind, **how):
        """Switch a fault on."""
        return self._control("/faults", {"crm": crm, "kind": kind, **how})

    def faults(self):
        """What was met, the calls' peaks, and the statuses that were answered."""
        return self._control("/faults")

    def mend(self):
        """Everything works again, and the counts begin anew."""
        self._control("/faults", method="DELETE")

    def hands(self, crm, do, object_, **how):
        """What a person does in the CRM; the ids of what was made or touched."""
        act = {"do": do, "crm": crm, "object": object_, **how}
        return self._control("/hands", [act])[0]

    def storm(self, url, object_="contacts", *, secret, times, at_once):
        """HubSpot's webhooks tell of every record, over and over; how often which status came."""
        asked = {
            "url": url,
            "secret": secret,
            "object": object_,
            "times": times,
            "at_once": at_once,
        }
        return self._control("/webhooks", asked)

    def records(self, crm, object_, *linked):
        """The living records of an object by id: their values."""
        asked = "&".join([f"crm={crm}", f"object={object_}", *(f"linked={o}" for o in linked)])
        return {row["id"]: row["values"] for row in self._control(f"/records?{asked}")}

    def journal(self, kind):
        """What the sandbox received of a kind, oldest first."""
        return self._control(f"/journal?kind={kind}")

    def calls(self, crm):
        """Route -> how often it was called since the sandbox started."""
        return self._control("/calls")[crm]

    def _control(self, path, body=None, method=None):
        request = urllib.request.Request(  # noqa: S310 - a loopback address that we were told
            self.facts["control"] + path,
            data=json.dumps(body).encode() if body else None,
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
            return json.load(answer)


@contextmanager
def start_sandbox(folder, *options):
    """The sandbox as a process of its own; its last words are told when it does not come up."""
    arguments, log = ["--state", str(folder), *_PATIENT, *options], folder / "sandbox.log"
    reader, writer = _fork.Pipe(duplex=False)
    process = _fork.Process(target=sandbox_process.serve, args=(arguments, writer, log))
    process.start()
    writer.close()
    try:
        with open(reader.fileno(), closefd=False) as told:
            line = told.readline()
        if not line:
            pytest.fail(f"no sandbox: {log.read_text()[-2000:]}")
        yield Sandbox(json.loads(line))
    finally:
        process.terminate()
        process.join(timeout=20)
        process.close()
        reader.close()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    with start_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Waits between attempts are counted, not slept: the errors under test are not passing."""
    waited: list[float] = []
    monkeypatch.setattr("connectors.retry.rest", waited.append)
    return waited


@pytest.fixture
def opened():
    """Connect, and be sure that it is closed behind the test."""
    with ExitStack() as stack:

        def open_(kind, settings):
            connector = connect(kind, settings)
            stack.callback(connector.close)
            return connector

        yield open_


class Scripted:
    """A CRM that answers what it was told to, in turn, and keeps what it was asked."""

    def __init__(self):
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet per answer: two meet in delayed acknowledgements

            def _answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                script.asked.append((f"{self.command} {self.path}", dict(self.headers), body))
                status, headers, content = script.next()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_PUT = _answer  # noqa: N815 - names that http.server calls

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def answer(self, body, status=200, **headers):
        """Say this next; the last one is said for ever. Bytes go out as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, named, content))

    def next(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self):
        self.server.shutdown()
        self.thread.join(timeout=10)
        self.server.server_close()


@pytest.fixture
def scripted():
    server = Scripted()
    yield server
    server.close()
