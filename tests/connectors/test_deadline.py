"""A CRM that says a byte now and then holds nobody for longer than a whole answer may take."""

import socket
import threading
from contextlib import contextmanager

import pytest
import requests

from connectors import deadline, retry
from connectors.errors import Unavailable
from connectors.hubspot import wire as hubspot
from connectors.salesforce import session as salesforce
from connectors.tryton import wire as tryton
from runtime import clock

#: Real seconds for an answer here, and by when even a slow machine has given up on it.
WITHIN, AT_MOST = 0.4, 10.0
EVERY = 0.05
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"
TOKEN = b'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"access_token": "t1"}'
BEGINNINGS = pytest.mark.parametrize("begins", [b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX-", BEGUN])


@contextmanager
def dripping(begins, *answers):
    """Its address. It gives these answers in turn, over one connection or many, and drips then."""
    listener = socket.create_server(("127.0.0.1", 0))
    over, left = threading.Event(), list(answers)

    def serve():
        while not over.is_set():
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=converse, args=(caller,), daemon=True).start()

    def converse(caller):
        with caller:
            try:
                while caller.recv(65_536):
                    if left:
                        caller.sendall(left.pop(0))
                        continue
                    caller.sendall(begins)
                    while not over.wait(EVERY):
                        caller.sendall(b"x")
                    return
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    over.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=AT_MOST)


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(retry, "rest", lambda _seconds: None)
    for module in (hubspot, salesforce):
        monkeypatch.setattr(module, "TOKEN_IN_ALL", WITHIN)


def refused(connector):
    """Why it is unavailable, told in time."""
    began = clock.monotonic()
    with pytest.raises(Unavailable) as caught:
        connector.check()
    assert clock.monotonic() - began < AT_MOST
    return str(caught.value)


@BEGINNINGS
def test_hubspots_token_endpoint_has_to_answer_in_time(opened, begins):
    with dripping(begins) as url:
        login = {"client_id": "c", "client_secret": "s", "refresh_token": "r0"}

        why = refused(opened("hubspot", {"url": url, **login}))

    assert why == f"POST {url}/oauth/v3/token: Overdue"


@BEGINNINGS
def test_salesforces_token_endpoint_has_to_answer_in_time(opened, begins):
    with dripping(begins) as url:
        login = {"client_id": "c", "client_secret": "s"}

        why = refused(opened("salesforce", {"url": url, **login}))

    assert why == f"Salesforce's login at {url.removeprefix('http://')}: Overdue"


@BEGINNINGS
def test_so_has_any_call_to_hubspot(opened, monkeypatch, begins):
    monkeypatch.setattr(hubspot, "IN_ALL", WITHIN)
    with dripping(begins) as url:
        why = refused(opened("hubspot", {"url": url, "token": "t"}))

    assert why == f"GET {url}/account-info/v3/details: Overdue"


@BEGINNINGS
def test_so_has_any_call_to_salesforce(opened, monkeypatch, begins):
    monkeypatch.setattr(salesforce, "IN_ALL", WITHIN)
    with dripping(begins, TOKEN) as url:
        login = {"client_id": "c", "client_secret": "s"}

        why = refused(opened("salesforce", {"url": url, **login}))

    assert why.endswith(": Overdue")
    assert "login" not in why


@BEGINNINGS
def test_so_has_any_call_to_tryton(opened, monkeypatch, begins):
    monkeypatch.setattr(tryton, "_IN_ALL", WITHIN)
    with dripping(begins) as url:
        why = refused(opened("tryton", {"url": url, "database": "d", "key": "k"}))

    assert why == f"Tryton at {url}/d/rest/model: Overdue"


def test_a_connection_that_was_kept_open_counts_for_whoever_uses_it_now():
    with dripping(BEGUN, FINE, FINE) as url, requests.Session() as session:
        session.mount("http://", deadline.Adapter())
        session.get(url, timeout=AT_MOST)
        with deadline.within(AT_MOST):
            session.get(url, timeout=AT_MOST)
        began = clock.monotonic()

        with (
            pytest.raises(deadline.Overdue, match="no whole answer within 0.4 s"),
            deadline.within(WITHIN),
        ):
            session.get(url, timeout=AT_MOST)

        assert clock.monotonic() - began < AT_MOST / 2
