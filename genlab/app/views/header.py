"""The header of a panel: title, badges of its kind, a line of numbers, and one menu."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolButton, QToolTip, QWidget

from genlab.app.common.theme import Theme, font

HEIGHT = 36
MARGIN = 12
GAP = "    "


class MenuButton(QToolButton):
    """Three dots that open the panel's menu."""

    def __init__(self, menu: QMenu, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty("role", "flat")
        self.resize(28, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        active = self.underMouse() or self.isDown() or self.hasFocus()
        if active:
            painter.setPen(QPen(QColor(self.theme.accent)) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.hover))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.text if active else self.theme.muted))
        middle = QRectF(self.rect()).center()
        for offset in (-4.5, 0.0, 4.5):
            painter.drawEllipse(QRectF(middle.x() + offset - 1.3, middle.y() - 1.3, 2.6, 2.6))


class Header(QWidget):
    """Paints its own text, so that a number that changes 60 times a second relays out nothing."""

    double_clicked = Signal()

    def __init__(self, title: str, menu: QMenu, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.title = title
        self.badges: tuple[str, ...] = ()
        self.info: tuple[str, ...] = ()
        self.help = ""
        self.button = MenuButton(menu, theme, self)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, HEIGHT)

    def set_badges(self, *badges: str) -> None:
        """Show these badges after the title; empty ones are left out."""
        shown = tuple(badge for badge in badges if badge)
        if shown != self.badges:
            self.badges = shown
            self._changed()

    def set_info(self, *parts: str) -> None:
        """Show these numbers, muted, on the right; the last ones give way where there is no room."""
        shown = tuple(part for part in parts if part)
        if shown != self.info:
            self.info = shown
            self._changed()

    def apply_theme(self, theme: Theme) -> None:
        """Take over colours and fonts."""
        self.theme = self.button.theme = theme
        self.button.update()
        self.update()

    def _changed(self) -> None:
        self.setAccessibleDescription(", ".join((*self.badges, *self.info)))
        self.update()

    def resizeEvent(self, event: object) -> None:
        self.button.move(self.width() - self.button.width() - 6, (HEIGHT - self.button.height()) // 2)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            title = QFontMetrics(font(self.theme.font_title - 1, bold=True)).horizontalAdvance(self.title)
            over_title = event.pos().x() < MARGIN + title
            text = f"<p>{self.help}</p>" if self.help and over_title else GAP.join(self.info)
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self.theme
        right = self.button.x() - 4 if self.button.isVisible() else self.width() - MARGIN
        middle = HEIGHT // 2
        title = font(theme.font_title - 1, bold=True)
        painter.setFont(title)
        painter.setPen(QColor(theme.text))
        x = MARGIN
        width = min(QFontMetrics(title).horizontalAdvance(self.title), right - x)
        shown = QFontMetrics(title).elidedText(self.title, Qt.TextElideMode.ElideRight, width + 1)
        painter.drawText(QRect(x, 0, width + 1, HEIGHT), Qt.AlignmentFlag.AlignVCenter, shown)
        x += width + 10
        small = font(theme.font_small)
        metrics = QFontMetrics(small)
        painter.setFont(small)
        for badge in self.badges:
            wide = metrics.horizontalAdvance(badge) + 14
            if x + wide > right:
                break
            painter.setPen(QPen(QColor(theme.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            box = QRectF(x + 0.5, middle - 9.5, wide - 1, 19)
            painter.drawRoundedRect(box, 4, 4)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, badge)
            x += wide + 6
        room = right - x - 8
        parts = list(self.info)
        while len(parts) > 1 and metrics.horizontalAdvance(GAP.join(parts)) > room:
            parts.pop()
        if parts and room > 30:
            painter.setPen(QColor(theme.muted))
            shown = metrics.elidedText(GAP.join(parts), Qt.TextElideMode.ElideRight, room)
            where = QRect(QPoint(x + 8, 0), QSize(room, HEIGHT))
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, shown)
