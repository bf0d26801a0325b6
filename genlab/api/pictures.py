"""Samples of a run as one picture, by their space."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from PIL.Image import Image

from genlab.data import Dataset
from genlab.data.payloads import Samples
from genlab.runs.export import samples_grid
from genlab.session.session import Session
from genlab.settings.spaces import Images, Points, Signal, Tokens

REFERENCE_POINTS = 5000
MOST_TILES = 1024


def picture(
    session: Session, dataset: Dataset, samples: Samples, by_class: bool = False, columns: int | None = None
) -> Image:
    """Images as a montage, points over points of the data, anything else one by one."""
    few = slice(None if by_class else MOST_TILES)
    labels = None if samples.labels is None else samples.labels[few]
    biased = f" · {samples.biased}" if samples.biased else ""
    title = f"{session.entry.title} on {dataset.title} · {len(samples.x):,} samples{biased}"
    match session.space:
        case Images() as space:
            return samples_grid(samples.x[few], space, labels, columns=columns, by_class=by_class)
        case Points() as space:
            real = dataset.test(REFERENCE_POINTS, np.random.default_rng(0)).x
            extent = dataset.extent if space.drawable else None
            return samples_grid(samples.x, space, reference=real, extent=extent, title=title)
        case Tokens() | Signal() as space:
            return samples_grid(samples.x[few], space, labels, title=title)
        case _ as other:
            assert_never(other)


def grid_size(session: Session) -> int:
    """How many samples the picture of a run holds: 2,000 points, twenty images of each class, else 100."""
    match session.space:
        case Points():
            return 2000
        case Images():
            return 20 * len(session.labels) or 100
        case Tokens() | Signal():
            return 100
        case _ as other:
            assert_never(other)
