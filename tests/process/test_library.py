"""The starter's sequences and emails: what a newcomer copies must be good as it stands."""

import html
import re
from pathlib import Path

import pytest

from crm.facts import FIELDS
from process.blueprint import load
from workspace.templating import render

CHECKOUT = Path(__file__).resolve().parents[2]
EMAILS = CHECKOUT / "templates" / "email"
NAMES = sorted(folder.name for folder in EMAILS.iterdir())
BLANK: dict[str, dict[str, object]] = {
    name: dict.fromkeys(fields) for name, fields in FIELDS.items()
}
NOTHING: dict[str, object] = {
    **BLANK,
    "sender": {
        "name": "Ada Byron",
        "email": "ada@example.com",
        "company": "Example GmbH",
        "postal_address": "Musterstraße 1, 10115 Berlin",
    },
    "unsubscribe_url": "https://outreach.example.com/u",
    "nps_url": "https://outreach.example.com/n",
}
EVERYTHING = {
    **NOTHING,
    "booking_url": "https://cal.com/ada/30",
    "lead": {**BLANK["lead"], "first_name": "Grace", "title": "CTO", "phone": "+49 30 1"},
    "company": {**BLANK["company"], "name": "Hopper & Söhne", "industry": "logistics"},
}


@pytest.mark.parametrize("facts", [NOTHING, EVERYTHING], ids=["nothing", "everything"])
@pytest.mark.parametrize("name", NAMES)
def test_text_and_html_of_an_email_say_the_same(name, facts):
    text = render((EMAILS / name / "body.txt").read_text(), facts)
    page = render((EMAILS / name / "body.html").read_text(), facts, html=True)

    written = re.sub(r"(?m)^\d\. |^-- $|: https://\S+", "", text)
    assert html.unescape(re.sub(r"<[^>]+>", " ", page)).split() == written.split()


@pytest.mark.parametrize("name", NAMES)
def test_an_email_is_short_and_its_paragraphs_stand_apart(name):
    text = render((EMAILS / name / "body.txt").read_text(), EVERYTHING)
    paragraphs = text.partition("\n-- \n")[0].strip().split("\n\n")
    body = " ".join(paragraphs[1:-1])

    assert 60 <= len(body.split()) <= 120
    assert len(paragraphs) >= 5
    assert body.count("?") <= 1


def test_nothing_in_the_starter_is_worth_a_warning(starter):
    assert load(starter, schema=FIELDS).warnings == ()


def test_every_sequence_is_a_tactic_of_its_stage_and_every_email_is_sent(starter):
    loaded = load(starter, schema=FIELDS)

    tactics = {
        name: stage.name for stage in loaded.process.stages for name in stage.tactics.sequences
    }
    assert tactics == {name: one.stage for name, one in loaded.sequences.items()}
    sent = {name for one in loaded.sequences.values() for name in one.templates()}
    assert sorted(sent) == NAMES
