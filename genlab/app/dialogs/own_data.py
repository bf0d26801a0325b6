"""A person's own file or folder as the data set, read beside the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from genlab.app.common import loop
from genlab.app.common.words import sentence
from genlab.app.dialogs.context import Context
from genlab.data.dataset import DataError
from genlab.data.files.settings import FileSettings
from genlab.data.payloads import Samples
from genlab.data.shipped import draws_of
from genlab.session.session import SettingError


async def choose(context: Context, folder: bool) -> None:
    """Ask for a file or a folder, and read it."""
    dialog = QFileDialog(context.parent, "Open a folder of images" if folder else "Open a data file")
    if folder:
        dialog.setFileMode(QFileDialog.FileMode.Directory)
    else:
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Points and text (*.npy *.npz *.csv *.txt)", "All files (*)"])
    accepted = await loop.shown(dialog)
    workspace = context.workspace
    workspace.form.show_session(workspace.session)  # the choice fell on no data set
    if accepted:
        await open_data(context, dialog.selectedFiles()[0])


async def open_data(context: Context, path: str) -> None:
    """Read the data off the GUI thread; a card says what is wrong with them."""
    workspace = context.workspace
    try:
        settings, samples = await loop.in_thread(_read, path)
        workspace.open_file(settings, samples, path)
    except (DataError, SettingError) as error:
        workspace.cards.show_card(
            "data",
            "These data cannot be read",
            [sentence(str(error)), "The data set is the same as before."],
            "bad",
            details=f"{Path(path).name}: {error}",
        )
        return
    workspace.cards.dismiss("data")


def _read(path: str) -> tuple[FileSettings, Samples]:
    from genlab.data import read

    settings, dataset = read(path)
    return settings, draws_of(dataset)
