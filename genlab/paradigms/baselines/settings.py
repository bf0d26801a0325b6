"""Everything that a person may choose about the baselines: density estimates without a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.labels import at_rest, label_controls
from genlab.settings.paradigm import Capabilities, Chosen
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Images, Points
from genlab.settings.training import TrainingSettings

Method = Literal["histogram", "kernel", "mixture", "nearest"]

_HISTOGRAM = ("method", ("histogram",))
_KERNEL = ("method", ("kernel",))
_MIXTURE = ("method", ("mixture",))


class BaselinesObjective(Settings):
    """Which estimate, and how it is fitted. Each is fitted to all data and to each class."""

    method: Method = setting(
        "mixture",
        "How the data are described: counts in bins, a kernel about every point, a few Gaussians, or the "
        "points themselves.",
        names={
            "histogram": "Histogram",
            "kernel": "Kernel density",
            "mixture": "Gaussian mixture (EM)",
            "nearest": "Nearest sample",
        },
    )
    rule: Literal["sturges", "scott", "freedman-diaconis", "sqrt", "fixed"] = setting(
        "scott",
        "How many bins: Sturges' 1 + log₂ n, Scott's width 3.49 σ n^(-1/(2+d)), the width of Freedman and "
        "Diaconis 2 IQR n^(-1/(2+d)), √n cells in all, or a number of your own. Images count each level "
        "of each pixel and need no bins.",
        label="Bins by",
        names={
            "sturges": "Sturges",
            "scott": "Scott",
            "freedman-diaconis": "Freedman-Diaconis",
            "sqrt": "Square root",
            "fixed": "A fixed number",
        },
        when=_HISTOGRAM,
    )
    bins: int = setting(40, "Bins along each axis.", ge=1, le=4096, log=True, when=("rule", ("fixed",)))
    smoothing: float = setting(
        0.05,
        "Count added to every bin, and to one very wide Gaussian behind them, so that no point has zero "
        "density; 0 leaves empty bins impossible.",
        label="Pseudo-count",
        symbol="α",
        ge=0,
        le=100,
        when=_HISTOGRAM,
    )
    kernel: Literal["gaussian", "epanechnikov", "tophat", "exponential"] = setting(
        "gaussian",
        "Shape of the bump about every stored point; Epanechnikov and top-hat end, and beyond their reach "
        "the density is zero.",
        names={
            "gaussian": "Gaussian",
            "epanechnikov": "Epanechnikov",
            "tophat": "Top-hat",
            "exponential": "Exponential",
        },
        when=_KERNEL,
    )
    bandwidth: Literal["scott", "silverman", "cross-validated", "fixed"] = setting(
        "cross-validated",
        "How wide a bump is: the rules of Scott or Silverman, which suit one Gaussian, the width under which "
        "held-out points are likeliest, or one of your own.",
        names={
            "scott": "Scott",
            "silverman": "Silverman",
            "cross-validated": "Cross-validated",
            "fixed": "A fixed width",
        },
        when=_KERNEL,
    )
    width: float = setting(
        0.1,
        "Standard deviation of the bump along an axis, relative to that of the data.",
        symbol="h",
        unit="σ of the data",
        gt=0,
        le=10,
        log=True,
        when=("bandwidth", ("fixed",)),
    )
    folds: int = setting(
        5, "Parts into which the stored points fall for held-out likelihoods.", ge=2, le=20, advanced=True,
        when=_KERNEL,
    )  # fmt: skip
    candidates: int = setting(
        24, "Widths that cross-validation tries, from 1.5 down to 0.01 times Scott's.", ge=3, le=100,
        advanced=True, when=("bandwidth", ("cross-validated",)),
    )  # fmt: skip
    components: int = setting(
        16,
        "Gaussians in the fit to all data; the fits to single classes share as many among them.",
        symbol="K",
        ge=1,
        le=256,
        log=True,
        when=_MIXTURE,
    )
    covariance: Literal["full", "diag", "tied", "spherical"] = setting(
        "full",
        "Shape of the Gaussians: any ellipse, along the axes, one ellipse for all, or round.",
        names={"full": "Full", "diag": "Diagonal", "tied": "Tied", "spherical": "Spherical"},
        when=_MIXTURE,
    )
    start: Literal["k-means++", "random"] = setting(
        "k-means++",
        "Where EM begins: at points spread out by k-means++, or at random points, as wide as all data.",
        names={"k-means++": "k-means++", "random": "Random points"},
        when=_MIXTURE,
    )
    regularisation: float = setting(
        1e-4,
        "Variance added to every Gaussian along every direction, relative to that of the data: as if they "
        "were blurred so much.",
        ge=1e-8,
        le=1,
        log=True,
        advanced=True,
        when=_MIXTURE,
    )
    tolerance: float = setting(
        1e-5, "EM has converged when an iteration gains less.", unit="nats", ge=0, le=1, log=True,
        advanced=True, when=_MIXTURE,
    )  # fmt: skip


class BaselinesNetwork(Settings):
    """There is no network; this is what is kept in place of weights."""

    stored: int = setting(
        5000,
        "Most training points that are kept, drawn at random: the centres of kernels, and what the "
        "nearest-sample generator returns.",
        label="Stored points",
        unit="points",
        ge=1,
        le=20_000,
        log=True,
    )


class BaselinesTraining(TrainingSettings):
    """A fit ends by itself; the budget is only a limit."""

    seconds: float = setting(
        30.0, "Longest training time; most fits converge before.", unit="s", gt=0, le=1e7,
        when=("stop", ("seconds",)),
    )  # fmt: skip
    pool: int = setting(
        20_000,
        "Points drawn once, to which everything is fitted; a data set with a fixed training part uses all "
        "of it.",
        unit="points",
        ge=1,
        le=10_000_000,
        advanced=True,
        log=True,
    )


class BaselinesSampler(SamplerSettings):
    """Samples are drawn exactly, in one pass."""

    guidance: float = setting(
        1.0,
        "Draws from p(x | label) p(label | x)^(w - 1), exactly, by rejection: 1 is the plain class, above 1 "
        "only its surest examples remain.",
        symbol="w",
        ge=1,
        le=20,
    )


BaselinesSettings = Chosen[BaselinesObjective, BaselinesNetwork, BaselinesSampler]

NO_DENSITY = "the nearest-sample generator has no density: its probability sits on the stored points alone"


def defaults(data: DataInfo) -> Mapping[str, Any]:
    """Settings that suit these data better than the declared ones."""
    match data.space:
        case Images():
            return {"objective.components": 10, "objective.regularisation": 0.02}
        case Points(dim=1):
            return {"objective.components": 4}
    return {"objective.components": 32}


ONE_PASS = Control("sampler.steps", False, "a baseline draws its samples in one pass", "Steps")
GUIDANCE = Control(
    "sampler.guidance",
    name="Guidance by rejection",
    neutral=1.0,
    help="Keeps a draw from the class with probability p(label | x)^(w - 1): 1 keeps all.",
)
FITTED_WITHOUT = 0.5
"""Of the labels: every point is fitted with its label and without."""


def capabilities(chosen: BaselinesSettings, data: DataInfo) -> Capabilities:
    """What a baseline can do with these settings and data."""
    method = chosen.objective.method
    guidance, label = label_controls(GUIDANCE, data, chosen.label, FITTED_WITHOUT)
    if guidance.enabled and method == "nearest":
        guidance = at_rest(guidance, "guidance weighs densities, and a list of stored points has none")
    return Capabilities(
        "none" if method == "nearest" else "exact",
        _density_reason(method, isinstance(data.space, Images)),
        (ONE_PASS, guidance, label),
    )


def _density_reason(method: Method, images: bool) -> str:
    if method == "nearest":
        return NO_DENSITY
    if images and method == "histogram":
        return "exact: probability of the levels, each pixel on its own, counted"
    exact = {
        "histogram": "exact: counts over the volume of the bins",
        "kernel": "exact: the mean of the kernels",
        "mixture": "exact: the sum of the Gaussians",
    }[method]
    return exact + ("; uniform dequantisation of the levels" if images else "")
