"""Which files there are follows from the space of the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genlab.cli.files import data_endings, read_data, sample_endings, save_samples, shown_samples, target
from genlab.data.dataset import DataError
from genlab.runs.atomic import RunError
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

from .conftest import Genlab

TEXT = Tokens(length=5, vocabulary=("⏎", "a", "b", "ab"), end=0)
X = np.array([[1, 2, 0, 0, 0], [3, 3, 2, 1, 2], [0, 0, 0, 0, 0]])


@pytest.mark.parametrize("space", [Points(2), Images(1, 8, 8, 17), Signal(64, 8000)])
def test_only_text_is_written_to_txt(space: Space, tmp_path: Path) -> None:
    assert sample_endings(space) == (".npz", ".csv")
    assert sample_endings(TEXT) == (".npz", ".csv", ".txt")
    assert data_endings(space) == (".npy", ".npz", ".csv")
    with pytest.raises(RunError, match=r"s\.txt does not end in \.npz or \.csv$"):
        target(str(tmp_path / "s.txt"), sample_endings(space), False)
    assert target(str(tmp_path / "s.txt"), sample_endings(TEXT), False) == tmp_path / "s.txt"
    (tmp_path / "p.txt").write_text("ab\n")
    with pytest.raises(DataError, match=r"does not end in \.npy, \.npz or \.csv$"):
        read_data(tmp_path / "p.txt", space)


def test_text_is_written_a_sequence_a_line_each_up_to_its_end(tmp_path: Path) -> None:
    save_samples(tmp_path / "s.txt", X[:2], None, TEXT, (), 0)
    assert (tmp_path / "s.txt").read_text() == "ab\nababbab\n"
    assert shown_samples(X[:2], None, TEXT, ()) == "ab\nababbab\n"
    save_samples(tmp_path / "s.npz", X, None, TEXT, (), 7)
    with np.load(tmp_path / "s.npz") as found:
        np.testing.assert_array_equal(found["samples"], X)
        assert found["samples"].dtype == np.int64


@pytest.mark.parametrize("ending", sample_endings(TEXT))
def test_text_that_was_written_is_read_as_it_was(ending: str, tmp_path: Path) -> None:
    space = Tokens(length=4, vocabulary=("⏎", "a", " ", ","), end=0)
    x = np.array([[1, 2, 2, 0], [0, 0, 0, 0], [2, 1, 3, 1], [2, 0, 0, 0], [0, 0, 0, 0]])
    for labels in (None, np.array([0, 1, 0, 1, 0])):
        save_samples(tmp_path / f"s{ending}", x, labels, space, ("one", "two"), 0)
        np.testing.assert_array_equal(read_data(tmp_path / f"s{ending}", space), x)


def test_tokens_of_another_vocabulary_are_refused(tmp_path: Path) -> None:
    save_samples(tmp_path / "s.npz", X, None, TEXT, (), 0)
    with pytest.raises(DataError, match="tokens of another vocabulary"):
        read_data(tmp_path / "s.npz", Tokens(5, ("⏎", "b", "a", "ab"), end=0))


def test_a_table_without_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x1,x2\n1,2\n")
    with pytest.raises(DataError, match="no column that is called 'text'"):
        read_data(tmp_path / "t.csv", TEXT)


def test_text_is_read_with_the_longest_tokens_that_fit_and_padded_after_its_end(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("ab\n\nba\nababbab\n", encoding="utf-8")
    found = read_data(tmp_path / "p.txt", TEXT)
    np.testing.assert_array_equal(found, [[3, 0, 0, 0, 0], [0] * 5, [2, 1, 0, 0, 0], [3, 3, 2, 3, 0]])
    assert found.dtype == np.int64
    np.save(tmp_path / "p.npy", X)
    np.testing.assert_array_equal(read_data(tmp_path / "p.npy", TEXT), X)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"ab\nabc\n", "line 2: 'c' at character 3 is not in the vocabulary"),
        (b"a" * 6, "line 1: a text of 6 tokens is too long: at most 5 fit"),
        (b"\xff", "UTF-8"),
        (b"", "holds no lines of text"),
    ],
)
def test_text_that_is_none_of_the_runs_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "p.txt").write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read_data(tmp_path / "p.txt", TEXT)


def test_text_of_one_length_needs_that_length(tmp_path: Path) -> None:
    fixed = Tokens(length=3, vocabulary=("a", "b"))
    (tmp_path / "p.txt").write_text("abb\nbaa\n")
    np.testing.assert_array_equal(read_data(tmp_path / "p.txt", fixed), [[0, 1, 1], [1, 0, 0]])
    (tmp_path / "p.txt").write_text("ab\n")
    with pytest.raises(DataError, match="a text of 2 tokens is too short: all have 3"):
        read_data(tmp_path / "p.txt", fixed)


def test_the_ending_is_told_before_the_run_is_opened(genlab: Genlab, trained: Path, tmp_path: Path) -> None:
    result = genlab("sample", trained, "--out", tmp_path / "s.txt")
    assert (result.status, result.err) == (2, f"genlab: {tmp_path / 's.txt'} does not end in .npz or .csv\n")
