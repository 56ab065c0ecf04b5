"""How many of something, as a sentence has it."""

import pytest

from workspace.counts import counted


@pytest.mark.parametrize(
    ("count", "noun", "told"),
    [
        (0, "lead", "0 leads"),
        (1, "lead", "1 lead"),
        (2000, "lead", "2,000 leads"),
        (2, "queued email", "2 queued emails"),
        (1, "company", "1 company"),
        (2, "company", "2 companies"),
        (2, "discrepancy", "2 discrepancies"),
        (2, "mailbox", "2 mailboxes"),
        (2, "day", "2 days"),
        (1, "person", "1 person"),
        (3, "person", "3 people"),
    ],
)
def test_one_and_several(count, noun, told):
    assert counted(count, noun) == told
