"""Panels of flow matching: paths and their energy, solvers by their evaluations, a student by its teacher."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import ot
import pytest
import torch
from torch import Tensor

from genlab.core.training import Batch
from genlab.data.payloads import Curves, Group, Plane
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Prediction
from genlab.sampling.path import Path
from tests.paradigms.flow_matching_pieces import BetweenGaussians, Constant, gaussian_energies
from tests.paradigms.time_pieces import payloads

MEAN, STD = torch.tensor([2.0, 0.0]), 0.3
NUMBERS = r"Straightness ([\d.]+), normalised path energy ([−\d.]+) ± ([\d.]+)"

Fresh = Callable[..., Any]
Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Fixed:
    """A model whose velocity is given in closed form."""

    session: Any
    dataset: Any
    model: Any


@pytest.fixture
def fixed(fresh_model: Fresh, monkeypatch: Patch) -> Callable[..., Fixed]:
    def get(dataset: str, denoiser: Callable[[Path], Any], values: dict[str, Any] | None = None) -> Fixed:
        small = {"network.width": 8, "objective.condition_dropout": 1.0, "objective.pairs": 100}
        session, data, _, model = fresh_model("flow-matching", dataset, {**small, **(values or {})})
        exact = denoiser(model.path)
        monkeypatch.setattr(model, "plain_denoiser", lambda _: exact)
        return Fixed(session, data, model.eval())

    return get


def probe(
    run: Fixed, name: str, examples: Batch | None = None, sampler: Any = None, **values: Any
) -> list[Any]:
    return payloads(run.model, run.session, name, values, examples=examples, **(sampler or {}))


def groups(plane: Plane) -> dict[str, Group]:
    return {group.name: group for group in plane.groups}


def gaussian_data(run: Fixed, n: int = 1000) -> Batch:
    rng = torch.Generator().manual_seed(4)
    z = MEAN + STD * torch.randn(n, 2, generator=rng)
    return Batch(run.model.unstandardise(z), None)


def test_the_numbers_of_paths_between_gaussians_are_those_of_the_closed_form(fixed: Any) -> None:
    run = fixed("moons-cfm", lambda path: BetweenGaussians(path, MEAN, STD))
    first, second, last = probe(run, "paths", gaussian_data(run))
    assert first.note == ""
    straightness, energy, error = (float(v.replace("−", "-")) for v in re.findall(NUMBERS, last.note)[0])
    spent, optimal = gaussian_energies(4, STD, 2)
    assert f"Straightness {straightness:.3f}" in second.note
    assert straightness == pytest.approx(1 - optimal / spent, abs=0.005)
    assert 0.005 < error < 0.06
    assert energy == pytest.approx(spent / optimal - 1, abs=4 * error)
    assert "1,000 walks of 100 network evaluations" in last.note


def test_paths_run_from_the_source_to_where_the_flow_takes_it(fixed: Any) -> None:
    run = fixed("moons-cfm", lambda path: BetweenGaussians(path, MEAN, STD))
    plane = probe(run, "paths", gaussian_data(run))[-1]
    found = groups(plane)
    lines = found["paths"].x.reshape(100, -1, 2)
    assert np.isnan(lines[:, -1]).all()
    assert np.array_equal(lines[:, 0], found["source"].x)
    assert np.array_equal(lines[:, -2], found["ends"].x)
    source = run.model.standardise(torch.as_tensor(found["source"].x))
    ends = run.model.standardise(torch.as_tensor(found["ends"].x))
    assert torch.allclose(ends, MEAN + STD * source, atol=2e-3)
    assert found["real"].x.shape == (500, 2)
    left, right, low, high = plane.extent
    inside = (found["source"].x > [left, low]) & (found["source"].x < [right, high])
    assert inside.all()


def test_on_a_line_paths_are_drawn_over_time(fixed: Any) -> None:
    run = fixed("mixture-1d", lambda path: BetweenGaussians(path, MEAN[:1], STD))
    data = Batch(torch.as_tensor(run.dataset.test(300, np.random.default_rng(0)).x), None)
    plane = probe(run, "paths", data)[-1]
    found = groups(plane)
    lines = found["paths"].x.reshape(100, -1, 2)[:, :-1]
    assert lines[0, :, 0] == pytest.approx(np.linspace(0, 1, 51), abs=1e-6)
    at_source = (lines[:, 0, 1] - float(run.model.mean)) / float(run.model.std)
    half = 0.5 * 2.0 + math.sqrt(0.25 * STD**2 + 0.25) * at_source
    assert (lines[:, 25, 1] - float(run.model.mean)) / float(run.model.std) == pytest.approx(half, abs=2e-3)
    assert (found["real"].x[:, 0] > 1).all()
    assert not plane.data_space


@dataclass(frozen=True)
class ByClass:
    """A constant velocity for each class, (k, 2)."""

    path: Path
    velocities: Tensor

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        assert condition is not None
        assert condition.label is not None
        return Prediction(self.path, t, x, "velocity", self.velocities[condition.label])


def test_energies_of_labelled_paths_are_compared_within_classes(fixed: Any) -> None:
    away = torch.tensor([[3.0, 0.0], [-3.0, 0.0]])
    run = fixed("moons", lambda path: ByClass(path, -away), {"objective.condition_dropout": 0.2})
    rng = torch.Generator().manual_seed(1)
    labels = torch.arange(1000) % 2
    data = Batch(run.model.unstandardise(away[labels] + torch.randn(1000, 2, generator=rng)), labels)
    plane = probe(run, "paths", data)[-1]
    straightness, energy, error = (float(v.replace("−", "-")) for v in re.findall(NUMBERS, plane.note)[0])
    assert straightness == 0
    # Across classes transport would go a shorter way: the energy would be above 0.3.
    assert abs(energy) < 4 * error
    assert error < 0.05
    ends = groups(plane)["ends"]
    assert ends.labels is not None
    side = run.model.standardise(torch.as_tensor(ends.x))[:, 0] < 0
    assert np.mean(side.numpy() == (ends.labels == 1)) > 0.95


def test_guided_paths_have_no_energy_to_compare(fixed: Any) -> None:
    away = torch.tensor([[3.0, 0.0], [-3.0, 0.0]])
    run = fixed("moons", lambda path: ByClass(path, -away), {"objective.condition_dropout": 0.2})
    draw = run.dataset.test(200, np.random.default_rng(0))
    data = Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels))
    note = probe(run, "paths", data, {"guidance": 3.0})[-1].note
    assert note.startswith("Straightness 0.000 (0 is straight)")
    assert "energy" not in note


def euler(n: int) -> tuple[float, float, float]:
    """What n Euler steps make of a standard normal: gain of deviations, mean, and the exact gain is STD."""
    gain, mean = 1.0, 0.0
    for k in range(n):
        t = 1 - k / n
        slope = (t - (1 - t) * STD**2) / ((1 - t) ** 2 * STD**2 + t**2)
        gain, mean = gain * (1 - slope / n), mean - (-2.0 + slope * (mean - (1 - t) * 2.0)) / n
    return gain, mean, STD


def test_errors_of_euler_between_gaussians_are_those_of_the_closed_form(fixed: Any) -> None:
    run = fixed("moons-cfm", lambda path: BetweenGaussians(path, MEAN, STD))
    shown = probe(run, "evaluations", measure="error")
    last = shown[-1]
    assert last.captions == ("1", "2", "4", "8", "16", "32", "64")
    unit = float(run.model.std[0])
    for i, n in enumerate((1, 2, 4, 8, 16, 32, 64)):
        gain, mean, exact = euler(n)
        # Means err on the first axis alone, deviations, of unit variance, on both.
        expected = unit * math.sqrt((mean - 2.0) ** 2 + 2 * (gain - exact) ** 2)
        assert last.curves["Euler"][i] == pytest.approx(math.log10(expected), abs=0.04)


@dataclass(frozen=True)
class Winding:
    """A velocity that changes with place and time alike."""

    path: Path

    def predict(self, x: Tensor, t: Tensor, condition: Conditions | None = None) -> Prediction:
        velocity = torch.sin(2 * x.flip(1)) + math.cos(3 * float(t)) * (1 + 0.3 * x)
        return Prediction(self.path, t, x, "velocity", velocity)


def test_errors_fall_with_the_order_of_each_solver(fixed: Any) -> None:
    run = fixed("moons-cfm", Winding)
    curves = probe(run, "evaluations", measure="error")[-1].curves
    for name, order in (("Euler", 1), ("Midpoint", 2), ("Heun", 2), ("RK4", 4)):
        fall = (curves[name][3] - curves[name][5]) / (2 * math.log10(2))
        assert fall == pytest.approx(order, abs=0.35), name


def test_curves_fill_a_number_of_evaluations_at_a_time(fixed: Any) -> None:
    run = fixed("mixture-1d", lambda path: Constant(path, torch.zeros(1)))
    shown = probe(run, "evaluations", measure="w2")
    assert len(shown) == 7
    for k, curves in enumerate(shown):
        assert np.isfinite(curves.curves["Euler"]).tolist() == [i <= k for i in range(7)]
    last = shown[-1].curves
    assert np.isfinite(last["Heun"]).tolist() == [False] + 6 * [True]
    assert np.isfinite(last["RK4"]).tolist() == 2 * [False] + 5 * [True]


def test_the_distance_is_that_of_samples_to_fresh_data_and_the_floor_that_of_real_ones(fixed: Any) -> None:
    run = fixed("mixture-1d", lambda path: Constant(path, torch.full((1,), -0.5)))
    curves = probe(run, "evaluations", measure="w2")[-1]
    first, *others = (
        run.dataset.truth.draw(1000, np.random.default_rng([0, k])).x.astype(float) for k in range(5)
    )
    floors = [math.sqrt(ot.wasserstein_1d(first[:, 0], other[:, 0], p=2)) for other in others]
    assert curves.marks["floor"] == pytest.approx(np.mean(floors), rel=1e-6)
    # Samples are the source moved by half a standard deviation.
    rng = np.random.default_rng(3)
    moved = float(run.model.mean) + float(run.model.std) * (0.5 + rng.normal(size=200_000))
    exact = math.sqrt(ot.wasserstein_1d(moved, run.dataset.truth.draw(200_000, rng).x[:, 0], p=2))
    for name in ("Euler", "Midpoint", "Heun", "RK4"):
        assert curves.curves[name][3] == pytest.approx(exact, rel=0.1)


def test_without_a_known_truth_halves_of_held_out_data_are_compared(fixed: Any, monkeypatch: Patch) -> None:
    run = fixed("moons-cfm", lambda path: Constant(path, torch.zeros(2)))
    monkeypatch.setattr(run.model, "truth", None)
    x = run.dataset.test(120, np.random.default_rng(1)).x
    curves = probe(run, "evaluations", Batch(torch.as_tensor(x), None), measure="w2")[-1]
    expected = math.sqrt(ot.emd2([], [], ot.dist(x[:60].astype(float), x[60:].astype(float))))
    assert curves.marks["floor"] == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ValueError, match="no held-out examples to compare with"):
        probe(run, "evaluations", measure="w2")


def test_a_label_chooses_the_data_to_compare_with(fixed: Any) -> None:
    run = fixed(
        "mixture-1d", lambda path: Constant(path, torch.zeros(1)), {"objective.condition_dropout": 0.2}
    )
    one = probe(run, "evaluations", sampler={"label": "mode 1"}, measure="w2")[-1]
    # Real data of one Gaussian of standard deviation 1/2 lie within 0.06 of one another, of two ten times so.
    assert one.marks["floor"] < 0.06


def two_students(model: Any, monkeypatch: Patch, method: str = "student") -> tuple[Tensor, Tensor]:
    """The teacher goes one way and the student another, both everywhere the same."""
    teacher, student = torch.tensor([1.0, 0.5]), torch.tensor([1.0, 0.2])
    model.taught.fill_(True)
    both = {"teacher": Constant(model.path, teacher), "student": Constant(model.path, student)}
    monkeypatch.setattr(model, "plain_denoiser", lambda sampler: both[sampler.use])
    return teacher, student


def test_a_student_is_shown_beside_its_teacher_with_the_distance_between_them(
    fixed: Any, monkeypatch: Patch
) -> None:
    values = {"objective.method": "student"}
    run = fixed("moons-cfm", lambda path: Constant(path, torch.zeros(2)), values)
    with pytest.raises(ValueError, match="the student is not taught yet: its teacher trains first"):
        probe(run, "student")
    two_students(run.model, monkeypatch)
    (plane,) = probe(run, "student")
    found = groups(plane)
    unit = float(run.model.std[0])
    assert found["teacher"].x - found["student"].x == pytest.approx(
        np.tile([0, -0.3 * unit], (200, 1)), abs=1e-4
    )
    assert np.array_equal(found["apart"].x[::2], found["teacher"].x)
    assert np.array_equal(found["apart"].x[1::2], found["student"].x)
    assert f"land {0.3 * unit:.3g} data units apart" in plane.note
    # Of the spread of the data about their mean, which is that of two axes.
    assert f"{100 * 0.3 / math.sqrt(2):.2g} % of the data's spread" in plane.note
    assert "1 network evaluation against 48" in plane.note


def test_on_a_line_student_and_teacher_are_drawn_over_the_source(fixed: Any, monkeypatch: Patch) -> None:
    run = fixed("mixture-1d", lambda path: Constant(path, torch.zeros(1)), {"objective.method": "student"})
    run.model.taught.fill_(True)
    (plane,) = probe(run, "student")
    ends = groups(plane)["student"].x
    assert np.array_equal(ends[:, 0], ends[:, 1])
    assert np.ptp(ends[:, 0]) > 2 * float(run.model.std)
    assert plane.x_label == "source point, data units"


def test_a_student_stands_among_the_solvers_once_it_is_taught(fixed: Any, monkeypatch: Patch) -> None:
    values = {"objective.method": "student"}
    run = fixed("moons-cfm", lambda path: Constant(path, torch.zeros(2)), values)
    assert "Student" not in probe(run, "evaluations", measure="error")[-1].curves
    two_students(run.model, monkeypatch)
    curves: Curves = probe(run, "evaluations", measure="error")[-1]
    student = curves.curves["Student"]
    assert student[0] == pytest.approx(math.log10(0.3 * float(run.model.std[0])), abs=1e-3)
    assert np.isnan(student[1:]).all()
    assert (curves.curves["Euler"] < -5).all()


def test_a_consistency_model_without_a_teacher_has_passes_and_no_exact_path(fixed: Any) -> None:
    values = {"objective.method": "consistency-training"}
    run = fixed("mixture-1d", lambda path: Constant(path, torch.zeros(1)), values)
    curves = probe(run, "evaluations", measure="w2")[-1].curves
    assert list(curves) == ["Student"]
    assert np.isfinite(curves["Student"]).all()
    with pytest.raises(ValueError, match="choose the distance to the data"):
        probe(run, "evaluations", measure="error")
