"""What the panels show of the data: real points and the exact density, before any engine is warm."""

from __future__ import annotations

import numpy as np

from genlab.data.datasets import DATASETS
from genlab.data.payloads import Density, Extent, Samples
from genlab.data.shipped import reference, truth_raster
from genlab.runs.folder import RunFolder
from genlab.session.session import Session
from genlab.settings.spaces import Images, Points

MARGIN = 0.08
COLUMNS_1D, COLUMNS_2D, POINTS = 512, 128, 2000


def shipped(session: Session) -> tuple[Samples | None, Density | None] | None:
    """The draws and the density that ship with the app; None where these settings need computing."""
    if session.dataset not in DATASETS or session.data != DATASETS[session.dataset].settings():
        return None
    space = session.space
    drawable = isinstance(space, Points) and space.dim <= 2
    return reference(session.dataset), truth_raster(session.dataset) if drawable else None


def computed(
    session: Session, own: Samples | None, folder: str | None
) -> tuple[Samples | None, Density | None]:
    """The same, worked out for changed settings of the data (off the GUI thread); a person's own data are
    `own`, or what the run in `folder` keeps of them."""
    if session.dataset == "file":
        return own if own is not None or folder is None else _kept(folder), None
    from genlab.data.shipped import grid
    from genlab.data.toys import truth_of

    truth = truth_of(session.data)
    dim = truth.dim
    columns = COLUMNS_1D if dim == 1 else COLUMNS_2D
    log_prob = truth.log_prob(grid(truth.extent, dim, columns)).reshape((columns,) * dim)
    draw = truth.draw(POINTS, np.random.default_rng(0))
    density = Density(log_prob.astype(np.float32), truth.extent, "exact", float(truth.mass(truth.extent)))
    return Samples(draw.x.astype(np.float32), None, draw.labels, 1, 1, 0.0, 0), density


def _kept(folder: str) -> Samples:
    x, labels = RunFolder.open(folder).load_data()
    chosen = np.random.default_rng(0).permutation(len(x))[:POINTS]
    return Samples(x[chosen], None, None if labels is None else labels[chosen], 1, 1, 0.0, 0)


def extent_of(space: object, points: Samples | None, truth: Density | None) -> Extent:
    """The part of the plane that panels show."""
    if truth is not None:
        return truth.extent
    if isinstance(space, Images) or points is None or len(points.x) == 0:
        return (-1.0, 1.0, -1.0, 1.0)
    x = np.asarray(points.x, np.float64)
    low, high = np.quantile(x, 0.002, axis=0), np.quantile(x, 0.998, axis=0)
    pad = np.maximum((high - low) * MARGIN, 1e-3)
    low, high = low - pad, high + pad
    if x.shape[1] == 1:
        return (float(low[0]), float(high[0]), 0.0, 1.0)
    return (float(low[0]), float(high[0]), float(low[1]), float(high[1]))
