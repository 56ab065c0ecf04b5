"""What refuses to start, and says how to go on."""

from pathlib import Path

from django.core.checks import run_checks

from config import checks


def ids():
    return [message.id for message in run_checks() if message.is_serious()]


def test_this_checkout_is_fine():
    assert ids() == []


def test_a_stranger_with_one_of_our_names_is_refused(monkeypatch):
    folder = checks._folder
    monkeypatch.setattr(
        checks, "_folder", lambda name: Path("/site/crm") if name == "crm" else folder(name)
    )
    assert ids() == ["cadenza.E001"]


def test_an_unknown_mode_is_refused(settings):
    settings.CADENZA_MODE = "staging"
    assert ids() == ["cadenza.E002"]
