"""Metrics of the likelihood of held-out data."""

from __future__ import annotations

from typing import assert_never

from genlab.data.dataset import Dataset
from genlab.metrics.likelihood import nll_above_entropy, nll_summary
from genlab.metrics.records import LikelihoodMetric, Reference, Scored
from genlab.metrics.report import Metric
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens


def unit(space: Space) -> str:
    """The unit of a likelihood of one datum."""
    match space:
        case Points() | Images() | Signal():
            return "nats"
        case Tokens():
            return "nats per sequence"
        case _:
            assert_never(space)


def entropy_of(dataset: Dataset) -> Reference | None:
    """The entropy of the data, where it is known."""
    return None if dataset.truth is None else ("entropy of the data", dataset.truth.entropy)


def _nll(scored: Scored) -> Metric:
    space = scored.dataset.space
    summary = nll_summary(scored.density.values, space.event)
    return Metric(
        "nll", NLL.title, summary.nll, summary.standard_error, None, entropy_of(scored.dataset), "lower",
        unit(space), len(scored.x), scored.note, "" if isinstance(space, Tokens) else "NLL",
    )  # fmt: skip


def _bits(scored: Scored) -> Metric:
    summary = nll_summary(scored.density.values, scored.dataset.space.event)
    scale = summary.bits_per_dim / summary.nll
    return Metric(
        "bits_per_dim", BITS.title, summary.bits_per_dim, summary.standard_error * scale, None, None,
        "lower", "bits", len(scored.x), scored.note,
    )  # fmt: skip


def _excess(scored: Scored) -> Metric:
    truth = scored.dataset.truth
    if truth is None:
        raise ValueError("the density of these data is not known")
    excess, error = nll_above_entropy(truth.log_prob(scored.x), scored.density.values)
    return Metric(
        "nll_excess", EXCESS.title, excess, error, None, ("the truth", 0.0), "lower",
        unit(scored.dataset.space), len(scored.x), f"{scored.note}; paired with the true log density",
    )  # fmt: skip


NLL = LikelihoodMetric("nll", "Test NLL", lambda dataset, n: True, _nll)
BITS = LikelihoodMetric(
    "bits_per_dim", "Bits per dimension", lambda dataset, n: isinstance(dataset.space, Images), _bits
)
EXCESS = LikelihoodMetric(
    "nll_excess", "NLL above entropy", lambda dataset, n: dataset.truth is not None, _excess
)
