"""Where a phrase is found: between words, and never within one; the witness finds the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.check_answers import taken
from process.phrases import folded, stands_in
from sandbox import phrases as witness

WORDS = st.lists(st.text("abßéıжα1", min_size=1, max_size=3), min_size=1, max_size=6)
GAPS = st.sampled_from([" ", "  ", "\n", "\u00a0", ", ", ". ", "/", "-", "_", "\u2014"])


def is_found(phrase, text):
    return stands_in(folded(phrase), folded(text))


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("no, thank", "Buongiorno, thank you.", False),
        ("no, thank", "No, thank you.", True),
        ("no, thank", "Buongiorno, no,\n thank you.", True),
        ("interested", "We are uninterested", False),
        ("interested", "_Interested_!", True),
        ("no", "Not now, I know.", False),
        ("budget", "Our budgets are spent", False),
        ("let's talk", "LET\u2019S TALK", True),
        ("let\u2019s talk", "let's talk", True),
        ("café", "Un cafe\u0301?", True),
        ("cafe", "Un cafe\u0301?", False),
        ("price is:", "The price is:high", True),
        ("興味がありません", "今は興味がありませんので", True),
        ("不感兴趣", "您好，我们不感兴趣。", True),
        ("ไม่สนใจ", "ขอบคุณแต่ไม่สนใจครับ", True),
        ("관심 없", "저희는 관심 없습니다", True),
        ("ai", "新しいAI製品", True),
    ],
)
def test_a_phrase_is_whole_words(phrase, text, found):
    assert is_found(phrase, text) is found
    assert witness.meaning({"meant": [phrase]}, text) == ("meant" if found else "other")


@given(words=WORDS, gap=GAPS, data=st.data())
def test_a_phrase_is_found_exactly_where_its_words_stand_in_a_row(words, gap, data):
    phrase = data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=3) | WORDS)

    text, wanted = gap.join(words), gap.join(phrase)

    said, meant = ([folded(word) for word in some] for some in (words, phrase))
    rows = [said[at : at + len(meant)] for at in range(len(said))]
    assert is_found(wanted, text) is (meant in rows)
    assert witness.meaning({"x": [wanted]}, text) == ("x" if meant in rows else "other")


@given(words=WORDS, gap=GAPS, data=st.data())
def test_a_phrase_that_is_taken_never_decides_and_any_other_does(words, gap, data):
    rows = st.lists(st.sampled_from(words), min_size=1, max_size=3).map(gap.join)
    answers = {"first": data.draw(st.lists(rows, max_size=2)), "second": [data.draw(rows)]}
    phrase = answers["second"][0]

    found = taken(answers, "second", phrase)

    around = [
        gap.join([*before, phrase, *after]) for before in ([], words) for after in ([], words)
    ]
    meant = {witness.meaning(answers, text) for text in around}
    assert meant == {"first"} if found else witness.meaning(answers, phrase) == "second"
