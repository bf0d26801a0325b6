"""Saving what the window shows: samples as a picture, as numbers or as text, a panel as it looks."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, assert_never

from PIL.Image import Image
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
from genlab.app.dialogs.context import Context
from genlab.app.drawings.scene import Scene
from genlab.app.views.panel import Panel
from genlab.data.payloads import Samples
from genlab.runs.atomic import RunError
from genlab.runs.folder import RunFolder
from genlab.runs.recipe import recipe_of
from genlab.session.session import Session
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

PICTURE, NPZ, CSV, TEXT = "grid", "npz", "csv", "txt"
KINDS = {
    PICTURE: "Samples as a picture (PNG)",
    TEXT: "Samples as text (TXT)",
    NPZ: "Samples as numbers (NPZ)",
    CSV: "Samples as numbers (CSV)",
}
ABOUT = {
    PICTURE: "The picture carries its recipe: settings, seed, versions and step.",
    TEXT: "Every sample in view, a line each; a blank line between samples that have several.",
    NPZ: "The numbers of every sample in view, in the units of the data.",
    CSV: "The numbers of every sample in view, in the units of the data.",
}


def kinds_of(space: Space) -> tuple[str, ...]:
    """As what samples of a space can be saved."""
    match space:
        case Points() | Images():
            return (PICTURE, NPZ, CSV)
        case Tokens():
            return (TEXT, NPZ)
        case Signal():
            return (NPZ, CSV)
        case _:
            assert_never(space)


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

    def __init__(self, context: Context) -> None:
        super().__init__(context.parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("export.dialog")
        self.setWindowTitle("Export")
        self._context = context
        space = context.view.viewed.space
        self.what = Choice()
        self.what.setObjectName("export.what")
        self.what.setAccessibleName("What to save")
        self.what.setToolTip("What to save")
        self.what.setMinimumWidth(280)
        for kind in kinds_of(space):
            self.what.addItem(KINDS[kind], kind)
        for panel in context.workspace.grid.seen():
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
        self._images = isinstance(space, Images)
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
        missing = kind in KINDS and self._context.view.feed.frame is None
        self.save_button.setEnabled(not missing)
        why = "There are no samples yet."
        self.save_button.setToolTip(why if missing else "Choose where to save it")
        self.about.setText(why if missing else ABOUT.get(kind, ABOUT[PICTURE]))
        self.adjustSize()

    async def _save(self) -> None:
        kind = self.what.currentData()
        context = self._context
        if kind not in KINDS:
            id, ending = kind
            panel = context.workspace.grid.panels[id]
            self.accept()
            await save_panel(context, panel, ending)
            return
        ending = "png" if kind == PICTURE else kind
        name = f"{context.view.viewed.dataset}-samples.{ending}"
        path = await ask_path(context, name, ending)
        if path is not None:
            options = self.options()
            self.accept()
            await write_samples(context, kind, path, options)


async def ask_path(context: Context, name: str, ending: str) -> Path | None:
    """Where to save; None where the person thought better of it."""
    dialog = QFileDialog(context.parent, "Save")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(ending)
    dialog.setNameFilters([f"{ending.upper()} (*.{ending})"])
    dialog.setDirectory(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
    dialog.selectFile(name)
    return Path(dialog.selectedFiles()[0]) if await loop.shown(dialog) else None


async def write_samples(context: Context, kind: str, path: Path, options: GridOptions) -> None:
    """Write the samples in view, beside the window."""
    view = context.view
    frame = view.feed.frame
    if frame is None:
        return
    try:
        await loop.in_thread(_write, kind, path, options, frame, view.viewed, recipe(context), view.scene)
    except RunError as error:
        failed(context, str(error))
    else:
        saved(context, path)


async def save_panel(context: Context, panel: Panel, kind: str) -> None:
    """Save one panel as it looks."""
    path = await ask_path(context, f"{context.view.viewed.dataset}-{panel.info.id}.{kind}", kind)
    if path is None:
        return
    if panel.old:
        failed(context, f"{panel.info.title} still shows the previous run; the first picture is on its way.")
        return
    try:
        panel.render(kind, path, recipe(context))
    except (RunError, OSError) as error:
        failed(context, str(error))
    else:
        saved(context, path)


def recipe(context: Context) -> dict[str, Any]:
    """What it takes to make what is in view again."""
    view = context.view
    manifest: dict[str, Any] = {}
    if view.run.kept and view.run.step > 0:
        try:
            manifest = RunFolder.open(view.run.folder or "").manifest
        except RunError:
            manifest = {}
    session = view.viewed
    manifest = {
        "paradigm": session.paradigm,
        "session": session.model_dump(),
        "seed": session.seed,
        "versions": versions(context),
        **manifest,
    }
    shown = session.in_force
    drawn = {"sampler": shown.sampler.model_dump(), "condition": shown.condition.model_dump()}
    frame = view.feed.frame
    n = view.panels.n if frame is None else len(frame.x)
    return recipe_of(manifest, view.feed.step, **drawn, n=n)


def versions(context: Context) -> dict[str, str]:
    """Versions of what computed the picture."""
    ready = context.engine.ready
    return {"genlab": version("genlab"), **(ready.versions if ready is not None else {})}


def saved(context: Context, path: Path) -> None:
    """Say that a file is there."""
    context.cards.show_card("export", f"Saved {path.name}", [str(path.parent)])


def failed(context: Context, reason: str) -> None:
    """Say why there is no file."""
    context.cards.show_card("export", "Nothing was saved", [reason], "bad", details=reason)


def _write(
    kind: str,
    path: Path,
    options: GridOptions,
    frame: Samples,
    session: Session,
    recipe: dict[str, Any],
    scene: Scene | None,
) -> None:
    from genlab.runs import export

    match kind:
        case "npz":
            export.save_npz(path, frame.x, frame.labels, session.sampler.seed, space=session.space)
        case "csv":
            export.save_csv(path, frame.x, frame.labels, session.labels, session.space)
        case "txt" if isinstance(session.space, Tokens):
            export.save_txt(path, frame.x, session.space)
        case _:
            export.save_png(_picture(options, frame, session, scene), path, recipe)


def _picture(options: GridOptions, frame: Samples, session: Session, scene: Scene | None) -> Image:
    from genlab.runs import export

    if isinstance(session.space, Images):
        most = len(frame.x) if options.by_class else options.rows * options.columns
        return export.samples_grid(
            frame.x[:most],
            session.space,
            None if frame.labels is None else frame.labels[:most],
            columns=options.columns,
            scale=options.scale,
            padding=options.padding,
            by_class=options.by_class,
        )
    return export.samples_grid(
        frame.x,
        session.space,
        frame.labels,
        padding=options.padding,
        reference=scene.reference.x if scene is not None and scene.reference is not None else None,
        extent=scene.extent if scene is not None else None,
    )
