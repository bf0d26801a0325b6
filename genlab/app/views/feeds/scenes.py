"""What the panels show of the data: real points and the exact density, before any engine is warm."""

from __future__ import annotations

from typing import assert_never

import numpy as np

from genlab.data import load
from genlab.data.catalogue import DATASETS
from genlab.data.payloads import Density, Extent, Samples
from genlab.data.shipped import POINTS, density_of, draws_of, is_shipped, reference, truth_raster
from genlab.runs.folder import RunFolder
from genlab.session.session import Session
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

MARGIN = 0.08


def shipped(session: Session) -> tuple[Samples | None, Density | None] | None:
    """The draws and the density that ship with the app; None where these settings need computing."""
    id = session.dataset
    if id not in DATASETS or session.data != DATASETS[id].settings() or not is_shipped(id):
        return None
    return reference(session.dataset), truth_raster(session.dataset) if session.space.drawable else None


def computed(
    session: Session, own: Samples | None, folder: str | None
) -> tuple[Samples | None, Density | None]:
    """The same, worked out for changed settings of the data (off the GUI thread); a person's own data are
    `own`, or what the run in `folder` keeps of them."""
    if session.own:
        return own if own is not None or folder is None else _kept(folder), None
    dataset = load(session.dataset, session.data)
    return draws_of(dataset), density_of(dataset)


def _kept(folder: str) -> Samples:
    x, labels = RunFolder.open(folder).load_data()
    chosen = np.random.default_rng(0).permutation(len(x))[:POINTS]
    return Samples(x[chosen], None, None if labels is None else labels[chosen], 1, 1, 0.0, 0)


def extent_of(space: Space, data: Samples | None, truth: Density | None) -> Extent:
    """The part of the plane that panels show; of signals, seconds and values."""
    if truth is not None:
        return truth.extent
    if data is None or len(data.x) == 0:
        return (-1.0, 1.0, -1.0, 1.0)
    match space:
        case Points():
            x = np.asarray(data.x, np.float64)
            low, high = np.quantile(x, 0.002, axis=0), np.quantile(x, 0.998, axis=0)
            pad = np.maximum((high - low) * MARGIN, 1e-3)
            low, high = low - pad, high + pad
            if space.dim == 1:
                return (float(low[0]), float(high[0]), 0.0, 1.0)
            return (float(low[0]), float(high[0]), float(low[1]), float(high[1]))
        case Signal():
            reach = np.quantile(np.asarray(data.x, np.float64), [0.001, 0.999])
            room = max(float(reach[1] - reach[0]) * MARGIN, 1e-3)
            seconds = max(space.length - 1, 1) / space.rate
            return (0.0, seconds, float(reach[0]) - room, float(reach[1]) + room)
        case Images() | Tokens():
            return (-1.0, 1.0, -1.0, 1.0)
        case _:
            assert_never(space)
