"""Any bytes sent to the real web server: it answers or hangs up, and goes on serving.

CADENZA_RUNS=n sets how many connections are tried.
"""

import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runtime import clock
from tests.mail.conftest import free_port

#: A web of its own, with somebody to unsubscribe; tells the token.
SERVER = """
import sys
from datetime import UTC, datetime, timedelta
import django
django.setup()
from django.core.management import call_command
from console import serve
from crm.models import Connection, Lead
from mail import unsubscribe
call_command("migrate", verbosity=0)
source = Connection.objects.create(name="main", kind="hubspot", pull_every=timedelta(hours=1))
lead = Lead.objects.create(email="grace@customer.example", source=source, created_at=datetime.now(UTC))
print(unsubscribe.token(lead), flush=True)
serve.serve("127.0.0.1", int(sys.argv[1]))
"""
PATIENCE = 10  #: seconds, on a busy machine
#: What a server may say of what is no HTTP that it speaks: not implemented, version not supported.
NOT_SPOKEN = {501, 505}

LINE = st.binary(max_size=60).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))
TARGET = st.sampled_from(
    [b"/u/", b"/c/", b"/o/", b"/webhooks/hubspot/main", b"//evil.example/u/", b"*"]
)
HEADER = st.sampled_from(
    [b"Host: 127.0.0.1", b"Host: evil.example", b"Content-Length: 5", b"Content-Length: -1",
     b"Content-Length: 99999999999", b"Content-Length: 5, 6", b"Transfer-Encoding: chunked",
     b"Transfer-Encoding: gzip, chunked", b"Expect: 100-continue", b"Connection: keep-alive",
     b"Content-Type: x; a*=nope''b", b"Content-Type: multipart/form-data", b" folded", b": nameless",
     b"Cookie: csrftoken=" + b"x" * 32, b"X: " + b"y" * 300_000]
) | LINE  # fmt: skip
REQUEST = st.builds(
    lambda method, target, token, version, headers, body: b"\r\n".join(
        [method + b" " + target + token + b" " + version, *headers, b"", body]
    ),
    st.sampled_from([b"GET", b"HEAD", b"POST", b"get", b"", b"TRACE"]) | LINE,
    TARGET,
    LINE,
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/9.9", b"HTTP/x", b""]),
    st.lists(HEADER, max_size=6),
    st.sampled_from([b"", b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\nhello", b"-1\r\n\r\n"]) | st.binary(max_size=99),
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Port, token and database of a running web."""
    workspace, port = tmp_path_factory.mktemp("web"), free_port()
    (workspace / ".cadenza").mkdir()
    own = {"CADENZA_WORKSPACE": str(workspace), "DJANGO_SETTINGS_MODULE": "config.settings"}
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with subprocess.Popen(  # noqa: S603 - our own server
        [sys.executable, "-c", SERVER, str(port)], env={**environ, **own},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        token = process.stdout.readline().strip()
        until_it_listens(port)
        yield port, token, workspace / ".cadenza" / "cadenza.sqlite3"
        process.kill()


def until_it_listens(port):
    deadline = clock.monotonic() + PATIENCE
    while clock.monotonic() < deadline:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("the web did not start")


def send(port, raw):
    """All that comes back until the server hangs up."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)) as line:
        answer = b""
        try:
            line.sendall(raw)
            line.shutdown(socket.SHUT_WR)
            while chunk := line.recv(1 << 16):
                answer += chunk
        except TimeoutError:
            raise
        except OSError:  # it hung up while we spoke
            pass
        return answer


def suppressed(database):
    with closing(sqlite3.connect(database)) as rows:
        return rows.execute("SELECT count(*) FROM mail_suppression").fetchone()[0]


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # or it hides what failed
@given(raw=st.binary(max_size=300) | REQUEST)
@example(raw=b"POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: x; a*=nope''b\r\n\r\n")
@example(raw=b"POST /u/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello")
@settings(
    max_examples=int(os.environ.get("CADENZA_RUNS", "100")), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
def test_any_bytes_are_answered_or_hung_up_on(server, raw):
    port, _, _ = server

    answer = send(port, raw)

    statuses = {int(code) for code in re.findall(rb"(?m)^HTTP/1\.[01] (\d{3}) ", answer)}
    assert {code for code in statuses if code >= 500} <= NOT_SPOKEN
    assert b"Location: //" not in answer


def test_it_still_serves_and_only_the_token_itself_unsubscribes(server):
    port, token, database = server
    ask = f"/u/{token} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"

    looked = send(port, f"GET {ask}\r\n".encode())
    before = suppressed(database)
    taken = send(port, f"POST {ask}Content-Length: 26\r\n\r\nList-Unsubscribe=One-Click".encode())

    assert (looked[:15], before) == (b"HTTP/1.1 200 OK", 0)
    assert (taken[:15], suppressed(database)) == (b"HTTP/1.1 200 OK", 1)
    assert {b"Set-Cookie", b"Location"} & set(re.findall(rb"(?m)^([\w-]+):", taken)) == set()
