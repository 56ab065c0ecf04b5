"""docs/operations.md: each state that needs a person has a row, and addresses are those that answer."""

import inspect
import re
from pathlib import Path

import pytest
from django.urls import reverse

from config.cli import serve
from crm.models import Change, Connection
from mail.models import Mailbox, Message

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
#: What goes on by itself.
QUIET = {"active", "queued", "sending", "sent", "cancelled"}


@pytest.mark.parametrize(
    ("what", "states"),
    [
        ("email|message", Message.Status),
        ("mailbox", Mailbox.Status),
        ("connection", Connection.Status),
        ("change", [Change.Status.REFUSED]),
    ],
)
def test_a_state_that_needs_a_person_has_a_row(what, states):
    told = set(re.findall(rf"(?m)^\| (?:{what}) `(\w+)`", PAGE))

    assert {str(state.value) for state in states} - QUIET <= told


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
@pytest.mark.parametrize("command", [serve.run, serve.web])
def test_the_consoles_address_is_the_one_that_answers(page, command):
    listens = {name: one.default for name, one in inspect.signature(command).parameters.items()}

    address = f"http://{listens['host']}:{listens['port']}{reverse('admin:index')}"

    assert address in re.findall(r"http://\S+", (ROOT / page).read_text(encoding="utf-8"))
