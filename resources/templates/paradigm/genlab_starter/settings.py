"""What a person may choose, and what the paradigm can do with it. Nothing here may import torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.paradigm import Capabilities, Chosen
from genlab.settings.sampler import SamplerSettings


class StarterObjective(Settings):
    """What is minimised."""

    drop_label: float = setting(
        0.1,
        "Share of the training data whose label is hidden, so that there is a model without labels too.",
        ge=0,
        le=1,
    )


class StarterNetwork(Settings):
    """What has parameters."""

    components: int = setting(8, "Gaussians for each class.", symbol="K", ge=1, le=256, log=True)


class StarterSampler(SamplerSettings):
    """How samples are drawn."""

    temperature: float = setting(
        1.0, "Factor on the standard deviation of every Gaussian: below 1 samples huddle.", symbol="T",
        ge=0, le=2,
    )  # fmt: skip


StarterSettings = Chosen[StarterObjective, StarterNetwork, StarterSampler]


def defaults(data: DataInfo) -> Mapping[str, Any]:
    """Settings that suit these data better than the declared ones."""
    return {"training.learning_rate": 0.03}


def capabilities(chosen: StarterSettings, data: DataInfo) -> Capabilities:
    """What the paradigm can do with these settings and data."""
    temperature = Control("sampler.temperature", name="Temperature", neutral=1.0)
    reason = "" if data.labels else "this data set has no labels"
    if not reason and chosen.objective.drop_label == 1:
        reason = "every label is hidden in training: lower the share that is dropped"
    label = Control("condition.label", not reason, reason, name="Label")
    return Capabilities("exact", "exact: the sum of the Gaussians", (temperature, label))
