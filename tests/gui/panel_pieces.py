"""What the tests of panels share: scenes, samples, densities, losses, and a payload of each kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from genlab.app.drawings.scene import Scene
from genlab.app.views.panel import Panel
from genlab.data.payloads import (
    Curves,
    Density,
    Field,
    Group,
    Maps,
    Mesh,
    Payload,
    Plane,
    Samples,
    ScalarMap,
    Table,
    Tiles,
)
from genlab.engine.protocol import Answer, Metrics
from genlab.settings.spaces import Images, Points, Space, Tokens

EXTENT = (-4.0, 4.0, -4.0, 4.0)
NAMES = ("step", "seconds", "total", "level 1", "level 2", "level 3", "level 4", "gradient norm")


def density(
    n: int = 64, mean: float = 0.0, kind: str = "exact", dim: int = 2, biased: str = "", label: str = "any"
) -> Density:
    x = -4 + (np.arange(n) + 0.5) * 8 / n
    one = -0.5 * (x - mean) ** 2 - 0.5 * math.log(2 * math.pi)
    log_prob = one if dim == 1 else one[:, None] + one[None]
    return Density(log_prob.astype(np.float32), EXTENT, kind, 1.0, None, biased, label)  # type: ignore[arg-type]


def samples(space: Space, n: int = 300, index: int = 20, biased: str = "", seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, *space.event))
    if isinstance(space, Images):
        x = np.clip(8 + 4 * x, 0, space.levels - 1)
    if isinstance(space, Tokens):
        x = rng.integers(0, len(space.vocabulary), size=x.shape)
        return Samples(x, None, np.arange(n) % 2, index, 20, 0.28, 2 * index, biased)
    x = x.astype(np.float32)
    return Samples(x, x / 2, np.arange(n) % 2, index, 20, 0.28, 2 * index, biased)


def scene(space: Space, truth: bool = True) -> Scene:
    known = density(128, dim=space.dim) if truth and isinstance(space, Points) and space.dim < 3 else None
    return Scene(space, ("left", "right"), samples(space, 200, seed=1), known, EXTENT)


def metrics(start: int, n: int, seed: int = 0) -> np.ndarray:
    step = np.arange(start, start + n)
    noise = np.random.default_rng(seed).normal(size=(n, 5)) * 0.03
    base = 0.4 + np.exp(-step / 500)
    losses = base[:, None] * np.array([1.0, 0.8, 0.9, 1.1, 1.2]) + noise
    return np.column_stack([step, step / 1000, losses, np.ones(n)])


def recorded(names: tuple[str, ...], rows: np.ndarray) -> Metrics:
    """Rows of losses as the engine sends them."""
    return Metrics("run", names, rows)


def answer(payload: Payload, step: int = 1200) -> Answer:
    return Answer("run", "channel", 1, step, payload, last=True)


def payloads() -> dict[str, Payload]:
    """A small payload of each kind that an extra panel draws, by the name of its type."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.linspace(-2, 2, 6), np.linspace(-2, 2, 5)), -1)
    points = rng.normal(size=(40, 2))
    x = np.linspace(0, 1, 30)
    f = np.float32
    made: list[Payload] = [
        Field(rng.normal(size=(12, 12, 2)).astype(f), np.ones((12, 12, 2), f), EXTENT, 0.4, "score"),
        Curves(x.astype(f), {"model": np.exp(-x).astype(f), "truth": (1 - x).astype(f)}, "t", "nats"),
        Table(("name", "value"), (("first", "0.25"), ("second", "1,024")), "Two rows."),
        ScalarMap(rng.random((9, 7)).astype(f), EXTENT, "a map", (0.0, 1.0), unit="nats"),
        Maps(
            (
                ScalarMap(rng.random((9, 7)).astype(f), EXTENT, "truth", (0.0, 1.0)),
                ScalarMap(rng.random((9, 7)).astype(f), EXTENT, "model", (0.0, 1.0)),
                ScalarMap(rng.normal(size=(9, 7)).astype(f), EXTENT, "ratio", (-2.0, 2.0), diverging=True),
            ),
            "Nearly alike.",
        ),
        Mesh(
            np.stack([grid, 1.5 * grid, grid + 1.0]).astype(f),
            ("noise", "middle", "data"),
            (EXTENT,) * 3,
            np.full((3, 4, 5), 0.5, f),
            np.stack([points, 1.5 * points, points + 1.0]).astype(f),
            np.arange(40) % 2,
            points.astype(f),
        ),
        Plane(
            (
                Group("codes", points.astype(f), labels=np.arange(40) % 2),
                Group("edge", points[:9], "line", "real"),
            ),
            EXTENT,
            "a plane",
            "z1",
            "z2",
            note="Codes fill the plane.",
        ),
        Tiles(rng.integers(0, 17, (2, 5, 8, 8)).astype(f), "some tiles", ("data", "model"), "Alike."),
    ]
    return {type(payload).__name__.lower(): payload for payload in made}


def shown(make: Callable[..., Panel], payload: Payload, space: Space | None = None, **more: Any) -> Panel:
    """A panel that has been given a payload."""
    panel = make("probe", probe="asked", **more)
    panel.set_scene(scene(space or Points(2)))
    panel.show_answer(answer(payload))
    panel.flush()
    return panel


def settled(panel: Panel) -> QImage:
    panel.flush()
    panel.header.button.clearFocus()
    QApplication.processEvents()
    return panel.grab().toImage()
