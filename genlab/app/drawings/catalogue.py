"""Which drawing draws what: the closed set of what a panel can show."""

from __future__ import annotations

from typing import Literal

from genlab.app.drawings.curves import CurvesDrawing
from genlab.app.drawings.density.drawing import DensityDrawing
from genlab.app.drawings.drawing import Drawing
from genlab.app.drawings.field import FieldDrawing
from genlab.app.drawings.losses.drawing import LossDrawing
from genlab.app.drawings.maps.drawing import MapsDrawing
from genlab.app.drawings.mesh import MeshDrawing
from genlab.app.drawings.plane import PlaneDrawing
from genlab.app.drawings.samples.drawing import SamplesDrawing
from genlab.app.drawings.scalar_map import ScalarMapDrawing
from genlab.app.drawings.table import TableDrawing
from genlab.app.drawings.tiles import TilesDrawing
from genlab.app.drawings.trajectory.drawing import TrajectoryDrawing
from genlab.data.payloads import (
    Curves,
    Density,
    Field,
    Maps,
    Mesh,
    Plane,
    Samples,
    ScalarMap,
    Table,
    Tiles,
    Trajectory,
)
from genlab.engine.protocol import Metrics

DRAWINGS: dict[type, type[Drawing]] = {
    Metrics: LossDrawing,
    Density: DensityDrawing,
    Samples: SamplesDrawing,
    Trajectory: TrajectoryDrawing,
    Field: FieldDrawing,
    Curves: CurvesDrawing,
    Table: TableDrawing,
    ScalarMap: ScalarMapDrawing,
    Maps: MapsDrawing,
    Mesh: MeshDrawing,
    Plane: PlaneDrawing,
    Tiles: TilesDrawing,
}

Kind = Literal["loss", "density", "samples", "trajectory", "probe"]
STREAMS: dict[Kind, type | None] = {
    "loss": Metrics,
    "density": Density,
    "samples": Samples,
    "trajectory": Trajectory,
    "probe": None,
}
"""What comes to a panel of each kind; None: whatever its probe answers."""
