"""Metrics of text: what a token costs, and whether samples are copies or repeat themselves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from genlab.data.dataset import Dataset
from genlab.data.truths.sequences import SequenceTruth
from genlab.metrics.distances import Values
from genlab.metrics.floors import WHOLE, Statistic
from genlab.metrics.records import Generated, LikelihoodMetric, PairMetric, SampleMetric, Scored, Steps
from genlab.metrics.report import Heading, Metric, Progress
from genlab.metrics.slices import Pace, Work
from genlab.settings.spaces import Tokens


def per_token(nll: Values, tokens: Values) -> tuple[float, float]:
    """Nats per token over all tokens of n sequences, and its standard error.

    nll: (n,), nats of each sequence. tokens: (n,). The error is that of a ratio of means: tokens of one
    sequence are not independent."""
    rate = float(nll.sum() / tokens.sum())
    if len(nll) < 2:
        return rate, float("inf")
    if not np.isfinite(rate):
        return rate, float("nan")
    spread = float((nll - rate * tokens).std(ddof=1))
    return rate, spread / float(np.sqrt(len(nll)) * tokens.mean())


def _per_token(scored: Scored) -> tuple[float, float, float | None]:
    """Nats per token of a model with its error, and of the data where that is known."""
    nll = -np.asarray(scored.density.values, np.float64)
    rate, error = per_token(nll, _space(scored.dataset).counts(_tokens(scored.x)))
    truth = scored.dataset.truth
    return rate, error, truth.entropy_per_token if isinstance(truth, SequenceTruth) else None


def _nats(scored: Scored) -> Metric:
    rate, error, own = _per_token(scored)
    reference = None if own is None else ("entropy of the data", own)
    return Metric(
        "nats_per_token", NATS.title, rate, error, None, reference, "lower", "nats per token", len(scored.x),
        f"{scored.note}; the end of a sequence is a token", "Nats per token",
    )  # fmt: skip


def _perplexity(scored: Scored) -> Metric:
    rate, error, own = _per_token(scored)
    with np.errstate(over="ignore"):
        perplexity = float(np.exp(rate))
    reference = None if own is None else ("perplexity of the data", float(np.exp(own)))
    return Metric(
        "perplexity", PERPLEXITY.title, perplexity, perplexity * error, None, reference, "lower", "",
        len(scored.x), f"{scored.note}; among how many tokens the model is undecided, the end counted",
    )  # fmt: skip


def _distinct(dataset: Dataset) -> Statistic:
    space = _space(dataset)

    def compute(x: Values, y: Values, rng: np.random.Generator) -> Work[Mapping[str, float]]:
        """Share of generated samples that differ from each other; the real sample plays no part."""
        texts = yield from _texts(space, x)
        return {"distinct": len(set(texts)) / len(texts)}

    return compute


def _copied(generated: Generated, rng: np.random.Generator) -> Steps:
    """Share of samples that stand in the training data, beside that of held-out data."""
    dataset, space, n = generated.dataset, _space(generated.dataset), len(generated.x)
    yield Progress(0, 1, "copies of training examples")
    known = set((yield from _texts(space, dataset.train(n, rng).x)))
    samples = yield from _texts(space, generated.x)
    held_out = yield from _texts(space, dataset.test(WHOLE, rng).x)
    share, usual = (float(np.mean([text in known for text in texts])) for texts in (samples, held_out))
    error = float(np.sqrt(share * (1 - share) / n))
    return [
        Metric(
            "copied", COPIED.title, share, error, None, ("held-out text", usual), "near", "", n,
            "share of samples that stand in the training data, letter by letter; well above: copies",
        )
    ]  # fmt: skip


def _texts(space: Tokens, x: Values) -> Work[list[str]]:
    """The text of each row of x."""
    found, pace = [], Pace()
    for row in _tokens(x):
        found.append(space.text(row))
        yield from pace.rest()
    return found


def _space(dataset: Dataset) -> Tokens:
    if not isinstance(dataset.space, Tokens):
        raise ValueError("these data are not text")
    return dataset.space


def _tokens(x: Values) -> NDArray[np.int64]:
    """x as whole numbers. Raises ValueError where they are not."""
    if not np.issubdtype(x.dtype, np.integer):
        raise ValueError(f"tokens are whole numbers, not {x.dtype}")
    return x.astype(np.int64, copy=False)


def _is_text(dataset: Dataset, n: int) -> bool:
    return isinstance(dataset.space, Tokens)


NATS = LikelihoodMetric("nats_per_token", "Nats per token", _is_text, _nats)
PERPLEXITY = LikelihoodMetric("perplexity", "Perplexity", _is_text, _perplexity)
DISTINCT = PairMetric(
    "distinct",
    "Distinct samples",
    _is_text,
    _distinct,
    {
        "distinct": Heading(
            "Distinct samples", "near", "", "share that differ from each other; well below: repeats"
        )
    },
)
COPIED = SampleMetric(
    "copied",
    "Copies of training examples",
    lambda dataset, n: isinstance(dataset.space, Tokens) and dataset.truth is None,
    _copied,
)
