"""Several scalars over one plane: maps side by side on shared axes, their scales under or beside them."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt

from genlab.app.common.theme import Theme
from genlab.app.drawings.canvas.axes import Axes
from genlab.app.drawings.canvas.canvas import Canvas
from genlab.app.drawings.canvas.colour_bar import ColourBar
from genlab.app.drawings.canvas.map_view import MapView, colours_of, ends
from genlab.app.drawings.curves import number
from genlab.app.drawings.drawing import Drawing, Remark
from genlab.app.drawings.maps.layout import layout
from genlab.app.drawings.scalar_map import value_at
from genlab.app.drawings.scene import Scene
from genlab.data.payloads import Maps, ScalarMap

Placed = list[tuple[Axes, QRectF, bool, bool]]


class MapsDrawing(Drawing):
    """Views and bars are made once and fed afterwards; who zooms one map zooms all.

    pointer: the map under the cursor, and where in data units."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self.payload: Maps | None = None
        self.pointer: tuple[int, float, float] | None = None
        self.canvas = Canvas(theme, f"{name}.plot")
        self.canvas.setCursor(Qt.CursorShape.CrossCursor)
        self.canvas.arrange = self._arrange
        self.canvas.hovered.connect(self._hover)
        self.remark = Remark(f"{name}.note")
        self.body.addWidget(self.canvas, 1)
        self.body.addWidget(self.remark)
        self.views: list[MapView] = []
        self.bars: list[ColourBar] = []

    def set_scene(self, scene: Scene) -> None:
        self.go_home()

    def show_payload(self, payload: Maps) -> tuple[str, ...]:
        known, self.payload = self.payload, payload
        self._make(len(payload.maps), len(scales(payload.maps)))
        self._paint(payload)
        if known is None or _outline(known) != _outline(payload):
            for i, view in enumerate(self.views):
                view.set_visible(i < len(payload.maps))
                view.axes.set_home(payload.maps[0].extent)
            self.canvas.lay_out()
        self.remark.show_text(payload.note)
        return ()

    def reading(self) -> tuple[str, ...]:
        maps = () if self.payload is None else self.payload.maps
        at = None if self.pointer is None else self.pointer[1:]
        values = [None if at is None else value_at(each, *at) for each in maps]
        texts = ["" if value is None else number(value) for value in values]
        inside = any(texts)
        for view, text in zip(self.views, texts, strict=False):
            view.show_cross(at if inside else None, text)
        for bar, group in zip(self.bars, scales(maps), strict=False):
            # Of maps on one scale, the one under the cursor.
            under = [i for i in group if len(group) == 1 or (self.pointer and self.pointer[0] == i)]
            bar.show_value(values[under[0]] if under else None)
        if at is None or not inside:
            return ()
        place = f"({at[0]:.2f}, {at[1]:.2f})".replace("-", "−")
        read = zip(maps, texts, strict=True)
        return place, *(f"{each.title} {text or '–'} {each.unit}".strip() for each, text in read)

    def go_home(self) -> None:
        for view in self.views:
            view.axes.go_home()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)
        for view in self.views:
            view.apply_theme(theme)
        for bar in self.bars:
            bar.apply_theme(theme)
        if self.payload is not None:
            self._paint(self.payload)

    def _make(self, maps: int, bars: int) -> None:
        while len(self.views) < maps:
            made = MapView(self.canvas, self.theme)
            made.axes.view.sigRangeChangedManually.connect(lambda *_, axes=made.axes: self._follow(axes))
            made.axes.view.went_home.connect(self.go_home)
            self.views.append(made)
        while len(self.bars) < bars:
            self.bars.append(ColourBar(self.theme))
            self.canvas.sceneObj.addItem(self.bars[-1])

    def _paint(self, payload: Maps) -> None:
        for view, each in zip(self.views, payload.maps, strict=False):
            view.paint(each, self.theme)
        for bar, group in zip(self.bars, scales(payload.maps), strict=False):
            first = payload.maps[group[0]]
            bar.show_scale(colours_of(first, self.theme), ends(first), first.unit)

    def _follow(self, zoomed: Axes) -> None:
        x0, x1, y0, y1 = zoomed.shown()
        for view in self.views:
            view.axes.zoomed = True
            if view.axes is not zoomed:
                view.axes.view.setRange(xRange=(x0, x1), yRange=(y0, y1), padding=0)

    def _hover(self, axes: Axes | None, x: float, y: float) -> None:
        found = [i for i, view in enumerate(self.views) if view.axes is axes]
        self.pointer = (found[0], x, y) if found else None
        self.moved.emit()

    def _arrange(self, width: float, height: float) -> Placed:
        if self.payload is None:
            return []
        maps = self.payload.maps
        views = self.views[: len(maps)]
        x0, x1, y0, y1 = maps[0].extent
        weights = tuple(len(group) for group in scales(maps))

        def title_lines(room: float) -> int:
            return max(view.title.lines(room) for view in views)

        found = layout(len(maps), (x1 - x0) / (y1 - y0), weights, title_lines, width, height)
        for view, place, title in zip(views, found.maps, found.titles, strict=True):
            view.title.set_rect(title)
            view.chip.set_rect(place)
        for i, bar in enumerate(self.bars):
            bar.setVisible(i < len(found.bars))
        for bar, place in zip(self.bars, found.bars, strict=False):
            bar.set_rect(place)
        last = len(maps) - found.columns
        return [
            (view.axes, place, i % found.columns == 0, i >= last)
            for i, (view, place) in enumerate(zip(views, found.maps, strict=True))
        ]


def scales(maps: tuple[ScalarMap, ...]) -> list[tuple[int, ...]]:
    """Which maps share a colour bar: all that are not diverging; each diverging one has its own."""
    common = tuple(i for i, each in enumerate(maps) if not each.diverging)
    own = [(i,) for i, each in enumerate(maps) if each.diverging]
    return sorted([common, *own] if common else own)


def _outline(payload: Maps) -> tuple[object, ...]:
    """What the places of the maps depend on."""
    return payload.maps[0].extent, tuple(each.title for each in payload.maps), scales(payload.maps)
