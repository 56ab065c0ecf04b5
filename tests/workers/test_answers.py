"""What an answer sets in motion, and what the team's own model makes of it."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crm.models import Activity
from mail import intent_hook
from mail.models import Sender, Suppression
from process import events
from process.models import Task
from runtime import clock
from sequences.models import Enrollment
from tests.workers.test_life import settle


class Model:
    """A server that answers as the test says, and keeps what it was asked."""

    def __init__(self):
        self.asked, self.url = [], ""
        self.answer = {"intent": "timing", "confidence": 0.95}
        self.status, self.wait = 200, threading.Event()
        self.wait.set()


@pytest.fixture
def model():
    told = Model()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            told.asked.append((json.loads(self.rfile.read(length)), self.headers["Authorization"]))
            told.wait.wait(10)
            body = json.dumps(told.answer).encode()
            self.send_response(told.status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/read"
    yield told
    told.wait.set()
    server.shutdown()
    server.server_close()
    thread.join()
    intent_hook._failed_at.clear()


@pytest.fixture
def answers(team, make_lead, frozen_clock, monkeypatch):
    """A lead in approach-cold who answers with a text; the lead afterwards."""
    monkeypatch.setenv("MODEL_TOKEN", "secret")

    def answer(text, model=None):
        lead = make_lead(language="de")
        team()
        hook = {"url": model.url, "token": "${MODEL_TOKEN}"} if model else None
        Sender.objects.update(intent_hook=hook)
        settle(frozen_clock)
        events.write(lead, "answered", at=clock.now(), by="test", text=text)
        settle(frozen_clock)
        lead.refresh_from_db()
        return lead

    return answer


def tasks():
    made = Task.objects.exclude(kind="research")
    return sorted(made.values_list("kind", "title"))


def test_a_clear_answer_starts_its_play(answers):
    lead = answers("Das ist uns leider zu teuer.")

    assert (lead.disposition, lead.stage) == ("price", "Handling Objections")
    assert ("answer", "Read the answer of Grace") not in tasks()


def test_a_doubtful_answer_starts_no_play_and_is_read_by_a_person(answers):
    lead = answers("Interesting idea, who is your provider?")

    assert (lead.disposition, lead.stage) == ("other", "Approach")
    title = f"Read the answer of {lead}: is it the objection has_solution?"
    assert tasks() == [("answer", title)]
    assert Task.objects.get(kind="answer").note.startswith("Perhaps has_solution.\n\nInteresting")
    assert Enrollment.objects.get(sequence="approach-cold").reason == "answered"


def test_whom_a_referral_names_is_written_to_by_a_person(answers):
    lead = answers("I am not in charge. Please contact Jane Doe (jane@customer.example).")

    title = f"Write to Jane Doe <jane@customer.example>, whom {lead} named"
    assert ("email", title) in tasks()
    assert lead.disposition == "wrong_person"


def test_the_model_is_asked_and_decides(answers, model):
    lead = answers("Das ist uns leider zu teuer.", model)

    asked = {"text": "Das ist uns leider zu teuer.", "subject": "", "language": "de"}
    assert model.asked == [(asked, "Bearer secret")]
    assert lead.disposition == "timing"
    stopped = Enrollment.objects.get(sequence="approach-cold").because["ended"]
    assert (stopped["read_by"], stopped["confidence"]) == ("hook", 0.95)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, {"intent": "timing", "confidence": 1}),
        (302, {"intent": "timing", "confidence": 1}),
        (200, {"intent": "timing", "confidence": 7}),
        (200, ["timing"]),
        (200, {"intent": "timing", "confidence": 1, "more": "x" * 5000}),
    ],
)
def test_a_model_that_fails_leaves_it_to_the_rules(answers, model, status, answer):
    model.status, model.answer = status, answer

    lead = answers("Das ist uns leider zu teuer.", model)

    kept = Activity.objects.get(kind="answered").data["hook"]
    assert (lead.disposition, len(model.asked), bool(kept["error"])) == ("price", 1, True)


def test_a_model_that_hangs_costs_seconds_and_is_left_alone(answers, model, monkeypatch):
    monkeypatch.setattr(intent_hook, "ANSWER_WITHIN", 0.2)
    model.wait.clear()
    began = time.monotonic()

    lead = answers("Das ist uns leider zu teuer.", model)
    again = intent_hook.ask(Sender.objects.get(), text="x", subject="", language="")

    assert lead.disposition == "price"
    assert (again.error, len(model.asked)) == ("left alone after a failure", 1)
    assert time.monotonic() - began < 10


def test_a_model_elsewhere_is_not_asked_in_sandbox_mode(team, settings):
    settings.CADENZA_MODE = "sandbox"
    Sender.objects.update(intent_hook={"url": "https://model.example.com/read", "token": None})

    said = intent_hook.ask(Sender.objects.get(), text="x", subject="", language="")

    intent_hook._failed_at.clear()
    assert said == intent_hook.Said(error="ValueError")


def test_a_wish_that_only_the_model_sees_is_granted(answers, model):
    model.answer = {"intent": "unsubscribe", "confidence": 0.9}

    lead = answers("I would rather you two were strangers to me.", model)

    kinds = Suppression.objects.filter(email=lead.email).values_list("kind", flat=True)
    assert sorted(kinds) == ["do_not_contact", "unsubscribed"]
