"""What the doctor says of a mailbox by ESP."""

from mail.doctor import examine
from tests.mail.esp.conftest import every_kind


def examined(mailbox):
    found = examine.examine([mailbox], lambda what: None)
    return {
        each.check: (str(each.grade), each.said)
        for each in found
        if each.check not in {"spf", "dkim", "dmarc", "mx", "web"}
    }


@every_kind
def test_its_key_and_its_webhook_are_looked_at(mailbox, kind, settings):
    settings.CADENZA_RESOLVER = ""

    found = examined(mailbox)

    assert {check: grade for check, (grade, _) in found.items()} == {
        "esp": "unknown", "events": "fine",
    }  # fmt: skip
    assert "/webhooks/esp/ada@example.com/tracking" in found["events"][1]


def test_a_key_that_is_not_set(mailbox, monkeypatch, settings):
    settings.CADENZA_RESOLVER = ""
    monkeypatch.delenv("ESP_KEY")

    assert examined(mailbox) == {
        "esp": ("fault", "ada@example.com: the environment variable ESP_KEY is not set")
    }


def test_events_that_nobody_could_prove(mailbox, settings):
    settings.CADENZA_RESOLVER = ""
    mailbox.esp = {name: value for name, value in mailbox.esp.items() if name != "webhook_secret"}

    assert examined(mailbox)["events"] == (
        "warning", "none are taken in: a send in doubt waits for a person",
    )  # fmt: skip


def test_a_webhook_secret_with_which_no_esp_can_call(mailbox, monkeypatch, settings):
    settings.CADENZA_RESOLVER = ""
    monkeypatch.setenv("ESP_HOOK", "password-alone")

    assert examined(mailbox)["events"] == (
        "fault", "its webhook_secret has no colon, so whatever calls is turned away",
    )  # fmt: skip
