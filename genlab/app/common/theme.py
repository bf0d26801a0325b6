"""Colours, text sizes and spacing of the window, light and dark.

The data are the colour: real data are grey, the model wears the accent, densities are viridis, log-ratios
diverge from the panel's background, classes are Okabe-Ito with tints and shades. Everything else is grey.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib.resources import files

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

SPACE = 8
"""Every margin and gap is a multiple of this many pixels, or half of one."""

OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
BRIGHT = ("#3f9bd8", "#e69f00", "#1fb88f", "#cc79a7", "#7fcdf5", "#e8722a", "#f0e442", "#a8a8a8")
"""Okabe-Ito on a dark surface."""


def classes_from(base: tuple[str, ...], dark: bool) -> tuple[str, ...]:
    """Three times as many colours '#rrggbb': these, then their tints and shades, those first that stand out
    more on such a surface."""

    def toward(end: int, share: float) -> tuple[str, ...]:
        parts = ([int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in base)
        return tuple("#" + "".join(f"{round(v + (end - v) * share):02x}" for v in part) for part in parts)

    tints, shades = toward(255, 0.5), toward(0, 0.4)
    return (*base, *tints, *shades) if dark else (*base, *shades, *tints)


@dataclass(frozen=True)
class Theme:
    """One look of the window. Colours are '#rrggbb'; sizes are device-independent pixels.

    background: behind everything. surface: panels and bars. raised: fields and buttons. line: borders and
    axes. real: data. model: what the model made. density_map: name of the colour map of densities.
    ratio_low, ratio_high: ends of the diverging map of log-ratios, whose zero is `surface`.
    okabe_ito: colours of classes, and of several curves in one plot: 24, the first eight Okabe and Ito's.
    """

    dark: bool
    background: str
    surface: str
    raised: str
    hover: str
    line: str
    grid: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_hover: str
    accent_text: str
    selection: str
    real: str
    model: str
    good: str
    bad: str
    warn: str
    ratio_low: str
    ratio_high: str
    okabe_ito: tuple[str, ...]
    density_map: str = "viridis"
    font_small: int = 11
    font_body: int = 12
    font_title: int = 14
    space: int = SPACE
    radius: int = 6


DARK = Theme(
    dark=True,
    background="#15171c",
    surface="#1d2027",
    raised="#262a33",
    hover="#2f3440",
    line="#333946",
    grid="#2a2f39",
    text="#e6e9ef",
    muted="#9aa3b2",
    faint="#697386",
    accent="#4f8ff7",
    accent_hover="#6aa1ff",
    accent_text="#0b1220",
    selection="#24304a",
    real="#9aa3b2",
    model="#4f8ff7",
    good="#3fb68b",
    bad="#f2777a",
    warn="#e5b454",
    ratio_low="#d1495b",
    ratio_high="#4f8ff7",
    okabe_ito=classes_from(BRIGHT, dark=True),
)

LIGHT = Theme(
    dark=False,
    background="#f2f4f8",
    surface="#ffffff",
    raised="#ffffff",
    hover="#eef1f6",
    line="#d5dae3",
    grid="#e8ebf1",
    text="#161a22",
    muted="#5b6472",
    faint="#8a93a3",
    accent="#2563eb",
    accent_hover="#1d55d0",
    accent_text="#ffffff",
    selection="#e2ebfd",
    real="#7d8694",
    model="#2563eb",
    good="#14805e",
    bad="#c2313b",
    warn="#9a6700",
    ratio_low="#b5303f",
    ratio_high="#2563eb",
    okabe_ito=classes_from(OKABE_ITO, dark=False),
)


def current(app: QGuiApplication) -> Theme:
    """The theme that matches the system's colour scheme; dark where the system states none."""
    return LIGHT if app.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK


def watch(app: QGuiApplication, changed: Callable[[Theme], None]) -> None:
    """Call `changed` with the theme whenever the system's colour scheme changes."""
    app.styleHints().colorSchemeChanged.connect(lambda _: changed(current(app)))


def apply(app: QApplication, theme: Theme) -> None:
    """Give the whole application this look."""
    if app.style().name().lower() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(palette(theme))
    app.setFont(font(theme.font_body))
    app.setStyleSheet(stylesheet(theme))


def font(size: int, bold: bool = False) -> QFont:
    """The application's font at a size, with digits of one width."""
    made = QFont()
    made.setPixelSize(size)
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return made


def palette(theme: Theme) -> QPalette:
    """The palette that Fusion paints with, disabled states included."""
    role = QPalette.ColorRole
    roles = {
        role.Window: theme.background,
        role.Base: theme.raised,
        role.AlternateBase: theme.surface,
        role.Button: theme.raised,
        role.WindowText: theme.text,
        role.Text: theme.text,
        role.ButtonText: theme.text,
        role.BrightText: theme.bad,
        role.PlaceholderText: theme.faint,
        role.ToolTipBase: theme.surface,
        role.ToolTipText: theme.text,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.accent_text,
        role.Link: theme.accent,
        role.Accent: theme.accent,
        role.Light: theme.hover,
        role.Midlight: theme.raised,
        role.Mid: theme.line,
        role.Dark: theme.line,
        role.Shadow: theme.background,
    }
    made = QPalette()
    for name, colour in roles.items():
        made.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, name, QColor(theme.faint))
    return made


def stylesheet(theme: Theme) -> str:
    """The style sheet, its `@names` replaced by the values of the theme."""
    text = files("genlab.resources").joinpath("styles", "window.qss").read_text("utf-8")
    values = {f.name: getattr(theme, f.name) for f in fields(theme)}
    for name in sorted(values, key=len, reverse=True):
        value = values[name]
        text = text.replace(f"@{name}", f"{value}px" if isinstance(value, int) else str(value))
    return text
