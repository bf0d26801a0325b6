"""Everything that a person may choose about an n-gram model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from genlab.settings.controls import Control
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.labels import label_control
from genlab.settings.paradigm import Capabilities, Chosen
from genlab.settings.sampler import SamplerSettings
from genlab.settings.training import TrainingSettings


class NgramObjective(Settings):
    """How many tokens are counted together, and what becomes of those that were never seen."""

    order: int = setting(
        3,
        "Tokens that are counted together: the next one depends on the order - 1 before it.",
        symbol="n",
        ge=1,
        le=8,
    )
    smoothing: Literal["add-k", "interpolated"] = setting(
        "interpolated",
        "What gives n-grams that were never seen a probability: k is added to every count, or all orders up "
        "to n are mixed, with weights that EM finds on a tenth of the training data held back "
        "(Jelinek & Mercer 1980).",
        names={"add-k": "Add k", "interpolated": "Interpolated"},
    )
    k: float = setting(
        0.1,
        "What is added to every count. At 0, what was never seen is impossible.",
        symbol="k",
        ge=0,
        le=1000,
        live=True,
        when=("smoothing", ("add-k",)),
    )
    tolerance: float = setting(
        1e-5, "EM has converged when an iteration gains less for each token.", unit="nats", ge=0, le=1,
        log=True, advanced=True, when=("smoothing", ("interpolated",)),
    )  # fmt: skip


class NgramTable(Settings):
    """There is no network; this is what is kept in place of weights."""

    capacity: int = setting(
        100_000,
        "Most n-grams of each order that are kept: the most frequent ones.",
        label="Kept n-grams",
        ge=1,
        le=2_000_000,
        log=True,
    )


class NgramTraining(TrainingSettings):
    """A fit ends by itself; the budget is only a limit."""

    pool: int = setting(
        20_000,
        "Sequences drawn once, which are counted; a data set with a fixed training part uses all of it.",
        unit="sequences",
        ge=1,
        le=10_000_000,
        advanced=True,
        log=True,
    )


class NgramSampler(SamplerSettings):
    """Samples are drawn token by token."""

    temperature: float = setting(
        1.0,
        "Each next token is drawn from its probabilities to the power of 1/T: below 1 only the likely ones "
        "remain, above 1 the unlikely ones gain.",
        symbol="T",
        gt=0,
        le=5,
    )


NgramSettings = Chosen[NgramObjective, NgramTable, NgramSampler]


def defaults(data: DataInfo) -> Mapping[str, Any]:
    """Settings that suit these data better than the declared ones: none."""
    return {}


def capabilities(chosen: NgramSettings, data: DataInfo) -> Capabilities:
    """What an n-gram model can do with these settings and data."""
    temperature = Control(
        "sampler.temperature",
        name="Temperature",
        neutral=1.0,
        help="At 1 samples are draws from the model; at any other value they are not.",
    )
    label = label_control(data)
    given = Control("condition.given", name="Begins with")
    reason = "exact: the product of the probabilities of its tokens, each given those before it"
    return Capabilities("exact", reason, (temperature, label, given))
