"""A small table of text: numbers in line, hairlines between rows, a remark under it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from genlab.app.common.theme import Theme, font
from genlab.app.drawings.drawing import Drawing, Remark
from genlab.data.payloads import Table

ROW, PAD = 26, 6
Index = QModelIndex | QPersistentModelIndex
NUMBER = re.compile(r"[-−+±≤≥<>≈~]?\s*(\d[\d,.]*|∞|–|—|-)?([eE][-+−]?\d+)?\s*(%|±.*|\(.*\)|/.*)?[a-zµ]{0,5}")
LEAST = 110
"""A column of words gives way down to its longest word, or to this width."""
WRAPPED = 6
"""A cell wraps into at most so many lines."""


def numeric(cells: list[str]) -> bool:
    """Whether a column holds numbers, with or without units: those stand in line on the right."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return (
        bool(filled)
        and any(any(c.isdigit() for c in cell) for cell in filled)
        and all(NUMBER.fullmatch(cell) for cell in filled)
    )


def folded(name: str, metrics: QFontMetrics) -> str:
    """A name on two lines, broken at the space that leaves the shortest of widths."""
    places = [i for i, letter in enumerate(name) if letter == " "]
    ways = [(name[:i], name[i + 1 :]) for i in places]
    if not ways:
        return name
    return "\n".join(min(ways, key=lambda way: max(metrics.horizontalAdvance(part) for part in way)))


def shared(widths: list[int], room: int, least: dict[int, int]) -> list[int]:
    """Column widths for a room: where it is short, columns in `least` give way, the widest first; where
    there is more, all grow alike, up to twice their widths."""
    widths, short = list(widths), sum(widths) - room
    while short > 0:
        able = sorted((i for i in least if widths[i] > least[i]), key=lambda i: -widths[i])
        if not able:
            return widths
        second = widths[able[1]] if len(able) > 1 else 0
        give = max(1, min(short, widths[able[0]] - max(second, least[able[0]])))
        widths[able[0]] -= give
        short -= give
    spare = min(-short, sum(widths))
    return [wide + spare // len(widths) + (i < spare % len(widths)) for i, wide in enumerate(widths)]


def minus(number: str) -> str:
    """A number with a true minus, as wide as a plus."""
    return f"−{number[1:]}" if number.startswith("-") and number != "-" else number


def typeset(row: tuple[str, ...], right: tuple[bool, ...]) -> tuple[str, ...]:
    """A row as it is shown: a true minus before numbers."""
    return tuple(minus(cell) if side else cell for cell, side in zip(row, right, strict=False))


class Cells(QAbstractTableModel):
    """The text of a table, and on which side it stands."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.table = Table((), ())
        self.right: tuple[bool, ...] = ()
        self.names: tuple[str, ...] = ()
        self.theme = theme

    def show_table(self, table: Table) -> None:
        """Hold this table; views keep their place where the shape stays."""
        shape = (len(table.rows), len(table.header))
        same = shape == (len(self.table.rows), len(self.table.header)) and table.header == self.table.header
        columns = [[row[i] for row in table.rows if i < len(row)] for i in range(len(table.header))]
        right = tuple(i > 0 and numeric(cells) for i, cells in enumerate(columns))
        table = replace(table, rows=tuple(typeset(row, right) for row in table.rows))
        if same:
            self.table, self.right = table, right
            if table.rows:
                self.dataChanged.emit(self.index(0, 0), self.index(shape[0] - 1, shape[1] - 1))
        else:
            self.beginResetModel()
            self.table, self.right, self.names = table, right, table.header
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.table.header)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.table.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row[index.column()] if index.column() < len(row) else ""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(index.column()) | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(self.theme.text)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (self.names or self.table.header)[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(section) | Qt.AlignmentFlag.AlignBottom
        return None

    def _side(self, column: int) -> Qt.AlignmentFlag:
        return Qt.AlignmentFlag.AlignRight if self.right[column] else Qt.AlignmentFlag.AlignLeft


class Hairlines(QStyledItemDelegate):
    """Text with room around it, and a hairline under every row."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self.initStyleOption(option, index)
        rect: QRect = option.rect  # type: ignore[attr-defined]
        if option.state & option.state.State_Selected:  # type: ignore[attr-defined]
            painter.fillRect(rect, QColor(self.theme.selection))
        painter.setFont(font(self.theme.font_body))
        painter.setPen(QColor(self.theme.text))
        flags = int(index.data(Qt.ItemDataRole.TextAlignmentRole)) | Qt.TextFlag.TextWordWrap
        painter.drawText(rect.adjusted(PAD, 4, -PAD, -4), flags, str(index.data()))
        if index.row() < index.model().rowCount() - 1:
            painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, QColor(self.theme.grid))


class Sheet(QTableView):
    """As high as its rows where there is room, scrolled where there is not; Ctrl+C copies it as text."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.theme = theme
        self.cells = Cells(theme)
        self.hairlines = Hairlines(theme)
        self.setObjectName(f"{name}.table")
        self.setModel(self.cells)
        self.setItemDelegate(self.hairlines)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setCornerButtonEnabled(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumSize(80, 48)
        self._fitted: object = None
        self.apply_theme(theme)

    def show_table(self, table: Table) -> None:
        """Show this table."""
        self.cells.show_table(table)
        self._fit()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = self.cells.theme = self.hairlines.theme = theme
        self.setFont(font(theme.font_body))
        self.setStyleSheet(
            "QTableView { border: none; border-radius: 0; background: transparent; }"
            "QAbstractScrollArea::corner { background: transparent; border: none; }"
            f"QHeaderView {{ background: {theme.surface}; border: none; }}"
            f"QHeaderView::section {{ font-size: {theme.font_small}px; padding: 2px {PAD}px 5px {PAD}px;"
            f" border: none; border-bottom: 1px solid {theme.line}; }}"
        )
        self._fit()
        self.viewport().update()

    def sizeHint(self) -> QSize:
        rows = sum(self.rowHeight(i) for i in range(self.cells.rowCount()))
        bar = self.horizontalScrollBar()
        below = bar.sizeHint().height() if bar.maximum() > 0 else 0
        return QSize(300, rows + self.horizontalHeader().sizeHint().height() + below + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            rows = (self.cells.table.header, *self.cells.table.rows)
            QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in rows))
        else:
            super().keyPressEvent(event)

    def _fit(self) -> None:
        """Columns as wide as their text; what is short of room or left over falls to those of words."""
        table, room = self.cells.table, self.viewport().width()
        key = (table, room, self.theme)
        if key == self._fitted or not table.header or room <= 0:
            return
        self._fitted = key
        body, small = QFontMetrics(font(self.theme.font_body)), QFontMetrics(font(self.theme.font_small))
        edge = 2 * PAD + 2
        cells = [[row[i] for row in table.rows if i < len(row)] for i in range(len(table.header))]
        filled = [max((body.horizontalAdvance(cell) for cell in column), default=0) for column in cells]
        names = list(table.header)
        heads = [small.horizontalAdvance(name) + 4 for name in names]
        widths = [max(pair) + edge for pair in zip(filled, heads, strict=True)]
        if sum(widths) > room:
            names = [folded(name, small) for name in names]
            heads = [max(small.horizontalAdvance(part) for part in name.split("\n")) + 4 for name in names]
            widths = [max(pair) + edge for pair in zip(filled, heads, strict=True)]
        if tuple(names) != self.cells.names:
            self.cells.names = tuple(names)
            self.cells.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(names) - 1)
        words = [i for i, right in enumerate(self.cells.right) if not right]
        least = {}
        for i in words:
            longest = max((body.horizontalAdvance(w) for cell in cells[i] for w in cell.split()), default=0)
            least[i] = min(widths[i], max(heads[i], min(longest, LEAST)) + edge)
        widths = shared(widths, room, least)
        for i, wide in enumerate(widths):
            self.setColumnWidth(i, wide)
        tall = body.height()
        for j, row in enumerate(table.rows):
            lines = 1
            for i in words:
                if i < len(row) and body.horizontalAdvance(row[i]) > widths[i] - 2 * PAD:
                    box = body.boundingRect(
                        0, 0, widths[i] - 2 * PAD, tall * WRAPPED, Qt.TextFlag.TextWordWrap, row[i]
                    )
                    lines = max(lines, round(box.height() / tall))
            self.setRowHeight(j, ROW + (lines - 1) * tall)
        self.updateGeometry()


class TableDrawing(Drawing):
    """A table and the remark under it."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.sheet = Sheet(theme, name)
        self.remark = Remark(f"{name}.note")
        self.body.setContentsMargins(0, 0, 8, 0)
        self.body.addWidget(self.sheet)
        self.body.addWidget(self.remark)
        self.body.addStretch(1)

    def show_payload(self, payload: Table) -> tuple[str, ...]:
        self.sheet.setAccessibleName(", ".join(payload.header))
        self.sheet.show_table(payload)
        self.remark.show_text(payload.note)
        return ()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.sheet.apply_theme(theme)
