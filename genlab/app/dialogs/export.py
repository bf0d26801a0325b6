"""Saving what the window shows: samples as a picture or as numbers, a panel as it looks."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
)

from genlab.app.common import loop
from genlab.app.common.widgets import Choice, Number, label
from genlab.data.payloads import Samples
from genlab.runs.atomic import RunError
from genlab.runs.folder import RunFolder
from genlab.runs.recipe import recipe_of
from genlab.settings.spaces import Images

if TYPE_CHECKING:
    from genlab.app.views.panel import Panel
    from genlab.app.window.main_window import MainWindow

PICTURE, NPZ, CSV = "grid", "npz", "csv"
KINDS = {
    PICTURE: "Samples as a picture (PNG)",
    NPZ: "Samples as numbers (NPZ)",
    CSV: "Samples as numbers (CSV)",
}


@dataclass(frozen=True)
class GridOptions:
    """How a picture of images is laid out."""

    rows: int = 8
    columns: int = 8
    scale: int = 6
    padding: int = 2
    by_class: bool = False


class ExportDialog(QDialog):
    """What to save, and how."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("export.dialog")
        self.setWindowTitle("Export")
        self._window = window
        space = window.workspace
        images = isinstance(space.viewed.space, Images)
        self.what = Choice()
        self.what.setObjectName("export.what")
        self.what.setAccessibleName("What to save")
        self.what.setToolTip("What to save")
        self.what.setMinimumWidth(280)
        for kind, text in KINDS.items():
            self.what.addItem(text, kind)
        for panel in space.grid.seen():
            for kind in ("png", "svg"):
                self.what.addItem(f"Panel {panel.info.title} ({kind.upper()})", (panel.info.id, kind))
        self.what.currentIndexChanged.connect(lambda _: self._show_options())
        default = GridOptions()
        self.rows = self._number("rows", "Rows of tiles", 1, 100, default.rows)
        self.columns = self._number("columns", "Tiles in a row", 1, 100, default.columns)
        self.scale = self._number("scale", "Screen pixels per pixel", 1, 64, default.scale)
        self.padding = self._number("padding", "Screen pixels between tiles", 0, 64, default.padding)
        self.by_class = QCheckBox("One row for each class")
        self.by_class.setObjectName("export.by_class")
        self.by_class.setAccessibleName("One row for each class")
        self.by_class.setToolTip("Sort the samples by their label, a row each")
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.addWidget(label("Save", "muted"), 0, 0)
        grid.addWidget(self.what, 0, 1)
        self._options = []
        for row, (text, field) in enumerate(
            (
                ("Rows", self.rows),
                ("Columns", self.columns),
                ("Scale", self.scale),
                ("Padding", self.padding),
            ),
            1,
        ):
            caption = label(text, "muted")
            caption.setBuddy(field)
            grid.addWidget(caption, row, 0)
            grid.addWidget(field, row, 1)
            self._options += [caption, field]
        grid.addWidget(self.by_class, 5, 1)
        self._options.append(self.by_class)
        self._images = images
        self.about = label("", "small")
        self.about.setWordWrap(True)
        save, cancel = QPushButton("Save…"), QPushButton("Cancel")
        save.setObjectName("export.save")
        save.setProperty("role", "primary")
        save.setDefault(True)
        cancel.setObjectName("export.cancel")
        for button, tip in ((save, "Choose where to save it"), (cancel, "Close (Esc)")):
            button.setToolTip(tip)
            button.setAccessibleName(button.text().rstrip("…"))
        save.clicked.connect(lambda: loop.start(self._save()))
        cancel.clicked.connect(self.reject)
        self.save_button = save
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(save)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(16)
        column.addWidget(label("Export", "title"))
        column.addLayout(grid)
        column.addWidget(self.about)
        column.addLayout(buttons)
        self._show_options()

    def _number(self, name: str, tip: str, low: int, high: int, value: int) -> Number:
        made = Number(low, high, integral=True)
        made.setObjectName(f"export.{name}")
        made.setAccessibleName(tip)
        made.setToolTip(f"{tip}, {low} to {high}")
        made.setValue(value)
        return made

    def options(self) -> GridOptions:
        """What the fields say."""
        return GridOptions(
            rows=int(self.rows.value()),
            columns=int(self.columns.value()),
            scale=int(self.scale.value()),
            padding=int(self.padding.value()),
            by_class=self.by_class.isChecked(),
        )

    def _show_options(self) -> None:
        kind = self.what.currentData()
        for widget in self._options:
            widget.setVisible(kind == PICTURE and self._images)
        frame = self._window.workspace.feed.frame
        samples = kind in (PICTURE, NPZ, CSV)
        self.save_button.setEnabled(not samples or frame is not None)
        if samples and frame is None:
            self.about.setText("There are no samples yet.")
        elif kind in (NPZ, CSV):
            self.about.setText("The numbers of every sample in view, in the units of the data.")
        else:
            self.about.setText("The picture carries its recipe: settings, seed, versions and step.")
        self.adjustSize()

    async def _save(self) -> None:
        kind = self.what.currentData()
        window = self._window
        if isinstance(kind, tuple | list):
            panel = window.workspace.grid.panels[kind[0]]
            self.accept()
            await save_panel(window, panel, kind[1])
            return
        ending = "png" if kind == PICTURE else kind
        name = f"{window.workspace.viewed.dataset}-samples.{ending}"
        path = await ask_path(window, name, ending)
        if path is not None:
            options = self.options()
            self.accept()
            await write_samples(window, kind, path, options)


async def ask_path(window: MainWindow, name: str, ending: str) -> Path | None:
    """Where to save; None where the person thought better of it."""
    dialog = QFileDialog(window, "Save")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(ending)
    dialog.setNameFilters([f"{ending.upper()} (*.{ending})"])
    dialog.setDirectory(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
    dialog.selectFile(name)
    return Path(dialog.selectedFiles()[0]) if await loop.shown(dialog) else None


async def write_samples(window: MainWindow, kind: str, path: Path, options: GridOptions) -> None:
    """Write the samples in view, beside the window."""
    space = window.workspace
    frame = space.feed.frame
    if frame is None:
        return
    seed = space.viewed.sampler.seed
    try:
        await loop.in_thread(
            _write, kind, path, options, frame, space.viewed, seed, recipe(window), space.scene
        )
    except RunError as error:
        failed(window, str(error))
    else:
        saved(window, path)


async def save_panel(window: MainWindow, panel: Panel, kind: str) -> None:
    """Save one panel as it looks."""
    path = await ask_path(window, f"{window.workspace.viewed.dataset}-{panel.info.id}.{kind}", kind)
    if path is None:
        return
    try:
        panel.render(kind, path, recipe(window))
    except (RunError, OSError) as error:
        failed(window, str(error))
    else:
        saved(window, path)


def recipe(window: MainWindow) -> dict[str, Any]:
    """What it takes to make what is in view again."""
    space = window.workspace
    manifest: dict[str, Any] = {}
    if space.run.kept and space.run.step > 0:
        try:
            manifest = RunFolder.open(space.run.folder or "").manifest
        except RunError:
            manifest = {}
    session = space.viewed
    manifest = {
        "paradigm": session.paradigm,
        "session": session.model_dump(),
        "seed": session.seed,
        "versions": versions(window),
        **manifest,
    }
    return recipe_of(manifest, space.feed.step, sampler=session.sampler.model_dump(), n=space.panels.n)


def versions(window: MainWindow) -> dict[str, str]:
    """Versions of what computed the picture."""
    ready = window.engine.ready
    return {"genlab": version("genlab"), **(ready.versions if ready is not None else {})}


def saved(window: MainWindow, path: Path) -> None:
    """Say that a file is there."""
    window.workspace.cards.show_card("export", f"Saved {path.name}", [str(path.parent)])


def failed(window: MainWindow, reason: str) -> None:
    """Say why there is no file."""
    window.workspace.cards.show_card("export", "Nothing was saved", [reason], "bad", details=reason)


def _write(
    kind: str,
    path: Path,
    options: GridOptions,
    frame: Samples,
    session: Any,
    seed: int,
    recipe: dict[str, Any],
    scene: Any,
) -> None:
    from genlab.runs import export

    if kind == NPZ:
        export.save_npz(path, frame.x, frame.labels, seed)
        return
    if kind == CSV:
        export.save_csv(path, frame.x, frame.labels, session.labels)
        return
    images = isinstance(session.space, Images)
    most = options.rows * options.columns if images and not options.by_class else len(frame.x)
    picture = export.samples_grid(
        frame.x[:most],
        session.space,
        None if frame.labels is None else frame.labels[:most],
        columns=options.columns if images else None,
        scale=options.scale if images else None,
        padding=options.padding,
        by_class=options.by_class,
        reference=scene.reference.x if scene.reference is not None and not images else None,
        extent=None if images else scene.extent,
    )
    export.save_png(picture, path, recipe)
