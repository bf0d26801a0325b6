"""A person's own file or folder as the data set, read beside the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QFileDialog

from genlab.app.common import loop
from genlab.data.dataset import DataError
from genlab.data.datasets import FileSettings
from genlab.data.payloads import Samples

if TYPE_CHECKING:
    from genlab.app.window.main_window import MainWindow

POINTS = 2000


async def choose(window: MainWindow, folder: bool) -> None:
    """Ask for a file or a folder, and take it up."""
    dialog = QFileDialog(window, "Open a folder of images" if folder else "Open a file of points")
    if folder:
        dialog.setFileMode(QFileDialog.FileMode.Directory)
    else:
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Points (*.npy *.npz *.csv)", "All files (*)"])
    accepted = await loop.shown(dialog)
    window.workspace.form.show_session(window.workspace.session)
    if accepted:
        await take_up(window, dialog.selectedFiles()[0])


async def take_up(window: MainWindow, path: str) -> None:
    """Read the data off the GUI thread; a card says what is wrong with them."""
    space = window.workspace
    try:
        settings, samples = await loop.in_thread(_read, path)
    except DataError as error:
        space.cards.show_card(
            "data",
            "These data cannot be read",
            [str(error), "The data set is the same as before."],
            "bad",
            details=f"{Path(path).name}: {error}",
        )
        return
    space.cards.dismiss("data")
    space.open_file(settings, samples, path)


def _read(path: str) -> tuple[FileSettings, Samples]:
    from genlab.data import read

    settings, dataset = read(path)
    draw = dataset.train(POINTS, np.random.default_rng(0))
    x = np.asarray(draw.x[:POINTS], np.float32)
    labels = None if draw.labels is None else np.asarray(draw.labels[:POINTS], np.int64)
    return settings, Samples(x, None, labels, 1, 1, 0.0, 0)
