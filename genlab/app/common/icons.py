"""The window's icons: strokes on a 24 x 24 grid, drawn in the colour that is asked for."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer


@lru_cache(maxsize=256)
def icon(name: str, colour: str, size: int = 16, disabled: str = "") -> QIcon:
    """The icon of that name in one colour; `disabled` is its colour on a control that cannot act."""
    made = QIcon()
    for scale in (1, 2, 3):
        made.addPixmap(_draw(name, colour, size, scale), QIcon.Mode.Normal)
        if disabled:
            made.addPixmap(_draw(name, disabled, size, scale), QIcon.Mode.Disabled)
    return made


@lru_cache(maxsize=256)
def pixmap(name: str, colour: str, size: int = 16, scale: int = 2) -> QPixmap:
    """The icon of that name as a picture of `size` device-independent pixels."""
    return _draw(name, colour, size, scale)


@lru_cache(maxsize=64)
def known(name: str) -> bool:
    """Whether there is an icon of that name."""
    return files("genlab.resources").joinpath("icons", f"{name}.svg").is_file()


@lru_cache(maxsize=1)
def app_icon() -> QIcon:
    """GenLab's own icon."""
    made = QIcon()
    for size in (16, 32, 64, 128, 256):
        made.addPixmap(_draw("app", "", size, 1))
    return made


def _draw(name: str, colour: str, size: int, scale: int) -> QPixmap:
    text = files("genlab.resources").joinpath("icons", f"{name}.svg").read_text("utf-8")
    if colour:
        text = text.replace("currentColor", colour)
    picture = QPixmap(QSize(size, size) * scale)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(text.encode())).render(painter)
    painter.end()
    picture.setDevicePixelRatio(scale)
    return picture
