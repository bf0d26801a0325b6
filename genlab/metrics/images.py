"""Metrics of generated images, one of them of signals too."""

from __future__ import annotations

from typing import assert_never

import numpy as np

from genlab.data.dataset import Dataset
from genlab.metrics.classifier import fit_and_score
from genlab.metrics.features import nearest_ratio
from genlab.metrics.floors import WHOLE
from genlab.metrics.records import Generated, SampleMetric, Steps
from genlab.metrics.report import Metric, Progress
from genlab.metrics.slices import in_process
from genlab.settings.spaces import Images, Points, Signal, Tokens


def _has_neighbours(dataset: Dataset, n: int) -> bool:
    """Whether a sample that lies on a training example is a copy of it."""
    match dataset.space:
        case Images():
            return True
        case Signal():
            return dataset.truth is None
        case Points() | Tokens():
            return False
        case _:
            assert_never(dataset.space)


def _nearest(generated: Generated, rng: np.random.Generator) -> Steps:
    dataset, x = generated.dataset, generated.x
    training, test = dataset.train(len(x), rng), dataset.test(WHOLE, rng)
    yield Progress(0, 1, "nearest training examples")
    ratio, error = yield from nearest_ratio(x, training.x)
    held_out, _ = yield from nearest_ratio(test.x, training.x)
    return [
        Metric(
            "nearest_ratio", NEAREST.title, ratio, error, None, (f"held-out {dataset.space.noun}", held_out),
            "near", "", len(x), "relative to training examples left one out; well below 1: copies",
        )
    ]  # fmt: skip


def _right_label(generated: Generated, rng: np.random.Generator) -> Steps:
    """By a separate classifier, where samples were asked for by label."""
    dataset, asked, space = generated.dataset, generated.asked, generated.dataset.space
    training, test = dataset.train(len(generated.x), rng), dataset.test(WHOLE, rng)
    if asked is None or training.labels is None or test.labels is None or (asked < 0).all():
        return []
    if not isinstance(space, Images):
        raise ValueError("the classifier judges images alone")
    yield Progress(0, 1, "classifier")
    given = asked >= 0
    (right, error), (held_out, _) = yield from in_process(
        fit_and_score,
        space.levels,
        (training.x, training.labels),
        [(generated.x[given], asked[given]), (test.x, test.labels)],
    )
    return [
        Metric(
            "label_accuracy", RIGHT_LABEL.title, right, error, None, ("held-out images", held_out), "higher",
            "", int(given.sum()), "by a separate classifier, an RBF SVM on pixels of the training part",
        )
    ]  # fmt: skip


NEAREST = SampleMetric("nearest_ratio", "Distance to nearest training example", _has_neighbours, _nearest)
RIGHT_LABEL = SampleMetric(
    "label_accuracy", "Right label", lambda dataset, n: isinstance(dataset.space, Images), _right_label
)
