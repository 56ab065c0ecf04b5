"""On which legal basis a lead may be written to, by the country it is in."""

import pytest
from pydantic import ValidationError

from mail import outbox
from mail.legal import PrivacySettings, Rules

PROSPECT = "Legitimate interest \N{EN DASH} prospect/lead"
UNKNOWN = '; "%s" is none that we know'
ON = Rules.of(PrivacySettings())


def facts(country=None, basis=None, company=None):
    extra = {} if basis is None else {"legal_basis": basis}
    return {"lead": {"country": country, "extra": extra}, "company": {"country": company}}


@pytest.mark.parametrize(
    ("country", "basis", "lacks"),
    [
        ("Germany", "Freely given consent from contact", ""),
        ("Deutschland", "consent", ""),
        ("DE", PROSPECT, "lacks consent as its legal basis, needed in DE (privacy)"),
        ("DE", ["contract", "consent"], ""),
        ("DE", "contract;Consent", ""),
        ("DE", "No consent", "lacks consent as its legal basis, needed in DE (privacy)" + UNKNOWN % "No consent"),
        ("DE", None, "lacks consent as its legal basis, needed in DE (privacy)"),
        ("France", None, "lacks a legal basis, needed in FR (privacy)"),
        ("France", "Performance of a contract", ""),
        ("France", "Not applicable", "lacks a legal basis, needed in FR (privacy)" + UNKNOWN % "Not applicable"),
        ("USA", None, ""),
        ("Atlantis", "contract", "lacks consent as its legal basis, needed since its country is not known (privacy)"),
        (None, "consent", ""),
    ],
)  # fmt: skip
def test_the_shipped_table(country, basis, lacks):
    assert ON.lacking(facts(country, basis)) == lacks


def test_the_company_tells_the_country_where_the_lead_does_not():
    assert ON.lacking(facts(company="Austria")).startswith(
        "lacks consent as its legal basis, needed in AT"
    )


def test_a_team_has_the_last_word_on_the_table():
    rules = Rules.of(PrivacySettings(require={"DE": ("consent", "contract"), "others": "none"}))

    lacking = [
        rules.lacking(facts(*one)) for one in (("DE", "contract"), ("FR",), ("DE",), ("AT",))
    ]

    assert lacking == [
        "",
        "",
        "lacks consent or contract as its legal basis, needed in DE (privacy)",
        "lacks consent as its legal basis, needed in AT (privacy)",
    ]


def test_a_rule_names_the_basis_of_those_for_whom_no_crm_does():
    rules = Rules.of(PrivacySettings(basis={"GB": "legitimate_interest", "others": "contract"}))

    assert rules.lacking(facts("GB")) == ""
    assert rules.lacking(facts("GB", "Not applicable")).startswith("lacks a legal basis")
    assert rules.lacking(facts("DE")).startswith("lacks consent")


def test_who_is_no_country_is_told_of_the_others():
    with pytest.raises(ValidationError) as told:
        PrivacySettings(require={"other": "any"})

    assert told.value.errors()[0]["msg"] == (
        'Value error, unknown country code "other"; valid: the two letters of ISO 3166, such as '
        "DE, GB, US, or others"
    )


def test_nothing_is_asked_where_the_section_is_missing():
    assert Rules.of(None).lacking(facts("DE")) == Rules.of({}).lacking(facts()) == ""


def test_what_apply_wrote_down_is_what_the_file_says():
    settings = PrivacySettings(require={"DE": "contract"}, basis={"FR": "consent"})

    assert Rules.of(settings.model_dump(mode="json")).lacking(facts("DE", "contract")) == ""
    assert Rules.of(settings.model_dump(mode="json")).lacking(facts("FR")) == ""


def test_a_basis_that_was_taken_back_is_seen_before_the_email_leaves(
    mailbox, queue, make_lead, sender, sink
):
    sender.privacy = PrivacySettings().model_dump(mode="json")
    sender.save()
    kept = queue(make_lead("a@customer.example", country="DE", extra={"legal_basis": "consent"}))
    message = queue(make_lead("b@customer.example", country="DE"))

    counts = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    kept.refresh_from_db()
    assert (counts, sink.recipients, kept.status) == (
        {"sent": 1, "failed": 1},
        ["a@customer.example"],
        "sent",
    )
    assert message.last_error == "lacks consent as its legal basis, needed in DE (privacy)"


def test_a_basis_that_was_taken_back_is_seen_before_the_next_attempt(
    mailbox, queue, make_lead, sender, sink, time
):
    sender.privacy = PrivacySettings().model_dump(mode="json")
    sender.save()
    lead = make_lead(country="DE", extra={"legal_basis": "consent"})
    message = queue(lead)
    sink.answers["RCPT"] = ["451 later"]
    assert outbox.deliver(mailbox.pk) == {"retried": 1}
    lead.extra = {}
    lead.save()
    time.forward(minutes=15)

    counts = outbox.deliver(mailbox.pk)

    message.refresh_from_db()
    assert (counts, sink.taken) == ({"failed": 1}, [])
    assert message.last_error == "lacks consent as its legal basis, needed in DE (privacy)"
