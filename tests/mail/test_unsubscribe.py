import pytest

from crm.models import Activity
from mail import suppression, unsubscribe
from mail.models import Suppression


def test_a_token_names_its_lead_and_is_the_same_each_time(lead):
    token = unsubscribe.token(lead)

    assert unsubscribe.lead_of(token) == lead
    assert unsubscribe.token(lead) == token
    assert str(lead.pk) not in token.rstrip("=") or lead.pk < 10


def test_two_leads_share_no_part_of_their_tokens(make_lead):
    one, two = (unsubscribe.token(make_lead(f"{name}@customer.example")) for name in "ab")

    assert one[-10:] != two[-10:]
    assert one[:10] != two[:10]


@pytest.mark.parametrize("bad", ["", "x", "ü", "A" * 32, "../../etc", "=" * 32, "\x00" * 32])
def test_what_is_no_token_names_nobody(lead, bad):
    assert unsubscribe.lead_of(bad) is None


def test_a_changed_token_names_nobody(lead, make_lead):
    make_lead("other@customer.example")
    token = unsubscribe.token(lead)

    changed = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(32)]

    assert {unsubscribe.lead_of(other) for other in changed} == {None}


def test_an_old_key_still_opens_its_tokens(lead, settings):
    token = unsubscribe.token(lead)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key"

    assert unsubscribe.lead_of(token) == lead
    assert unsubscribe.token(lead) != token


def test_unsubscribing_suppresses_and_is_noted_once(lead, time):
    results = [unsubscribe.unsubscribe(lead, how="one_click", at=time.now) for _ in range(2)]

    assert results == [True, False]
    assert list(Suppression.objects.values_list("email", "kind")) == [
        ("grace@customer.example", "unsubscribed")
    ]
    assert list(Activity.objects.values_list("kind", "lead")) == [("unsubscribed", lead.pk)]


def test_suppression_knows_every_spelling(lead, time):
    suppression.suppress("Grace@BÜCHER.example ", "manual", at=time.now)

    assert suppression.is_suppressed("grace@xn--bcher-kva.example")
    assert not suppression.is_suppressed("grace@customer.example")


def test_an_unknown_kind_is_refused(db, time):
    with pytest.raises(ValueError, match="'bored' is none of unsubscribed"):
        suppression.suppress("grace@customer.example", "bored", at=time.now)
