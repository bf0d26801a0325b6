"""That diffusion, score and flow matching are one thing; and what a single solver step costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.data.payloads import Curves, Table
from genlab.probes import equivalence as bench
from genlab.probes.truncation import LocalErrors, inner_times, local_errors, truncation
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.path import Cosine, Path, Straight, Trigonometric, VarianceExploding
from genlab.sampling.solvers.runge_kutta import RungeKutta
from tests.solver_table import SOLVERS

Fresh = Callable[..., Any]
T = TypeVar("T")

MEANS = torch.tensor([[-1.0, 0.3], [0.8, -0.5], [0.4, 1.1]], dtype=torch.float64)
STD = 0.4
EXPLODING = VarianceExploding(0.002, 80.0)


def mixture(path: Path) -> GaussianMixtureDenoiser:
    return GaussianMixtureDenoiser(MEANS, torch.tensor(STD, dtype=torch.float64), path)


def setting(path: Path, n: int = 32) -> bench.Setting:
    noise = torch.randn((n, 2), generator=generator(0, "noise"), dtype=torch.float64)
    return bench.Setting(mixture(path), noise, Conditions(), n, 0.01, 50.0)


def end(slices: Generator[None, None, T]) -> T:
    while True:
        try:
            next(slices)
        except StopIteration as stop:
            value: T = stop.value
            return value


def noise_of(y: np.ndarray, level: float) -> np.ndarray:
    """The expected noise at y = x / alpha of the mixture, by Bayes' rule in NumPy."""
    means, total = MEANS.numpy(), STD**2 + level**2
    away = y[:, None] - means
    logits = -0.5 * (away**2).sum(2) / total
    share = np.exp(logits - logits.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    x0 = (share[..., None] * (means + STD**2 / total * away)).sum(1)
    return (y - x0) / level


def exact(y: np.ndarray, start: float, stop: float) -> np.ndarray:
    """The probability-flow ODE dy/dlevel = noise by SciPy's Dormand-Prince method of order 8."""
    found = solve_ivp(
        lambda level, flat: noise_of(flat.reshape(y.shape), level).ravel(),
        (start, stop),
        y.ravel(),
        method="DOP853",
        rtol=1e-13,
        atol=1e-13,
    )
    return found.y[:, -1].reshape(y.shape)


def table(model: Any, session: Any) -> Table:
    with torch.no_grad():
        (found,) = [p for p in bench.equivalence(model, ProbeRequest(session.sampler)) if p is not None]
    return found


def lively(fresh_model: Fresh, values: dict[str, Any], dataset: str = "moons") -> tuple[Any, Any]:
    """A small untrained model whose last layer is not zero."""
    session, _, _, model = fresh_model("diffusion", dataset, {"network.width": 16, **values})
    with torch.no_grad():
        weight = model.net.last.weight
        weight.copy_(0.2 * torch.randn(weight.shape, generator=generator(1, "noise")))
    return session, model.eval()


def test_a_solver_carries_points_as_ddims_formula_says() -> None:
    case = setting(Cosine())
    path, levels = Cosine(), case.levels(20)
    t = path.time_of_noise_level(levels)
    alpha, sigma = path.alpha(t).numpy(), path.sigma(t).numpy()
    x = case.noise.numpy() * float(path.scale(t[0]))
    for i in range(20):
        noise = noise_of(x / alpha[i], sigma[i] / alpha[i])
        x = alpha[i + 1] * (x - sigma[i] * noise) / alpha[i] + sigma[i + 1] * noise
    for solver in (SOLVERS["ddim"].build(eta=0.0), RungeKutta("euler", "level")):
        found = end(bench.final(case.denoiser, solver, case, 20))
        np.testing.assert_allclose(found.numpy(), x / alpha[-1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", [Cosine(), Straight(), EXPLODING])
def test_a_view_predicts_what_the_exact_denoiser_of_that_path_does(path: Path) -> None:
    levels = torch.logspace(-2, 1.5, 40, dtype=torch.float64)
    t = path.time_of_noise_level(levels)
    x = torch.randn((40, 2), generator=generator(0, "noise"), dtype=torch.float64) * path.scale(t)[:, None]
    seen = bench.View(mixture(Trigonometric()), path).predict(x, t)
    expected = mixture(path).predict(x, t)
    torch.testing.assert_close(seen.velocity, expected.velocity, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(seen.x0, expected.x0, rtol=0, atol=1e-11)


def test_the_velocity_of_the_preserving_path_is_half_pi_times_v() -> None:
    t = torch.linspace(0.02, 0.98, 30, dtype=torch.float64)
    x = torch.randn((30, 2), generator=generator(0, "noise"), dtype=torch.float64)
    matching = bench.View(mixture(Cosine()), Trigonometric(), "velocity", math.pi / 2).predict(x, t)
    torch.testing.assert_close(
        matching.velocity, mixture(Trigonometric()).predict(x, t).velocity, rtol=0, atol=1e-11
    )


@pytest.mark.parametrize(("target", "schedule"), [("noise", "linear"), ("x0", "cosine"), ("v", "edm")])
def test_every_claim_holds_for_whatever_a_network_predicts(
    fresh_model: Fresh, target: str, schedule: str
) -> None:
    session, model = lively(fresh_model, {"objective.target": target, "objective.schedule": schedule})
    found = table(model, session)
    gaps = [float(row[2]) for row in found.rows]
    assert len(gaps) == 8
    assert max(gaps[:4]) < 1e-11
    assert 5 < gaps[4] / gaps[5] < 20  # ten times the steps of a method of first order
    assert max(gaps[6:]) < 1e-5
    assert all(row[3].startswith("equal") for row in found.rows)


def test_images_are_measured_too(fresh_model: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MANY", 20)
    session, model = lively(fresh_model, {"network.width": 8}, "digits")
    rows = table(model, session).rows
    assert max(float(row[2]) for row in rows[:4]) < 1e-11
    assert all(row[3].startswith("equal") for row in rows)


def test_a_path_without_a_score_is_measured_without_it(fresh_model: Fresh) -> None:
    session, model = lively(fresh_model, {})
    model.path, model.target = Straight(has_score=False), "velocity"
    case = replace(bench._setting(model, ProbeRequest(session.sampler)), few=8)
    conversions, drift = bench._pointwise_rows(case)
    assert "score →" not in conversions[1]
    assert "no score" in conversions[1]
    assert float(conversions[2]) < 1e-11
    assert drift[2:] == ("–", "this path has no score")


def test_a_model_that_predicts_something_else_does_not_draw_the_same_samples() -> None:
    case = setting(EXPLODING)
    right = bench.View(case.denoiser, Trigonometric(), "velocity", math.pi / 2)
    wrong = bench.View(case.denoiser, Trigonometric(), "velocity", 1.0)
    solver = RungeKutta("euler", "level")
    one, same, other = (
        end(bench.final(denoiser, solver, case, 20))
        for denoiser in (bench.View(case.denoiser, Cosine()), right, wrong)
    )
    assert bench.difference(one, same) < 1e-12
    assert bench.difference(one, other) > 0.1


def test_a_wrong_conversion_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    t = torch.linspace(0.1, 0.9, 9, dtype=torch.float64)
    x = torch.randn((9, 2), generator=generator(0, "noise"), dtype=torch.float64)
    right = mixture(Cosine()).predict(x, t)
    assert bench.conversion_gap(right) < 1e-12
    monkeypatch.setattr(Prediction, "score", property(lambda self: self.noise / self.sigma))
    assert bench.conversion_gap(mixture(Cosine()).predict(x, t)) > 0.1


def test_a_wrong_diffusion_is_caught() -> None:
    class Slow(Cosine):
        def diffusion_rate(self, t: Tensor) -> Tensor:
            return 0.9 * super().diffusion_rate(t)

    t = torch.linspace(0.1, 0.9, 9, dtype=torch.float64)
    x = torch.randn((9, 2), generator=generator(0, "noise"), dtype=torch.float64)
    assert bench.drift_gap(mixture(Cosine()).predict(x, t))[0] < 1e-12
    assert bench.drift_gap(mixture(Slow()).predict(x, t))[0] > 0.01


def test_the_verdict_is_not_equal_where_a_path_does_not_belong_to_its_ode(
    fresh_model: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bent(Straight):
        def dsigma(self, t: Tensor) -> Tensor:
            return 1.05 * super().dsigma(t)

    monkeypatch.setattr(bench, "Straight", Bent)
    session, model = lively(fresh_model, {})
    verdicts = [row[3] for row in table(model, session).rows]
    assert all(verdict.startswith("equal") for verdict in verdicts[:-1])
    assert verdicts[-1].startswith("not equal")


def middle(errors: LocalErrors, name: str) -> float:
    order = errors.order(name)
    return float(np.median(order[len(order) // 3 : -len(order) // 3]))


@pytest.mark.parametrize("chart", ["level", "time"])
def test_orders_of_the_exact_denoiser_are_the_nominal_ones(chart: Any) -> None:
    path: Path = EXPLODING if chart == "level" else Trigonometric()
    if chart == "level":
        times = torch.logspace(1, -2, 121, dtype=torch.float64)
    else:
        times = torch.linspace(0.97, 0.01, 81, dtype=torch.float64)
    x = torch.randn((64, 2), generator=generator(0, "noise"), dtype=torch.float64) * float(
        path.scale(times[0])
    )
    errors = end(local_errors(mixture(path), x, times, chart))
    for name, order in {"Euler": 1, "Midpoint": 2, "Heun": 2, "RK4": 4}.items():
        assert middle(errors, name) == pytest.approx(order, abs=0.25), name


def test_the_error_of_a_step_is_that_against_scipy() -> None:
    x = 3 * torch.randn((8, 2), generator=generator(0, "noise"), dtype=torch.float64)
    times = torch.tensor([3.0, 1.6, 0.7, 0.2], dtype=torch.float64)
    errors = end(local_errors(mixture(EXPLODING), x, times, "level"))
    y = x.numpy()
    for i, (start, stop) in enumerate(zip(times[:-1].tolist(), times[1:].tolist(), strict=True)):
        for found, until in ((errors.whole, stop), (errors.half, (start + stop) / 2)):
            truth, h = exact(y, start, until), until - start
            slope = noise_of(y, start)
            euler = y + h * slope
            heun = y + h / 2 * (slope + noise_of(euler, until))
            midpoint = y + h * noise_of(y + h / 2 * slope, start + h / 2)
            for name, guess in (("Euler", euler), ("Heun", heun), ("Midpoint", midpoint)):
                expected = np.sqrt(((guess - truth) ** 2).mean())
                assert found[name][i] == pytest.approx(expected, rel=0.02), (name, i)
        y = exact(y, start, stop)


def test_an_error_at_the_level_of_rounding_has_no_value() -> None:
    # One point: trajectories are straight lines in the level, and Euler's method is exact.
    point = GaussianMixtureDenoiser(MEANS[:1], 0.0, EXPLODING)
    x = 5 * torch.randn((16, 2), generator=generator(0, "noise"), dtype=torch.float64)
    times = torch.logspace(0.5, -2, 6, dtype=torch.float64)
    errors = end(local_errors(point, x, times, "level"))
    for name in errors.whole:
        assert np.isnan(errors.whole[name]).all()
        assert np.isnan(errors.order(name)).all()


def test_a_field_that_is_not_finite_is_not_taken_for_rounding() -> None:
    class Broken:
        path = EXPLODING

        def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
            return Prediction(self.path, t, x, "x0", torch.full_like(x, math.inf))

    broken: Denoiser = Broken()
    x = torch.ones((2, 2), dtype=torch.float64)
    errors = end(local_errors(broken, x, torch.tensor([2.0, 1.0], dtype=torch.float64), "level"))
    assert not np.isfinite(errors.whole["Euler"]).any()


def curves(model: Any, session: Any, show: str) -> Curves:
    request = ProbeRequest(session.sampler, {"show": show})
    (found,) = [payload for payload in truncation(model, request) if payload is not None]
    return found


def test_the_panel_draws_every_step_of_the_sampler_from_least_noise_to_most(fresh_model: Fresh) -> None:
    session, model = lively(fresh_model, {"sampler.steps": 12})
    error, order = curves(model, session, "error"), curves(model, session, "order")
    # 12 steps, of which the last one goes from the least trained level to clean data.
    levels = model.path.noise_level(model.times(session.sampler)[:11])
    np.testing.assert_allclose(10 ** error.x[::-1], levels[:11].numpy(), rtol=1e-5)
    assert list(error.curves) == ["Euler", "Midpoint", "Heun", "RK4"]
    assert order.marks == {"order 1": 1, "order 2": 2, "order 4": 4}
    assert (np.diff(error.x) > 0).all()
    assert np.nanmedian(error.curves["RK4"]) < np.nanmedian(error.curves["Euler"]) - 1


def test_of_very_many_steps_some_are_drawn(fresh_model: Fresh) -> None:
    session, model = lively(fresh_model, {"sampler.steps": 400})
    assert len(curves(model, session, "error").x) == 50


def test_steps_beyond_what_was_trained_are_left_out() -> None:
    path = VarianceExploding(0.1, 10.0)
    kept = inner_times(torch.tensor([10.0, 1.0, 0.1, 0.0], dtype=torch.float64), path)
    assert kept.tolist() == [10.0, 1.0, 0.1]
    assert inner_times(torch.tensor([10.0, 0.0], dtype=torch.float64), path).tolist() == [10.0, 0.1]


def test_a_sampler_that_stays_at_one_level_has_no_truncation_error(fresh_model: Fresh) -> None:
    session, _, _, model = fresh_model("score", "moons", {"network.width": 16, "sampler.method": "ula"})
    with pytest.raises(ValueError, match="stays at one noise level"):
        list(truncation(model, ProbeRequest(session.sampler)))


def test_measuring_leaves_the_model_as_it_is(fresh_model: Fresh) -> None:
    session, model = lively(fresh_model, {"sampler.steps": 3})
    before = {key: value.clone() for key, value in model.state_dict().items()}
    random = torch.get_rng_state()
    curves(model, session, "error")
    assert all(value.dtype == before[key].dtype for key, value in model.state_dict().items())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
