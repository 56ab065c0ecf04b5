"""The corpus of inbound mail: its frozen half stays as it is, and the rules keep their figures."""

from tests.mail.corpus import CASES, HELD, OPEN, digest

#: Of the half that was written before the rules were tuned; no change of a rule changes it.
FROZEN = "ba8a24d28f070800aaed63b48f4956bb6c6f831e65b88bef7475c9339c58cba9"


def test_the_corpus_is_large_enough_and_has_two_halves():
    ids = {case.id for case in CASES}

    assert (len(ids), len(OPEN) + len(HELD)) == (len(CASES), len(CASES))
    assert min(len(OPEN), len(HELD)) >= 200


def test_the_held_half_is_as_it_was_written():
    assert digest(HELD) == FROZEN
