"""Metrics of text, against counting by hand; and none of them a distance between identifiers."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import pytest

from genlab.data import Dataset, load, read
from genlab.data.catalogue import DATASETS
from genlab.data.payloads import Array, Labels
from genlab.data.truths.sequences import SequenceTruth
from genlab.metrics.evaluate import DrawModel, LogDensity, LogProbOf, evaluate
from genlab.metrics.report import Metric
from genlab.metrics.slices import finish, stop_helper
from genlab.metrics.text import per_token
from genlab.settings.spaces import Tokens


@pytest.fixture(autouse=True, scope="module")
def no_helper_left() -> Iterator[None]:
    yield
    stop_helper()


def built_in(name: str) -> Dataset:
    return load(name, DATASETS[name].settings())


def drawing(x: np.ndarray, labels: Labels | None = None) -> DrawModel:
    """A model that gives the first n of these rows, whatever the seed."""

    def draw(n: int, seed: int) -> Generator[None, None, tuple[Array, Labels | None]]:
        yield
        return x[:n], None if labels is None else labels[:n]

    return draw


def uniform(tokens: int, offset: float = 0.0) -> LogProbOf:
    """A model that finds every token as likely, in sequences of the full length."""

    def log_prob(x: Array) -> Generator[None, None, LogDensity]:
        yield
        return LogDensity(np.full(len(x), -x.shape[1] * np.log(tokens) - offset), "exact", "all alike")

    return log_prob


def by_key(metrics: list[Metric]) -> dict[str, Metric]:
    assert len({metric.key for metric in metrics}) == len(metrics)
    return {metric.key: metric for metric in metrics}


def run(dataset: Dataset, draw: DrawModel, log_prob: LogProbOf | str, n: int = 256) -> dict[str, Metric]:
    return by_key(finish(evaluate(dataset, draw, log_prob, np.random.default_rng(0), n, 2)))


def test_likelihood_of_text_is_read_against_its_exact_entropy() -> None:
    chain = built_in("markov-letters")
    truth = chain.truth
    assert isinstance(truth, SequenceTruth)
    sampled = chain.test(256, np.random.default_rng(4)).x
    found = run(chain, drawing(sampled), uniform(5))
    x = chain.test(256, np.random.default_rng(0)).x
    assert found["nll"].value == pytest.approx(12 * np.log(5))
    assert found["nll"].unit == "nats per sequence"
    assert found["nll"].reference == ("entropy of the data", truth.entropy)
    assert found["nll_excess"].value == pytest.approx(12 * np.log(5) + truth.log_prob(x).mean())
    assert found["nats_per_token"].value == pytest.approx(np.log(5))
    assert found["nats_per_token"].standard_error == pytest.approx(0, abs=1e-12)
    assert found["nats_per_token"].reference == ("entropy of the data", pytest.approx(truth.entropy / 12))
    assert found["perplexity"].value == pytest.approx(5)
    assert found["perplexity"].reference == (
        "perplexity of the data",
        pytest.approx(np.exp(truth.entropy / 12)),
    )


def test_the_truth_itself_has_no_excess_and_the_perplexity_of_the_data() -> None:
    chain = built_in("markov-letters")
    truth = chain.truth
    assert truth is not None

    def exact(x: Array) -> Generator[None, None, LogDensity]:
        yield
        return LogDensity(truth.log_prob(x), "exact", "the chain")

    found = run(chain, drawing(chain.test(2000, np.random.default_rng(4)).x), exact, n=2000)
    assert found["nll_excess"].value == pytest.approx(0, abs=1e-12)
    for key in ("nll", "nats_per_token", "perplexity"):
        metric = found[key]
        assert metric.value is not None
        assert metric.standard_error is not None
        assert metric.reference is not None
        assert 0 < metric.standard_error < 0.1 * metric.value
        assert abs(metric.value - metric.reference[1]) < 4 * metric.standard_error


def test_no_distance_between_identifiers_is_taken_of_text() -> None:
    chain, names = built_in("markov-letters"), built_in("names")
    chain_keys = set(run(chain, drawing(chain.test(256, np.random.default_rng(1)).x), "none"))
    assert chain_keys == {"nll", "distinct"}
    found = run(names, drawing(names.train(1, np.random.default_rng(1)).x), uniform(27))
    assert set(found) == {"nll", "nats_per_token", "perplexity", "distinct", "copied"}


def test_the_headline_of_text_is_what_a_token_costs() -> None:
    names = built_in("names")
    x = names.train(256, np.random.default_rng(0)).x
    found = run(names, drawing(x), uniform(27))
    assert [metric.headline for metric in found.values() if metric.headline] == ["Nats per token"]


def test_nats_per_token_count_the_end_of_each_text() -> None:
    names = built_in("names")
    assert isinstance(names.space, Tokens)
    found = run(names, drawing(names.train(1, np.random.default_rng(1)).x), uniform(27), n=5000)
    texts = names.space.texts(names.test(5000, np.random.default_rng(0)).x)
    tokens = sum(len(text) + 1 for text in texts)
    assert found["nats_per_token"].value == pytest.approx(774 * 12 * np.log(27) / tokens)
    assert found["nll"].n == 774


def test_the_error_of_nats_per_token_is_that_of_many_repetitions() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.integers(2, 9, size=(3000, 200))
    nll = tokens * rng.normal(1.3, 0.2, size=tokens.shape) + rng.normal(0, 0.5, size=tokens.shape)
    rates, errors = zip(*(per_token(a, b) for a, b in zip(nll, tokens, strict=True)), strict=True)
    assert np.mean(errors) == pytest.approx(np.std(rates), rel=0.05)
    assert per_token(nll[0], tokens[0])[0] == pytest.approx(nll[0].sum() / tokens[0].sum())


def test_a_model_for_which_a_text_is_impossible_has_no_finite_score() -> None:
    def impossible(x: Array) -> Generator[None, None, LogDensity]:
        yield
        values = np.full(len(x), -3.0)
        values[7] = -np.inf
        return LogDensity(values, "exact", "counts")

    chain = built_in("markov-letters")
    found = run(chain, drawing(chain.test(256, np.random.default_rng(1)).x), impossible)
    for key in ("nll", "nll_excess", "nats_per_token", "perplexity"):
        assert found[key].value == np.inf
        assert np.isnan(found[key].standard_error or 0.0)


def test_copies_of_training_names_are_counted_beside_held_out_ones() -> None:
    names = built_in("names")
    train, test = (part(774, np.random.default_rng(0)).x for part in (names.train, names.test))
    mixed = np.concatenate([train[:150], test[:150]])[np.random.default_rng(3).permutation(300)]
    found = run(names, drawing(mixed), "none", n=300)["copied"]
    assert found.n == 600
    assert found.value == pytest.approx(0.5)
    assert found.standard_error == pytest.approx(np.sqrt(0.25 / 600))
    assert found.reference == ("held-out text", 0.0)


def test_a_copy_is_told_by_its_text_not_by_what_follows_its_end() -> None:
    names = built_in("names")
    train = names.train(1, np.random.default_rng(0)).x[:300].copy()
    short = train[:, -2] == 26
    assert short.mean() > 0.9
    train[short, -1] = 3
    assert run(names, drawing(train), "none", n=300)["copied"].value == 1.0


def test_repeated_lines_of_ones_own_are_no_fault_of_the_model(tmp_path: Path) -> None:
    lines = [f"{a}{b}" for a in "abcde" for b in "xyz"] * 20
    (tmp_path / "t.txt").write_text("\n".join(lines), encoding="utf-8")
    _, dataset = read(tmp_path / "t.txt")
    found = run(dataset, drawing(dataset.train(1, np.random.default_rng(0)).x), "none", n=1000)
    assert found["copied"].reference == ("held-out text", 1.0)
    assert found["copied"].value == 1.0
    distinct = found["distinct"]
    assert distinct.floor is not None
    assert distinct.n == 22
    assert distinct.value == pytest.approx(distinct.floor.mean, abs=0.25)
    assert distinct.floor.high < 0.9


def test_a_model_that_repeats_itself_falls_below_the_floor_of_distinct_samples() -> None:
    names = built_in("names")
    train = names.train(1, np.random.default_rng(0)).x
    found = run(names, drawing(train[np.arange(256) % 64]), "none")["distinct"]
    assert found.value == 0.25
    assert found.floor is not None
    assert found.floor.mean == 1.0


def test_tokens_that_are_no_whole_numbers_are_not_scored_in_silence() -> None:
    names = built_in("names")
    floats = names.train(1, np.random.default_rng(0)).x.astype(np.float32)
    found = run(names, drawing(floats), "none")
    for key in ("distinct", "copied"):
        assert found[key].value is None
        assert "whole numbers, not float32" in found[key].note
