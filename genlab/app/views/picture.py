"""A widget as a file: a picture with the recipe in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPainter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from genlab.runs.recipe import KEY

SCALE = 2.0
"""Pixels of an exported PNG per pixel of the window."""


def write(widget: QWidget, kind: str, path: Path, recipe: Mapping[str, Any]) -> None:
    """Write a widget as 'png' or 'svg'. Raises OSError if it cannot."""
    if kind == "png":
        _png(widget, path, recipe)
    elif kind == "svg":
        _svg(widget, path, recipe)
    else:
        raise ValueError(f"a panel is exported as 'png' or 'svg', not as '{kind}'")


def _png(widget: QWidget, path: Path, recipe: Mapping[str, Any]) -> None:
    image = QImage(widget.size() * SCALE, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(SCALE)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    _paint(widget, painter)
    painter.end()
    image.setText(KEY, json.dumps(dict(recipe)))
    if not image.save(str(path), "PNG"):  # type: ignore[call-overload]
        raise OSError(f"cannot write {path}")


def _svg(widget: QWidget, path: Path, recipe: Mapping[str, Any]) -> None:
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(widget.size())
    generator.setViewBox(widget.rect())
    generator.setTitle(f"GenLab: {widget.accessibleName()}")
    generator.setDescription(json.dumps(dict(recipe)))
    painter = QPainter()
    if not painter.begin(generator):
        raise OSError(f"cannot write {path}")
    _paint(widget, painter)
    painter.end()


def _paint(widget: QWidget, painter: QPainter) -> None:
    from genlab.app.drawings.canvas.canvas import Canvas

    flags = QWidget.RenderFlag.DrawChildren | QWidget.RenderFlag.DrawWindowBackground
    with ExitStack() as stack:
        for canvas in widget.findChildren(Canvas):
            stack.enter_context(canvas.uncached())
        QWidget.render(widget, painter, QPoint(), QRegion(), flags)
