"""Every metric that applies to a model and a data set, from plain inputs, by slices."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genlab.data.dataset import Dataset
from genlab.data.payloads import Array, Exactness, Labels
from genlab.metrics.classifier import fit_and_score
from genlab.metrics.coverage import high_quality_share
from genlab.metrics.features import nearest_ratio
from genlab.metrics.floors import Floor, FloorStore, draw_real, largest_n
from genlab.metrics.likelihood import mean_and_error, nll_above_entropy, nll_summary
from genlab.metrics.report import HEADINGS, Metric, Progress
from genlab.metrics.slices import in_process
from genlab.metrics.statistics import statistics_for
from genlab.settings.spaces import Images

Steps = Generator[Progress | None, None, list[Metric]]

DrawModel = Callable[[int, int], Generator[None, None, tuple[Array, Labels | None]]]
"""(n, seed) -> samples (n, *event) in data units and the labels asked for, by slices. The seed alone
decides them. A label of -1 is none."""


@dataclass(frozen=True)
class LogDensity:
    """Log densities of given points: values (n,), nats in data units; how they are known, in a word and in
    a sentence; mean absolute integration error in nats, where estimated. Of images it is that of their
    levels, dequantised by the model where it needs that."""

    values: NDArray[np.floating]
    kind: Exactness
    how: str
    error: float | None = None


LogProbOf = Callable[[Array], Generator[None, None, LogDensity]]
"""Log density of points (n, *event), by slices."""


def evaluate(
    dataset: Dataset,
    draw_model: DrawModel,
    log_prob: LogProbOf | str,
    rng: np.random.Generator,
    n: int = 1000,
    draws: int | None = None,
    tilted: str = "",
    store: FloorStore | None = None,
) -> Steps:
    """Every metric that applies, each with its floor or a reference, by slices with progress between.

    log_prob: the model's density, or the reason why it has none. n: samples per draw and test points;
    at most half of the held-out part where the data are fixed. draws: model draws, each against a
    fresh real draw; 20 by default, 4 of images. tilted: why the samples are not draws from the model's
    distribution; every metric of samples then says so. store: known floors; without one only those
    that ship are known, and others are computed. All randomness comes from `rng`, except that of
    floors, which each have a stream of their own.
    """
    images = isinstance(dataset.space, Images)
    draws = draws or (4 if images else 20)
    store = store or FloorStore()
    metrics = yield from _likelihood(dataset, log_prob, rng, n)
    size = largest_n(dataset, n)
    found, generated, labels = yield from _samples(dataset, draw_model, rng, size, draws, store)
    if isinstance(dataset.space, Images):
        found += yield from _images(dataset, dataset.space, generated, labels, rng)
    if tilted:
        note = f"samples are tilted ({tilted}): not draws from the model's distribution"
        found = [replace(m, name=f"{m.name} (tilted)", note=f"{m.note}; {note}") for m in found]
    return metrics + found


def _likelihood(dataset: Dataset, log_prob: LogProbOf | str, rng: np.random.Generator, n: int) -> Steps:
    """Test NLL and, where the truth is known, its excess over the entropy."""
    yield Progress(0, 1, "likelihood")
    x = dataset.test(n, rng).x
    truth, event = dataset.truth, dataset.space.event
    images = isinstance(dataset.space, Images)
    reference = None if truth is None else ("entropy of the data", truth.entropy)
    if isinstance(log_prob, str):
        return [Metric("nll", "Test NLL", None, None, None, reference, "lower", "nats", len(x), log_prob)]
    density = yield from log_prob(x)
    note = "a bound: the true value is no higher" if density.kind == "bound" else ""
    note = "; ".join(part for part in (density.how, note) if part)
    if density.error is not None:
        note += f", mean integration error {density.error:.2g} nats"
    summary = nll_summary(density.values, event)
    error = summary.standard_error
    metrics = [Metric("nll", "Test NLL", summary.nll, error, None, reference, "lower", "nats", len(x), note)]
    if images:
        scale = summary.bits_per_dim / summary.nll
        metrics.append(
            Metric(
                "bits_per_dim", "Bits per dimension", summary.bits_per_dim, error * scale, None, None,
                "lower", "bits", len(x), note,
            )
        )  # fmt: skip
    if truth is not None:
        excess, error = nll_above_entropy(truth.log_prob(x), density.values)
        metrics.append(
            Metric(
                "nll_excess", "NLL above entropy", excess, error, None, ("the truth", 0.0), "lower", "nats",
                len(x), f"{note}; paired with the true log density",
            )
        )  # fmt: skip
    return metrics


def _samples(
    dataset: Dataset,
    draw_model: DrawModel,
    rng: np.random.Generator,
    n: int,
    draws: int,
    store: FloorStore,
) -> Generator[Progress | None, None, tuple[list[Metric], Array, Labels | None]]:
    """Means over model draws of every statistic that applies; and all samples with their labels."""
    statistics = statistics_for(dataset, n)
    known: dict[str, Floor] = {}
    total = draws + len(statistics)
    for index, (name, statistic) in enumerate(statistics.items()):
        yield Progress(index, total, "floors")
        known |= yield from store.get(dataset, name, statistic, n)
    real = draw_real(dataset)
    values: dict[str, list[float]] = {}
    samples: list[Array] = []
    labels: list[Labels] = []
    for index in range(draws):
        yield Progress(len(statistics) + index, total, "samples")
        x, asked = yield from draw_model(n, int(rng.integers(2**31)))
        samples.append(x)
        if asked is not None:
            labels.append(asked)
        y = real(n, rng)
        for statistic in statistics.values():
            for key, value in (yield from statistic(x, y, rng)).items():
                values.setdefault(key, []).append(value)
    references = _references(dataset)
    found = [_metric(key, each, known.get(key), references.get(key), n) for key, each in values.items()]
    return found, np.concatenate(samples), np.concatenate(labels) if labels else None


def _metric(
    key: str, values: list[float], floor: Floor | None, reference: tuple[str, float] | None, n: int
) -> Metric:
    heading = HEADINGS[key]
    mean, error = mean_and_error(np.array(values))
    note = f"{heading.note}; mean of {len(values)} draws"
    return Metric(key, heading.name, mean, error, floor, reference, heading.better, heading.unit, n, note)


def _references(dataset: Dataset) -> dict[str, tuple[str, float]]:
    truth = dataset.truth
    if truth is None or truth.modes is None:
        return {}
    return {
        "modes_captured": ("modes", float(len(truth.modes))),
        "high_quality": ("isolated Gaussian modes", high_quality_share(truth.dim)),
        "std_ratio": ("exact samples", 1.0),
        "reverse_kl": ("the truth", 0.0),
    }


def _images(
    dataset: Dataset, space: Images, x: Array, asked: Labels | None, rng: np.random.Generator
) -> Steps:
    """Nearest training example and, where samples were asked for by label, the separate classifier."""
    training = dataset.train(len(x), rng)
    test = dataset.test(2**31 - 1, rng)
    yield Progress(0, 1, "nearest training examples")
    ratio, error = yield from nearest_ratio(x, training.x)
    reference, _ = yield from nearest_ratio(test.x, training.x)
    metrics = [
        Metric(
            "nearest_ratio", "Distance to nearest training example", ratio, error, None,
            ("held-out images", reference), "near", "", len(x),
            "relative to training examples left one out; well below 1: copies",
        )
    ]  # fmt: skip
    if asked is None or training.labels is None or test.labels is None or (asked < 0).all():
        return metrics
    yield Progress(0, 1, "classifier")
    given = asked >= 0
    (right, error), (held_out, _) = yield from in_process(
        fit_and_score,
        space.levels,
        (training.x, training.labels),
        [(x[given], asked[given]), (test.x, test.labels)],
    )
    metrics.append(
        Metric(
            "label_accuracy", "Right label", right, error, None, ("held-out images", held_out), "higher", "",
            int(given.sum()), "by a separate classifier, an RBF SVM on pixels of the training part",
        )
    )  # fmt: skip
    return metrics
