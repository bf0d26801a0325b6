"""The pictures of the documentation, made by driving the real window and the real engine.

`python -m genlab.bench.screenshots [NAME ...]` writes `docs/images/NAME.png`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from genlab.app import loop, theme
from genlab.app.engine_link import EngineLink
from genlab.app.main_window import MainWindow
from genlab.app.screenshot import grab
from genlab.app.store import Store
from genlab.settings.catalogue import PARADIGMS
from genlab.settings.session import Session

FOLDER = Path("docs", "images")
SIZE = (1440, 900)
GAP = 16
PRESETS: tuple[tuple[str, str, float, theme.Theme], ...] = (
    ("baselines", "em", 20.0, theme.LIGHT),
    ("baselines", "memory", 5.0, theme.LIGHT),
    ("vae", "digits", 60.0, theme.LIGHT),
    ("vae", "collapse", 30.0, theme.LIGHT),
    ("gan", "ring", 90.0, theme.DARK),
    ("gan", "minimax-grid", 90.0, theme.LIGHT),
    ("flow", "moons", 60.0, theme.LIGHT),
    ("flow", "bridge", 40.0, theme.LIGHT),
)
"""What a paradigm shows at its best, and how it typically fails: paradigm, preset, seconds, look."""


class Scene:
    """A window and its engine, driven step by step."""

    def __init__(self, look: theme.Theme) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, look)
        self.engine = EngineLink()
        self.window = MainWindow(self.engine, Store.fresh(), look)
        self.window.resize(*SIZE)
        self.window.show()

    async def open(self, paradigm: str, dataset: str, values: Mapping[str, Any]) -> None:
        """Begin with a data set and settings; return once the untrained model is ready."""
        self.engine.start()
        self.window.begin()
        if paradigm != self.window.workspace.paradigm.id:
            self.window.rail.chosen.emit(paradigm)
        session = Session.default(paradigm, dataset).with_values(values)
        self.window.workspace.replace_session(session)
        await self.until(lambda: self.window.workspace.run.state == "ready")

    async def train(self, seconds: float, until: float = 1.0) -> None:
        """Train, until this share of the budget is used."""
        workspace = self.window.workspace
        workspace.edit({"training.seconds": seconds})
        workspace.train_or_pause()
        if until < 1:
            await self.until(lambda: workspace.run.seconds >= until * seconds)
        else:
            await self.until(lambda: workspace.run.state in ("done", "failed"))
            await self.settle()

    async def settle(self) -> None:
        """Wait until every panel shows the weights as they are."""
        await loop.until(lambda: False, 1.0)
        await self.until(lambda: not self.window.workspace.feed.busy)
        await loop.until(lambda: False, 20.0 if self.window.workspace.session.dataset != "digits" else 3.0)

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait at most three minutes for something. Raises TimeoutError."""
        if not await loop.until(ready, 180):
            raise TimeoutError("the window did not get there")

    async def close(self) -> None:
        """End the engine and the window."""
        self.window.close()
        await self.engine.close()
        self.window.deleteLater()


async def moons(look: theme.Theme, path: Path) -> None:
    """Moons in mid-training."""
    scene = Scene(look)
    await scene.open("diffusion", "moons", {})
    await scene.train(40.0, until=0.6)
    grab(scene.window, path)
    await scene.close()


async def dark(path: Path) -> None:
    """Moons, trained, in the dark."""
    scene = Scene(theme.DARK)
    await scene.open("diffusion", "moons", {})
    await scene.train(30.0)
    grab(scene.window, path)
    await scene.close()


async def trajectory(path: Path) -> None:
    """A trajectory scrubbed to its middle."""
    scene = Scene(theme.LIGHT)
    await scene.open("diffusion", "8gaussians-cfm", {})
    await scene.train(25.0)
    feed = scene.window.workspace.feed
    feed.move(round(0.55 * (len(feed.frames) - 1)))
    await loop.until(lambda: False, 1.0)
    grab(scene.window, path)
    await scene.close()


async def guidance(path: Path) -> None:
    """Digits with guidance 1 and 4, beside each other."""
    scene = Scene(theme.LIGHT)
    await scene.open("diffusion", "digits", {})
    await scene.train(60.0)
    scene.window.workspace.grid.maximise("samples")
    pictures = []
    for scale in (1.0, 4.0):
        scene.window.workspace.edit({"sampler.guidance": scale})
        await scene.settle()
        panel = scene.window.workspace.grid.panels["samples"]
        pictures.append(panel.grab().toImage())
    await scene.close()
    beside(pictures).save(str(path))


async def preset(paradigm: str, id: str, seconds: float, look: theme.Theme, path: Path) -> None:
    """A preset of a paradigm, trained, with the panels that it shows by default."""
    chosen = next(preset for preset in PARADIGMS[paradigm].presets if preset.id == id)
    scene = Scene(look)
    await scene.open(paradigm, chosen.dataset, chosen.values)
    await scene.train(seconds)
    grab(scene.window, path)
    await scene.close()


async def failed(path: Path) -> None:
    """A run whose engine was killed in mid-training: the window lives, and offers to go on."""
    scene = Scene(theme.LIGHT)
    await scene.open("diffusion", "2spirals", {})
    await scene.train(60.0, until=0.25)
    ready = scene.engine.ready
    assert ready is not None
    os.kill(ready.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    await scene.until(lambda: scene.engine.ready not in (None, ready))
    await loop.until(lambda: False, 1.0)
    grab(scene.window, path)
    await scene.close()


def beside(pictures: list[QImage]) -> QImage:
    """Pictures in one row."""
    width = sum(picture.width() for picture in pictures) + GAP * (len(pictures) - 1)
    joined = QImage(width, max(picture.height() for picture in pictures), QImage.Format.Format_RGB32)
    joined.fill(theme.LIGHT.background)
    painter = QPainter(joined)
    left = 0
    for picture in pictures:
        painter.drawImage(left, 0, picture)
        left += picture.width() + GAP
    painter.end()
    return joined


SCENES: dict[str, Callable[[Path], Awaitable[None]]] = {
    "moons-light": lambda path: moons(theme.LIGHT, path),
    "moons-dark": dark,
    "trajectory": trajectory,
    "digits-guidance": guidance,
    "failed": failed,
    **{
        f"{paradigm}-{id}": partial(preset, paradigm, id, seconds, look)
        for paradigm, id, seconds, look in PRESETS
    },
}


def main(argv: list[str] | None = None) -> int:
    """Make the pictures that are named, or all; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m genlab.bench.screenshots", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SCENES, []], metavar="NAME", help=", ".join(SCENES))
    names = parser.parse_args(argv).names or list(SCENES)
    FOLDER.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    app.setApplicationName("GenLab")

    async def make() -> int:
        for name in names:
            path = FOLDER / f"{name}.png"
            await SCENES[name](path)
            print(path, flush=True)
        return 0

    return loop.run(app, make)


if __name__ == "__main__":
    sys.exit(main())
