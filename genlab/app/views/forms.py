"""The settings form: data, objective, model and training, built from what stands on the fields."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from genlab.app.common.fields import SettingField, tooltip
from genlab.app.common.icons import icon
from genlab.app.common.theme import SPACE, Theme
from genlab.app.common.widgets import Card, Choice, Flat, Number, label, restyle
from genlab.data.catalogue import DATASETS, record_of
from genlab.data.files.settings import FILE, FileSettings
from genlab.session.session import Session
from genlab.settings.fields import Description, Settings, describe
from genlab.settings.paradigm import AnyParadigm

TITLES = {"data": "Data", "objective": "Objective", "network": "Model", "training": "Training"}
OPEN_FILE, OPEN_FOLDER = "open-file", "open-folder"
LABEL_WIDTH = 96


class Section(Card):
    """One section of a session: its plain fields, and the advanced ones folded under them."""

    edited = Signal(str, object)

    def __init__(self, section: str, theme: Theme) -> None:
        super().__init__()
        self.section = section
        self.setObjectName(f"section.{section}")
        self.controls: dict[str, SettingField] = {}
        self._rows: dict[str, tuple[QWidget, QWidget]] = {}
        self._class: type[Settings] | None = None
        self._open = False
        self._theme = theme
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 8, 12, 10)
        self._grid.setHorizontalSpacing(SPACE)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(label(TITLES[section], "title"), 0, 0, 1, 2)
        self._fixed = 1
        self.fold = QPushButton("Advanced")
        self.fold.setObjectName(f"{section}.advanced")
        self.fold.setProperty("role", "fold")
        self.fold.setCheckable(True)
        self.fold.setAccessibleName(f"Advanced settings of {TITLES[section].lower()}")
        self.fold.setToolTip(f"Show or hide the rarer settings of {TITLES[section].lower()}")
        self.fold.toggled.connect(self._unfold)

    def add_row(self, name: str, widget: QWidget, tip: str = "") -> None:
        """A row of its own above the fields of the section."""
        text = label(name, "muted")
        text.setToolTip(tip)
        text.setBuddy(widget)
        self._grid.addWidget(text, self._fixed, 0)
        self._grid.addWidget(widget, self._fixed, 1)
        self._fixed += 1

    def show_settings(self, settings: Settings) -> None:
        """Show these settings; rebuild the rows where the section is of another kind now."""
        if type(settings) is not self._class:
            self._rebuild(settings)
        for key, control in self.controls.items():
            control.show_value(getattr(settings, key))
        self._arrange(settings)

    def mark_pending(self, keys: Sequence[str]) -> None:
        """Mark what can change only by a reset."""
        for key, (text, _) in self._rows.items():
            restyle(text, "pending", f"{self.section}.{key}" in keys)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme
        self._unfold(self._open)

    def _rebuild(self, settings: Settings) -> None:
        for text, widget in self._rows.values():
            for old in (text, widget):
                self._grid.removeWidget(old)
                old.hide()
                old.deleteLater()
        self._grid.removeWidget(self.fold)
        self.controls.clear()
        self._rows.clear()
        self._class = type(settings)
        if isinstance(settings, FileSettings):
            self.fold.hide()
            return
        descriptions = describe(settings)
        ordered = [d for d in descriptions if not d.advanced] + [d for d in descriptions if d.advanced]
        row = self._fixed
        for d in ordered:
            if d.advanced and not any(self.controls[k].description.advanced for k in self.controls):
                self._grid.addWidget(self.fold, row, 0, 1, 2)
                row += 1
            self._add(d, row)
            row += 1
        self.fold.setVisible(any(d.advanced for d in descriptions))

    def _add(self, d: Description, row: int) -> None:
        control = SettingField(f"{self.section}.{d.key}", d)
        control.edited.connect(self.edited)
        text = label(_row_name(d), "muted")
        text.setToolTip(tooltip(d))
        text.setBuddy(control.widget)
        text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._grid.addWidget(text, row, 0)
        self._grid.addWidget(control.widget, row, 1)
        self.controls[d.key] = control
        self._rows[d.key] = (text, control.widget)

    def _arrange(self, settings: Settings) -> None:
        for key, (text, widget) in self._rows.items():
            d = self.controls[key].description
            seen = d.matters(settings) and (self._open or not d.advanced)
            text.setVisible(seen)
            widget.setVisible(seen)
        self._settings = settings

    def _unfold(self, opened: bool) -> None:
        self._open = opened
        self.fold.setIcon(icon("chevron-down" if opened else "chevron-right", self._theme.muted, 12))
        if self._class is not None and self.controls:
            self._arrange(self._settings)


class SettingsForm(QScrollArea):
    """Everything a person may choose about a run. `edited` carries dotted keys and new values."""

    edited = Signal(dict)
    dataset_chosen = Signal(str)
    file_wanted = Signal(bool)
    preset_chosen = Signal(object)

    def __init__(self, paradigm: AnyParadigm, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("form")
        self.setAccessibleName("Settings")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, SPACE // 2, 0)
        column.setSpacing(SPACE)
        self.sections = {name: Section(name, theme) for name in TITLES}
        self._paradigm = paradigm
        self._build_data(paradigm)
        self._build_seed(theme)
        for section in self.sections.values():
            section.edited.connect(lambda key, value: self.edited.emit({key: value}))
            section.apply_theme(theme)
            column.addWidget(section)
        column.addStretch(1)
        self.setWidget(body)
        body.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)

    def _build_data(self, paradigm: AnyParadigm) -> None:
        data = self.sections["data"]
        self.preset = Choice()
        self.preset.setObjectName("preset")
        self.preset.setAccessibleName("Preset")
        self.preset.setToolTip("Settings that show something worth seeing, chosen together")
        self.preset.addItem("Choose…", None)
        for preset in paradigm.presets:
            self.preset.addItem(preset.title, preset.id)
            self.preset.setItemData(self.preset.count() - 1, preset.summary, Qt.ItemDataRole.ToolTipRole)
        self.preset.activated.connect(self._preset)
        self._presets = {preset.id: preset for preset in paradigm.presets}
        data.add_row("Preset", self.preset, self.preset.toolTip())
        self.dataset = Choice()
        self.dataset.setObjectName("dataset")
        self.dataset.setAccessibleName("Data set")
        self.dataset.setToolTip("The data that the model learns; a file or folder of your own is at the end")
        self.dataset.activated.connect(self._dataset)
        data.add_row("Set", self.dataset, self.dataset.toolTip())
        self._list_datasets(None)

    def _build_seed(self, theme: Theme) -> None:
        self.seed = Number(0, 2**31 - 1, integral=True)
        self.seed.setObjectName("seed")
        self.seed.setAccessibleName("Seed of the run")
        self.seed.setToolTip(
            "<p><b>Seed of the run</b><br>Initial weights, drawn data and training noise follow from it: one "
            "seed and one number of steps, one result.<br><i>0 to 2147483647</i></p>"
        )
        self.seed.edited.connect(lambda value: self.edited.emit({"seed": int(value)}))
        dice = Flat("seed.dice", "Take another seed for the run")
        dice.setIcon(icon("dice", theme.muted))
        dice.clicked.connect(lambda: self.seed.setValue((self.seed.value() + 1) % 2**31))
        self._dice = dice
        pair = QWidget()
        row = QHBoxLayout(pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.seed, 1)
        row.addWidget(dice)
        self.sections["training"].add_row("Seed", pair, self.seed.toolTip())

    def _list_datasets(self, own: FileSettings | None) -> None:
        model = QStandardItemModel(self.dataset)
        group = ""
        records = [*DATASETS.values(), *([FILE] if own is not None else [])]
        for record in records:
            if record.group != group:
                group = record.group
                head = QStandardItem(group)
                head.setFlags(Qt.ItemFlag.NoItemFlags)
                model.appendRow(head)
            settings = own if record is FILE else record.settings()
            item = QStandardItem(record.title_of(settings) or "Your file")
            item.setData(record.id, Qt.ItemDataRole.UserRole)
            item.setToolTip(record.summary_of(settings))
            if refusal := self._paradigm.refuses(record.info(settings)):
                item.setFlags(Qt.ItemFlag.NoItemFlags)
                item.setToolTip(f"{refusal}.")
            model.appendRow(item)
        if own is None:
            head = QStandardItem("Your own")
            head.setFlags(Qt.ItemFlag.NoItemFlags)
            model.appendRow(head)
        for text, key in (("Open a file…", OPEN_FILE), ("Open a folder of images…", OPEN_FOLDER)):
            item = QStandardItem(text)
            item.setData(key, Qt.ItemDataRole.UserRole)
            model.appendRow(item)
        self.dataset.setModel(model)
        self._own = own

    def show_session(self, session: Session) -> None:
        """Show every value of a session."""
        own = session.data if isinstance(session.data, FileSettings) else self._own
        if own != self._own:
            self._list_datasets(own)
        self.dataset.choose(session.dataset)
        record = record_of(session.dataset)
        title, summary = record.title_of(session.data), record.summary_of(session.data)
        self.dataset.setToolTip(f"<p><b>{escape(title)}</b><br>{escape(summary)}</p>")
        self.seed.show_value(session.seed)
        for name, section in self.sections.items():
            section.show_settings(getattr(session, name))

    def mark_pending(self, keys: Sequence[str]) -> None:
        """Mark every setting that waits for a reset."""
        for section in self.sections.values():
            section.mark_pending(keys)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._dice.setIcon(icon("dice", theme.muted))
        for section in self.sections.values():
            section.apply_theme(theme)

    def focus_first(self) -> None:
        """Put the keyboard into the form."""
        self.dataset.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _dataset(self, index: int) -> None:
        chosen = self.dataset.itemData(index)
        if chosen in (OPEN_FILE, OPEN_FOLDER):
            self.file_wanted.emit(chosen == OPEN_FOLDER)
        elif chosen is not None:
            self.dataset_chosen.emit(chosen)

    def _preset(self, index: int) -> None:
        preset = self._presets.get(self.preset.itemData(index))
        self.preset.setCurrentIndex(0)
        if preset is not None:
            self.preset_chosen.emit(preset)


def _row_name(d: Description) -> str:
    return f"{d.label}  {d.symbol}" if d.symbol and len(d.label) + len(d.symbol) < 12 else d.label
