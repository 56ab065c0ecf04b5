"""Whatever is asked of the open endpoints: no failure, no hang, no forged token, no way elsewhere.

CADENZA_RUNS=n sets how many requests each test tries.
"""

import gc
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from time import process_time
from typing import Any, get_args

import pytest
from django.contrib.sessions.models import Session
from django.core.signals import request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.hubspot import signature
from console.application import application as made
from crm.models import Activity, Connection, Hint, Meeting, WebhookReceipt
from mail import feedback, tracking, unsubscribe
from mail.models import Sender, Suppression, Visit
from process.meetings.calcom import Trigger
from process.models import Feedback, Form, Submission
from runtime import clock
from tests.console.conftest import LINKS, PUBLIC

RUNS = int(os.environ.get("CADENZA_RUNS", "150"))
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300 + RUNS)]
SLOW = 1.0  #: seconds of this process, however busy the machine
SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
HOOK = "/webhooks/hubspot/main"
tries = settings(
    max_examples=RUNS,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]


@pytest.fixture
def ask():
    """Ask the application itself, and let nothing of what it changes stay."""
    request_started.disconnect(close_old_connections)  # it would end the test's transaction
    application = made()

    def put(method, path, *, query="", body=b"", look=lambda: None, **environ):
        told = []

        def start(status, headers, _failed=None):
            told.append((status, headers))
            return told.append

        with timed() as spent, transaction.atomic():
            chunks = application(
                {
                    "REQUEST_METHOD": method,
                    "PATH_INFO": path.decode("latin-1"),
                    "QUERY_STRING": query,
                    "SERVER_NAME": "127.0.0.1",
                    "SERVER_PORT": "80",
                    "SERVER_PROTOCOL": "HTTP/1.1",
                    "HTTP_HOST": "127.0.0.1",
                    "CONTENT_LENGTH": str(len(body)),
                    "wsgi.input": BytesIO(body),
                    "wsgi.url_scheme": "http",
                    "wsgi.errors": BytesIO(),
                    "wsgi.multithread": True,
                    "wsgi.multiprocess": False,
                    **environ,
                },
                start,
            )
            b"".join(chunks)
            seen = look()
            transaction.set_rollback(True)
        [(status, headers)] = told
        answer = Answer(status=int(status[:3]), headers=dict(headers))
        assert answer.status < 500
        # What a browser sent may be told to expire: a session that there is not.
        assert "Max-Age=0" in answer.headers.get("Set-Cookie", "Max-Age=0")
        assert spent[0] < SLOW
        return answer, seen

    yield put
    request_started.connect(close_old_connections)


@contextmanager
def timed():
    """Collecting what a request leaves counts; going through all that thousands of tries before it left
    takes a second by itself, and is no request's."""
    spent = []
    gc.freeze()
    began = process_time()
    try:
        yield spent
        spent.append(process_time() - began)
    finally:
        gc.unfreeze()


# -- what is asked ---------------------------------------------------------------------------

METHODS = st.sampled_from("GET HEAD POST POST PUT DELETE PATCH OPTIONS TRACE get Post BREW".split())
ODD = st.sampled_from(list("Aa09-_=+/.%?#&\n\r\t\0 ;é\u202e\ufffd😀")) | st.characters(
    codec="utf-8"
)
PLACE = st.integers(0, 40)
#: Changes of a token, one after the other.
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), st.integers(0, 24 * 8 - 1)),
        st.tuples(st.just("put"), PLACE, ODD),
        st.tuples(st.just("swap"), PLACE, ODD),
        st.tuples(st.just("cut"), PLACE, PLACE),
        st.tuples(st.just("splice"), PLACE, PLACE),
        st.tuples(st.just("repeat"), st.integers(2, 3000)),
        st.tuples(st.just("whole"), st.text(max_size=80)),
        st.tuples(st.just("bytes"), st.binary(min_size=20, max_size=28)),
        st.tuples(st.sampled_from(["upper", "lower", "standard", "padded", "percent"])),
    ),
    max_size=3,
)  # fmt: skip
#: As a server passes headers on: no control characters in them.
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"))
HOSTS = [
    "127.0.0.1",
    "localhost",
    "evil.example",
    "127.0.0.1:80",
    "127.0.0.1@evil.example",
    "",
    " ",
]
TYPES = [
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=nope",
    "multipart/form-data", "multipart/form-data; boundary=b", "multipart/form-data; boundary=",
    "text/plain; charset=utf-7", "text/plain; charset=hex", "application/json", ";;;", "x; a*=nope''b",
]  # fmt: skip
LENGTHS = ["", "-1", "0", "1", "5", "99999999999", "1e3", " 7", "+7", "٣", "9" * 5000]
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "HTTP_HOST": st.sampled_from(HOSTS) | VALUE,
        "CONTENT_TYPE": st.sampled_from(TYPES) | VALUE,
        "CONTENT_LENGTH": st.sampled_from(LENGTHS) | VALUE,
        "HTTP_COOKIE": st.sampled_from(["sessionid=x", "csrftoken=" + "x" * 32]) | VALUE,
        "HTTP_USER_AGENT": st.sampled_from(["Mozilla/5.0", "curl/8"]) | VALUE,
        "HTTP_SEC_PURPOSE": VALUE,
        "HTTP_X_FORWARDED_HOST": st.just("evil.example"),
        "HTTP_X_HTTP_METHOD_OVERRIDE": st.just("POST"),
        "HTTP_ACCEPT_LANGUAGE": VALUE,
        "HTTP_TRANSFER_ENCODING": st.sampled_from(["chunked", "gzip", "x"]),
        "QUERY_STRING": st.sampled_from(["url=https://evil.example", "next=//evil.example", "%"]) | VALUE,
    },
)  # fmt: skip
PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
BODIES = st.one_of(
    st.sampled_from([b"", b"List-Unsubscribe=One-Click", PART * 3000, PART + b"--b--", b"a=1&" * 3000]),
    st.binary(max_size=200),
)  # fmt: skip


def flipped(token, bit):
    """Another token, or another spelling of the same."""
    try:
        raw = bytearray(urlsafe_b64decode(token.encode("ascii", "ignore") + b"=="))
    except BadBase64:
        return token
    if bit // 8 < len(raw):
        raw[bit // 8] ^= 1 << bit % 8
    return urlsafe_b64encode(raw).decode()


CHANGED: Any = {  # kind of change -> how
    "flip": flipped,
    "put": lambda token, at, letter: token[:at] + letter + token[at:],
    "swap": lambda token, at, letter: token[:at] + letter + token[at + 1 :],
    "cut": lambda token, *ends: token[min(ends) : max(ends)],
    "repeat": lambda token, times: token[:99] * times,
    "whole": lambda _, text: text,
    "bytes": lambda _, raw: urlsafe_b64encode(raw).decode(),
    "standard": lambda token: token.replace("-", "+").replace("_", "/"),
    "padded": "{}====".format,
    "percent": lambda token: "".join(f"%{ord(letter):02x}" for letter in token),
    "upper": str.upper,
    "lower": str.lower,
}


def changed(token, changes, others):
    """A token after these changes, which may well be the same again."""
    for kind, *given_ in changes:
        if kind == "splice":
            which, at = given_
            token = token[:at] + others[which % len(others)][at:]
        else:
            token = CHANGED[kind](token, *given_)
    return token


# -- unsubscribing and tracking --------------------------------------------------------------


@pytest.fixture
def issued(send):
    """Path of each token that was ever issued -> what it stands for."""
    sender, found = None, {}
    for number in (1, 2, 3):
        message = send(number)
        sender = Sender.objects.get()
        found[f"/u/{unsubscribe.token(message.lead)}"] = message.to_email
        for place, url in enumerate(message.links):
            found[f"/c/{tracking._token(message.pk, place, url)}"] = (message.pk, place)
        pixel = tracking._token(message.pk, tracking.PIXEL, "")
        found[f"/o/{pixel}.gif"] = (message.pk, tracking.PIXEL)
    assert sender.public_url == PUBLIC
    assert len(found) == 12
    return found


def effects():
    """What people's links can change."""
    return (
        list(Suppression.objects.values_list("email", flat=True)),
        list(Visit.objects.values_list("message", "number", "count")),
        Activity.objects.count(),
        Session.objects.count(),
    )


NOTHING = ([], [], 0, 0)


def expected(method, path, issued):
    """Status, Location and effects, of the path as it was received."""
    method, meant = method.upper(), issued.get(path)
    looks = method in {"GET", "HEAD"}
    if path.startswith("/u/") and meant is not None:
        if method == "POST":
            return 200, None, ([meant], [], 1, 0)
        return (200 if looks else 405), None, NOTHING
    if meant is None or not looks:
        return None, None, NOTHING
    visited = ([], [(*meant, 1)], 0, 0)
    if path.startswith("/o/"):
        return 200, None, visited
    return 302, LINKS[meant[1]], visited


@given(
    method=METHODS,
    which=st.integers(0, 11),
    door=st.sampled_from(["", "", "", "/u/", "/c/", "/o/", "//", "/u/../c/"]),
    changes=CHANGES,
    headers=HEADERS,
    body=BODIES,
)
@example(method="POST", which=0, door="", changes=[("padded",)], headers={}, body=b"")
@example(method="POST", which=0, door="", changes=[("put", 3, "!")], headers={}, body=b"")
@example(method="GET", which=1, door="", changes=[("put", 32, "=")], headers={}, body=b"")
@tries
def test_only_a_token_as_it_was_issued_does_anything(
    ask, issued, method, which, door, changes, headers, body
):
    original = list(issued)[which]
    others = [path[3:] for path in issued]
    path = f"{door or original[:3]}{changed(original[3:], changes, others)}"

    answer, seen = ask(
        method, path.encode("utf-8", "surrogatepass"), body=body, look=effects, **headers
    )

    status, location, changed_rows = expected(method, path, issued)
    if answer.status == 400:  # a host that is not ours
        assert (headers.get("HTTP_HOST", "127.0.0.1") in HOSTS[:2], seen) == (False, NOTHING)
        return
    assert (answer.headers.get("Location"), seen) == (location, changed_rows)
    assert status == answer.status or (status is None and answer.status in {404, 405})


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
)
def test_one_click_works_in_both_forms(ask, issued, kind):
    body = b"List-Unsubscribe=One-Click" if "form-url" in kind else PART + b"--b--\r\n"
    path = next(iter(issued))

    answer, seen = ask("POST", path.encode(), body=body, look=effects, CONTENT_TYPE=kind)

    assert (answer.status, seen) == (200, ([issued[path]], [], 1, 0))
    assert {"Location", "Set-Cookie"} & answer.headers.keys() == set()


# -- HubSpot's webhooks ----------------------------------------------------------------------


@pytest.fixture
def hook(ask, frozen_clock, monkeypatch):
    """Ask the webhook; what it took in."""
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    Sender.objects.create(company="Us", postal_address="Here", public_url=PUBLIC)
    Connection.objects.create(
        name="main", kind="hubspot", pull_every=timedelta(hours=1),
        settings={"webhook_secret": "${WEBHOOK_SECRET}"},
    )  # fmt: skip

    def put(body, *, timestamp, signed, path=HOOK, method="POST", **environ):
        return ask(
            method,
            path.encode("utf-8", "surrogatepass"),
            body=body,
            look=lambda: (Hint.objects.count(), WebhookReceipt.objects.count()),
            HTTP_X_HUBSPOT_SIGNATURE_V3=signed,
            HTTP_X_HUBSPOT_REQUEST_TIMESTAMP=timestamp,
            **environ,
        )

    return put


def signed(body, timestamp):
    return signature.sign(
        secret=SECRET, method="POST", uri=f"{PUBLIC}{HOOK}", body=body, timestamp=timestamp
    )


BODY = json.dumps([{"objectId": 7, "subscriptionType": "contact.creation"}]).encode()


@given(
    method=METHODS,
    part=st.sampled_from("signed timestamp body path query none".split()),
    changes=CHANGES.filter(bool),
    headers=HEADERS,
)
@example(method="POST", part="signed", changes=[("padded",)], headers={})
@example(method="POST", part="timestamp", changes=[("whole", "9" * 15)], headers={})
@example(method="POST", part="path", changes=[("whole", "\0")], headers={})
@tries
def test_only_what_is_signed_is_taken_in(hook, method, part, changes, headers):
    timestamp = str(int(clock.now().timestamp() * 1000))
    given_ = {"signed": signed(BODY, timestamp), "timestamp": timestamp, "body": BODY.decode()}
    given_ |= {"path": "main", "query": "", "none": ""}
    real = dict(given_)
    given_[part] = changed(given_[part], changes, [BODY.decode(), timestamp, SECRET])
    fitting = (letter for letter in given_["timestamp"] if ord(letter) in range(32, 256))
    given_["timestamp"] = "".join(fitting)
    environ = {"QUERY_STRING": given_["query"], **headers}
    given_["query"] = environ["QUERY_STRING"]

    answer, seen = hook(
        given_["body"].encode("utf-8", "surrogatepass"),
        method=method,
        timestamp=given_["timestamp"],
        signed=given_["signed"],
        path=f"/webhooks/hubspot/{given_['path']}",
        **environ,
    )

    genuine = {**given_, "none": ""} == real
    if answer.status == 204:
        assert (method.upper(), genuine, seen) == ("POST", True, (1, 1))
    else:
        assert (seen, "Location" in answer.headers) == ((0, 0), False)
    if genuine and method == "POST" and not headers:
        assert answer.status == 204


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip
EVENT = st.fixed_dictionaries(
    {"objectId": st.integers(-5, 10**30) | JSON},
    optional={
        "subscriptionType": JSON
        | st.sampled_from("contact deal.creation company. contact.privacyDeletion".split())
    },
)
DEPTHS = st.integers(1, 3000) | st.integers(900, 1000)


@given(
    body=st.one_of(
        st.lists(EVENT | JSON, max_size=5).map(lambda events: json.dumps(events).encode()),
        st.binary(max_size=100),
        st.binary(max_size=20).map(lambda raw: b"[" + raw + b"]"),
        DEPTHS.map(lambda deep: b"[" * deep + b"]" * deep),
        DEPTHS.map(lambda deep: b'[{"subscriptionType":' + b"[" * deep + b"]" * deep + b"}]"),
        st.integers(1, 6000).map(lambda digits: b'[{"objectId":' + b"9" * digits + b"}]"),
    )
)
@tries
def test_a_signed_body_may_hold_anything(hook, body):
    timestamp = str(int(clock.now().timestamp() * 1000))

    answer, (_, receipts) = hook(body, timestamp=timestamp, signed=signed(body, timestamp))

    assert (answer.status, receipts) in {(204, 1), (400, 0)}


# -- forms -----------------------------------------------------------------------------------

SITE = "https://www.example.com"
ENCODED = "application/x-www-form-urlencoded"
COMPLETE = b"mail=grace@customer.example&consent=on"


@pytest.fixture
def demo_form(db, frozen_clock):
    told = {"mail": "lead.email", "said": "message"}
    Form.objects.create(
        name="demo", settings={"fields": told, "consent": "Yes.", "allowed_origins": [SITE]}
    )


@given(
    method=METHODS,
    name=st.sampled_from(["demo", "demo", "other", "demo/", "%64emo"]),
    origin=st.sampled_from([SITE, SITE, SITE + "/", "null"]) | VALUE,
    headers=HEADERS,
    body=BODIES
    | st.sampled_from([COMPLETE, COMPLETE + b"&leave_blank=1", COMPLETE + b"&said=%00%ed%a0%80"])
    | st.binary(max_size=60).map(lambda raw: COMPLETE + b"&said=" + raw),
    accept=st.sampled_from(["text/html", "application/json"]) | VALUE,
    address=st.sampled_from(["192.0.2.7", "2001:db8::1", "fe80::1%eth0", "unix:", ""]),
)
@example(
    method="POST", name="demo", origin=SITE, headers={"CONTENT_TYPE": ENCODED}, body=COMPLETE,
    accept="", address="192.0.2.7",
)  # fmt: skip
@tries
def test_only_a_form_from_its_own_site_is_kept(
    ask, demo_form, method, name, origin, headers, body, accept, address
):
    answer, kept = ask(
        method,
        f"/forms/{name}".encode(),
        body=body,
        look=lambda: list(Submission.objects.values_list("email", "state")),
        HTTP_ORIGIN=origin,
        HTTP_ACCEPT=accept,
        REMOTE_ADDR=address,
        **headers,
    )

    fits = (method.upper(), name, origin) == ("POST", "demo", SITE)
    assert answer.status in ({200, 400, 413} if fits else {400, 403, 404, 405})
    assert ("Location" in answer.headers, len(kept) <= (answer.status == 200)) == (False, True)
    assert kept == [] or (fits and kept[0][1] == "waiting")
    assert answer.headers.get("Access-Control-Allow-Origin", origin) == origin
    if fits and body == COMPLETE and headers == {"CONTENT_TYPE": ENCODED}:
        assert kept == [("grace@customer.example", "waiting")]


# -- scores and bookings ---------------------------------------------------------------------

FORM = "application/x-www-form-urlencoded"


def scores():
    return list(Feedback.objects.values_list("message_id", "score"))


@given(
    method=METHODS,
    which=st.integers(0, 2),
    changes=CHANGES,
    headers=HEADERS,
    body=BODIES
    | st.sampled_from([b"score=9", b"score=9&score=2", b"score=%00", b"score=9&comment=%ff"]),
)
@example(method="POST", which=0, changes=[("padded",)], headers={}, body=b"score=9")
@example(method="POST", which=0, changes=[("flip", 3)], headers={}, body=b"score=9")
@example(method="POST", which=0, changes=[], headers={"CONTENT_TYPE": FORM}, body=b"score=9")
@tries
def test_only_a_link_as_it_was_sent_takes_a_score(ask, send, method, which, changes, headers, body):
    with transaction.atomic():
        asked = send().pk
        others = [feedback.token(number) for number in (asked, 0, asked + 1)]
        path = f"/n/{changed(others[which], changes, others)}"

        answer, seen = ask(
            method, path.encode("utf-8", "surrogatepass"), body=body, look=scores, **headers
        )
        transaction.set_rollback(True)

    genuine = path == f"/n/{others[0]}"
    assert {pk for pk, _ in seen} <= ({asked} if genuine and method.upper() == "POST" else set())
    assert "Location" not in answer.headers


@pytest.fixture
def cal(ask, mailbox, frozen_clock, monkeypatch):
    """Ask the booking's webhook, signed; what it took in."""
    monkeypatch.setenv("CAL_SECRET", SECRET)
    Sender.objects.create(
        company="Us", postal_address="Here", public_url=PUBLIC,
        booking={"provider": "cal.com", "secret": "${CAL_SECRET}", "link": "https://cal.com/a"},
    )  # fmt: skip

    def put(body, *, method="POST", signed=None, **environ):
        signature_ = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
        return ask(
            method,
            b"/webhooks/cal/ada@example.com",
            body=body,
            look=Meeting.objects.count,
            HTTP_X_CAL_SIGNATURE_256=signature_ if signed is None else signed,
            **environ,
        )

    return put


TEXTS = JSON | st.sampled_from(
    ["2026-03-05T14:00:00Z", "0001-01-01T00:00:00-14:00", "9999-12-31T23:59:59Z", "a@b.example", ""]
)
TOLD = st.fixed_dictionaries(
    {"triggerEvent": st.sampled_from(get_args(Trigger)) | JSON},
    optional={
        "createdAt": TEXTS,
        "uid": TEXTS,
        "payload": JSON
        | st.fixed_dictionaries(
            {},
            optional={
                **dict.fromkeys(
                    "uid bookingUid rescheduleUid startTime endTime title".split(), TEXTS
                ),
                "location": JSON,
                "metadata": JSON | st.dictionaries(st.just("cadenza"), JSON),
                "attendees": JSON | st.lists(st.fixed_dictionaries({}, optional={"email": TEXTS})),
            },
        ),
    },
)


@given(body=TOLD.map(lambda told: json.dumps(told).encode()) | st.binary(max_size=60))
@tries
def test_a_signed_booking_may_hold_anything(cal, body):
    answer, count = cal(body)

    assert answer.status in {200, 400}
    assert count <= (answer.status == 200)


@given(method=METHODS, headers=HEADERS, signed=VALUE)
@tries
def test_a_booking_that_is_not_signed_is_not_taken_in(cal, method, headers, signed):
    body = json.dumps({"triggerEvent": "BOOKING_CREATED"}).encode()

    answer, count = cal(body, method=method, signed=signed, **headers)

    assert (answer.status in {400, 401, 405, 413}, count) == (True, 0)
