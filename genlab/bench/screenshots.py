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

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from genlab.app.common import loop, theme
from genlab.app.views.engine_link import EngineLink
from genlab.app.window.main_window import MainWindow
from genlab.app.window.screenshot import grab
from genlab.app.window.store import Store
from genlab.bench import house
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session

FOLDER = Path("docs", "images")
SIZE = (1440, 900)
LOW = (1100, 560)
"""Of a window of which one wide panel is shown."""
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
    ("score", "moons", 30.0, theme.DARK),
    ("flow-matching", "moons", 30.0, theme.LIGHT),
    ("flow-matching", "morph", 40.0, theme.LIGHT),
    ("flow-matching", "reflow", 60.0, theme.LIGHT),
    ("ngram", "names", 5.0, theme.LIGHT),
)
"""What a paradigm shows at its best, and how it typically fails: paradigm, preset, seconds, look.

The last is the plug-in `docs/examples/genlab-ngram`, and is left out where that is not installed."""


class Scene:
    """A window and its engine, driven step by step."""

    def __init__(self, look: theme.Theme, size: tuple[int, int] = SIZE) -> None:
        theme.apply(application(), look)
        self.engine = EngineLink()
        self.window = MainWindow(self.engine, Store.fresh(), look)
        self.window.resize(*size)
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


async def one_panel(
    paradigm: str, dataset: str, values: Mapping[str, Any], panel: str, seconds: float, scene: Scene
) -> QImage:
    """A panel of a trained session, maximised."""
    await scene.open(paradigm, dataset, values)
    await scene.train(seconds)
    return await maximised(scene, panel)


async def maximised(scene: Scene, panel: str) -> QImage:
    """A panel on its own, once it has its final answer."""
    grid = scene.window.workspace.grid
    grid.show_panel(panel, True)
    grid.maximise(panel)
    await loop.until(lambda: False, 2.0)
    await scene.until(lambda: not scene.window.workspace.panels.busy)
    await loop.until(lambda: False, 0.5)
    return grid.panels[panel].grab().toImage()


async def three(path: Path) -> None:
    """The same moons through diffusion, score and flow matching."""
    pictures = []
    for paradigm in ("diffusion", "score", "flow-matching"):
        scene = Scene(theme.LIGHT, LOW)
        pictures.append(await one_panel(paradigm, "moons", {}, "density", 20.0, scene))
        await scene.close()
    below(pictures).save(str(path))


async def chains(path: Path) -> None:
    """Langevin chains over eight Gaussians."""
    scene = Scene(theme.LIGHT)
    (await one_panel("score", "8gaussians", {}, "chains", 30.0, scene)).save(str(path))
    await scene.close()


async def tilted(path: Path) -> None:
    """Guidance at 1, 3 and 8 beside the exactly tilted density."""
    scene = Scene(theme.LIGHT, LOW)
    values = {"condition.label": "upper", "sampler.guidance": 1.0}
    pictures = [await one_panel("score", "moons-cfm", values, "guidance", 30.0, scene)]
    for scale in (3.0, 8.0):
        scene.window.workspace.edit({"sampler.guidance": scale})
        pictures.append(await maximised(scene, "guidance"))
    await scene.close()
    below(pictures).save(str(path))


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
    return joined(pictures, Qt.Orientation.Horizontal)


def application() -> QApplication:
    """The application of this process."""
    match QApplication.instance():
        case QApplication() as app:
            return app
    return QApplication([])


def below(pictures: list[QImage]) -> QImage:
    """Pictures in one column."""
    return joined(pictures, Qt.Orientation.Vertical)


def joined(pictures: list[QImage], along: Qt.Orientation) -> QImage:
    """Pictures one after another, with a gap between them."""
    across = along == Qt.Orientation.Vertical
    gaps = GAP * (len(pictures) - 1)
    widths, heights = [p.width() for p in pictures], [p.height() for p in pictures]
    size = (max(widths), sum(heights) + gaps) if across else (sum(widths) + gaps, max(heights))
    whole = QImage(*size, QImage.Format.Format_RGB32)
    whole.fill(theme.LIGHT.background)
    painter = QPainter(whole)
    place = 0
    for picture in pictures:
        painter.drawImage(0 if across else place, place if across else 0, picture)
        place += (picture.height() if across else picture.width()) + GAP
    painter.end()
    return whole


SCENES: dict[str, Callable[[Path], Awaitable[None]]] = {
    "moons-light": lambda path: moons(theme.LIGHT, path),
    "moons-dark": dark,
    "trajectory": trajectory,
    "digits-guidance": guidance,
    "failed": failed,
    "three-moons": three,
    "score-chains": chains,
    "score-guidance": tilted,
    **{
        f"{paradigm}-{id}": partial(preset, paradigm, id, seconds, look)
        for paradigm, id, seconds, look in PRESETS
        if paradigm in PARADIGMS
    },
}


def main(argv: list[str] | None = None) -> int:
    """Make the pictures that are named, or all, and that of the house; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m genlab.bench.screenshots", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SCENES, []], metavar="NAME", help=", ".join(SCENES))
    names = parser.parse_args(argv).names or list(SCENES)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "house.svg").write_text(house.picture(), "utf-8")
    app = application()
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
