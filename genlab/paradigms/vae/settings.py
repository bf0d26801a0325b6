"""Everything that a person may choose about a latent variable model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from genlab.paradigms.vae.panels import panels
from genlab.settings.fields import Settings, setting
from genlab.settings.paradigm import Capabilities, Control, Paradigm, Preset
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Images, Points, Space

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


def _defaults(dataset: str, space: Space) -> Mapping[str, Any]:
    if isinstance(space, Points):
        return {"network.latent": space.dim}
    outcomes = space.channels * space.height * space.width * space.levels
    return {
        "objective.likelihood": "categorical" if outcomes <= FEW_OUTCOMES else "gaussian",
        "network.kind": "conv",
        "network.latent": 16,
        "network.width": 32,
        "network.dropout": 0.3,
        "training.batch_size": 64,
        "training.learning_rate": 2e-3,
        "training.clip": 100.0,
        "training.keep": "best",
    }


def _density(objective: VAEObjective, space: Space) -> tuple[Any, str]:
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


def learns_labels(objective: VAEObjective, n_labels: int) -> bool:
    """Whether the prior knows classes. That of an autoencoder is fixed unless it is fitted afterwards."""
    fixed = objective.kind == "autoencoder" and objective.prior != "two-stage"
    return n_labels > 0 and objective.conditional and objective.condition_dropout < 1 and not fixed


def _labels(session: Any, n_labels: int) -> tuple[Control, Control]:
    """The controls of label and guidance."""
    objective, sampler = session.objective, session.sampler
    if n_labels == 0:
        none = Control(False, "this data set has no labels to guide towards")
        return none, none
    if not learns_labels(objective, n_labels):
        if objective.kind == "autoencoder":
            none = Control(False, "the prior of a plain autoencoder knows no classes; fit one in two stages")
        else:
            none = Control(False, "this model learns no labels: switch on 'Learn labels'")
        return none, none
    label = Control(True, name="Label")
    if objective.condition_dropout == 0:
        return label, Control(
            False, "guidance needs a model that also trained without labels: raise 'Drop label' above 0"
        )
    if sampler.label == "none":
        return label, Control(False, "with label 'none' there is nothing to guide towards")
    if sampler.method == "gibbs":
        return label, Control(False, "a Gibbs chain through the encoder forgets where its latents began")
    return label, Control(
        True,
        name="Latent extrapolation",
        neutral=1.0,
        help="Moves latents along the way from the unconditional to the class's prior mean: 1 is the class "
        "as learned, above 1 it is exaggerated, 0 centres it on no class.",
    )


def _capabilities(session: Any, space: Space, n_labels: int) -> Capabilities:
    """session: a `Session` of this paradigm (the type lives above this module)."""
    objective, sampler = session.objective, session.sampler
    labels, guidance = _labels(session, n_labels)
    if objective.kind == "autoencoder" and sampler.method == "metropolis":
        steps = Control(False, "an autoencoder has no likelihood by which to accept a step")
    elif sampler.method == "ancestral":
        steps = Control(False, "ancestral sampling takes one pass; choose a Gibbs chain to take steps")
    else:
        steps = Control(True, name="Gibbs steps", help="Turns x → z → x from an ancestral sample.")
    density, reason = _density(objective, space)
    return Capabilities(
        density,
        reason,
        steps,
        guidance,
        labels,
        panels(objective.kind, session.network.latent, space, density),
    )


_SMALL = {"training.seconds": 60.0}

PARADIGM = Paradigm(
    id="vae",
    title="Latent variable",
    group="Likelihood",
    summary="Learns a code for each datum and a decoder that turns codes drawn at random into data.",
    implementation="genlab.paradigms.vae.model:VAE",
    objective=VAEObjective,
    network=VAENetwork,
    sampler=VAESampler,
    defaults=_defaults,
    capabilities=_capabilities,
    presets=(
        Preset("moons", "Two moons", "A VAE with a plane of latents, one prior for each moon.", "moons", {}),
        Preset(
            "autoencoder",
            "Autoencoder: why sampling fails",
            "Reconstructions are perfect, but codes drawn from a normal are not codes of data.",
            "moons",
            {"objective.kind": "autoencoder", **_SMALL},
        ),
        Preset(
            "autoencoder-mended",
            "Autoencoder, prior fitted afterwards",
            "The same autoencoder, sampled from a mixture that a second stage fits to its codes "
            "(Ghosh et al. 2020).",
            "moons",
            {"objective.kind": "autoencoder", "objective.prior": "two-stage", **_SMALL},
        ),
        Preset(
            "collapse",
            "Posterior collapse",
            "The divergence weighs so much that the decoder ignores its latents: a warning, and a blob.",
            "moons",
            {"objective.kind": "beta", "objective.beta": 100.0, "objective.conditional": False},
        ),
        Preset(
            "bridge",
            "A bridge between modes",
            "A continuous decoder of one normal cannot tear: probability leaks between the Gaussians.",
            "8gaussians",
            {"objective.conditional": False},
        ),
        Preset(
            "digits",
            "Handwritten digits",
            "A probability for each of 17 levels, 16 latents, a prior for each digit.",
            "digits",
            {},
        ),
        Preset(
            "blur",
            "Blur",
            "Two latents and the mean of a Gaussian: each pixel averages over what the code does not tell.",
            "digits",
            {"objective.likelihood": "gaussian", "sampler.output": "mean", "network.latent": 2},
        ),
    ),
)
