"""Servers that log in by access token alone: a token endpoint, SMTP, and IMAP before a real one."""

import json
import socket
import threading
import warnings
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from aiosmtpd.smtp import SMTP, AuthResult

from tests.mail.conftest import ADA, PASSWORD, Server, Sink, free_port

#: What Google and Microsoft tell of a token that is no good, before they refuse it.
TOLD = b64encode(b'{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}').decode()


@dataclass
class TokenEndpoint:
    """Sells an access token for the refresh token, and tells what it was asked."""

    refresh_token: str = "r0"
    good_for: object = 3600
    #: What to answer instead, in turn: status, headers, body.
    answers: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    #: Called before each answer.
    before: Callable[[], object] = lambda: None
    url: str = ""

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, str], str]:
        self.asked.append(form)
        self.before()
        if self.answers:
            return self.answers.pop(0)
        if form.get("code", "") == "code-1":
            bought = {"access_token": "access-of-code", "expires_in": self.good_for}
            self.good.add("access-of-code")
            return 200, {}, json.dumps({**bought, "refresh_token": self.refresh_token})
        if form.get("refresh_token") != self.refresh_token:
            told = {"error": "invalid_grant", "error_description": "AADSTS700082: has expired"}
            return 400, {}, json.dumps(told)
        token = f"access-{len(self.asked)}"
        self.good.add(token)
        return 200, {}, json.dumps({"access_token": token, "expires_in": self.good_for})


@contextmanager
def token_endpoint():
    endpoint = TokenEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, headers, text = endpoint.answer(dict(parse_qsl(body)))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_arguments):
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/token"
    yield endpoint
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Submission(Sink):
    """A sink that takes an access token which the endpoint has sold."""

    good: set[str] = field(default_factory=set)
    logins: list[str] = field(default_factory=list)
    #: What the client says to the error that it was told.
    to_error: list[bytes] = field(default_factory=list)

    async def auth_XOAUTH2(self, server, args):  # noqa: N802 - aiosmtpd's name
        answer = self._next("AUTH")
        if answer:
            await server.push(answer)
            return AuthResult(success=False, handled=True)
        self.logins.append(b64decode(args[1]).decode())
        if _is_good(self.logins[-1], self.good):
            return AuthResult(success=True, auth_data=ADA)
        self.to_error.append(await server.challenge_auth(TOLD, encode_to_b64=False))
        return AuthResult(success=False, handled=False)


class SubmissionServer(Server):
    def factory(self):
        with warnings.catch_warnings():
            # aiosmtpd warns of logins without TLS; here everything stays on the loopback interface.
            warnings.simplefilter("ignore")
            return SMTP(self.handler, ident="test", auth_required=True, auth_require_tls=False)


@contextmanager
def submission(good: set[str]):
    handler = Submission(good=good)
    server = SubmissionServer(handler, hostname="127.0.0.1", port=free_port())
    handler.port = server.port
    server.start()
    yield handler
    server.stop()


@contextmanager
def imap_by_token(upstream: int, good: set[str]):
    """A port before a real server's: takes a token, and logs in there with the password."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threads.append(threading.Thread(target=_carry, args=[client, upstream, good]))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in [accepting, *threads]:
        thread.join(timeout=10)


@contextmanager
def imap_that_hangs_up_at_login():
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] ready\r\n")
            client.recv(1000)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    thread.join(timeout=10)
    listener.close()


def _carry(client: socket.socket, upstream: int, good: set[str]) -> None:
    with client, socket.create_connection(("127.0.0.1", upstream)) as server:
        back = threading.Thread(target=_copy, args=[server, client])
        back.start()
        lines = client.makefile("rb")
        with suppress(OSError):
            for line in lines:
                tag, _, command = line.partition(b" ")
                if command.strip() != b"AUTHENTICATE XOAUTH2":
                    server.sendall(line)
                    continue
                client.sendall(b"+ \r\n")
                if _is_good(b64decode(lines.readline()).decode(), good):
                    server.sendall(b"%b LOGIN %b %b\r\n" % (tag, ADA.encode(), PASSWORD.encode()))
                    continue
                client.sendall(f"+ {TOLD}\r\n".encode())
                assert lines.readline() == b"\r\n"
                client.sendall(tag + b" NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        back.join(timeout=10)


def _copy(from_: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := from_.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_RDWR)


def _is_good(words: str, good: set[str]) -> bool:
    user, bearer, *rest = words.split("\1")
    kind, _, token = bearer.partition(" ")
    return (user, kind, rest) == (f"user={ADA}", "auth=Bearer", ["", ""]) and token in good
