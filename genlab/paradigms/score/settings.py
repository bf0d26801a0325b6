"""Everything that a person may choose about a score-based model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from genlab.paradigms.score.panels import panels
from genlab.settings.fields import Settings, setting
from genlab.settings.paradigm import Capabilities, Control, Paradigm, Preset
from genlab.settings.spaces import Space
from genlab.settings.time import (
    Spacing,
    TimeNetwork,
    TimeSampler,
    drop_label,
    image_defaults,
    label_controls,
    ode_reason,
    spacing,
    tolerance,
)

EXPLODING = ("ve", "ncsn")
CHAINS = ("ula", "mala")
LARGEST_TRACE = 16
"""Dimensions up to which implicit matching, one backward pass for each, is offered."""


class ScoreObjective(Settings):
    """How the score is learned, and under which noise."""

    matching: Literal["denoising", "sliced", "implicit"] = setting(
        "denoising",
        "How the unknown score is matched: by denoising (Vincent 2011); implicitly, by the exact trace of "
        "its derivative (Hyvärinen 2005); or by slices along random directions (Song et al. 2019).",
        label="Score matching",
        names={"denoising": "Denoising", "sliced": "Sliced", "implicit": "Implicit (exact trace)"},
    )
    noise: Literal["ve", "vp", "sub-vp", "ncsn"] = setting(
        "ve",
        "How noise grows: variance exploding, variance preserving or sub-VP SDEs (Song et al. 2021), or "
        "NCSN's ladder of single noise levels (Song & Ermon 2019).",
        names={"ve": "VE SDE", "vp": "VP SDE", "sub-vp": "Sub-VP SDE", "ncsn": "Ladder (NCSN)"},
    )
    sigma_min: float = setting(
        0.005, "Least noise, in standard deviations of the data.", symbol="σ min", gt=0, le=0.5, log=True,
        advanced=True, when=("noise", EXPLODING),
    )  # fmt: skip
    sigma_max: float = setting(
        20.0, "Most noise, in standard deviations of the data.", symbol="σ max", ge=1, le=1000, log=True,
        advanced=True, when=("noise", EXPLODING),
    )  # fmt: skip
    levels: int = setting(
        20, "Rungs of the ladder, evenly spaced in log σ.", symbol="L", ge=2, le=1000, log=True,
        when=("noise", ("ncsn",)),
    )  # fmt: skip
    predict: Literal["noise", "v"] = setting(
        "v",
        "What the network gives: minus σ times the score, which is the expected noise; or v, from which the "
        "score follows with fewer errors at both ends.",
        names={"noise": "Noise, −σ score", "v": "v (preconditioned)"},
    )
    weight: Literal["variance", "likelihood", "edm"] = setting(
        "edm",
        "How the loss weighs noise levels: by σ², evenly in the noise; by g², which bounds the likelihood "
        "(Song et al. 2021); or as EDM does.",
        names={"variance": "σ² (even)", "likelihood": "g² (likelihood)", "edm": "EDM"},
    )
    classifier: bool = setting(
        True,
        "Train a small classifier on noisy data beside the score, in every fourth step, for classifier "
        "guidance. Only where the data have labels.",
        label="Train a classifier",
    )
    condition_dropout: float = drop_label()


class ScoreSampler(TimeSampler):
    """How noise becomes a sample."""

    method: Literal[
        "heun", "rk4", "adaptive", "reverse-sde", "predictor-corrector", "annealed-langevin", "ula", "mala"
    ] = setting(
        "rk4",
        "What walks from noise to data: the probability-flow ODE, the reverse SDE, or Langevin chains. The "
        "last two stay at one noise level.",
        label="Sampler",
        names={
            "heun": "ODE: Heun",
            "rk4": "ODE: Runge-Kutta 4",
            "adaptive": "ODE: adaptive (RK45)",
            "reverse-sde": "Reverse SDE",
            "predictor-corrector": "Predictor-corrector",
            "annealed-langevin": "Annealed Langevin",
            "ula": "Langevin at one level (ULA)",
            "mala": "The same, adjusted (MALA)",
        },
    )
    guide: Literal["classifier-free", "classifier"] = setting(
        "classifier-free",
        "What guides: the difference of the conditional and the unconditional score (Ho & Salimans 2022), or "
        "the gradient of a classifier trained on noisy data (Dhariwal & Nichol 2021).",
        label="Guidance by",
        names={"classifier-free": "Classifier-free", "classifier": "Classifier"},
    )
    spacing: Spacing = spacing()
    tolerance: float = tolerance()
    level: float = setting(
        0.1, "Noise level at which a chain stays, in standard deviations of the data.", symbol="σ", ge=0.003,
        le=10, log=True, label="Chain's noise level", when=("method", CHAINS),
    )  # fmt: skip
    step_size: float = setting(
        0.2, "Length h of a Langevin step, in units of σ².", symbol="ε", gt=0, le=10, log=True,
        label="Langevin step", when=("method", ("annealed-langevin", *CHAINS)),
    )  # fmt: skip
    turns: int = setting(
        20, "Langevin steps at each noise level.", symbol="T", ge=1, le=1000, log=True,
        label="Steps per level", when=("method", ("annealed-langevin",)),
    )  # fmt: skip
    corrections: int = setting(
        1, "Langevin steps after each step of the reverse SDE.", symbol="M", ge=1, le=20,
        when=("method", ("predictor-corrector",)),
    )  # fmt: skip
    ratio: float = setting(
        0.16, "Signal-to-noise ratio of a correction.", symbol="r", gt=0, le=1, label="Correction ratio",
        when=("method", ("predictor-corrector",)),
    )  # fmt: skip


def trains_classifier(objective: ScoreObjective, n_labels: int) -> bool:
    """Whether there is a classifier to guide with."""
    return objective.classifier and n_labels > 1


def _defaults(dataset: str, space: Space) -> Mapping[str, Any]:
    # As many evaluations as 24 steps of Heun, and a fifth of the error.
    steps = {"sampler.steps": 12}
    return image_defaults(space, {"objective.sigma_min": 0.02, **steps}) or steps


def _steps(session: Any) -> Control:
    method = session.sampler.method
    if method == "adaptive":
        return Control(False, "the adaptive solver chooses its own steps: set its tolerance", symbol="σ")
    if method == "annealed-langevin" and session.objective.noise == "ncsn":
        rungs = session.objective.levels
        return Control(False, f"the ladder has {rungs} levels; the chain takes each in turn", symbol="σ")
    if method in CHAINS:
        return Control(True, name="Chain steps", help="Langevin steps at the one noise level.", symbol="σ")
    return Control(True, name="Steps", symbol="σ")


def _guidance(session: Any, n_labels: int) -> tuple[Control, Control]:
    if session.sampler.guide == "classifier-free":
        return label_controls(
            session,
            n_labels,
            "Classifier-free guidance: scale 1 is the plain conditional model; 0 ignores the label; above 1 "
            "the score leans towards the label by the difference to the unconditional one.",
        )
    labels, guidance = label_controls(
        session,
        n_labels,
        "Classifier guidance: the unconditional score plus w times the gradient of log p(label | x): 0 "
        "ignores the label, 1 is conditional by Bayes' rule, above 1 the label is exaggerated.",
    )
    if guidance.enabled and not trains_classifier(session.objective, n_labels):
        return labels, Control(False, "this model trained no classifier: switch on 'Train a classifier'")
    return labels, guidance


def _capabilities(session: Any, space: Space, n_labels: int) -> Capabilities:
    """session: a `Session` of this paradigm (the type lives above this module)."""
    labels, guidance = _guidance(session, n_labels)
    return Capabilities(
        density="ode",
        density_reason=ode_reason(space),
        steps=_steps(session),
        guidance=guidance,
        labels=labels,
        panels=panels(space, n_labels, trains_classifier(session.objective, n_labels)),
    )


PARADIGM = Paradigm(
    id="score",
    title="Score based",
    group="Score and time",
    summary="Learns the gradient of the log density under noise, and follows it by ODE, SDE or chains.",
    implementation="genlab.paradigms.score.model:Score",
    objective=ScoreObjective,
    network=TimeNetwork,
    sampler=ScoreSampler,
    defaults=_defaults,
    capabilities=_capabilities,
    presets=(
        Preset("moons", "Two moons", "The default: a VE SDE and its probability-flow ODE.", "moons", {}),
        Preset(
            "ncsn",
            "Annealed Langevin",
            "A ladder of noise levels, a chain at each in turn (NCSN, Song & Ermon 2019).",
            "8gaussians",
            {
                "objective.noise": "ncsn",
                "objective.predict": "noise",
                "objective.weight": "variance",
                "sampler.method": "annealed-langevin",
            },
        ),
        Preset(
            "predictor-corrector",
            "Predictor-corrector",
            "The VP SDE backwards in 500 steps, each mended by a Langevin step (Song et al. 2021).",
            "moons",
            {
                "objective.noise": "vp",
                "objective.weight": "likelihood",
                "sampler.method": "predictor-corrector",
                "sampler.steps": 500,
                "sampler.spacing": "linear",
            },
        ),
        Preset(
            "sliced",
            "Sliced score matching",
            "No noise is predicted: the loss asks for the slope of the score along random directions.",
            "moons",
            {"objective.matching": "sliced", "objective.sigma_min": 0.02, "objective.weight": "variance"},
        ),
        Preset(
            "stuck",
            "Langevin without annealing is stuck",
            "Chains at one low noise level find a mode and stay: the shares of the modes are wrong.",
            "8gaussians",
            {"sampler.method": "ula", "sampler.steps": 200, "sampler.level": 0.05},
        ),
        Preset(
            "guided",
            "Guidance is not the tilted density",
            "Label and guidance scale 3: compare the map of what guidance does with the exactly tilted one.",
            "moons-cfm",
            {"sampler.label": "upper", "sampler.guidance": 3.0},
        ),
        Preset("digits", "Handwritten digits", "Class labels and guidance on 8x8 images.", "digits", {}),
    ),
)
