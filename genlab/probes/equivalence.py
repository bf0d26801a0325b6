"""Diffusion, score-based models and flow matching are one thing: claims, and the differences found."""

from __future__ import annotations

import copy
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor, nn

from genlab.core.random import generator
from genlab.core.requests import Ask, ProbeRequest
from genlab.core.time.model import TO, TS, TimeModel
from genlab.data.payloads import Table
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Kind, NetworkDenoiser, Prediction
from genlab.sampling.path import Cosine, Path, Straight, Trigonometric, VarianceExploding
from genlab.sampling.solvers import Solver, trajectory
from genlab.sampling.solvers.ddim import DDIM
from genlab.sampling.solvers.runge_kutta import RungeKutta
from genlab.sampling.spacing import RHO

LEVELS = (0.01, 50.0)
"""Noise levels between which paths are compared, where the model's own path has them."""
POINTS, IMAGES, FEW_IMAGES = 256, 16, 4
"""In one evaluation, and, of images, on a trajectory: each step takes about 20 ms."""
SLICE = 0.01
"""Seconds after which a slice is full."""
FEW, MANY = 20, 200
"""Steps of the solvers."""
ROUNDING = 1e-9
"""What rounding may grow to over some hundred network passes; a wrong formula is off by far more."""
LEEWAY = 3.0
"""By which an estimated error of a solver may be too small."""

Row = tuple[str, str, str, str]
HEADER: Row = ("claim", "measured by", "largest difference", "verdict")


class Slices:
    """Tells when a slice of work is full: single steps are so short that the engine would wait between."""

    def __init__(self) -> None:
        self._begun = perf_counter()

    def full(self) -> bool:
        """Whether the slice should end here; the next one begins then."""
        now = perf_counter()
        if now - self._begun < SLICE:
            return False
        self._begun = now
        return True


@dataclass(frozen=True)
class View:
    """A denoiser as another model with the same weights would have it, on another path.

    A network sees only the coordinates `x / sqrt(alpha^2 + sigma^2)` and the noise level, so that it can be
    asked on every path; its v is the same on all of them.

    Attributes:
        denoiser: what is asked, on its own path.
        path: the path on which it is seen.
        kind: what the other model predicts.
        factor: that prediction in units of v.
    """

    denoiser: Denoiser
    path: Path
    kind: Kind = "v"
    factor: float = 1.0

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        own = self.denoiser.path
        there = own.time_of_noise_level(self.path.noise_level(t))
        ratio = own.alpha(there) / self.path.alpha(t)
        ratio = ratio if ratio.ndim == 0 else ratio.reshape(-1, *(1,) * (x.ndim - 1))
        asked = self.denoiser.predict(ratio * x, there, condition)
        return Prediction(self.path, t, x, self.kind, self.factor * asked.v, asked.nfe)


@dataclass(frozen=True)
class Setting:
    """What every claim is measured on.

    Attributes:
        denoiser: the model's own, in float64.
        noise: standard normal, shape `(n, *event)`.
        condition: their labels.
        few: so many of them begin a trajectory, all at `y = x / alpha = sqrt(1 + high^2) noise`.
        low, high: the noise levels `sigma / alpha` between which is measured.
    """

    denoiser: Denoiser
    noise: Tensor
    condition: Conditions
    few: int
    low: float
    high: float

    def levels(self, steps: int) -> Tensor:
        """Falling noise levels, even in their seventh root (Karras et al. 2022, eq. 5), `(steps + 1,)`."""
        ends = self.high ** (1 / RHO), self.low ** (1 / RHO)
        return torch.linspace(*ends, steps + 1, dtype=torch.float64) ** RHO


def equivalence(model: TimeModel[TO, TS], request: ProbeRequest[TS]) -> Iterator[Table | None]:
    """The claims as a table: what is claimed, how it is measured, the largest difference, the verdict.

    Everything is computed in float64, with the network's averaged weights and the sampler's label, without
    guidance. Differences are the largest over points and coordinates, in standard deviations of the data.

    Sources: Song et al. (2021), DDIM, eq. 14; Song et al. (2021), score-based models through SDEs, eq. 13;
    Salimans and Ho (2022), appendix D; Albergo and Vanden-Eijnden (2023).
    """
    setting = _setting(model, request)
    rows: list[Row] = [(yield from _ddim_row(setting)), *_pointwise_rows(setting)]
    yield None
    rows += yield from _sample_rows(setting)
    yield Table(
        HEADER,
        tuple(rows),
        "The three are one model in different coordinates: what differs is rounding, or the error of a "
        f"solver, which falls with its steps. Over noise levels {setting.low:.3g} to {setting.high:.3g}, in "
        "standard deviations of the data.",
    )


def float64_denoiser(model: TimeModel[TO, TS]) -> tuple[NetworkDenoiser, torch.device]:
    """A copy of the model's network in float64, as a denoiser, and where it is: MPS knows no float64."""
    device = torch.device("cpu") if model.device.type == "mps" else model.device
    net = copy.deepcopy(model.net).to(device, torch.float64).eval()
    return NetworkDenoiser(_OneThread(net), model.path, model.target), device


class _OneThread(nn.Module):
    """A network on one thread: for batches this small, threads that wait for one another on a busy machine
    take many times as long."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: Tensor, c_noise: Tensor, label: Tensor | None) -> Tensor:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            predicted: Tensor = self.net(z, c_noise, label)
        finally:
            torch.set_num_threads(before)
        return predicted


def few(model: TimeModel[TO, TS]) -> int:
    """Points, or images, that a network in float64 carries one step on in about 20 ms."""
    return FEW_IMAGES if model.images else POINTS


def condition_of(
    model: TimeModel[TO, TS], ask: Ask[TS], n: int, rng: torch.Generator, device: torch.device
) -> Conditions:
    """The labels that are asked for, for n points, where the network learns any."""
    labels = model.labels(n, ask, rng)
    return Conditions(None if labels is None else labels.to(device))


def same_levels(path: Path) -> tuple[float, float]:
    """The lowest and the highest noise level at which the path and all others are compared."""
    ends = path.noise_level(torch.tensor([path.t_min, path.t_max], dtype=torch.float64))
    low, high = ends.tolist()
    return max(low, LEVELS[0]), min(high, LEVELS[1])


def final(denoiser: Denoiser, solver: Solver, setting: Setting, steps: int) -> Generator[None, None, Tensor]:
    """Where a solver carries the start on the denoiser's path: `x / alpha` at the lowest level."""
    path = denoiser.path
    times = path.time_of_noise_level(setting.levels(steps))
    rows = slice(setting.few)
    x = setting.noise[rows] * float(path.scale(times[0]))
    slices = Slices()
    for state in trajectory(denoiser, solver, x, times, setting.condition.take(rows)):
        x = state.x
        if slices.full():
            yield
    return x / float(path.alpha(times[-1]))


def difference(first: Tensor, second: Tensor) -> float:
    """The largest absolute difference; not finite where either is not."""
    return float((first - second).abs().max())


def conversion_gap(prediction: Prediction) -> float:
    """What is lost of x0 on its way through all parametrisations: noise, score, v, velocity, and back."""
    path, t, x = prediction.path, prediction.t, prediction.x
    kinds: tuple[Kind, ...] = ("x0", "noise", "score", "v", "velocity", "x0")
    walked = Prediction(path, t, x, "x0", prediction.x0)
    for kind in kinds:
        if kind != "score" or path.has_score:
            walked = Prediction(path, t, x, kind, walked.to(kind))
    return difference(walked.value, prediction.x0)


def drift_gap(prediction: Prediction) -> tuple[float, float]:
    """The largest difference between the velocity and `(dalpha / alpha) x - g^2 score / 2`, and the largest
    velocity.

    Source: Song et al. (2021), score-based models through SDEs, eq. 13."""
    path, t, x = prediction.path, prediction.t, prediction.x
    shape = (-1, *(1,) * (x.ndim - 1))
    rate = (path.dalpha(t) / path.alpha(t)).reshape(shape)
    diffusion = path.diffusion_rate(t).reshape(shape)
    drift = rate * x - 0.5 * diffusion * prediction.score
    return difference(drift, prediction.velocity), float(prediction.velocity.abs().max())


def _setting(model: TimeModel[TO, TS], ask: Ask[TS]) -> Setting:
    denoiser, device = float64_denoiser(model)
    n = IMAGES if model.images else POINTS
    rng = generator(ask.sampler.seed, "preview", model.device)
    condition = condition_of(model, ask, n, rng, device)
    noise = torch.randn((n, *model.event), generator=rng, device=model.device).to(device, torch.float64)
    return Setting(denoiser, noise, condition, few(model), *same_levels(model.path))


def _ddim_row(setting: Setting) -> Generator[None, None, Row]:
    ddim = yield from final(setting.denoiser, DDIM(), setting, FEW)
    euler = yield from final(setting.denoiser, RungeKutta("euler", "level"), setting, FEW)
    how = f"y = x/α, level = σ/α, {FEW} steps"
    return _exact_row("DDIM is Euler's method for dy/dlevel = noise", how, difference(ddim, euler))


def _pointwise_rows(setting: Setting) -> list[Row]:
    """Conversions, and the drift, at random noise levels on the model's own path."""
    path, n = setting.denoiser.path, len(setting.noise)
    # The golden ratio's multiples fill the range evenly, whatever n.
    share = torch.arange(n, dtype=torch.float64, device=setting.noise.device) * 0.6180339887498949 % 1
    levels = setting.low * (setting.high / setting.low) ** share
    t = path.time_of_noise_level(levels)
    x = setting.noise * path.scale(t).reshape(-1, *(1,) * (setting.noise.ndim - 1))
    with torch.no_grad():
        prediction = setting.denoiser.predict(x, t, setting.condition)
    kinds = "x0 → noise → score → v → velocity → x0"
    if not path.has_score:
        kinds = kinds.replace(" → score", "") + "; this path has no score"
    rows = [_exact_row("Predictions convert without loss", kinds, conversion_gap(prediction))]
    claim = "The velocity is the SDE's drift less g² score / 2"
    how = f"dα/dt x/α − g² score / 2, at {n} noise levels"
    if not path.has_score:
        return [*rows, (claim, how, "–", "this path has no score")]
    gap, largest = drift_gap(prediction)
    return [*rows, _exact_row(claim, how, gap, f", velocities up to {largest:.2g}")]


def _sample_rows(setting: Setting) -> Generator[None, None, list[Row]]:
    """The same weights as a diffusion model, as flow matching, and on three paths."""
    net = setting.denoiser
    diffusion = View(net, Cosine())
    matching = View(net, Trigonometric(), "velocity", math.pi / 2)
    one = yield from final(diffusion, RungeKutta("euler", "level"), setting, FEW)
    other = yield from final(matching, RungeKutta("euler", "level"), setting, FEW)
    claim = "Diffusion and flow matching with the same weights draw the same samples"
    how = f"v on the cosine path, π/2 v on the preserving one; Euler in the level, {FEW} steps"
    rows = [_exact_row(claim, how, difference(one, other))]
    preserving, error = yield from _with_error(matching, RungeKutta("rk4", "time"), setting, MANY, 4)
    for steps in (FEW, MANY):
        ddim, own = yield from _with_error(diffusion, DDIM(), setting, steps, 1)
        how = f"DDIM, {steps} steps; Runge-Kutta 4 in time, {MANY} steps"
        gap = difference(ddim, preserving)
        rows.append(_close_row(f"… each with its own solver, DDIM in {steps} steps", how, gap, own + error))
    exploding = VarianceExploding(setting.low, setting.high)
    others = {"variance-exploding": exploding, "straight": Straight()}
    for name, path in others.items():
        end, own = yield from _with_error(View(net, path), RungeKutta("rk4", "time"), setting, MANY, 4)
        claim = f"The {name} path ends where the variance-preserving one does"
        how = f"Runge-Kutta 4, each in its own time, {MANY} steps"
        rows.append(_close_row(claim, how, difference(end, preserving), own + error))
    return rows


def _with_error(
    denoiser: Denoiser, solver: Solver, setting: Setting, steps: int, order: int
) -> Generator[None, None, tuple[Tensor, float]]:
    """Where a solver ends, and its largest error there by Richardson's extrapolation from half the steps."""
    end = yield from final(denoiser, solver, setting, steps)
    half = yield from final(denoiser, solver, setting, steps // 2)
    return end, difference(end, half) / (2**order - 1)


def _exact_row(claim: str, how: str, gap: float, more: str = "") -> Row:
    verdict = "equal to rounding" if gap <= ROUNDING else "not equal"
    return claim, how, f"{gap:.1e}", verdict + more


def _close_row(claim: str, how: str, gap: float, error: float) -> Row:
    equal = gap <= max(LEEWAY * error, ROUNDING)
    verdict = "equal up to the solvers' error" if equal else "not equal: beyond the solvers' error"
    return claim, how, f"{gap:.1e}", f"{verdict}, about {error:.1e}"
