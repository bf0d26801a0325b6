"""Everything that a person may choose about flow matching."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from genlab.data.catalogue import DATASETS
from genlab.sampling.catalogue import method, takers
from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.labels import at_rest, label_controls
from genlab.settings.paradigm import Capabilities, Chosen
from genlab.settings.spaces import Points
from genlab.settings.time import (
    TimeNetwork,
    TimeSampler,
    drop_label,
    guidance_control,
    image_defaults,
    ode_reason,
    steps_control,
    tolerance,
)

COUPLED = ("optimal", "label-aware", "sinkhorn")
STUDENTS = ("student", "consistency-distillation", "consistency-training")
TAUGHT = ("reflow", "student")
CONSISTENT = ("consistency-distillation", "consistency-training")
NOISE = "noise"
SOURCES = {NOISE: "Noise"} | {
    id: record.title
    for id, record in DATASETS.items()
    if record.truth and isinstance(record.info().space, Points)
}
"""What a path may begin from: noise of the data's mean and spread, or another set of points."""


Method = Literal["flow", "reflow", "student", "consistency-distillation", "consistency-training"]


class FlowMatchingObjective(Settings):
    """What is learned, along which path, from which source, coupled how."""

    method: Method = setting(
        "flow",
        "The velocity of the path; then straightened on its own pairs (rectified flow); or a student that "
        "goes the whole way in one step: by regression on its teacher's pairs, by consistency along the "
        "teacher's path, or by consistency without a teacher.",
        label="Learn",
        names={
            "flow": "Velocity",
            "reflow": "Velocity, then reflow",
            "student": "One-step student (regression)",
            "consistency-distillation": "Consistency distillation",
            "consistency-training": "Consistency training",
        },
    )
    rounds: int = setting(
        1, "Times the flow is trained anew on pairs that it drew itself.", label="Reflow rounds", ge=1, le=5,
        when=("method", ("reflow",)),
    )  # fmt: skip
    pairs: int = setting(
        20_000, "Pairs of source and end point that the teacher draws for each round.", symbol="N", ge=100,
        le=1_000_000, log=True, label="Teacher's pairs", when=("method", TAUGHT),
    )  # fmt: skip
    path: Literal["straight", "trigonometric", "lipman"] = setting(
        "straight",
        "How a point goes from source to data: straight (rectified flow), on a circle that preserves "
        "variance, or straight to data with a little noise left (Lipman et al. 2023).",
        names={
            "straight": "Straight",
            "trigonometric": "Variance preserving",
            "lipman": "Straight, noise left (Lipman)",
        },
    )
    rest: float = setting(
        0.01, "Noise left on the data, in their standard deviations.", symbol="σ min", ge=1e-4, le=0.5,
        log=True, label="Noise left", when=("path", ("lipman",)),
    )  # fmt: skip
    source: str = setting(
        NOISE,
        "What the path begins from: normal noise of the data's mean and spread, or another set of points.",
        choices=SOURCES,
    )
    coupling: Literal["independent", "optimal", "label-aware", "sinkhorn"] = setting(
        "independent",
        "Which source point goes with which datum: any; the nearest in all, by exact optimal transport "
        "within a pool (Tong et al. 2024); the same within each class, so that a label says nothing of the "
        "source; or by Sinkhorn's blurred transport.",
        names={
            "independent": "Independent",
            "optimal": "Optimal transport",
            "label-aware": "Optimal transport within classes",
            "sinkhorn": "Sinkhorn",
        },
    )
    coupled: int = setting(
        1024, "Points that are coupled at a time; the more, the straighter the paths.", symbol="n", ge=16,
        le=8192, log=True, label="Coupling pool", when=("coupling", COUPLED),
    )  # fmt: skip
    blur: float = setting(
        0.05, "Entropic regularisation of Sinkhorn's transport, in mean squared distances.", symbol="ε",
        ge=0.02, le=10, log=True, when=("coupling", ("sinkhorn",)),
    )  # fmt: skip
    times: Literal["uniform", "logit-normal"] = setting(
        "uniform",
        "Which times train: all alike, or those in the middle more often, where images learn faster "
        "(Esser et al. 2024).",
        names={"uniform": "Uniform", "logit-normal": "Logit-normal"},
    )
    time_mean: float = setting(
        0.0, "Mean of the logit of the training time; above 0 nearer to the data.", symbol="m", ge=-4, le=4,
        advanced=True, when=("times", ("logit-normal",)),
    )  # fmt: skip
    time_spread: float = setting(
        1.0, "Standard deviation of the logit of the training time.", symbol="s", gt=0, le=4, advanced=True,
        when=("times", ("logit-normal",)),
    )  # fmt: skip
    predict: Literal["velocity", "v"] = setting(
        "velocity",
        "What the network gives: the velocity itself, or v of diffusion, from which the velocity follows; "
        "the loss is that of the velocity either way.",
        names={"velocity": "Velocity u", "v": "v (preconditioned)"},
        advanced=True,
    )
    condition_dropout: float = drop_label()


class FlowMatchingSampler(TimeSampler):
    """How a source point becomes a sample."""

    method: str = method("flow-matching", "heun", "The solver that follows the velocity from source to data.")
    use: Literal["student", "teacher"] = setting(
        "student",
        "Where a student was taught: sample with it, or with its teacher.",
        label="Sample with",
        names={"student": "Student", "teacher": "Teacher"},
    )
    tolerance: float = tolerance(takers("flow-matching", "tolerance"))


FlowMatchingSettings = Chosen[FlowMatchingObjective, TimeNetwork, FlowMatchingSampler]

GUIDED = (
    "Classifier-free guidance of the velocity: scale 1 is the plain conditional model; 0 ignores the label; "
    "above 1 the label is exaggerated."
)
REFINED = (
    "Passes of the consistency model: 1 goes from source to data at once; each further one adds noise again, "
    "less each time, and takes it away (multistep consistency sampling)."
)


def has_student(chosen: FlowMatchingSettings) -> bool:
    """Whether samples come from a student."""
    method = chosen.objective.method
    return method == "consistency-training" or (method in STUDENTS and chosen.sampler.use == "student")


def gaussian(objective: FlowMatchingObjective) -> bool:
    """Whether the path has a score: Gaussian noise, drawn independently of the data."""
    return (
        objective.source == NOISE
        and objective.coupling == "independent"
        and objective.method not in ("reflow",)
    )


def defaults(data: DataInfo) -> Mapping[str, Any]:
    """Settings that suit these data better than the declared ones."""
    images = {"sampler.steps": 10, "objective.pairs": 4000, "objective.times": "logit-normal"}
    return image_defaults(data, images)


def _steps(chosen: FlowMatchingSettings) -> Control:
    plain, student = steps_control(symbol="t"), has_student(chosen)
    if student and chosen.objective.method in CONSISTENT:
        refinements = steps_control("Refinements", "t")
        if gaussian(chosen.objective):
            return replace(refinements, neutral=1.0, help=REFINED)
        reason = "refinements add fresh noise: they need a source of noise that is coupled at random"
        return replace(refinements, enabled=False, reason=reason)
    if student:
        return replace(plain, enabled=False, reason="the student samples in one pass")
    if chosen.sampler.method == "adaptive":
        reason = "the adaptive solver chooses its own steps: set its tolerance"
        return replace(plain, enabled=False, reason=reason)
    return plain


def _label_controls(chosen: FlowMatchingSettings, data: DataInfo) -> tuple[Control, Control]:
    dropout = chosen.objective.condition_dropout
    guidance, label = label_controls(guidance_control(GUIDED), data, chosen.label, dropout)
    if guidance.enabled and has_student(chosen):
        reason = "a student learned to go where its teacher goes unguided; sample with the teacher to guide"
        if chosen.objective.method == "consistency-training":
            reason = "a consistency model learns end points, not a velocity that could be guided"
        return at_rest(guidance, reason), label
    return guidance, label


def capabilities(chosen: FlowMatchingSettings, data: DataInfo) -> Capabilities:
    """What flow matching can do with these settings and data."""
    controls = (_steps(chosen), *_label_controls(chosen, data))
    if has_student(chosen):
        reason = "a one-step map has no inverse that is known, and so no density; its teacher has one"
        return Capabilities("none", reason, controls)
    return Capabilities("ode", ode_reason(data), controls)
