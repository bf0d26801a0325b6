"""Text: the built-in sets against counting by hand, and a person's own lines."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from genlab.data import DataError, load, read
from genlab.data.files.arrays import FileDataset
from genlab.data.files.settings import FILE, FileSettings
from genlab.data.files.text import read_rows
from genlab.data.sets.markov_letters import MarkovChain, MarkovLettersSettings
from genlab.data.sets.names import NamesSettings
from genlab.settings.spaces import Tokens


def chain(**settings: float) -> MarkovChain:
    truth = load("markov-letters", MarkovLettersSettings(**settings)).truth
    assert isinstance(truth, MarkovChain)
    return truth


def every_sequence(letters: int, length: int) -> np.ndarray:
    return np.array(list(product(range(letters), repeat=length)))


@pytest.mark.parametrize(("order", "letters", "length"), [(1, 3, 5), (2, 3, 5), (3, 2, 7), (3, 3, 2)])
def test_probabilities_of_all_sequences_sum_to_one_and_give_the_entropy(
    order: int, letters: int, length: int
) -> None:
    truth = chain(order=order, letters=letters, length=length, sharpness=1.7, seed=3)
    log_prob = truth.log_prob(every_sequence(letters, length))
    assert_allclose(np.exp(log_prob).sum(), 1, rtol=1e-12)
    assert_allclose(truth.entropy, -(np.exp(log_prob) * log_prob).sum(), rtol=1e-12)
    assert_allclose(truth.entropy_per_token, truth.entropy / length, rtol=1e-12)


def test_each_letter_is_as_likely_as_the_table_of_what_stands_before_it_says() -> None:
    truth = chain(order=2, letters=3, length=4)
    start, after_one, after_two = truth.transitions
    x = every_sequence(3, 4)
    expected = [
        start[0, a] * after_one[a, b] * after_two[3 * a + b, c] * after_two[3 * b + c, d] for a, b, c, d in x
    ]
    assert_allclose(np.exp(truth.log_prob(x)), expected, rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_sequences_are_drawn_as_often_as_they_are_likely(order: int) -> None:
    truth = chain(order=order, letters=3, length=4)
    draw = truth.draw(60_000, np.random.default_rng(1))
    assert draw.labels is None
    assert draw.x.dtype == np.int64
    counts = np.bincount(draw.x @ 3 ** np.arange(3, -1, -1), minlength=81)
    expected = 60_000 * np.exp(truth.log_prob(every_sequence(3, 4)))
    often = expected >= 5
    statistic = ((counts - expected)[often] ** 2 / expected[often]).sum()
    assert often.sum() > 40
    assert statistic < often.sum() + 4.5 * np.sqrt(2 * often.sum())


def test_a_chain_without_sharpness_has_letters_that_are_all_as_likely() -> None:
    truth = chain(letters=7, length=9, sharpness=0)
    assert_allclose(truth.entropy, 9 * np.log(7), rtol=1e-12)
    assert_allclose(truth.entropy_per_token, np.log(7), rtol=1e-12)


def test_sharper_chains_have_less_entropy_and_other_seeds_other_tables() -> None:
    entropies = [chain(sharpness=sharpness).entropy for sharpness in (0, 1, 2, 4)]
    assert entropies == sorted(entropies, reverse=True)
    assert chain(seed=1).entropy != chain(seed=2).entropy


def test_a_chain_that_cannot_give_a_sequence_says_so_with_minus_infinity() -> None:
    truth = MarkovChain([np.array([[1.0, 0.0]]), np.array([[0.0, 1.0], [0.5, 0.5]])], 3)
    assert_allclose(truth.log_prob(np.array([[0, 1, 0], [1, 1, 1]])), [np.log(0.5), -np.inf])
    assert_allclose(truth.entropy, np.log(2))


@pytest.mark.parametrize("x", [np.zeros((2, 11), int), np.full((2, 12), 5), np.full((2, 12), -1)])
def test_sequences_of_another_length_or_alphabet_are_refused(x: np.ndarray) -> None:
    with pytest.raises(ValueError):
        chain().log_prob(x)


def test_names_are_those_of_the_census_each_once_and_in_one_part() -> None:
    names = load("names", NamesSettings())
    assert isinstance(names.space, Tokens)
    rng = np.random.default_rng(0)
    parts = [names.train(1, rng), names.validation(10_000, rng), names.test(10_000, rng)]
    assert [len(part.x) for part in parts] == [3615, 774, 774]
    texts = [text for part in parts for text in names.space.texts(part.x)]
    labels = np.concatenate([part.labels for part in parts])
    everyone = dict(zip(texts, labels, strict=True))
    assert len(everyone) == 5163
    assert set("".join(everyone)) == set("abcdefghijklmnopqrstuvwxyz")
    assert max(map(len, everyone)) == 11
    assert sum(label == 1 for label in everyone.values()) == 1149
    known = {"mary": 0, "christopher": 1, "ashley": 0, "jose": 1, "kris": 1}
    assert {name: everyone[name] for name in known} == known
    assert all((part.x[:, -1] == names.space.end).all() for part in parts)
    assert names.label_names == ("female", "male")


LINES = [f"{a}{b}{a}" for a in "hélo" for b in "wörd"]


def write(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def everything(dataset: FileDataset) -> list[str]:
    assert isinstance(dataset.space, Tokens)
    rng = np.random.default_rng(0)
    parts = (dataset.train(1, rng), dataset.validation(999, rng), dataset.test(999, rng))
    return [text for part in parts for text in dataset.space.texts(part.x)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_lines_of_ones_own_are_read_whatever_ends_them(tmp_path: Path, newline: str, encoding: str) -> None:
    path = write(tmp_path / "words.txt", newline.join([*LINES, "", "  ", ""]), encoding)
    settings, dataset = read(path)
    assert dataset.space == Tokens(4, (*sorted(set("helowrdéö") - {"e"}), "\n"), end=8)
    assert dataset.space.texts(dataset.x) == LINES
    assert dataset.x.dtype == np.int64
    assert sorted(everything(dataset)) == sorted(LINES)
    assert (settings.name, settings.kind, settings.rows) == ("words", "text", 16)
    assert FILE.summary_of(settings) == "Your own text: 16 lines of at most 3 characters out of 8."


def test_settings_of_text_hold_its_space_and_a_kept_copy_gives_the_same_set(tmp_path: Path) -> None:
    settings, dataset = read(write(tmp_path / "words.txt", "\n".join(LINES)))
    again = FileSettings.model_validate_json(settings.model_dump_json())
    assert FILE.space(again) == dataset.space
    np.savez(tmp_path / "data.npz", x=dataset.x)
    with np.load(tmp_path / "data.npz") as kept:
        rebuilt = FileDataset.from_arrays(again, kept["x"], None)
    assert everything(rebuilt) == everything(dataset)
    assert rebuilt.train(1, np.random.default_rng(0)).x.dtype == np.int64


def test_texts_that_differ_in_their_letters_alone_are_told_apart(tmp_path: Path) -> None:
    one = read(write(tmp_path / "a.txt", "ab\n" * 20))[1]
    two = read(write(tmp_path / "b.txt", "cd\n" * 20))[1]
    np.testing.assert_array_equal(one.x, two.x)
    assert one.fingerprint != two.fingerprint


def test_white_space_at_the_end_of_a_line_is_left_out_and_within_it_kept(tmp_path: Path) -> None:
    _, dataset = read(write(tmp_path / "w.txt", " a b\t \n" * 12))
    assert isinstance(dataset.space, Tokens)
    assert dataset.space.texts(dataset.x) == [" a b"] * 12


def test_lines_for_a_trained_model_are_read_in_its_vocabulary(tmp_path: Path) -> None:
    space = Tokens(4, ("a", "b", "\n"), end=2)
    np.testing.assert_array_equal(
        read_rows(write(tmp_path / "t.txt", "ab\n\nbbb\n"), space), [[0, 1, 2, 2], [2] * 4, [1, 1, 1, 2]]
    )
    with pytest.raises(DataError, match="line 3: 'c' at character 2 is not in the vocabulary"):
        read_rows(write(tmp_path / "t.txt", "ab\n\nacb\n"), space)
    with pytest.raises(DataError, match="holds no lines"):
        read_rows(write(tmp_path / "t.txt", ""), space)
