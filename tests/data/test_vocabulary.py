"""Symbols and their codes: there and back, what is unknown, and how two vocabularies differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.vocabulary import Vocabulary, split_symbols
from elman.errors import DataError, OptionError


@given(st.text(min_size=1))
def test_characters_and_bytes_come_back(text: str):
    characters = Vocabulary.of(text, "character")
    assert characters.decode(characters.encode(text)) == text
    assert characters.unknown_in(text) == ()
    octets = Vocabulary.of(b"", "byte")
    assert octets.encode(text).tolist() == list(text.encode("utf-8"))
    assert octets.decode(octets.encode(text)) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("He left!", ["He", "left", "!"]),
        ("don't well-known\nÜber 3", ["don't", "well-known", "\n", "Über", "3"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("cafe\u0301, l’e\u0301te\u0301", ["cafe\u0301", ",", "l’e\u0301te\u0301"]),
        ("نمی\u200cخواهم!", ["نمی\u200cخواهم", "!"]),
        ("  ", []),
    ],
)
def test_words_are_cut(text: str, words: list[str]):
    assert split_symbols(text, "word") == words


def test_words_are_joined_as_print_joins_them():
    text = 'He left (at last), said "nobody".\nThe end'
    vocabulary = Vocabulary.of(split_symbols(text, "word"), "word")
    assert vocabulary.decode(vocabulary.encode(text)) == 'He left (at last), said " nobody ".\nThe end'


def test_rare_and_further_symbols_share_the_code_of_the_unknown():
    words = split_symbols("a a a b b c", "word")
    assert Vocabulary.of(words, "word", min_count=2).symbols == ("a", "b")
    vocabulary = Vocabulary.of(words, "word", max_size=1)
    assert vocabulary.encode("a b c").tolist() == [1, 0, 0]
    assert (len(vocabulary), vocabulary.unknown_in("c b c")) == (2, ("c", "b"))


def test_a_text_without_a_frequent_word_is_refused():
    with pytest.raises(DataError, match="No word stands 2 times in the training part"):
        Vocabulary.of(["a", "b"], "word", min_count=2)


def test_an_unknown_unit_is_refused():
    with pytest.raises(OptionError, match="`unit` must be one of character, byte, word, but it is 'letter'"):
        Vocabulary.of("abc", "letter")


def test_difference_is_told():
    before, now = Vocabulary.of("abcdefg", "character"), Vocabulary.of("agx", "character")
    assert (
        before.difference(now) == "1 character is new ('x'), 5 characters are gone ('b', 'c', 'd', 'e', 'f')"
    )
    assert before.difference(before) == ""
    assert before.difference(Vocabulary.of(b"", "byte")) == "its unit was character, now byte"
