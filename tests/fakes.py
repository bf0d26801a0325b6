"""Two small paradigms for tests of what surrounds a model: players against each other, and a closed-form fit.

`use(monkeypatch)` puts them into the catalogue; their models train in the real worker."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genlab.core.model import (
    Batch,
    Check,
    Context,
    LogProb,
    LossReference,
    Model,
    NoDensity,
    Player,
    ProbeRequest,
    SampleRequest,
    generator,
)
from genlab.data.payloads import Curves, Payload, Samples, ScalarMap, Table
from genlab.session.catalogue import PARADIGMS
from genlab.settings.fields import Settings, setting
from genlab.settings.paradigm import (
    Capabilities,
    Control,
    PanelInfo,
    Paradigm,
    Preset,
    ProbeControl,
    common_panels,
)
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Space
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
    guidance: float = setting(1.0, "Scale of the latent noise.", label="Truncation", ge=0, le=2)


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
            ProbeControl("height", "Height", 1.0, 0.0, 2.0),
            ProbeControl("part", "Part", "all", choices={"all": "All", "none": "None"}),
        ),
    ),
    PanelInfo("curve", "Curve", "probe", shown=False, probe="curve"),
)  # fmt: skip


def _duel_able(session: Any, space: Space, n_labels: int) -> Capabilities:
    return Capabilities(
        density="none",
        density_reason="a duel has no likelihood, only samples",
        steps=Control(False, "a duel samples in one pass"),
        guidance=Control(True, name="Truncation", neutral=1.0, help="Below 1, samples nearer to the middle."),
        labels=Control(False, "a duel knows no labels"),
        panels=(*common_panels(space), *PANELS),
    )


def _fit_able(session: Any, space: Space, n_labels: int) -> Capabilities:
    return Capabilities(
        density="bound",
        density_reason="by a bound",
        steps=Control(False, "a fit is sampled directly"),
        guidance=Control(False, "a fit has nothing to guide"),
        labels=Control(False, "a fit knows no labels"),
        panels=common_panels(space, "Criterion"),
    )


class _Simple(Model):
    """Samples in one pass from a normal around `centre`."""

    def centre(self) -> Tensor:
        raise NotImplementedError

    def sample(self, request: SampleRequest) -> Iterator[Samples]:
        rng = generator(request.sampler.seed, "sampling")
        scale = getattr(request.sampler, "guidance", 1.0)
        x = self.centre() + scale * torch.randn(request.n, *self.event, generator=rng) * self.std
        tilted = "" if scale == 1 else f"truncation {scale:g}"
        yield Samples(x.numpy(), None, None, 0, 0, 0.0, 1, tilted)

    def log_prob(self, x: Tensor, sampler: SamplerSettings, error: bool = True) -> Iterator[LogProb | None]:
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
        objective: Any = self.session.objective
        modes = float(1 + context.step // 200 % 8)
        alarm = (f"The generator reaches {modes:.0f} of 8 modes.",) if objective.alarm else ()
        return Check({"modes": modes, "high quality": 0.5}, alarm)

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        yield
        return LossReference("equilibrium", {"generator total": 1.0, "critic total": math.log(2)})

    def probe(self, name: str, request: ProbeRequest) -> Iterator[Payload | None]:
        match name:
            case "numbers":
                rows = (("place", f"{self.place.mean().item():.5f}"), ("guess", f"{self.guess.item():.3f}"))
                yield Table(("what", "value"), rows, "Two numbers.")
            case "map":
                if request.values["part"] == "none":
                    raise ValueError("with no part there is nothing to draw")
                values = np.full((request.resolution,) * 2, request.values["height"], np.float32)
                values[0, 0] = np.nan
                yield ScalarMap(values, self.extent, "Height", (0.0, 2.0))
            case "curve":
                x = np.linspace(0, 1, 100, dtype=np.float32)
                yield Curves(x, {"square": x**2}, "time", "height", marks={"half": 0.5})
            case _:
                raise KeyError(name)


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
    implementation=f"{__name__}:Duel",
    objective=DuelObjective,
    network=DuelNetwork,
    sampler=DuelSampler,
    defaults=lambda dataset, space: {},
    capabilities=_duel_able,
    presets=(Preset("alarm", "Alarm", "Warns.", "gan-ring", {"objective.alarm": True}),),
    training=GradientTraining,
    dataset="8gaussians",
)
FIT = Paradigm(
    id="fit",
    title="Fit",
    group="Fakes",
    summary="A fit in closed form.",
    implementation=f"{__name__}:Fit",
    objective=FitObjective,
    network=FitNetwork,
    sampler=SamplerSettings,
    defaults=lambda dataset, space: {"training.stop": "steps", "training.steps": 500},
    capabilities=_fit_able,
    training=TrainingSettings,
    dataset="mixture-1d",
)


def use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put both into the catalogue, at its end."""
    for entry in (DUEL, FIT):
        monkeypatch.setitem(PARADIGMS, entry.id, entry)
