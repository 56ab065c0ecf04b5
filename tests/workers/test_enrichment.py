"""Facts from a hook of the team's own: for whom it is asked, how often, and what is written."""

import json
import threading
import time
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import stages
from crm.facts import FIELDS
from crm.models import Activity, Change, Company, ExternalRecord, Lead
from process import apply, blueprint, overview
from process.models import Enrichment, Question, Task
from process.preparation import enriching, filling, hook
from process.preparation.definition import FILLED, EnrichmentSettings
from runtime import clock
from tests.workers.test_life import settle
from workers import schedule, tasks
from workspace.problems import Invalid

KNOWS = {"company.industry": "logistics", "company.employees": 250, "company.name": "Other", "x": 1}


class Source:
    def __init__(self):
        self.asked, self.url, self.answer, self.status, self.pause = [], "", KNOWS, 200, 0.0


@pytest.fixture
def source():
    told = Source()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            told.asked.append((json.loads(self.rfile.read(length)), self.headers["Authorization"]))
            body = json.dumps(told.answer).encode()
            self.send_response(told.status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            size = 1 if told.pause else len(body)
            for start in range(0, len(body), size):
                time.sleep(told.pause)
                try:
                    self.wfile.write(body[start : start + size])
                except OSError:
                    return

        def log_message(self, *_args):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/facts"
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def prepared(loaded, make_lead, source, come, monkeypatch):
    """Leads that come to Preparation, with a hook for industry, employees and name."""
    monkeypatch.setenv("FACTS_TOKEN", "secret")
    Company.objects.update(domain="hopper.example")

    def prepare(*leads, **written):
        settings = {
            "url": source.url,
            "token": "${FACTS_TOKEN}",
            "fields": ["company.industry", "company.employees", "company.name"],
            **written,
        }
        configured = EnrichmentSettings.model_validate(settings)
        apply.configure(replace(loaded, enrichment=configured))
        made = [make_lead(stage="Prospecting", **values) for values in leads or ({},)]
        come(*made)
        return made

    return prepare


@pytest.fixture
def come(frozen_clock):
    """Bring leads to Preparation."""

    def bring(*leads):
        for lead in leads:
            stages.move(lead, "Preparation", at=clock.now(), because={"rule": "test"})
        settle(frozen_clock)

    return bring


@pytest.mark.django_db
def test_what_is_blank_is_filled_and_owed_to_the_crm(prepared, source):
    [lead] = prepared()
    ExternalRecord.objects.create(
        connection=lead.source, kind="company", external_id="9", company=lead.company,
        base={"name": "Hopper Ltd", "industry": "", "employees": None},
    )  # fmt: skip
    due = schedule.due().enrich

    tasks.enrich()

    company = Company.objects.get()
    wanted = ["company.industry", "company.employees", "company.name"]
    asked = {"known": {"company.domain": "hopper.example"}, "wanted": wanted}
    assert (due, schedule.due().enrich) == (True, False)
    assert source.asked == [(asked, "Bearer secret")]
    assert (company.name, company.industry, company.employees) == ("Hopper Ltd", "logistics", 250)
    owed = Change.objects.filter(record__kind="company").order_by("field")
    assert list(owed.values_list("field", "value")) == [
        ("employees", 250),
        ("industry", "logistics"),
    ]
    [told] = Activity.objects.filter(kind="lead_changed")
    assert told.data == {"fields": ["company.employees", "company.industry"], "by": "enrichment"}
    assert Enrichment.objects.count() == 0


@pytest.mark.django_db
def test_an_answer_is_good_for_everybody_of_the_company_and_for_a_while(
    prepared, source, come, frozen_clock, make_lead
):
    source.answer = {"company.industry": "logistics"}
    prepared({"email": "a@customer.example"}, {"email": "b@customer.example"})
    tasks.enrich()
    at_first = len(source.asked)
    frozen_clock.now += timedelta(days=90, seconds=1)
    come(make_lead("c@customer.example", stage="Prospecting"))

    tasks.enrich()

    assert (at_first, len(source.asked)) == (1, 2)


@pytest.mark.django_db
def test_the_budget_is_kept_over_any_24_hours(prepared, source, frozen_clock):
    start = clock.now()
    others = [Company.objects.create(name=name, domain=f"{name}.example") for name in "abc"]
    leads = [{"email": f"{one.name}@x.example", "company": one} for one in others]
    prepared(*leads, per_day=2)
    asked = []
    for at in (timedelta(0), timedelta(hours=24) - timedelta(seconds=1), timedelta(hours=24)):
        frozen_clock.now = start + at
        tasks.enrich()
        asked.append(len(source.asked))

    assert asked == [2, 2, 3]
    assert Company.objects.filter(industry="logistics").count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (500, KNOWS, "status 500"),
        (302, KNOWS, "status 302"),
        (200, ["logistics"], "its answer is no JSON object"),
        (200, {"company.industry": "x" * hook.MOST_ANSWER}, "its answer is too long"),
        (200, {"company.employees": float("nan")}, "its answer holds what no database keeps"),
        (200, {"company.employees": [[1e999]]}, "its answer holds what no database keeps"),
        (200, {"company.industry": "a\0b"}, "its answer holds what no database keeps"),
        (200, {"company.industry": "\ud800"}, "its answer holds what no database keeps"),
    ],
)
def test_a_hook_that_fails_is_asked_again_and_then_told(
    prepared, source, frozen_clock, status, answer, error
):
    source.status, source.answer = status, answer
    [lead] = prepared()
    for _ in range(5):
        tasks.enrich()
        frozen_clock.now += enriching.RETRY

    [shown] = overview.overview()["enrichments_that_failed"]
    assert len(source.asked) == enriching.ATTEMPTS
    assert shown == {"leads": 1, "for_example": lead.pk, "asked_again_at": None, "error": error}
    assert Company.objects.get().industry == ""
    assert list(Question.objects.values_list("answer", "error")) == [(None, error)] * 3


@pytest.mark.django_db
def test_a_hook_that_drips_is_given_up_in_time(prepared, source, monkeypatch):
    monkeypatch.setattr(hook, "ANSWER_WITHIN", 0.5)
    source.pause = 0.2
    prepared()
    began = time.monotonic()

    tasks.enrich()

    assert time.monotonic() - began < 5
    assert Question.objects.get().error == "Overdue"


@pytest.mark.django_db
def test_what_is_required_and_nobody_knows_is_asked_of_a_person(prepared, source, team):
    source.answer = {}
    team()
    [lead] = prepared(
        {"first_name": ""},
        sends=["company.domain", "lead.email"],
        fields=["lead.first_name", "company.industry"],
    )

    tasks.enrich()

    [task] = Task.objects.filter(title__startswith="Find out")
    assert (task.kind, task.title) == ("research", f"Find out lead.first_name of {lead}")
    assert source.asked[0][0]["known"] == {
        "company.domain": "hopper.example",
        "lead.email": "grace@customer.example",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"do_not_contact": True}, {"deleted_at": clock.now()}])
def test_nobody_is_asked_about_whom_nobody_may_write_to(prepared, source, values):
    [lead] = prepared()
    Lead.objects.filter(pk=lead.pk).update(**values)

    tasks.enrich()

    assert (source.asked, Enrichment.objects.count(), Question.objects.count()) == ([], 0, 0)


@pytest.mark.django_db
def test_a_lead_without_anything_to_ask_by_costs_nothing(prepared, source):
    prepared({"company": None})

    tasks.enrich()

    assert (source.asked, Enrichment.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_two_sweeps_at_once_ask_once(prepared, source, monkeypatch):
    prepared({"email": "a@customer.example"}, {"email": "b@customer.example"})
    real = hook.ask

    def ask(*arguments):
        enriching.enrich_due()
        return real(*arguments)

    monkeypatch.setattr(hook, "ask", ask)

    enriching.enrich_due()

    assert (len(source.asked), Question.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_what_came_meanwhile_is_not_overwritten(prepared, source, monkeypatch):
    prepared()
    real = hook.ask

    def ask(*arguments):
        Company.objects.update(industry="shipping")
        return real(*arguments)

    monkeypatch.setattr(hook, "ask", ask)

    tasks.enrich()

    assert Company.objects.get().industry == "shipping"


@pytest.mark.django_db
def test_without_enrichment_nobody_is_asked_about(prepared, source, loaded):
    prepared()

    apply.configure(loaded)
    tasks.enrich()

    assert (source.asked, Enrichment.objects.count()) == ([], 0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(FILLED)), JSON))
def test_whatever_is_answered_only_values_of_their_kind_are_taken(answer):
    values, misfits = filling.fitting(sorted(FILLED), answer)

    for fact, value in values.items():
        if fact == "company.employees":
            assert type(value) is int
            assert value in range(2**31)
        else:
            text = str(value)
            assert (value, text.isprintable(), text != "") == (text.strip(), True, True)
    given_ = {fact for fact, value in answer.items() if value is not None and str(value).strip()}
    assert {*values, *(misfit.partition(":")[0] for misfit in misfits)} == given_


URL = "url: https://facts.example.com\n"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("url: http://facts.example.com\n  fields: [company.industry]", "would send the token in clear"),
        (f"{URL}  fields: [lead.title]", "sends must name a fact of the lead"),
        (f"{URL}  fields: [lead.email]", 'unknown fact "lead.email"'),
        (f"{URL}  fields: [company.extra.x]", "company.extra.x is mapped in no connection"),
        (f"{URL}  fields: []", "fields"),
        (f"{URL}  fields: [company.industry]\n  per_day: 0", "per_day"),
        (f"{URL}  fields: [company.industry]\n  cache: 3 business days", "business days have no fixed length"),
        (f"{URL}  fields: [company.industry]\n  token: abc", "a secret must not be written out here"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_place(tmp_path, written, problem):
    from config import starter

    starter.copy(tmp_path / "w")
    team = tmp_path / "w" / "cadenza.yaml"
    team.write_text(f"{team.read_text()}\nenrichment:\n  {written}\n")

    with pytest.raises(Invalid) as refused:
        blueprint.load(tmp_path / "w", schema=FIELDS)

    [told] = [str(one) for one in refused.value.problems]
    assert told.startswith("cadenza.yaml:")
    assert problem in told
