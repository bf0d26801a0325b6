"""Everything that a person may choose about a GAN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.labels import label_control
from genlab.settings.paradigm import Capabilities, Chosen
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Images, Points
from genlab.settings.training import GradientTraining


class GanObjective(Settings):
    """The game, and what keeps it from falling apart."""

    loss: Literal[
        "minimax", "non-saturating", "least-squares", "wasserstein", "wgan-gp", "hinge", "relativistic",
        "relativistic-average",
    ] = setting(
        "relativistic",
        "What generator and discriminator minimise: the original minimax game, its non-saturating form, "
        "least squares, the Wasserstein distance with clipped weights or a gradient penalty, hinge, or "
        "comparisons of real with generated data, in pairs or with the average.",
        names={
            "minimax": "Minimax",
            "non-saturating": "Non-saturating",
            "least-squares": "Least squares",
            "wasserstein": "Wasserstein, clipped",
            "wgan-gp": "Wasserstein, penalty",
            "hinge": "Hinge",
            "relativistic": "Relativistic, pairs",
            "relativistic-average": "Relativistic, average",
        },
    )  # fmt: skip
    weight_clip: float = setting(
        0.05, "Largest size of any weight of the critic, which bounds its slope.", label="Clip weights",
        symbol="c", gt=0, le=10, log=True, when=("loss", ("wasserstein",)),
    )  # fmt: skip
    gradient_penalty: float = setting(
        1.0, "How strongly the critic's slope between real and generated data is pulled to 1.", symbol="λ",
        ge=0, le=1000, live=True, when=("loss", ("wgan-gp",)),
    )  # fmt: skip
    r1: float = setting(
        0.1, "Penalty on the discriminator's squared slope at real data.", label="R1", symbol="γ₁", ge=0,
        le=1000, live=True,
    )  # fmt: skip
    r2: float = setting(
        0.1, "Penalty on the discriminator's squared slope at generated data.", label="R2", symbol="γ₂",
        ge=0, le=1000, live=True,
    )  # fmt: skip
    penalty_end: float = setting(
        0.1, "Share of R1 and R2 that is left at the end; they fall to it by a constant factor per step.",
        label="Penalty at the end", gt=0, le=1, log=True, live=True, advanced=True,
    )  # fmt: skip
    penalty_every: int = setting(
        2, "Steps from one gradient penalty to the next; its weight grows with them (lazy regularisation).",
        label="Penalty every", unit="steps", ge=1, le=64, advanced=True,
    )  # fmt: skip
    critic_steps: int = setting(
        1, "Steps of the discriminator for each step of the generator.", symbol="n critic", ge=1, le=50
    )
    critic_rate: float = setting(
        1.0, "Learning rate of the discriminator over that of the generator (two time scales).",
        gt=0, le=100, log=True, advanced=True,
    )  # fmt: skip
    update: Literal["alternating", "simultaneous"] = setting(
        "alternating",
        "Whether the generator answers the discriminator's move, or both move at once.",
        label="Update order",
        names={"alternating": "Alternating", "simultaneous": "Simultaneous"},
        advanced=True,
    )
    label_smoothing: float = setting(
        0.0, "How far the discriminator's target for real data lies below 1.", ge=0, lt=1, live=True,
        advanced=True, when=("loss", ("minimax", "non-saturating", "least-squares")),
    )  # fmt: skip
    instance_noise: float = setting(
        1.0, "Noise added to real and generated data alike at the start, in standard deviations of the data; "
        "it lets mass move between modes before they separate.",
        symbol="σ", ge=0, le=3, live=True, advanced=True,
    )  # fmt: skip
    noise_until: float = setting(
        0.7, "Share of the budget over which that noise fades away.", gt=0, le=1, live=True, advanced=True
    )
    packing: int = setting(
        1, "Points that the discriminator judges together (PacGAN): a lack of variety shows in a pack.",
        symbol="m", ge=1, le=8, advanced=True,
    )  # fmt: skip
    unroll: int = setting(
        0, "Steps of the discriminator that the generator looks ahead, and learns through.", symbol="k",
        ge=0, le=20, advanced=True,
    )  # fmt: skip
    unroll_rate: float = setting(
        0.1, "Step size of the discriminator in those looks ahead.", gt=0, le=10, log=True, advanced=True
    )
    conditional: bool = setting(
        True, "Whether both players see the labels, by a projection in the discriminator; data without "
        "labels have none to see.", label="Use labels",
    )  # fmt: skip


class GanNetwork(Settings):
    """Both players' networks, and the latent between them and chance."""

    kind: Literal["mlp", "conv", "dirac"] = setting(
        "mlp",
        "Multilayer perceptrons; convolutions for images; or the Dirac-GAN: one learned point against a "
        "linear discriminator.",
        label="Networks",
        names={"mlp": "MLP", "conv": "Convolutions", "dirac": "Dirac-GAN"},
    )
    width: int = setting(
        128, "Units per layer, or channels at full resolution.", ge=4, le=4096, log=True,
        when=("kind", ("mlp", "conv")),
    )  # fmt: skip
    depth: int = setting(
        3, "Hidden layers, or convolutions at each resolution.", ge=1, le=16, when=("kind", ("mlp", "conv"))
    )
    latent: int = setting(
        8, "Length of the normal latent that the generator starts from; more than the data have dimensions "
        "fills them evenly.", symbol="dim z", ge=1, le=512,
        when=("kind", ("mlp", "conv")),
    )  # fmt: skip
    categories: int = setting(
        0, "Values of a discrete latent beside the normal one: with it a generator can leave gaps between "
        "modes; 0 has none.", ge=0, le=1024, when=("kind", ("mlp", "conv")),
    )  # fmt: skip
    fourier: int = setting(
        6, "Octaves of sine and cosine features of the position that the discriminator sees; fine structure "
        "needs them.", label="Fourier octaves", ge=0, le=12, when=("kind", ("mlp",)),
    )  # fmt: skip
    spectral_norm: bool = setting(
        False, "Divide each of the discriminator's weights by its largest singular value.", advanced=True,
        when=("kind", ("mlp", "conv")),
    )  # fmt: skip
    minibatch_std: bool = setting(
        False, "Show the discriminator how much its features vary over the batch.",
        label="Minibatch deviation", advanced=True, when=("kind", ("mlp", "conv")),
    )  # fmt: skip


class GanTraining(GradientTraining):
    """Adam without memory of past gradients suits a game, whose gradients turn."""

    learning_rate: float = setting(
        1e-3, "Step size of the optimiser.", symbol="η", gt=0, le=1, live=True, log=True
    )
    momentum: float = setting(
        0.0, "How much of the past gradients AdamW keeps in its direction.", symbol="β₁", ge=0, lt=1,
        advanced=True, when=("optimiser", ("adamw",)),
    )  # fmt: skip
    scale_memory: float = setting(
        0.99, "How much of the past squared gradients AdamW keeps in its step size.", symbol="β₂", ge=0,
        lt=1, advanced=True, when=("optimiser", ("adamw",)),
    )  # fmt: skip
    ema: float = setting(
        0.995,
        "Decay of the running average of the generator's weights; samples are drawn with the average.",
        label="EMA",
        ge=0,
        lt=1,
        live=True,
    )
    decay_from: float = setting(
        0.1, "Share of the budget after which the learning rate falls.", ge=0, le=1, advanced=True
    )


class GanSampler(SamplerSettings):
    """How a latent becomes a sample, and what the discriminator may do about it."""

    method: Literal["one-pass", "rejection", "refinement"] = setting(
        "one-pass",
        "One pass of the generator; proposals that the discriminator accepts or rejects (Azadi et al. "
        "2019); or a walk in the latent space towards what it holds for real (Che et al. 2020).",
        label="Sampler",
        names={
            "one-pass": "One pass", "rejection": "Discriminator rejection", "refinement": "Latent refinement",
        },
    )  # fmt: skip
    steps: int = setting(20, "Rounds of proposals, or steps of the walk.", ge=1, le=1000, log=True)
    truncation: float = setting(
        1.0,
        "Truncation: latents are shrunk by this factor; 1 leaves them alone, 0 takes the centre only.",
        label="Truncation ψ",
        symbol="ψ",
        ge=0,
        le=2,
    )
    walk_step: float = setting(
        0.05, "Size of one step of the walk.", symbol="ε", gt=0, le=10, log=True, advanced=True,
        when=("method", ("refinement",)),
    )  # fmt: skip
    walk_noise: float = setting(
        1.0, "Noise of the walk: 1 is Langevin dynamics, 0 climbs straight.", ge=0, le=1, advanced=True,
        when=("method", ("refinement",)),
    )  # fmt: skip


GanSettings = Chosen[GanObjective, GanNetwork, GanSampler]

SMALL = 256
"""Pixels of an image up to which perceptrons learn more in the same time than convolutions."""

NO_DENSITY = (
    "a GAN has no density: it only draws. The best discriminator against it would tell the ratio p / (p + q) "
    "at each point, and by its loss how far both are apart (2 JSD - log 4), but not q"
)
"""Why there is no likelihood, and what the discriminator knows instead."""

UNTAUGHT = "this GAN never saw a label: switch 'Use labels' on and train again"
UNLABELLED = "this GAN was trained with labels: choose a class, or 'any'"


def defaults(data: DataInfo) -> Mapping[str, Any]:
    """Settings that suit these data better than the declared ones."""
    if isinstance(data.space, Images):
        small = data.space.height * data.space.width <= SMALL
        return {
            "network.kind": "mlp" if small else "conv",
            "network.width": 256 if small else 32,
            "network.depth": 3 if small else 1,
            "network.fourier": 0,
            "network.latent": 32,
            "objective.r1": 0.5,
            "objective.r2": 0.5,
            "objective.penalty_end": 0.2,
            "training.batch_size": 64,
            "objective.instance_noise": 0.0,
        }
    if data.modes and data.space == Points(2):
        # Whether a GAN finds separate modes by itself is the question: labels would tell it.
        return {
            "objective.conditional": False,
            "objective.penalty_end": 1e-4,
            "objective.critic_rate": 3.0,
            "objective.noise_until": 0.6,
            "network.categories": 64,
            "network.fourier": 8,
            "training.decay_from": 0.0,
        }
    return {"objective.critic_rate": 2.0, "training.decay_from": 0.4}


def sees_labels(objective: GanObjective, network: GanNetwork, data: DataInfo) -> bool:
    """Whether both players see the labels."""
    return objective.conditional and bool(data.labels) and network.kind != "dirac"


def capabilities(chosen: GanSettings, data: DataInfo) -> Capabilities:
    """What a GAN can do with these settings and data."""
    learned = sees_labels(chosen.objective, chosen.network, data)
    label = label_control(data, "" if learned else UNTAUGHT, always=True)
    return Capabilities("none", NO_DENSITY, (_steps(chosen), _truncation(chosen), label))


def _steps(chosen: GanSettings) -> Control:
    key = "sampler.steps"
    match chosen.sampler.method:
        case "rejection":
            return Control(key, name="Rounds", help="Rounds of proposals; each fills more of the places.")
        case "refinement":
            return Control(key, name="Walk", help="Steps in the latent space, led by the discriminator.")
        case "one-pass":
            reason = (
                "a GAN samples in one pass; rejection by the discriminator and latent refinement take steps"
            )
            return Control(key, False, reason, name="Steps")


def _truncation(chosen: GanSettings) -> Control:
    key, name = "sampler.truncation", "Truncation ψ"
    if chosen.network.kind == "dirac":
        reason = "the Dirac-GAN's generator is one point: there is no latent to shrink"
        return Control(key, False, reason, name=name)
    help = "Latents are shrunk by ψ: below 1 samples lose variety and gain in likeness."
    return Control(key, name=name, neutral=1.0, help=help)
