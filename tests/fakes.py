"""Two small paradigms for tests of what surrounds a model: players against each other, and a closed-form fit.

`use(monkeypatch)` puts them into the catalogue; their models train in the real worker."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genlab.core.model import NumberModel
from genlab.core.random import generator
from genlab.core.requests import Ask, DensityRequest, LogProb, NoDensity, ProbeRequest, SampleRequest
from genlab.core.training import Batch, Check, Context, LossReference, Player
from genlab.data.payloads import Curves, Payload, Samples, ScalarMap, Table
from genlab.session.catalogue import PARADIGMS
from genlab.settings.controls import Control, PanelControl
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings, setting
from genlab.settings.panels import PanelInfo, common_panels
from genlab.settings.paradigm import AnyChosen, AnyParadigm, Capabilities, Paradigm, Preset
from genlab.settings.sampler import SamplerSettings
from genlab.settings.training import GradientTraining, TrainingSettings

CONVERGED = 12
"""Iterations after which the closed-form fit has converged."""


class DuelObjective(Settings):
    alarm: bool = setting(False, "Whether the check warns, in other numbers each time.")
    other: Literal["a", "b"] = setting("a", "What cannot change in a run.")


class DuelNetwork(Settings):
    width: int = setting(8, "Units.", ge=1, le=64)


class DuelSampler(SamplerSettings):
    method: Literal["plain", "twice"] = setting("plain", "How samples are drawn.", label="Sampler")
    truncation: float = setting(1.0, "Scale of the latent noise.", label="Truncation", ge=0, le=2)


class FitObjective(Settings):
    blur: float = setting(1.0, "Width relative to the fitted one.", gt=0, le=10)


class FitNetwork(Settings):
    parts: int = setting(1, "Parts.", ge=1, le=8)


PANELS = (
    PanelInfo("modes", "Modes", "loss", columns=("modes", "high"), help="How much is covered over time."),
    PanelInfo("state", "State", "probe", shown=False, probe="numbers", help="The numbers of the model."),
    PanelInfo(
        "landscape", "Landscape", "probe", shown=False, probe="map", help="A map.",
        controls=(
            PanelControl("height", "Height", 1.0, 0.0, 2.0),
            PanelControl("part", "Part", "all", choices={"all": "All", "none": "None"}),
        ),
    ),
    PanelInfo("curve", "Curve", "probe", shown=False, probe="curve"),
)  # fmt: skip


def _duel_able(chosen: AnyChosen, data: DataInfo) -> Capabilities:
    return Capabilities(
        "none",
        "a duel has no likelihood, only samples",
        (
            Control("sampler.steps", False, "a duel samples in one pass", "Steps"),
            Control(
                "sampler.truncation", name="Truncation", neutral=1.0,
                help="Below 1, samples nearer to the middle.",
            ),
            Control("condition.label", False, "a duel knows no labels", "Label"),
        ),
    )  # fmt: skip


def _fit_able(chosen: AnyChosen, data: DataInfo) -> Capabilities:
    return Capabilities(
        "bound",
        "by a bound",
        (
            Control("sampler.steps", False, "a fit is sampled directly", "Steps"),
            Control("sampler.guidance", False, "a fit has nothing to guide", "Guidance"),
            Control("condition.label", False, "a fit knows no labels", "Label"),
        ),
    )


class _Simple(NumberModel[Any, Any, Any]):
    """Samples in one pass from a normal around `centre`."""

    record: ClassVar[AnyParadigm]

    def centre(self) -> Tensor:
        raise NotImplementedError

    def able(self, ask: Ask[Any]) -> Capabilities:
        return self.record.capabilities(self.chosen(ask), self.data)

    def sample(self, request: SampleRequest[Any]) -> Iterator[Samples]:
        rng = generator(request.sampler.seed, "sampling")
        scale = getattr(request.sampler, "truncation", 1.0)
        x = self.centre() + scale * torch.randn(request.n, *self.event, generator=rng) * self.std
        biased = "" if scale == 1 else f"truncation {scale:g}"
        yield Samples(x.numpy(), None, None, 0, 0, 0.0, 1, biased)

    def log_prob(self, x: Tensor, request: DensityRequest[Any]) -> Iterator[LogProb | None]:
        raise NoDensity("there is none")
        yield None


class Duel(_Simple):
    """A generator that learns where the data are, and a critic that learns how far off it is."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.place = nn.Parameter(torch.zeros(self.event))
        self.guess = nn.Parameter(torch.zeros(()))

    def players(self) -> Sequence[Player]:
        return (Player("generator", (self.place,)), Player("critic", (self.guess,)))

    def centre(self) -> Tensor:
        return self.place

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        off = (batch.x - self.place).square().mean()
        if player.name == "generator":
            return {"total": off, "pull": off / 2}
        return {"total": (off.detach() - self.guess).square() + math.log(2)}

    def check(self, validation: Batch | None, context: Context) -> Check:
        modes = float(1 + context.step // 200 % 8)
        alarm = (f"The generator reaches {modes:.0f} of 8 modes.",) if self.objective.alarm else ()
        return Check({"modes": modes, "high quality": 0.5}, alarm)

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        yield
        return LossReference("equilibrium", {"generator total": 1.0, "critic total": math.log(2)})


def _numbers(model: Duel, request: ProbeRequest[Any]) -> Iterator[Payload]:
    rows = (("place", f"{model.place.mean().item():.5f}"), ("guess", f"{model.guess.item():.3f}"))
    yield Table(("what", "value"), rows, "Two numbers.")


def _map(model: Duel, request: ProbeRequest[Any]) -> Iterator[Payload]:
    if request.values["part"] == "none":
        raise ValueError("with no part there is nothing to draw")
    values = np.full((request.resolution,) * 2, request.values["height"], np.float32)
    values[0, 0] = np.nan
    yield ScalarMap(values, model.extent, "Height", (0.0, 2.0))


def _curve(model: Duel, request: ProbeRequest[Any]) -> Iterator[Payload]:
    x = np.linspace(0, 1, 100, dtype=np.float32)
    yield Curves(x, {"square": x**2}, "time", "height", marks={"half": 0.5})


PROBES = {"numbers": _numbers, "map": _map, "curve": _curve}


class Fit(_Simple):
    """A normal whose mean is fitted in closed form, a little nearer each time."""

    count: Tensor
    place: Tensor

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.register_buffer("place", torch.zeros(self.event))
        self.register_buffer("count", torch.zeros(()))

    def players(self) -> Sequence[Player]:
        return (Player("fit"),)

    def centre(self) -> Tensor:
        return self.place

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        return {"total": (batch.x - self.place).square().mean()}

    def fit(self, pool: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        self.place += 0.5 * (pool.x.mean(0) - self.place)
        self.count += 1
        return self.loss(pool, player, context)

    @property
    def finished(self) -> bool:
        return int(self.count) >= CONVERGED


DUEL = Paradigm(
    id="duel",
    title="Duel",
    group="Fakes",
    summary="Two players against each other.",
    model=f"{__name__}:Duel",
    probes=f"{__name__}:PROBES",
    objective=DuelObjective,
    network=DuelNetwork,
    sampler=DuelSampler,
    defaults=lambda data: {},
    capabilities=_duel_able,
    panels=lambda chosen, data: (*common_panels(data.space), *PANELS),
    presets=(Preset("alarm", "Alarm", "Warns.", "gan-ring", {"objective.alarm": True}),),
    training=GradientTraining,
    dataset="8gaussians",
)
FIT = Paradigm(
    id="fit",
    title="Fit",
    group="Fakes",
    summary="A fit in closed form.",
    model=f"{__name__}:Fit",
    objective=FitObjective,
    network=FitNetwork,
    sampler=SamplerSettings,
    defaults=lambda data: {"training.stop": "steps", "training.steps": 500},
    capabilities=_fit_able,
    panels=lambda chosen, data: common_panels(data.space, "Criterion"),
    training=TrainingSettings,
    dataset="mixture-1d",
)

Duel.record, Fit.record = DUEL, FIT


def use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put both into the catalogue, at its end."""
    for entry in (DUEL, FIT):
        monkeypatch.setitem(PARADIGMS, entry.id, entry)
