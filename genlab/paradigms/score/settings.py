"""Everything that a person may choose about a score-based model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from genlab.sampling.catalogue import method, takers
from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.labels import at_rest, label_controls
from genlab.settings.paradigm import Capabilities, Chosen
from genlab.settings.time import (
    Spacing,
    TimeNetwork,
    TimeSampler,
    drop_label,
    guidance_control,
    image_defaults,
    ode_reason,
    spacing,
    steps_control,
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

    method: str = method(
        "score",
        "rk4",
        "What walks from noise to data: the probability-flow ODE, the reverse SDE, or Langevin chains. The "
        "last two, ULA and MALA, stay at one noise level.",
    )
    guide: Literal["classifier-free", "classifier"] = setting(
        "classifier-free",
        "What guides: the difference of the conditional and the unconditional score (Ho & Salimans 2022), or "
        "the gradient of a classifier trained on noisy data (Dhariwal & Nichol 2021).",
        label="Guidance by",
        names={"classifier-free": "Classifier-free", "classifier": "Classifier"},
    )
    spacing: Spacing = spacing()
    tolerance: float = tolerance(takers("score", "tolerance"))
    level: float = setting(
        0.1, "Noise level at which a chain stays, in standard deviations of the data.", symbol="σ", ge=0.003,
        le=10, log=True, label="Chain's noise level", when=("method", CHAINS),
    )  # fmt: skip
    step_size: float = setting(
        0.2, "Length h of a Langevin step, in units of σ².", symbol="ε", gt=0, le=10, log=True,
        label="Langevin step", when=takers("score", "step_size"),
    )  # fmt: skip
    turns: int = setting(
        20, "Langevin steps at each noise level.", symbol="T", ge=1, le=1000, log=True,
        label="Steps per level", when=takers("score", "turns"),
    )  # fmt: skip
    corrections: int = setting(
        1, "Langevin steps after each step of the reverse SDE.", symbol="M", ge=1, le=20,
        when=takers("score", "corrections"),
    )  # fmt: skip
    ratio: float = setting(
        0.16, "Signal-to-noise ratio of a correction.", symbol="r", gt=0, le=1, label="Correction ratio",
        when=takers("score", "ratio"),
    )  # fmt: skip


ScoreSettings = Chosen[ScoreObjective, TimeNetwork, ScoreSampler]

FREE = (
    "Classifier-free guidance: scale 1 is the plain conditional model; 0 ignores the label; above 1 the "
    "score leans towards the label by the difference to the unconditional one."
)
CLASSIFIED = (
    "Classifier guidance: the unconditional score plus w times the gradient of log p(label | x): 0 "
    "ignores the label, 1 is conditional by Bayes' rule, above 1 the label is exaggerated."
)


def trains_classifier(objective: ScoreObjective, data: DataInfo) -> bool:
    """Whether there is a classifier to guide with."""
    return objective.classifier and len(data.labels) > 1


def defaults(data: DataInfo) -> Mapping[str, Any]:
    """Settings that suit these data better than the declared ones."""
    # As many evaluations as 24 steps of Heun, and a fifth of the error.
    steps = {"sampler.steps": 12}
    return image_defaults(data, {"objective.sigma_min": 0.02, **steps}) or steps


def _steps(chosen: ScoreSettings) -> Control:
    method = chosen.sampler.method
    if method == "adaptive":
        reason = "the adaptive solver chooses its own steps: set its tolerance"
        return replace(steps_control(), enabled=False, reason=reason)
    if method == "annealed-langevin" and chosen.objective.noise == "ncsn":
        reason = f"the ladder has {chosen.objective.levels} levels; the chain takes each in turn"
        return replace(steps_control(), enabled=False, reason=reason)
    if method in CHAINS:
        return steps_control("Chain steps", help="Langevin steps at the one noise level.")
    return steps_control()


def _label_controls(chosen: ScoreSettings, data: DataInfo) -> tuple[Control, Control]:
    by_classifier = chosen.sampler.guide == "classifier"
    guided = guidance_control(CLASSIFIED if by_classifier else FREE)
    guidance, label = label_controls(guided, data, chosen.label, chosen.objective.condition_dropout)
    if by_classifier and guidance.enabled and not trains_classifier(chosen.objective, data):
        return at_rest(guidance, "this model trained no classifier: switch on 'Train a classifier'"), label
    return guidance, label


def capabilities(chosen: ScoreSettings, data: DataInfo) -> Capabilities:
    """What a score-based model can do with these settings and data."""
    return Capabilities("ode", ode_reason(data), (_steps(chosen), *_label_controls(chosen, data)))
