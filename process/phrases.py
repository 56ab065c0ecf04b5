"""Phrases in what people write: whole words, whatever their case, their spaces and their apostrophes."""

import unicodedata

#: Scripts without spaces between words, and Hangul, which writes a word's endings onto it.
_UNSPACED = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR"})


def folded(text: str) -> str:
    """As texts and phrases are compared."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return " ".join(plain.split())


def stands_in(phrase: str, text: str) -> bool:
    """Whether the text has the phrase and no word goes on at its ends; both are folded."""
    start = text.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        if not _is_in_a_word(text, start) and not _is_in_a_word(text, end):
            return True
        start = text.find(phrase, start + 1)
    return False


def _is_in_a_word(text: str, place: int) -> bool:
    """Whether one word has the characters on both sides."""
    before, after = text[place - 1 : place], text[place : place + 1]
    if not before or not after:
        return False
    return _is_mark(after) or (_is_of_spaced_word(before) and _is_of_spaced_word(after))


def _is_of_spaced_word(character: str) -> bool:
    if _is_mark(character):
        return True
    script = unicodedata.name(character, "").partition(" ")[0]
    return character.isalnum() and script not in _UNSPACED


def _is_mark(character: str) -> bool:
    """An accent or a vowel sign: the rest of the letter before it."""
    return unicodedata.category(character).startswith("M")
