"""Runge-Kutta methods against closed forms, their order, and SciPy's integrators."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.path import (
    Cosine,
    Linear,
    Path,
    Straight,
    SubVP,
    Trigonometric,
    VarianceExploding,
)
from genlab.sampling.solvers import Solver, State, trajectory
from genlab.sampling.solvers.runge_kutta import TABLEAUS, Adaptive, Chart, RungeKutta

PATHS: list[Path] = [
    Linear(), SubVP(), Cosine(), Straight(), Straight(0.1), Trigonometric(), VarianceExploding(),
]  # fmt: skip
ORDERS = {"euler": 1, "midpoint": 2, "heun": 2, "rk4": 4}
MEAN, SPREAD = 0.7, 0.4


class Gaussian:
    """The exact denoiser of data `N(mean, spread^2)`; counts its calls."""

    def __init__(self, path: Path, mean: float = MEAN, spread: float = SPREAD) -> None:
        self.path, self.mean, self.spread = path, mean, spread
        self.calls = 0

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        self.calls += 1
        alpha, sigma = self.path.alpha(t), self.path.sigma(t)
        gain = alpha * self.spread**2 / (alpha**2 * self.spread**2 + sigma**2)
        return Prediction(self.path, t, x, "x0", self.mean + gain * (x - alpha * self.mean))

    def carried(self, x: Tensor, start: Tensor, end: Tensor) -> Tensor:
        """The probability flow from one time to another: affine, and it keeps quantiles."""
        places = [(self.path.alpha(t), self.path.sigma(t)) for t in (start, end)]
        before, after = (torch.sqrt(a**2 * self.spread**2 + s**2) for a, s in places)
        return places[1][0] * self.mean + (x - places[0][0] * self.mean) * after / before


def ring(path: Path, std: float = 0.1) -> GaussianMixtureDenoiser:
    angle = torch.arange(8, dtype=torch.float64) * math.pi / 4
    return GaussianMixtureDenoiser(torch.stack([angle.cos(), angle.sin()], 1), std, path)


def normal(n: int, d: int = 2, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def grid(path: Path, steps: int, highest: float = 1000.0) -> Tensor:
    """Times from a noise level on, or from t_max where that is less, down to t_min."""
    if isinstance(path, VarianceExploding):
        return (
            torch.linspace(path.t_max ** (1 / 7), path.t_min ** (1 / 7), steps + 1, dtype=torch.float64) ** 7
        )
    high = float(path.time_of_noise_level(torch.tensor(highest, dtype=torch.float64)))
    return torch.linspace(min(high, path.t_max), path.t_min, steps + 1, dtype=torch.float64)


def last(denoiser: Denoiser, solver: Solver, x: Tensor, times: Tensor) -> State:
    return list(trajectory(denoiser, solver, x, times))[-1]


def rms(x: Tensor) -> float:
    return x.square().mean().sqrt().item()


@cache
def exact(path: Path, times: tuple[float, ...]) -> Tensor:
    """SciPy's trajectory of 64 points on the ring's field at the given times, (times, 64, 2)."""
    denoiser = ring(path)
    x = normal(64) * float(path.scale(torch.tensor(times[0]).double()))

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        points = torch.as_tensor(y).reshape(64, 2)
        return denoiser.predict(points, torch.tensor(t, dtype=torch.float64)).velocity.numpy().ravel()

    ends = (times[0], times[-1])
    solution = solve_ivp(slope, ends, x.numpy().ravel(), "DOP853", t_eval=times, rtol=1e-11, atol=1e-12)
    return torch.as_tensor(solution.y.T.copy()).reshape(len(times), 64, 2)


# Paths, their charts and the times of a few frames, for the adaptive solver.
STRAIGHT, EXPLODING, TURN = Straight(), VarianceExploding(0.002, 5.0), Trigonometric()
FLOWS: list[tuple[Path, Chart]] = [(STRAIGHT, "time"), (EXPLODING, "level"), (TURN, "time")]


def frames(path: Path) -> tuple[float, ...]:
    return tuple(grid(path, 30).tolist())


def walk(path: Path, chart: Chart, tolerance: float) -> list[State]:
    times = torch.tensor(frames(path), dtype=torch.float64)
    x = normal(64) * float(path.scale(times[0]))
    return list(trajectory(ring(path), Adaptive(tolerance, chart), x, times))


@pytest.mark.parametrize("chart", ["time", "level"])
@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_two_hundred_rk4_steps_follow_the_affine_flow_of_a_gaussian(path: Path, chart: Chart) -> None:
    if chart == "level" or isinstance(path, VarianceExploding):
        # Even steps in the fifth root of the level, where the level chart is smooth at both ends.
        low = path.noise_level(torch.tensor(path.t_min, dtype=torch.float64))
        high = path.noise_level(torch.tensor(min(path.t_max, 0.99), dtype=torch.float64)).clamp(max=80.0)
        levels = torch.linspace(float(high) ** 0.2, float(low) ** 0.2, 201, dtype=torch.float64) ** 5
        times = path.time_of_noise_level(levels)
    else:
        times = grid(path, 200)
    denoiser = Gaussian(path)
    x = normal(50, 1) * float(path.scale(times[0]))
    final = last(denoiser, RungeKutta("rk4", chart), x, times).x
    torch.testing.assert_close(final, denoiser.carried(x, times[0], times[-1]), rtol=0, atol=1e-6)


@pytest.mark.parametrize("path", [STRAIGHT, TURN], ids=lambda p: type(p).__name__)
def test_flow_matching_starts_from_pure_noise_in_its_own_time(path: Path) -> None:
    times = torch.linspace(1, path.t_min, 201, dtype=torch.float64)
    denoiser, x = Gaussian(path), normal(50, 1)
    final = last(denoiser, RungeKutta("rk4"), x, times).x
    torch.testing.assert_close(final, denoiser.carried(x, times[0], times[-1]), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", TABLEAUS)
@pytest.mark.parametrize(("path", "chart"), FLOWS[:2], ids=["straight", "exploding"])
def test_the_error_falls_with_the_order_of_the_method(path: Path, chart: Chart, name: str) -> None:
    ends = (frames(path)[0], frames(path)[-1])
    reference = exact(path, ends)[-1]
    x = exact(path, ends)[0]
    counts = [64, 128, 256] if name != "rk4" else [96, 192, 384]
    errors = []
    for steps in counts:
        errors.append(rms(last(ring(path), RungeKutta(name, chart), x, grid(path, steps)).x - reference))
    slope = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert slope == pytest.approx(ORDERS[name], abs=0.25)


@pytest.mark.parametrize("name", TABLEAUS)
def test_fixed_methods_are_the_textbook_ones(name: str) -> None:
    # On x' = x their first step is the Taylor series of exp, cut off after the order.
    denoiser = Growth(Straight())
    times = torch.tensor([0.9, 0.6], dtype=torch.float64)
    x = last(denoiser, RungeKutta(name), torch.ones(1, 1, dtype=torch.float64), times).x
    h = -0.3
    series = sum(h**k / math.factorial(k) for k in range(ORDERS[name] + 1))
    assert x.item() == pytest.approx(series, rel=1e-14)


class Growth:
    """The field `dx/dt = factor * x`."""

    def __init__(self, path: Path, factor: float = 1.0) -> None:
        self.path, self.factor = path, factor

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        return Prediction(self.path, t, x, "velocity", self.factor * x, nfe=2)


@pytest.mark.parametrize("solver", [RungeKutta("rk4"), Adaptive(1e-3), Adaptive(1e-3, "level")], ids=str)
def test_every_evaluation_is_counted_once(solver: Solver) -> None:
    denoiser = Gaussian(SubVP())
    state = last(denoiser, solver, normal(8, 1), grid(SubVP(), 12))
    assert state.nfe == denoiser.calls > 0
    if isinstance(solver, RungeKutta):
        assert state.nfe == 48
    else:
        # Six for each step tried, because the last of a step is the first of the next.
        assert state.nfe % 6 == 1


@pytest.mark.parametrize("solver", [RungeKutta("midpoint"), Adaptive(1e-3)], ids=str)
def test_an_evaluation_of_two_network_passes_counts_twice(solver: Solver) -> None:
    state = last(Growth(Straight()), solver, normal(8, 1), torch.tensor([0.9, 0.5, 0.1]).double())
    assert state.nfe == 8 if isinstance(solver, RungeKutta) else state.nfe % 12 == 2


@pytest.mark.parametrize(("path", "chart"), FLOWS, ids=["straight", "exploding", "trigonometric"])
def test_the_adaptive_error_keeps_to_its_tolerance(path: Path, chart: Chart) -> None:
    reference = exact(path, frames(path))[-1]
    tolerances = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    errors = [rms(walk(path, chart, tolerance)[-1].x - reference) for tolerance in tolerances]
    assert all(error < 5 * tolerance for error, tolerance in zip(errors, tolerances, strict=True))
    assert all(later < 0.5 * earlier for earlier, later in pairwise(errors))


@pytest.mark.parametrize(("path", "chart"), FLOWS, ids=["straight", "exploding", "trigonometric"])
def test_frames_between_two_adaptive_steps_lie_on_the_trajectory(path: Path, chart: Chart) -> None:
    reference = exact(path, frames(path))
    for tolerance in (1e-3, 1e-4, 1e-5):
        states = walk(path, chart, tolerance)
        worst = max(rms(state.x - place) for state, place in zip(states, reference, strict=True))
        assert worst < 20 * tolerance


def test_the_clean_point_of_a_frame_is_what_the_field_predicts_there() -> None:
    for state in walk(STRAIGHT, "time", 1e-6)[1:]:
        assert state.x0 is not None
        expected = ring(STRAIGHT).predict(state.x, state.times[state.index]).x0
        assert rms(state.x0 - expected) < 1e-3


@pytest.mark.parametrize(("path", "chart"), FLOWS, ids=["straight", "exploding", "trigonometric"])
def test_evaluations_grow_as_the_fifth_root_of_the_precision(path: Path, chart: Chart) -> None:
    # Coarser steps are as long as the field's own scale, where the order does not show yet.
    tolerances = [1e-10, 1e-11, 1e-12]
    nfe = [walk(path, chart, tolerance)[-1].nfe for tolerance in tolerances]
    slope = np.polyfit(np.log(tolerances), np.log(nfe), 1)[0]
    assert slope == pytest.approx(-1 / 5, abs=0.02)


@pytest.mark.parametrize(("path", "chart"), [FLOWS[0], FLOWS[2]], ids=["straight", "trigonometric"])
def test_adaptive_steps_cost_and_err_as_those_of_scipy(path: Path, chart: Chart) -> None:
    tolerance, times = 1e-6, frames(path)
    x = exact(path, times)[0]

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        points = torch.as_tensor(y).reshape(64, 2)
        return ring(path).predict(points, torch.tensor(t, dtype=torch.float64)).velocity.numpy().ravel()

    theirs = solve_ivp(
        slope, (times[0], times[-1]), x.numpy().ravel(), "RK45", rtol=tolerance, atol=tolerance
    )
    ours = walk(path, chart, tolerance)[-1]
    assert 0.8 < ours.nfe / theirs.nfev < 1.25
    assert rms(ours.x - torch.as_tensor(theirs.y[:, -1]).reshape(64, 2)) < 5 * tolerance


def test_frames_cost_no_evaluation() -> None:
    # The first frame sets the first step, so that both have the same one.
    x, first = normal(16), [0.999, 0.8]
    few = torch.tensor([*first, 3e-3], dtype=torch.float64)
    many = torch.tensor([*first, *np.linspace(0.79, 3e-3, 300)], dtype=torch.float64)
    ends = [last(ring(STRAIGHT), Adaptive(1e-4), x, times) for times in (few, many)]
    assert ends[0].nfe == ends[1].nfe
    assert torch.equal(ends[0].x, ends[1].x)


def test_the_adaptive_trajectory_of_a_batch_repeats_bit_for_bit() -> None:
    first, second = (walk(STRAIGHT, "time", 1e-4) for _ in range(2))
    assert all(torch.equal(a.x, b.x) for a, b in zip(first, second, strict=True))


def test_the_adaptive_solver_goes_to_the_clean_time_with_the_field_of_t_min() -> None:
    denoiser = Gaussian(STRAIGHT)
    times = torch.tensor([1.0, 0.5, STRAIGHT.t_min, STRAIGHT.t_clean], dtype=torch.float64)
    states = list(trajectory(denoiser, Adaptive(1e-7), normal(64, 1), times))
    expected = denoiser.predict(states[2].x, times[2]).x0
    torch.testing.assert_close(states[3].x, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("chart", ["time", "level"])
def test_a_field_that_is_not_finite_is_refused(chart: Chart) -> None:
    denoiser = Growth(Linear(), math.nan)
    with pytest.raises(ValueError, match="not finite"):
        last(denoiser, Adaptive(1e-3, chart), normal(4), grid(Linear(), 3))


def test_a_tolerance_that_cannot_be_kept_is_refused() -> None:
    class Jagged(Growth):
        def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
            return Prediction(self.path, t, x, "velocity", torch.sin(1e9 * x + 1e9 * t))

    with pytest.raises(ValueError, match="cannot keep its tolerance"):
        last(Jagged(Straight()), Adaptive(1e-6), normal(4), torch.tensor([1.0, 0.1]).double())
