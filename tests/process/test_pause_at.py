"""`pause_at` of a mailbox in cadenza.yaml: read as shares, and what is wrong is told at its place."""

import pytest

from crm.facts import FIELDS
from mail.models import Mailbox
from process import apply
from process.blueprint import Invalid, load

PASSWORD = "    password: ${MAIL_PASSWORD_ADA}\n"


@pytest.fixture
def loading(starter):
    """Load the starter, its first mailbox having this line."""
    file = starter / "cadenza.yaml"
    text = file.read_text()

    def of(line):
        file.write_text(text.replace(PASSWORD, f"{PASSWORD}    {line}\n", 1))
        return load(starter, schema=FIELDS)

    return of


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "shares"),
    [
        ("", (500, 30)),
        ("pause_at: { bounces: 10%, complaints: 0.1% }", (1000, 10)),
        ("pause_at: { bounces: 2.25 % }", (225, 30)),
        ("pause_at: { complaints: 100 percent }", (500, 10_000)),
    ],
)
def test_shares_are_kept_with_the_mailbox(loading, line, shares):
    apply.configure(loading(line))

    first = Mailbox.objects.earliest("pk")
    assert (first.most_bounces, first.most_complaints) == shares


@pytest.mark.parametrize("written", ["5", "0%", "0.001%", "101%", "five percent", "-1%", "true"])
def test_what_is_no_share_is_told_at_its_place(loading, written):
    with pytest.raises(Invalid) as caught:
        loading(f"pause_at: {{ bounces: {written} }}")

    value = {"true": "True"}.get(written, written)
    assert [str(problem) for problem in caught.value.problems] == [
        f'cadenza.yaml:41:26: mailboxes.0.pause_at.bounces: "{value}" is no share of emails; '
        "write it like 5% or 0.3%, above 0%"
    ]


def test_a_misspelled_key_is_told(loading):
    with pytest.raises(Invalid) as caught:
        loading("pause_at: { bounce: 5% }")

    assert [str(problem) for problem in caught.value.problems] == [
        'cadenza.yaml:41:17: unknown field "bounce"; did you mean "bounces"? '
        "valid: bounces, complaints"
    ]
