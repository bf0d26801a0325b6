"""The data sets that GenLab knows: their identifiers, their knobs and what they are, without drawing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genlab.settings.fields import Settings, setting
from genlab.settings.spaces import Images, Points, Space

Group = Literal["1-D", "2-D", "Images", "Your own"]


class MixtureSettings(Settings):
    """Equally likely Gaussians on a line."""

    modes: int = setting(2, "Number of Gaussians.", symbol="K", ge=1, le=12)
    spacing: float = setting(4.0, "Distance between neighbouring centres.", symbol="d", gt=0, le=20)
    noise: float = setting(0.5, "Standard deviation of each Gaussian.", symbol="σ", ge=0.01, le=5, log=True)


class UnevenMixtureSettings(Settings):
    """Gaussians on a line, each less likely than the one to its left."""

    modes: int = setting(3, "Number of Gaussians.", symbol="K", ge=2, le=8)
    spacing: float = setting(3.0, "Distance between neighbouring centres.", symbol="d", gt=0, le=20)
    noise: float = setting(0.4, "Standard deviation of each Gaussian.", symbol="σ", ge=0.01, le=5, log=True)
    ratio: float = setting(
        0.4, "Probability of a mode relative to its neighbour on the left.", symbol="r", ge=0.05, le=1
    )


class HeavyTailSettings(Settings):
    """Two Student-t distributions on a line."""

    freedom: float = setting(
        3.0,
        "Degrees of freedom: the smaller, the heavier the tails.",
        label="Degrees of freedom",
        symbol="ν",
        ge=2,
        le=30,
        log=True,
    )
    spacing: float = setting(6.0, "Distance between the two centres.", symbol="d", ge=0, le=20)
    scale: float = setting(0.5, "Scale of each component.", symbol="s", ge=0.05, le=5, log=True)


class EightGaussiansSettings(Settings):
    """FFJORD's Gaussians on a circle."""

    modes: int = setting(8, "Number of Gaussians on the circle.", symbol="K", ge=2, le=24)
    radius: float = setting(4 / 1.414, "Radius of the circle of centres.", symbol="R", gt=0, le=10)
    noise: float = setting(0.5 / 1.414, "Standard deviation per axis.", symbol="σ", ge=0.005, le=2, log=True)


class EightGaussiansCfmSettings(Settings):
    """The Gaussians on a circle of the flow-matching papers."""

    modes: int = setting(8, "Number of Gaussians on the circle.", symbol="K", ge=2, le=24)
    radius: float = setting(5.0, "Radius of the circle of centres.", symbol="R", gt=0, le=10)
    noise: float = setting(
        0.1**0.25,
        "Standard deviation per axis (the papers' code has the variance 0.1 ** 0.5).",
        symbol="σ",
        ge=0.005,
        le=2,
        log=True,
    )


class GanRingSettings(Settings):
    """The tight Gaussians on a circle of the GAN papers."""

    modes: int = setting(8, "Number of Gaussians on the circle.", symbol="K", ge=2, le=24)
    radius: float = setting(1.0, "Radius of the circle of centres.", symbol="R", gt=0, le=10)
    noise: float = setting(0.01, "Standard deviation per axis.", symbol="σ", ge=0.005, le=2, log=True)


class GanGridSettings(Settings):
    """The square grid of tight Gaussians of the GAN papers."""

    side: int = setting(5, "Gaussians per side of the grid.", symbol="K", ge=1, le=8)
    spacing: float = setting(2.0, "Distance between neighbouring centres.", symbol="d", gt=0, le=10)
    noise: float = setting(0.05, "Standard deviation per axis.", symbol="σ", ge=0.005, le=2, log=True)


class MoonsSettings(Settings):
    """FFJORD's two half circles."""

    noise: float = setting(
        0.1, "Standard deviation of the noise, before the factor 2.", symbol="σ", ge=0.02, le=1, log=True
    )


class MoonsCfmSettings(Settings):
    """The two half circles in the manner of the flow-matching papers."""

    noise: float = setting(
        0.2, "Standard deviation of the noise, before the factor 3.", symbol="σ", ge=0.02, le=1, log=True
    )


class CirclesSettings(Settings):
    """FFJORD's two circles."""

    factor: float = setting(0.5, "Radius of the inner circle over that of the outer.", ge=0.05, le=0.95)
    noise: float = setting(
        0.08, "Standard deviation of the noise, before the factor 3.", symbol="σ", ge=0.005, le=1, log=True
    )


class RingsSettings(Settings):
    """FFJORD's concentric rings."""

    rings: int = setting(4, "Number of rings, the outermost of radius 3.", symbol="K", ge=1, le=8)
    noise: float = setting(0.08, "Standard deviation of the noise.", symbol="σ", ge=0.005, le=1, log=True)


class SpiralsSettings(Settings):
    """FFJORD's two spirals."""

    turns: float = setting(1.5, "Turns of each arm.", unit="turns", ge=0.5, le=3)
    jitter: float = setting(
        0.5, "Side of the square over which points are smeared, before division by 3.", ge=0, le=2
    )
    noise: float = setting(0.1, "Standard deviation of the noise.", symbol="σ", ge=0.04, le=1, log=True)


class PinwheelSettings(Settings):
    """FFJORD's pinwheel."""

    arms: int = setting(5, "Number of arms.", symbol="K", ge=2, le=12)
    radial_noise: float = setting(
        0.3, "Standard deviation along an arm, before the factor 2.", ge=0.05, le=0.5
    )
    tangential_noise: float = setting(
        0.1, "Standard deviation across an arm, before the factor 2.", ge=0.01, le=0.3, log=True
    )
    rate: float = setting(0.25, "How strongly the arms are bent.", ge=0, le=1)


class SwissRollSettings(Settings):
    """FFJORD's swiss roll."""

    noise: float = setting(
        1.0, "Standard deviation of the noise, before division by 5.", symbol="σ", ge=0.25, le=3, log=True
    )


class CheckerboardSettings(Settings):
    """FFJORD's checkerboard."""

    side: int = setting(4, "Squares per side of the board.", ge=2, le=8)
    scale: float = setting(2.0, "Side of one square.", gt=0, le=5)


class SCurveSettings(Settings):
    """scikit-learn's S-curve."""

    noise: float = setting(
        0.05, "Standard deviation of the noise, before standardisation.", symbol="σ", ge=0.02, le=1, log=True
    )


class DigitsSettings(Settings):
    """Handwritten digits: nothing to choose."""


class FileSettings(Settings):
    """What is known of a person's own data without reading it again; never where it lies."""

    name: str = setting("", "Name of the file or folder, without its ending.")
    sha256: str = setting("", "SHA-256 of the values and labels.", label="SHA-256")
    kind: Literal["points", "images"] = setting(
        "points", "What the data are.", names={"points": "Points", "images": "Images"}
    )
    rows: int = setting(0, "Number of examples.", ge=0)
    dim: int = setting(1, "Values per point.", ge=1, le=64, when=("kind", ("points",)))
    channels: int = setting(1, "Channels: 1 grey, 3 colour.", ge=1, le=3, when=("kind", ("images",)))
    height: int = setting(1, "Height of an image.", unit="px", ge=1, le=32, when=("kind", ("images",)))
    width: int = setting(1, "Width of an image.", unit="px", ge=1, le=32, when=("kind", ("images",)))
    levels: int = setting(256, "Levels of a pixel.", ge=2, le=256, when=("kind", ("images",)))
    labels: str = setting("", "Names of the classes, one per line; empty where there are none.")
    split_seed: int = setting(0, "Seed of the split into training, validation and test parts.", ge=0)


@dataclass(frozen=True)
class DatasetInfo:
    """A data set as lists and menus show it; space and labels are those of the default settings."""

    id: str
    title: str
    group: Group
    summary: str
    settings: type[Settings]
    space: Space
    labels: tuple[str, ...]


def labels_of(id: str, settings: Settings) -> tuple[str, ...]:
    """Names of the classes of a data set with these settings, () where there are none."""
    match settings:
        case FileSettings():
            return tuple(settings.labels.split("\n")) if settings.labels else ()
        case MixtureSettings() | UnevenMixtureSettings():
            return tuple(f"mode {k + 1}" for k in range(settings.modes))
        case HeavyTailSettings() | SpiralsSettings():
            return ("left", "right") if isinstance(settings, HeavyTailSettings) else ("arm 1", "arm 2")
        case EightGaussiansSettings() | EightGaussiansCfmSettings() | GanRingSettings():
            return tuple(f"{360 * k / settings.modes:.4g}°" for k in range(settings.modes))
        case GanGridSettings():
            side = range(settings.side)
            return tuple(f"row {row + 1}, column {column + 1}" for row in side for column in side)
        case MoonsSettings() | MoonsCfmSettings():
            return ("upper", "lower")
        case CirclesSettings():
            return ("outer", "inner")
        case RingsSettings():
            return tuple(f"ring {k + 1}" for k in range(settings.rings))
        case PinwheelSettings():
            return tuple(f"arm {k + 1}" for k in range(settings.arms))
        case SwissRollSettings():
            return ("inner", "middle", "outer")
        case SCurveSettings():
            return ("upper", "lower")
        case CheckerboardSettings():
            squares = checkerboard_squares(settings.side)
            return tuple(f"row {row + 1}, column {column + 1}" for row, column in squares)
        case DigitsSettings():
            return tuple(str(digit) for digit in range(10))
    raise KeyError(id)


def checkerboard_squares(side: int) -> tuple[tuple[int, int], ...]:
    """The occupied (row, column) squares of a board, from the lower left one on."""
    return tuple((row, column) for row in range(side) for column in range(side) if (row + column) % 2 == 0)


def space_of(id: str, settings: Settings) -> Space:
    """The space that a data set with these settings lives in."""
    if isinstance(settings, FileSettings):
        if settings.kind == "points":
            return Points(settings.dim)
        return Images(settings.channels, settings.height, settings.width, settings.levels)
    return DATASETS[id].space


def file_info(settings: FileSettings) -> DatasetInfo:
    """The description of a person's own data, under the identifier `file`."""
    space = space_of("file", settings)
    labels = labels_of("file", settings)
    shape = " x ".join(str(size) for size in space.event)
    classes = f", {len(labels)} classes" if labels else ""
    summary = f"Your own {settings.kind}: {settings.rows} of {shape}{classes}."
    return DatasetInfo("file", settings.name, "Your own", summary, FileSettings, space, labels)


def _info(id: str, title: str, group: Group, summary: str, settings: type[Settings]) -> DatasetInfo:
    space: Space = Images(1, 8, 8, 17) if group == "Images" else Points(1 if group == "1-D" else 2)
    return DatasetInfo(id, title, group, summary, settings, space, labels_of(id, settings()))


_INFOS = (
    _info(
        "mixture-1d", "Mixture", "1-D", "Equally likely Gaussians on a line; GenLab's own.", MixtureSettings
    ),
    _info(
        "mixture-1d-uneven",
        "Uneven mixture",
        "1-D",
        "Gaussians on a line with geometrically falling probabilities (GenLab's own): are rare modes found?",
        UnevenMixtureSettings,
    ),
    _info(
        "heavy-tail-1d",
        "Heavy tails",
        "1-D",
        "Two Student-t distributions (GenLab's own): tails that a Gaussian source must stretch to reach.",
        HeavyTailSettings,
    ),
    _info(
        "8gaussians",
        "8 Gaussians",
        "2-D",
        "Gaussians on a circle, as FFJORD (2019) defines them.",
        EightGaussiansSettings,
    ),
    _info(
        "8gaussians-cfm",
        "8 Gaussians (CFM)",
        "2-D",
        "Gaussians on a circle of radius 5, as in conditional flow matching (Tong et al. 2024).",
        EightGaussiansCfmSettings,
    ),
    _info(
        "gan-ring",
        "GAN ring",
        "2-D",
        "Tight Gaussians on a circle, as mode-collapse studies of GANs use (PacGAN, Lin et al. 2018).",
        GanRingSettings,
    ),
    _info(
        "gan-grid",
        "GAN grid",
        "2-D",
        "A 5 x 5 grid of tight Gaussians, as mode-collapse studies of GANs use (PacGAN, Lin et al. 2018).",
        GanGridSettings,
    ),
    _info(
        "moons", "Moons", "2-D", "Two interleaved half circles, as FFJORD (2019) defines them.", MoonsSettings
    ),
    _info(
        "moons-cfm",
        "Moons (CFM)",
        "2-D",
        "Two half circles with noise 0.2, times 3, minus 1, in the manner of conditional flow matching "
        "(Tong et al. 2024).",
        MoonsCfmSettings,
    ),
    _info(
        "circles", "Circles", "2-D", "Two concentric circles, as FFJORD (2019) defines them.", CirclesSettings
    ),
    _info("rings", "Rings", "2-D", "Four concentric rings, as FFJORD (2019) defines them.", RingsSettings),
    _info(
        "2spirals",
        "Two spirals",
        "2-D",
        "Two interleaved spirals, as FFJORD (2019) defines them.",
        SpiralsSettings,
    ),
    _info("pinwheel", "Pinwheel", "2-D", "Five bent arms, as FFJORD (2019) defines them.", PinwheelSettings),
    _info(
        "swissroll",
        "Swiss roll",
        "2-D",
        "scikit-learn's roll seen from its end, as FFJORD (2019) defines it.",
        SwissRollSettings,
    ),
    _info(
        "checkerboard",
        "Checkerboard",
        "2-D",
        "Uniform on the dark squares of a board, as FFJORD (2019) defines it.",
        CheckerboardSettings,
    ),
    _info(
        "s-curve",
        "S-curve",
        "2-D",
        "scikit-learn's S-curve, first and third axis, each standardised to mean 0 and variance 1.",
        SCurveSettings,
    ),
    _info(
        "digits",
        "Handwritten digits",
        "Images",
        "8 x 8 digits of 17 levels (UCI, Alpaydin and Kaynak 1998), split 1000/350/447 as by Tomczak (2022).",
        DigitsSettings,
    ),
)

DATASETS: dict[str, DatasetInfo] = {info.id: info for info in _INFOS}
