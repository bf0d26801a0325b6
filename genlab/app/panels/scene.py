"""What a panel needs to know of its workspace."""

from __future__ import annotations

from dataclasses import dataclass

from genlab.data.payloads import Density, Extent, Samples
from genlab.settings.session import Session
from genlab.settings.spaces import Space


@dataclass(frozen=True)
class Scene:
    """The data of a workspace, as they are known before any model is.

    session: every setting. labels: names of the classes, empty where there are none. reference:
    real data to draw beside the model's. truth: exact density on a grid, or None. extent: the part
    of the plane (1-D: of the line, its first two values) that panels show.
    """

    session: Session
    space: Space
    labels: tuple[str, ...]
    reference: Samples | None
    truth: Density | None
    extent: Extent
