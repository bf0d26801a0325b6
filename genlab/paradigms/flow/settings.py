"""Everything that a person may choose about a normalizing flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.labels import label_control, never_labelled
from genlab.settings.paradigm import Capabilities, Chosen, DensityKind
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Images

AUTOREGRESSIVE = ("nsf-ar", "maf", "iaf")
COUPLINGS = ("nsf-coupling", "realnvp", "nice")
SPLINES = ("nsf-ar", "nsf-coupling")
FOLDS = ("planar", "radial")


class FlowObjective(Settings):
    """Which divergence between data and model is made small."""

    divergence: Literal["forward", "reverse"] = setting(
        "forward",
        "Forward: maximum likelihood, which covers every mode of the data. Reverse: the model's own samples "
        "are moved uphill on the true density, which must be known, and modes may be left out.",
        label="Minimise",
        symbol="KL",
        names={"forward": "Forward KL (likelihood)", "reverse": "Reverse KL (truth known)"},
    )
    condition_dropout: float = setting(
        0.5,
        "Share of examples that train without their label: 0 never, 1 always. Label 'none' draws from what "
        "these teach, one map for all classes.",
        label="Drop label",
        ge=0,
        le=1,
    )
    dequantisation: Literal["uniform", "variational"] = setting(
        "uniform",
        "How whole levels of images become numbers with a density: uniform noise, or noise that a small flow "
        "learns to add (Ho et al. 2019). Points are left as they are.",
        names={"uniform": "Uniform", "variational": "Variational"},
        advanced=True,
    )


class FlowNetwork(Settings):
    """The invertible map between base and data."""

    kind: Literal[
        "nsf-ar", "nsf-coupling", "realnvp", "nice", "maf", "iaf", "continuous", "planar", "radial", "glow"
    ] = setting(
        "nsf-ar",
        "What the map is made of. Splines bend each coordinate, affine maps scale and shift it, additive "
        "ones only shift it. Autoregressive: each coordinate depends on those before it; coupling: one "
        "half on the other. Glow is for images.",
        label="Map",
        names={
            "nsf-ar": "Splines, autoregressive",
            "nsf-coupling": "Splines, coupling",
            "realnvp": "Affine couplings (RealNVP)",
            "nice": "Additive couplings (NICE)",
            "maf": "Affine autoregressive (MAF)",
            "iaf": "Inverse autoregressive (IAF)",
            "continuous": "Continuous (ODE)",
            "planar": "Planar layers",
            "radial": "Radial layers",
            "glow": "Glow",
        },
    )
    transforms: int = setting(
        3, "Autoregressive layers, one after another.", symbol="L", ge=1, le=64,
        when=("kind", AUTOREGRESSIVE),
    )  # fmt: skip
    couplings: int = setting(
        8, "Coupling layers; neighbours change different halves of the coordinates.", symbol="L", ge=1, le=64,
        when=("kind", COUPLINGS),
    )  # fmt: skip
    folds: int = setting(
        32, "Planar or radial layers; each has a handful of numbers to learn.", label="Layers", symbol="L",
        ge=1, le=256, log=True, when=("kind", FOLDS),
    )  # fmt: skip
    ode_steps: int = setting(
        6, "Runge-Kutta steps from data to base while training.", label="ODE steps in training", ge=2, le=100,
        when=("kind", ("continuous",)),
    )  # fmt: skip
    bins: int = setting(
        16, "Pieces of each spline; sharp edges need more.", symbol="K", ge=2, le=128, log=True,
        when=("kind", (*SPLINES, "glow")),
    )  # fmt: skip
    scales: int = setting(
        2,
        "How often a Glow halves the image; at each scale but the last, half of the numbers leave as noise.",
        ge=1, le=5, when=("kind", ("glow",)),
    )  # fmt: skip
    flow_steps: int = setting(
        4, "Steps of flow at each scale of a Glow: act-norm, invertible 1x1 convolution, coupling.",
        label="Steps of flow", ge=1, le=64, when=("kind", ("glow",)),
    )  # fmt: skip
    coupling: Literal["spline", "affine"] = setting(
        "spline", "What the couplings of a Glow do to each number: bend it, or scale and shift it.",
        names={"spline": "Splines", "affine": "Affine"}, when=("kind", ("glow",)),
    )  # fmt: skip
    conditioner: Literal["dense", "convolution"] = setting(
        "dense",
        "The networks inside the couplings of a Glow: dense layers see the whole image and suit small ones, "
        "convolutions share their weights between pixels.",
        names={"dense": "Dense", "convolution": "Convolutions"},
        when=("kind", ("glow",)),
    )
    dropout: float = setting(
        0.0, "Share of hidden units of a Glow dropped while training, against learning by heart.", ge=0, lt=1,
        advanced=True, when=("kind", ("glow",)),
    )  # fmt: skip
    width: int = setting(
        64, "Units per hidden layer of the networks that set the layers' numbers.", ge=4, le=4096, log=True
    )
    depth: int = setting(2, "Hidden layers of these networks.", ge=1, le=16)
    bound: float = setting(
        5.0,
        "Splines bend standardised space between -B and B and leave it alone beyond.",
        symbol="B",
        unit="σ",
        gt=0,
        le=50,
        advanced=True,
        when=("kind", SPLINES),
    )


class FlowSampler(SamplerSettings):
    """How base noise becomes a sample."""

    steps: int = setting(
        20, "Runge-Kutta steps of a continuous flow from base to data.", ge=1, le=1000, log=True
    )
    temperature: float = setting(
        1.0,
        "Standard deviation of the base noise: below 1 samples keep to the likeliest regions, above 1 they "
        "stray.",
        symbol="T",
        ge=0,
        le=4,
    )


FlowSettings = Chosen[FlowObjective, FlowNetwork, FlowSampler]

LARGEST_DENSE = 256
"""Numbers of an image up to which dense layers see all of it."""


def defaults(data: DataInfo) -> Mapping[str, Any]:
    """Settings that suit these data better than the declared ones."""
    space = data.space
    if not isinstance(space, Images):
        return {"training.learning_rate": 6e-3}
    values: dict[str, Any] = {
        "network.bins": 8,
        "network.width": 96,
        "objective.condition_dropout": 0.2,
        "training.learning_rate": 2e-3,
        "training.batch_size": 128,
        "training.ema": 0.99,
        "training.decay_from": 0.3,
        "training.seconds": 120.0,
        "training.keep": "best",
    }
    if space.height % 2 or space.width % 2:
        return values | {"network.kind": "nsf-coupling"}
    values |= {"network.kind": "glow", "network.dropout": 0.5}
    if space.channels * space.height * space.width > LARGEST_DENSE:
        values |= {
            "network.conditioner": "convolution",
            "network.coupling": "affine",
            "network.scales": 3,
            "network.width": 32,
            "training.batch_size": 64,
        }
    return values


def layer_count(network: FlowNetwork) -> int:
    """How many layers a flow with one layer per frame has."""
    if network.kind in AUTOREGRESSIVE:
        return network.transforms
    if network.kind in FOLDS:
        return network.folds
    return network.couplings + (network.kind == "nice")


def capabilities(chosen: FlowSettings, data: DataInfo) -> Capabilities:
    """What a flow can do with these settings and data."""
    temperature = Control(
        "sampler.temperature",
        name="Temperature",
        neutral=1.0,
        help="Standard deviation of the base noise; 1 draws from the model itself.",
    )
    dropout = chosen.objective.condition_dropout
    label = label_control(data, never_labelled(dropout), always=dropout == 0)
    return Capabilities(*_density(chosen, data), (_steps(chosen.network), temperature, label))


def _steps(network: FlowNetwork) -> Control:
    key = "sampler.steps"
    if network.kind == "continuous":
        return Control(key, name="ODE steps", help="Runge-Kutta steps from the base to the data.")
    if network.kind == "glow":
        reason = "a Glow samples in one pass; scrub the timeline through its steps of flow"
        return Control(key, False, reason, name="Layers")
    count = layer_count(network)
    layers = "one layer" if count == 1 else f"{count} layers"
    reason = f"this flow samples in one pass; scrub the timeline through its {layers}"
    return Control(key, False, reason, name="Layers")


def _density(chosen: FlowSettings, data: DataInfo) -> tuple[DensityKind, str]:
    """How the density is known, and why it is known so."""
    if chosen.sampler.temperature == 0:
        return "none", "at temperature 0 every sample of a class is the same point"
    kind, space = chosen.network.kind, data.space
    learned = isinstance(space, Images) and chosen.objective.dequantisation == "variational"
    reason = "by the change of variables" + ("" if learned else ", exact")
    if kind == "continuous":
        reason = "by integrating the divergence along the ODE, exact trace"
    elif kind == "iaf":
        reason += "; slow: each point takes one pass for every dimension and layer"
    elif kind in FOLDS and chosen.objective.divergence == "reverse":
        reason += "; through numerical inverses"
    if isinstance(space, Images):
        reason += f"; {'variational' if learned else 'uniform'} dequantisation of the {space.levels} levels"
    if learned:
        return "bound", reason
    return ("ode" if kind == "continuous" else "exact"), reason
