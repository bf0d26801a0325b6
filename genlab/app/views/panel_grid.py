"""The grid of panels: one wide row above, the others below, any one maximised, all closable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from genlab.app.common.theme import Theme
from genlab.app.views.panel import Panel
from genlab.settings.panels import PanelInfo

ORDER = ("density", "samples", "trajectory", "loss", "probe")
"""Where kinds of panels stand, from the upper left on."""

GAP = 8
SMALLEST = (140, 120)
"""What a panel keeps however many are open, pixels."""
NARROWEST = 256
"""Least width of a panel that stands beside others; where there is no room for it, it goes a row up."""
WIDER = 1700
"""Width of a density, three pictures in a row, where others have 1,000; without one, of samples."""


class PanelGrid(QWidget):
    """Splitters around panels. Which are shown, and their sizes, can be stored and restored."""

    shown_changed = Signal()
    export_requested = Signal(object, str)
    request_changed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panels")
        self._theme = theme
        self.panels: dict[str, Panel] = {}
        self._chosen: dict[str, bool] = {}
        self._infos: dict[str, PanelInfo] = {}
        self._sizes: dict[str, list[int]] = {}
        self.maximised: str | None = None
        self._room = 0
        self._rows_now: tuple[list[str], list[str]] = ([], [])
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self._upper = QSplitter(Qt.Orientation.Horizontal)
        self._lower = QSplitter(Qt.Orientation.Horizontal)
        for splitter in (self._rows, self._upper, self._lower):
            splitter.setHandleWidth(GAP)
            splitter.setChildrenCollapsible(False)
            splitter.splitterMoved.connect(lambda *_: self._note_sizes())
        self._rows.addWidget(self._upper)
        self._rows.addWidget(self._lower)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._rows)

    def set_panels(self, infos: Sequence[PanelInfo]) -> None:
        """Offer these panels; those that exist already stay as they are."""
        wanted = {info.id: info for info in infos}
        if wanted == self._infos:
            return
        for id in [id for id in self.panels if self._infos.get(id) != wanted.get(id)]:
            panel = self.panels.pop(id)
            panel.hide()
            panel.setParent(None)
            panel.deleteLater()
        self._infos = wanted
        if self.maximised not in wanted:
            self.maximised = None
        self._arrange()

    def ids(self) -> list[str]:
        """Every panel that can be shown, in the order in which they stand."""
        return sorted(self._infos, key=lambda id: (ORDER.index(self._infos[id].kind), id))

    def is_shown(self, id: str) -> bool:
        """Whether a panel is open, be it behind a maximised one."""
        return id in self._infos and self._chosen.get(id, self._infos[id].shown)

    def seen(self) -> list[Panel]:
        """The panels that a person sees now."""
        ids = [self.maximised] if self.maximised else [id for id in self.ids() if self.is_shown(id)]
        return [self.panels[id] for id in ids]

    def show_panel(self, id: str, shown: bool) -> None:
        """Open or close a panel."""
        self._chosen[id] = shown
        if self.maximised == id or (shown and self.maximised):
            self.maximised = None
        self._arrange()

    def maximise(self, id: str | None) -> None:
        """Give one panel all the room; None gives it back."""
        self.maximised = id
        self._arrange()
        if id is not None:
            self.panels[id].setFocus(Qt.FocusReason.OtherFocusReason)

    def toggle_maximised(self, id: str) -> None:
        """Maximise a panel, or go back to all of them."""
        self.maximise(None if self.maximised == id else id)

    def focused(self) -> str | None:
        """The panel that the keyboard is in."""
        return next((id for id, panel in self.panels.items() if _within(panel)), None)

    def reset(self) -> None:
        """The layout as it was at first."""
        self._chosen.clear()
        self._sizes.clear()
        self.maximised = None
        self._arrange()

    def layout_values(self) -> dict[str, Any]:
        """Which panels are open, and the sizes, as plain values."""
        return {"shown": dict(self._chosen), "sizes": self._sizes}

    def restore(self, values: Any) -> None:
        """Take what `layout_values` gave; anything else is passed over."""
        if not isinstance(values, dict):
            return
        shown, sizes = values.get("shown"), values.get("sizes")
        if isinstance(shown, dict):
            self._chosen = {str(id): bool(on) for id, on in shown.items()}
        if isinstance(sizes, dict):
            self._sizes = {
                str(key): row
                for key, row in sizes.items()
                if isinstance(row, list) and all(isinstance(v, int) and 0 <= v < 100_000 for v in row)
            }
        self._arrange()

    def apply_theme(self, theme: Theme) -> None:
        """Take on a new look."""
        self._theme = theme
        for panel in self.panels.values():
            panel.apply_theme(theme)

    def _panel(self, id: str) -> Panel:
        if id not in self.panels:
            panel = Panel(self._infos[id], self._theme)
            panel.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            panel.setMinimumSize(*SMALLEST)  # else what panels would like to have makes the grid overflow
            panel.maximise_requested.connect(lambda id=id: self.toggle_maximised(id))
            panel.close_requested.connect(lambda id=id: self.show_panel(id, False))
            panel.export_requested.connect(lambda kind, panel=panel: self.export_requested.emit(panel, kind))
            panel.request_changed.connect(lambda panel=panel: self.request_changed.emit(panel))
            self.panels[id] = panel
        return self.panels[id]

    def _arrange(self) -> None:
        shown = [id for id in self.ids() if self.is_shown(id)]
        upper, lower = self._rows_now = self._split(shown)
        for splitter, ids in ((self._upper, upper), (self._lower, lower)):
            for index, id in enumerate(ids):
                if splitter.indexOf(panel := self._panel(id)) != index:
                    splitter.insertWidget(index, panel)
        for id, panel in self.panels.items():
            panel.setVisible(id == self.maximised if self.maximised else id in shown)
        for splitter, ids in ((self._upper, upper), (self._lower, lower)):
            splitter.setVisible(bool(ids) if self.maximised is None else self.maximised in ids)
        if self.maximised is None:
            self._size(upper, lower)
        self.shown_changed.emit()

    def _split(self, shown: list[str]) -> tuple[list[str], list[str]]:
        """The upper and the lower row. Of more panels than the lower has room for, the last go up."""
        upper = [id for id in shown if self._infos[id].wide]
        if not upper:
            pictures = [id for id in shown if self._has_density or self._infos[id].kind != "loss"]
            upper = pictures[:2] or shown[:2]
        lower = [id for id in shown if id not in upper]
        while len(lower) > max(self._most, len(upper) + 1):
            upper.append(lower.pop())
        return upper, lower

    @property
    def _has_density(self) -> bool:
        """Whether a density of these data can be drawn."""
        return any(info.kind == "density" for info in self._infos.values())

    @property
    def _most(self) -> int:
        """How many panels have room beside one another."""
        return max(2, (self.width() + GAP) // (NARROWEST + GAP))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        most = self._most
        if most != self._room:
            self._room = most
            shown = [id for id in self.ids() if self.is_shown(id)]
            if self._split(shown) != self._rows_now:
                self._arrange()

    def _size(self, upper: list[str], lower: list[str]) -> None:
        widest = "density" if self._has_density else "samples"
        only_losses = all(self._infos[id].kind == "loss" for id in lower)
        high = 470 if self._has_density else 680 if only_losses else 600
        for splitter, ids, fallback in (
            (self._upper, upper, [WIDER if self._infos[id].kind == widest else 1000 for id in upper]),
            (self._lower, lower, [1000] * len(lower)),
            (self._rows, [*upper, "|", *lower], [high, 1000 - high] if upper and lower else [1000, 1000]),
        ):
            wanted = self._sizes.get("+".join(ids)) or fallback
            # Hidden panels keep a place in the splitter; only those in `ids` are meant.
            if splitter is self._rows or len(wanted) == splitter.count():
                splitter.setSizes(wanted)
            else:
                sizes = dict(zip(ids, wanted, strict=False))
                splitter.setSizes(
                    [sizes.get(self._id_of(splitter.widget(i)), 0) for i in range(splitter.count())]
                )

    def _id_of(self, widget: QWidget | None) -> str:
        return next((id for id, panel in self.panels.items() if panel is widget), "")

    def _note_sizes(self) -> None:
        if self.maximised is not None:
            return
        rows: list[list[str]] = []
        for splitter in (self._upper, self._lower):
            sizes = {self._id_of(splitter.widget(i)): splitter.sizes()[i] for i in range(splitter.count())}
            shown = {id: size for id, size in sizes.items() if self.is_shown(id)}
            rows.append(list(shown))
            self._sizes["+".join(shown)] = list(shown.values())
        self._sizes["+".join([*rows[0], "|", *rows[1]])] = self._rows.sizes()


def _within(panel: QWidget) -> bool:
    focus = panel.window().focusWidget()
    return focus is not None and (focus is panel or panel.isAncestorOf(focus))
