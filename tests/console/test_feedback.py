"""The page that asks for a score: what it takes, what it keeps, and what it shows to whom."""

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Activity, Lead
from mail import feedback, unsubscribe
from mail.suppression import is_suppressed
from process.models import Feedback, Task
from workers import reactions

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(send):
    """An email that asked; its page."""
    message = send()
    return message, f"/n/{feedback.token(message.pk)}"


def answer(path, **given_):
    return Client().post(path, given_)


def noted():
    return [
        (one.data["score"], one.data["comment"])
        for one in Activity.objects.filter(kind="nps").order_by("pk")
    ]


def test_the_page_asks_and_keeps_nothing(asked):
    _, path = asked

    page = Client().get(path)

    assert (page.status_code, "Set-Cookie" in page.headers) == (200, False)
    assert [f'value="{number}"' in page.text for number in range(12)] == [*[True] * 11, False]
    assert page.text.count("<script") == 0
    assert (Feedback.objects.count(), noted()) == (0, [])


def test_an_answer_is_the_leads_score(asked):
    message, path = asked

    page = answer(path, score="9", comment="  Quick and <b>honest</b>.\n")

    lead = Lead.objects.get()
    row = Feedback.objects.get()
    assert (page.status_code, "9 of 10" in page.text) == (200, True)
    assert (row.lead, row.message_id, row.score) == (lead, message.pk, 9)
    assert (lead.nps, noted()) == (9, [(9, "Quick and <b>honest</b>.")])


def test_the_same_once_more_says_nothing_new(asked):
    _, path = asked

    for _ in range(2):
        assert answer(path, score="9", comment="Good").status_code == 200

    assert noted() == [(9, "Good")]


def test_a_later_answer_takes_its_place_and_both_stay_on_the_timeline(asked):
    _, path = asked

    answer(path, score="9", comment="Good")
    answer(path, score="4", comment="<script>")

    assert (Feedback.objects.get().score, Lead.objects.get().nps) == (4, 4)
    assert noted() == [(9, "Good"), (4, "<script>")]
    page = Client().get(path).text
    assert ("You have answered 4" in page, "&lt;script&gt;" in page) == (True, True)


@pytest.mark.parametrize(
    ("comment", "is_left_alone", "kind"),
    [
        ("Slow. Please remove me from your list.", True, "research"),
        ("Remove the bug.", False, "call"),
    ],
)
def test_who_asks_in_it_to_be_left_alone_is(asked, comment, is_left_alone, kind):
    _, path = asked

    answer(path, score="2", comment=comment)
    at_once = is_suppressed("grace1@customer.example")
    while reactions.waiting():
        reactions.react()

    assert (at_once, Lead.objects.get().do_not_contact) == (is_left_alone, is_left_alone)
    assert Task.objects.get().kind == kind


@pytest.mark.parametrize("score", ["", "11", "-1", "9.5", " 9", "٩", "9\n", None])
def test_what_is_no_score_is_asked_again(asked, score):
    _, path = asked

    page = answer(path, comment="kept", **({} if score is None else {"score": score}))

    assert (page.status_code, Feedback.objects.count()) == (400, 0)
    assert ("Please choose a number" in page.text, "kept" in page.text) == (True, True)


def test_a_page_for_nobody_keeps_nothing(asked):
    path = f"/n/{feedback.token(0)}"

    pages = [Client().get(path), answer(path, score="9")]

    assert [page.status_code for page in pages] == [200, 200]
    assert ["<button" in page.text for page in pages] == [False, False]
    assert (Feedback.objects.count(), noted()) == (0, [])


def test_a_token_of_another_purpose_leads_nowhere(asked):
    message, _ = asked

    page = answer(f"/n/{unsubscribe.token(message.lead)}", score="9")

    assert (page.status_code, Feedback.objects.count()) == (404, 0)


def test_a_person_whose_data_were_erased_is_asked_no_more(asked, frozen_clock):
    _, path = asked
    Lead.objects.update(erased_at=frozen_clock.now)

    assert (answer(path, score="9").status_code, Feedback.objects.count()) == (404, 0)


@pytest.mark.parametrize(("score", "tasks"), [(0, 1), (6, 1), (7, 0), (10, 0)])
def test_who_would_warn_others_is_called(asked, score, tasks):
    _, path = asked

    answer(path, score=str(score), comment="Slow")
    reactions.react()

    made = list(Task.objects.values_list("kind", "note"))
    assert made == [("call", "Slow")] * tasks


@given(score=st.integers(0, 10), comment=st.text(max_size=300))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_comment_is_kept_as_text(asked, score, comment):
    _, path = asked

    page = answer(path, score=str(score), comment=comment)

    kept = Feedback.objects.get().comment
    assert (page.status_code, Feedback.objects.get().score) == (200, score)
    assert kept == "".join(c for c in kept if c.isprintable() or c in "\n\t")
