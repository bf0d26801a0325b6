"""What spaces say of their data: how a datum is shown, written and read."""

from __future__ import annotations

import numpy as np
import pytest

from genlab.settings.spaces import Images, Points, Signal, Tokens

WORDS = Tokens(6, ("a", "b", "ab", "\n", " "), end=3)
FULL = Tokens(3, ("x", "y"))


def test_text_goes_up_to_the_first_end_whatever_follows() -> None:
    assert WORDS.text(np.array([0, 1, 3, 1, 1, 1])) == "ab"
    assert WORDS.text(np.array([3, 3, 3, 3, 3, 3])) == ""
    assert WORDS.text(np.array([0, 0, 0, 0, 0, 1])) == "aaaaab"
    assert FULL.texts(np.array([[0, 1, 1], [0, 0, 0]])) == ["xyy", "xxx"]


def test_a_text_becomes_a_row_that_is_padded_with_its_end() -> None:
    row = WORDS.row("b a")
    assert row.dtype == np.int64
    np.testing.assert_array_equal(row, [1, 4, 0, 3, 3, 3])
    np.testing.assert_array_equal(WORDS.row(""), [3] * 6)
    np.testing.assert_array_equal(FULL.row("yxy"), [1, 0, 1])


def test_at_each_place_the_longest_token_is_read() -> None:
    np.testing.assert_array_equal(WORDS.tokens("abba"), [2, 1, 0])


def test_every_row_of_characters_comes_back_from_its_text() -> None:
    letters = Tokens(5, ("a", "b", "c", "\n"), end=3)
    x = np.random.default_rng(0).integers(4, size=(200, 5))
    again = np.stack([letters.row(text) for text in letters.texts(x)])
    counts = letters.counts(x)
    for row, other, count in zip(x, again, counts, strict=True):
        np.testing.assert_array_equal(row[:count], other[:count])
        assert (other[count:] == 3).all()
        assert count == 5 or row[count - 1] == 3


def test_tokens_are_counted_with_their_end() -> None:
    x = np.array([[0, 1, 3, 3, 3, 3], [3, 3, 3, 3, 3, 3], [0, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(WORDS.counts(x), [3, 1, 6])
    np.testing.assert_array_equal(FULL.counts(np.zeros((2, 3), int)), [3, 3])


@pytest.mark.parametrize(
    ("space", "text", "sentence"),
    [
        (WORDS, "abxa", "'x' at character 3 is not in the vocabulary"),
        (WORDS, "a\nb", "at character 2 is not in the vocabulary"),
        (WORDS, "aaaaaaa", "a text of 7 tokens is too long: at most 6 fit"),
        (FULL, "xy", "a text of 2 tokens is too short: all have 3"),
    ],
)
def test_a_text_outside_the_space_is_refused_by_what_is_wrong(
    space: Tokens, text: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        space.row(text)


@pytest.mark.parametrize("token", [-1, 5])
def test_a_token_outside_the_vocabulary_is_never_shown_as_another(token: int) -> None:
    with pytest.raises(ValueError, match=f"token {token} is not one of 0 to 4"):
        WORDS.text(np.array([0, token]))


@pytest.mark.parametrize(("words", "end"), [(("a", "a"), None), (("a", ""), None), (("a", "b"), 2)])
def test_an_impossible_vocabulary_is_refused(words: tuple[str, ...], end: int | None) -> None:
    with pytest.raises(ValueError):
        Tokens(3, words, end)


def test_the_end_and_white_space_are_shown_by_signs() -> None:
    assert [WORDS.caption(token) for token in range(5)] == ["a", "b", "ab", "⏎", "␣"]


@pytest.mark.parametrize("space", [Points(3), Images(1, 2, 2, 17), WORDS, Signal(4, 100.0)])
def test_a_datum_has_a_cell_for_every_column_of_its_table(space: Points | Images | Tokens | Signal) -> None:
    datum = np.ones(space.event, space.dtype)
    assert len(space.cells(datum)) == len(space.columns)
    assert space.cells(datum)[0] == ("bbbbbb" if space is WORDS else "1")
