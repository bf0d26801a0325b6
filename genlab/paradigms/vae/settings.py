"""Everything that a person may choose about a latent variable model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, assert_never

from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.labels import at_rest, label_controls, never_labelled
from genlab.settings.paradigm import Capabilities, Chosen, DensityKind
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

FEW_OUTCOMES = 8192
"""Most pixels times levels for which a categorical likelihood is the default."""


class VAEObjective(Settings):
    """What is minimised, how likely an output makes a datum, and what latents are drawn from."""

    kind: Literal["autoencoder", "vae", "beta", "free-bits", "iwae"] = setting(
        "vae",
        "What is minimised: the error of a deterministic reconstruction, the negative evidence bound, that "
        "bound with a weight β on its divergence or with free bits, or the tighter bound of K samples.",
        label="Objective",
        names={
            "autoencoder": "Autoencoder",
            "vae": "VAE",
            "beta": "β-VAE",
            "free-bits": "Free bits",
            "iwae": "IWAE-K",
        },
    )
    beta: float = setting(
        4.0, "Weight of the divergence from the prior: above 1 codes become simpler and outputs blurred.",
        symbol="β", ge=0, le=1000, log=True, live=True, when=("kind", ("beta",)),
    )  # fmt: skip
    free_bits: float = setting(
        0.1, "Divergence of each latent dimension below which it costs nothing less (Kingma et al. 2016); "
        "with a mixture prior, of their sum.",
        symbol="λ", unit="nats", ge=0, le=10, when=("kind", ("free-bits",)),
    )  # fmt: skip
    importance: int = setting(
        5, "Importance samples in the training bound (Burda et al. 2016).", symbol="K", ge=2, le=200,
        label="Importance samples", when=("kind", ("iwae",)),
    )  # fmt: skip
    warm_up: float = setting(
        0.0, "Share of the budget over which the divergence's weight rises from 0.", label="KL warm-up",
        ge=0, le=1, when=("kind", ("vae", "beta", "free-bits")),
    )  # fmt: skip
    likelihood: Literal["gaussian", "categorical", "bernoulli"] = setting(
        "gaussian",
        "How an output of the decoder scores a datum: a Gaussian with one learned scale per dimension; for "
        "images also a probability for each level, or intensities between black and white.",
        names={"gaussian": "Gaussian", "categorical": "Categorical (levels)", "bernoulli": "Bernoulli"},
    )
    prior: Literal["normal", "mixture", "two-stage"] = setting(
        "normal",
        "What latents are drawn from: a standard normal (given a class, a learned Gaussian), a mixture of "
        "Gaussians learned with the rest, or one fitted to the codes after the autoencoder has trained.",
        names={"normal": "Normal", "mixture": "Mixture", "two-stage": "Two-stage (mixture)"},
    )
    components: int = setting(
        20, "Gaussians in the mixture.", ge=1, le=500, log=True, when=("prior", ("mixture", "two-stage"))
    )
    conditional: bool = setting(
        True, "Learn a prior for each class, where the data have labels.", label="Learn labels"
    )
    condition_dropout: float = setting(
        0.1, "Share of examples that train without their label, which guidance needs.", label="Drop label",
        ge=0, le=1, when=("conditional", (True,)),
    )  # fmt: skip


class VAENetwork(Settings):
    """Encoder and decoder."""

    kind: Literal["mlp", "conv"] = setting(
        "mlp",
        "Multilayer perceptrons, or convolutions for images.",
        label="Network",
        names={"mlp": "MLP", "conv": "Convolutions"},
    )
    latent: int = setting(2, "Dimensions of the latent space.", symbol="d", ge=1, le=512, log=True)
    width: int = setting(
        128, "Units per layer, or channels at full resolution.", ge=4, le=4096, log=True
    )  # fmt: skip
    depth: int = setting(
        3, "Hidden layers of encoder and decoder.", ge=0, le=16, when=("kind", ("mlp",))
    )  # fmt: skip
    dropout: float = setting(0.0, "Share of units dropped while training.", ge=0, lt=1, advanced=True)


class VAESampler(SamplerSettings):
    """How latents become samples."""

    method: Literal["ancestral", "gibbs", "metropolis"] = setting(
        "ancestral",
        "One pass from the prior; or a chain from there: pseudo-Gibbs x → z → x through the encoder (Rezende "
        "et al. 2014), or the same corrected by Metropolis acceptance (Mattei & Frellsen 2018).",
        label="Sampler",
        names={"ancestral": "Ancestral", "gibbs": "Gibbs chain", "metropolis": "Metropolis-within-Gibbs"},
    )
    steps: int = setting(
        20, "Turns of the chain x → z → x.", ge=1, le=1000, log=True, when=("method", ("gibbs", "metropolis"))
    )
    guidance: float = setting(
        1.0,
        "Latent extrapolation: latents move by (w − 1) times the way from the unconditional to the class's "
        "prior mean; 1 leaves them.",
        symbol="w", ge=0, le=10,
    )  # fmt: skip
    output: Literal["draw", "mean"] = setting(
        "draw",
        "Draw from the decoder's likelihood, or show its mean, which hides its noise.",
        names={"draw": "Draw", "mean": "Mean"},
    )
    importance: int = setting(
        64, "Importance samples of the density bound: more are tighter and slower.", symbol="K", ge=1,
        le=5000, log=True, label="Bound samples", advanced=True,
    )  # fmt: skip


VAESettings = Chosen[VAEObjective, VAENetwork, VAESampler]

EXTRAPOLATION = (
    "Moves latents along the way from the unconditional to the class's prior mean: 1 is the class "
    "as learned, above 1 it is exaggerated, 0 centres it on no class."
)


def defaults(data: DataInfo) -> Mapping[str, Any]:
    """Settings that suit these data better than the declared ones."""
    match data.space:
        case Points(dim=dim):
            return {"network.latent": dim}
        case Images(channels, height, width, levels):
            few = channels * height * width * levels <= FEW_OUTCOMES
            return {
                "objective.likelihood": "categorical" if few else "gaussian",
                "network.kind": "conv",
                "network.latent": 16,
                "network.width": 32,
                "network.dropout": 0.3,
                "training.batch_size": 64,
                "training.learning_rate": 2e-3,
                "training.clip": 100.0,
                "training.keep": "best",
            }
        case Tokens() | Signal():
            return {}
        case _:
            assert_never(data.space)


def density(objective: VAEObjective, space: Space) -> tuple[DensityKind, str]:
    """How the density is known, and in a sentence how, or why there is none."""
    if objective.kind == "autoencoder":
        return "none", "an autoencoder reconstructs; it has no likelihood, only an error"
    if objective.likelihood == "bernoulli":
        return "none", (
            "a Bernoulli likelihood is normalised over black and white alone: of grey levels it is no density"
        )
    reason = "importance-weighted lower bound through the encoder"
    if isinstance(space, Images):
        exact = f"exact probabilities of the {space.levels} levels"
        reason += (
            f"; {exact if objective.likelihood == 'categorical' else 'uniform dequantisation of levels'}"
        )
    return "bound", reason


def untaught(objective: VAEObjective) -> str:
    """Why the prior knows no classes of data that have some, and what to do; '' where it knows them."""
    if objective.kind == "autoencoder" and objective.prior != "two-stage":
        return "the prior of a plain autoencoder knows no classes: fit one in two stages"
    if not objective.conditional:
        return "this model learned no labels: switch on 'Learn labels' and train again"
    return never_labelled(objective.condition_dropout)


def capabilities(chosen: VAESettings, data: DataInfo) -> Capabilities:
    """What a latent variable model can do with these settings and data."""
    kind, reason = density(chosen.objective, data.space)
    return Capabilities(kind, reason, (_steps(chosen), *_label_controls(chosen, data)))


def _steps(chosen: VAESettings) -> Control:
    reason = ""
    if chosen.objective.kind == "autoencoder" and chosen.sampler.method == "metropolis":
        reason = "an autoencoder has no likelihood by which to accept a step"
    elif chosen.sampler.method == "ancestral":
        reason = "ancestral sampling takes one pass; choose a Gibbs chain to take steps"
    help = "" if reason else "Turns x → z → x from an ancestral sample."
    return Control("sampler.steps", not reason, reason, name="Gibbs steps", help=help)


def _label_controls(chosen: VAESettings, data: DataInfo) -> tuple[Control, Control]:
    """The controls of guidance and label."""
    extrapolation = Control("sampler.guidance", name="Latent extrapolation", neutral=1.0, help=EXTRAPOLATION)
    dropout = chosen.objective.condition_dropout
    guidance, label = label_controls(extrapolation, data, chosen.label, dropout, untaught(chosen.objective))
    if guidance.enabled and chosen.sampler.method == "gibbs":
        reason = "a Gibbs chain through the encoder forgets where its latents began"
        return at_rest(guidance, reason), label
    return guidance, label
