"""Which classes of the data chains come through, in numbers and in words."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from genlab.data.dataset import Float
from genlab.data.payloads import Array, Labels
from genlab.data.truths.base import Truth

FEW = 3
"""Classes up to which the share of each is told."""
SLICE_POINTS = 512


def class_along(truth: Truth | None, paths: Array) -> Generator[None, None, Labels | None]:
    """The likeliest class at each point of chains (n, steps, d), by Bayes' rule, in slices: (n, steps), -1
    where every class has density 0. None where the truth is not known or has a single class."""
    if truth is None or len(truth.class_prior) < 2:
        return None
    points = paths.reshape(-1, paths.shape[-1])
    best = np.full(len(points), -np.inf)
    found = np.full(len(points), -1, np.int64)
    for label, prior in enumerate(truth.class_prior):
        for first in range(0, len(points), SLICE_POINTS):
            rows = slice(first, first + SLICE_POINTS)
            joint = truth.log_prob(points[rows], label) + np.log(prior)
            found[rows][joint > best[rows]] = label
            best[rows] = np.maximum(best[rows], joint)
            yield
    return found.reshape(paths.shape[:2])


def class_sentence(classes: Labels, names: Sequence[str], prior: Float, free: bool) -> str:
    """Where chains ended, and how many changed class in the steps given, in words.

    classes: (n, steps), -1 outside all. prior: probability of each class. free: no class was asked for, so
    that independent draws would be shared out as the prior says."""
    n, ends = len(classes), classes[:, -1]
    said = []
    if classes.shape[1] > 1:
        said.append(
            f"{changed(classes)} of {n} chains changed class in the last {classes.shape[1] - 1} steps"
        )
    counts = np.bincount(ends[ends >= 0], minlength=len(prior))
    if len(prior) <= FEW:
        first, *others = (f"in {name}" for name in names)
        places = (f"ended {first}", *others)
        text = ", ".join(f"{count} {place}" for count, place in zip(counts, places, strict=True))
        fair = ", ".join(f"{n * share:.2g}" for share in prior)
    else:
        text = f"they ended in {int((counts > 0).sum())} of {len(prior)} classes"
        fair = f"{float((1 - (1 - prior) ** n).sum()):.2g}"
    said.append(text + (f" (independent draws: {fair} on average)" if free else ""))
    return ", and ".join(said)


def changed(classes: Labels) -> int:
    """How many chains (n, steps) were in two classes; -1 counts as none."""
    inside = classes >= 0
    highest = np.where(inside, classes, -1).max(1)
    lowest: NDArray[np.int64] = np.where(inside, classes, np.iinfo(np.int64).max).min(1)
    return int((inside.any(1) & (lowest < highest)).sum())
