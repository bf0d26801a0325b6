"""Panels of the score workspace: errors by noise level, Langevin chains and their acceptance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from genlab.core.training import Batch
from genlab.data.payloads import Curves, Plane
from genlab.paradigms.score.chain_classes import changed, class_along, class_sentence
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.path import Path
from tests.paradigms.time_pieces import payloads

Fresh = Callable[..., Any]
CHAIN = {"method": "mala", "level": -1.0, "step": -0.7}
SPREAD = 2.0


@dataclass(frozen=True)
class Exact:
    """A model whose network is replaced by the exact denoiser of a mixture of Gaussians."""

    session: Any
    dataset: Any
    model: Any
    examples: Batch


@dataclass(frozen=True)
class Stretched:
    """A denoiser whose score is longer by a factor."""

    denoiser: Denoiser
    factor: float

    @property
    def path(self) -> Path:
        return self.denoiser.path

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        score = self.denoiser.predict(x, t, condition).score
        return Prediction(self.path, t, x, "score", self.factor * score)


@pytest.fixture
def exact(fresh_model: Fresh, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Exact]:
    def get(dataset: str, values: dict[str, Any] | None = None, factor: float = 1.0) -> Exact:
        session, data, _, model = fresh_model("score", dataset, {"network.width": 8, **(values or {})})
        # Round Gaussians stay round when both axes are scaled alike.
        model.std.fill_(SPREAD)
        means = model.standardise(torch.as_tensor(data.truth.modes).float())
        weights = torch.as_tensor(data.truth.class_prior).float()
        mixture = GaussianMixtureDenoiser(means, data.truth.mode_std / SPREAD, model.path, weights)
        monkeypatch.setattr(model, "plain_denoiser", lambda _: Stretched(mixture, factor))
        held_out = data.test(600, np.random.default_rng(7))
        examples = Batch(torch.as_tensor(held_out.x), torch.as_tensor(held_out.labels))
        return Exact(session, data, model.eval(), examples)

    return get


def probe(run: Exact, name: str, sampler: dict[str, Any] | None = None, **values: Any) -> Any:
    found = payloads(run.model, run.session, name, values, examples=run.examples, **(sampler or {}))
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("dataset", "noise"), [("mixture-1d-uneven", "ve"), ("8gaussians", "vp"), ("8gaussians", "ncsn")]
)
def test_an_exact_score_has_no_error_and_a_longer_one_as_much_as_it_is_longer(
    exact: Callable[..., Exact], dataset: str, noise: str
) -> None:
    label = {"label": "mode 2" if dataset.startswith("mixture") else "45°"}
    values = {"objective.noise": noise}
    none = probe(exact(dataset, values), "errors", label)
    assert isinstance(none, Curves)
    assert list(none.curves) == ["unconditional", f"given {label['label']}"]
    longer = probe(exact(dataset, values, 1.1), "errors", label)
    for name in none.curves:
        # Single precision: at a level of 0.005 five digits of the noise are left.
        assert (none.curves[name] < -2.7).all()
        assert longer.curves[name] == pytest.approx(-1, abs=0.02)


def test_errors_are_measured_over_the_noise_levels_of_the_path(exact: Callable[..., Exact]) -> None:
    curves = probe(exact("mixture-1d", {"objective.sigma_min": 0.02, "objective.sigma_max": 50.0}), "errors")
    assert curves.x == pytest.approx(np.linspace(math.log10(0.02), math.log10(50), 16), abs=1e-5)
    assert list(curves.curves) == ["unconditional"]


def test_without_a_known_truth_no_error_is_told(
    exact: Callable[..., Exact], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exact("8gaussians")
    monkeypatch.setattr(run.model, "truth", None)
    with pytest.raises(ValueError, match="known for the built-in sets only"):
        probe(run, "errors")
    chains = probe(run, "chains", **CHAIN)
    assert chains.note == f"{chains.note.split(' %')[0]} % of the proposals were accepted."


def metropolis(std: float, h: float, steps: int, n: int, rng: np.random.Generator) -> tuple[float, float]:
    """Acceptance and mean squared jump of MALA on N(0, std^2), by its exact log density, in equilibrium."""
    y = std * rng.standard_normal(n)
    accepted, jumped = [], []
    for _ in range(steps):
        new = y - 0.5 * h * y / std**2 + math.sqrt(h) * rng.standard_normal(n)
        forth = new - y + 0.5 * h * y / std**2
        back = y - new + 0.5 * h * new / std**2
        log_ratio = (y**2 - new**2) / (2 * std**2) + (forth**2 - back**2) / (2 * h)
        keep = np.log(rng.random(n)) < log_ratio
        jumped.append((np.where(keep, new - y, 0) ** 2).mean())
        accepted.append(keep.mean())
        y = np.where(keep, new, y)
    return float(np.mean(accepted)), float(np.mean(jumped))


@pytest.mark.parametrize("level", [-0.5, 0.3])
def test_acceptance_and_jumps_are_those_of_a_direct_simulation(
    exact: Callable[..., Exact], level: float
) -> None:
    run = exact("mixture-1d", {"data.modes": 1})
    curves = probe(run, "acceptance", level=level)
    sigma = 10**level
    # Of data of standard deviation 1/2, here a quarter, with noise.
    std = math.hypot(0.5 / SPREAD, sigma)
    rng = np.random.default_rng(0)
    expected = [metropolis(std, 10**x * sigma**2, 20, 4000, rng) for x in curves.x.astype(float)]
    accepted, jumps = np.array(expected).T
    found, relative = curves.curves.values()
    # 128 chains of 20 steps each: a standard error below 0.02.
    assert found == pytest.approx(accepted, abs=0.06)
    assert relative == pytest.approx(jumps / jumps.max(), abs=0.12)
    assert curves.marks == {"best in many dimensions, 57 %": 0.574}
    assert found[0] > 0.99
    assert found[-1] < 0.5


def test_chains_run_from_their_starts_to_their_ends_over_real_data(exact: Callable[..., Exact]) -> None:
    run = exact("8gaussians")
    plane = probe(run, "chains", **CHAIN)
    assert isinstance(plane, Plane)
    assert plane.data_space
    groups = {group.name: group for group in plane.groups}
    assert list(groups) == ["real", "chains", "starts", "ends"]
    line = groups["chains"].x.reshape(12, 202, 2)
    assert np.isnan(line[:, -1]).all()
    assert np.isfinite(line[:, :-1]).all()
    assert np.array_equal(line[:, 0], groups["starts"].x)
    assert np.array_equal(line[:, -2], groups["ends"].x)
    assert np.array_equal(groups["real"].x, run.examples.x[:500].numpy())


def test_of_an_annealed_chain_the_loud_part_lies_behind(exact: Callable[..., Exact]) -> None:
    plane = probe(exact("8gaussians"), "chains", method="annealed", level=-1.0, step=0.0)
    assert [group.name for group in plane.groups] == ["above σ = 0.5", "real", "chains", "starts", "ends"]
    loud, _, calm, starts, ends = (group.x for group in plane.groups)
    loud, calm = loud.reshape(12, -1, 2)[:, :-1], calm.reshape(12, -1, 2)[:, :-1]
    # Karras' levels from 20 to 0.005: those above 0.5 are the first of 20.
    above = (np.linspace(20 ** (1 / 7), 0.005 ** (1 / 7), 20) ** 7 > 0.5).sum()
    assert loud.shape[1] == 10 * above + 1
    assert loud.shape[1] + calm.shape[1] == 202
    assert np.array_equal(loud[:, -1], calm[:, 0])
    assert np.array_equal(loud[:, 0], starts)
    assert np.array_equal(calm[:, -1], ends)


def test_a_seed_and_the_controls_decide_the_chains(exact: Callable[..., Exact]) -> None:
    run = exact("8gaussians")

    def chains(seed: int = 0, **values: Any) -> np.ndarray:
        plane = probe(run, "chains", {"seed": seed}, **{**CHAIN, **values})
        return np.nan_to_num(next(group.x for group in plane.groups if group.name == "chains"))

    first = chains()
    assert np.array_equal(first, chains())
    for other in (chains(1), chains(step=-1.0), chains(level=-0.5), chains(method="ula")):
        assert not np.array_equal(first, other)


def test_chains_at_a_low_level_are_stuck_in_the_modes_that_annealed_ones_share_out(
    exact: Callable[..., Exact],
) -> None:
    run = exact("8gaussians", {"data.noise": 0.1})
    centres = run.dataset.truth.modes
    for method in ("ula", "mala", "annealed"):
        plane = probe(run, "chains", method=method, level=-1.3, step=0.0)
        ends = next(group.x for group in plane.groups if group.name == "ends")
        away = np.linalg.norm(ends[:, None] - centres, axis=2)
        # Noise of 0.05 in standard deviations of 2 blurs modes of 0.1 to 0.14.
        assert away.min(1).max() < 0.6
        reached = len(set(away.argmin(1)))
        assert f"{reached} of 8 classes" in plane.note
        assert "6.4 on average" in plane.note
        assert ("0 of 12 chains changed class in the last 100 steps" in plane.note) == (method != "annealed")
        assert ("proposals were accepted" in plane.note) == (method == "mala")


def test_chains_given_a_class_end_in_it(exact: Callable[..., Exact]) -> None:
    run = exact("8gaussians", {"data.noise": 0.1})
    plane = probe(run, "chains", {"label": "90°"}, method="annealed", level=-1.0, step=0.0)
    ends = next(group.x for group in plane.groups if group.name == "ends")
    assert np.linalg.norm(ends - run.dataset.truth.modes[2], axis=1).max() < 0.6
    assert plane.note == "They ended in 1 of 8 classes."


def test_chains_of_points_on_a_line_are_refused(exact: Callable[..., Exact]) -> None:
    with pytest.raises(ValueError, match="plane only"):
        probe(exact("mixture-1d"), "chains", **CHAIN)


def test_the_class_of_a_point_is_that_of_the_nearest_of_equal_gaussians(exact: Callable[..., Exact]) -> None:
    truth = exact("8gaussians").dataset.truth
    paths = np.random.default_rng(0).normal(0, 2, (5, 30, 2)).astype(np.float32)
    work = class_along(truth, paths)
    while True:
        try:
            next(work)
        except StopIteration as stop:
            found = stop.value
            break
    nearest = np.linalg.norm(paths[:, :, None] - truth.modes, axis=3).argmin(2)
    assert np.array_equal(found, nearest)


def test_a_chain_that_leaves_all_classes_and_comes_back_has_not_changed() -> None:
    classes = np.array([[0, -1, 0], [0, 1, 1], [-1, -1, -1], [2, 2, 2]])
    assert changed(classes) == 1


def test_shares_are_told_of_few_classes_and_counts_of_many() -> None:
    few = class_sentence(np.array([[0], [1], [1], [1]]), ("upper", "lower"), np.array([0.5, 0.5]), True)
    assert few == "1 ended in upper, 3 in lower (independent draws: 2, 2 on average)"
    many = class_sentence(np.array([[0], [3]]), tuple("abcd"), np.full(4, 0.25), True)
    # Two draws out of four: 4 (1 - (3/4)^2) different ones.
    assert many == "they ended in 2 of 4 classes (independent draws: 1.8 on average)"
