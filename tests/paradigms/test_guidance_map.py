"""What guidance does to a density, beside the exactly tilted one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor, nn

from genlab.data import load
from genlab.data.catalogue import DATASETS
from genlab.data.payloads import Maps
from genlab.data.sets.mixture_1d_uneven import UnevenMixtureSettings
from genlab.probes.guidance_map import (
    guided_log_prob,
    occupied,
    shares,
    tilted_log_prob,
    total_variation,
)
from genlab.probes.pieces import plane
from genlab.sampling.ideal import GaussianMixtureDenoiser
from tests.paradigms.time_pieces import frames, payloads

Fresh = Callable[..., Any]
SPREAD = 2.0
LABEL = 2
LEAN = {"label": "90°", "guidance": 3.0}


def finished(work: Generator[None, None, Any]) -> Any:
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value


class Posterior(nn.Module):
    """The exact posterior of a mixture's components, from what a classifier on exploding noise is given."""

    def __init__(self, means: Tensor, std: float) -> None:
        super().__init__()
        self.means, self.std = means, std

    def forward(self, z: Tensor, c_noise: Tensor) -> Tensor:
        level = torch.exp(4 * c_noise)[:, None]
        y = z * (1 + level.square()).sqrt()
        return -0.5 * (y[:, None] - self.means).square().sum(2) / (self.std**2 + level.square())


@pytest.fixture
def exact(fresh_model: Fresh, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A session and a model of 8gaussians with the exact denoiser and the exact classifier."""

    def get(paradigm: str = "score", values: dict[str, Any] | None = None) -> Any:
        session, data, _, model = fresh_model(paradigm, "8gaussians", {"network.width": 8, **(values or {})})
        model.std.fill_(SPREAD)
        means = model.standardise(torch.as_tensor(data.truth.modes).float())
        std = data.truth.mode_std / SPREAD
        mixture = GaussianMixtureDenoiser(means, std, model.path)
        monkeypatch.setattr(model, "plain_denoiser", lambda _: mixture)
        if paradigm == "score":
            model.classifier = Posterior(means, std)  # type: ignore[assignment]
        return session, model.eval()

    return get


def maps(session: Any, model: Any, **changes: Any) -> list[Maps]:
    return payloads(model, session, "guidance", **changes)


def test_tilting_agrees_with_numerical_integration() -> None:
    # Three Gaussians at -3, 0 and 3 of width 0.4, each 0.4 times as likely as its neighbour on the left.
    truth = load("mixture-1d-uneven", UnevenMixtureSettings()).truth
    assert truth is not None
    centres = truth.modes[:, 0]  # type: ignore[index]
    weights = np.array([1, 0.4, 0.16]) / 1.56

    def tilted(x: float) -> float:
        joint = weights * stats.norm.pdf(x, centres, 0.4)
        return float(joint.sum() * (joint[1] / joint.sum()) ** 2.5)

    total = sum(integrate.quad(tilted, a, a + 0.5)[0] for a in np.arange(-4, 4, 0.5))
    x = np.linspace(-4, 4, 4001)
    log_p = finished(tilted_log_prob(truth, x[:, None], 1, 2.5))
    density = shares(log_p) / (x[1] - x[0])
    expected = np.array([tilted(value) / total for value in x])
    assert density == pytest.approx(expected, abs=2e-3 * expected.max())


@pytest.mark.parametrize(("scale", "label"), [(0.0, None), (1.0, 1)])
def test_a_scale_of_zero_is_the_data_and_one_the_class(scale: float, label: int | None) -> None:
    for dataset in ("moons", "checkerboard"):
        truth = load(dataset, DATASETS[dataset].settings()).truth
        assert truth is not None
        x = np.random.default_rng(0).uniform(-4, 4, (1500, 2))
        log_p = finished(tilted_log_prob(truth, x, 1, scale))
        expected = truth.log_prob(x, label)
        offset = 0.0 if label is None else np.log(truth.class_prior[1])
        assert np.array_equal(np.isfinite(log_p), np.isfinite(expected))
        inside = np.isfinite(expected)
        assert log_p[inside] - expected[inside] == pytest.approx(offset, abs=1e-6)


def test_at_scale_one_both_ways_of_guiding_give_the_density_of_the_class(exact: Callable[..., Any]) -> None:
    # So much noise that where samplers start from, all classes are alike.
    session, model = exact(values={"objective.sigma_max": 300.0})
    points = plane(model.extent, 20, model.device)
    sampler = session.sampler.model_copy(update={"guidance": 1.0})
    expected = shares(model.truth.log_prob(points.numpy(), LABEL))
    found = model.ways_to_guide(sampler)
    assert list(found) == ["classifier-free", "by a classifier"]
    for denoiser in found.values():
        with torch.no_grad():
            log_p = finished(guided_log_prob(model, denoiser, points, LABEL, 32))
        assert total_variation(shares(log_p), expected) < 0.01


def test_the_density_is_that_of_guided_samples(exact: Callable[..., Any]) -> None:
    session, model = exact()
    lean = {"label": "90°", "guidance": 1.5}
    (_, fine) = maps(session, model, **lean)
    drawn = fine.maps[1]
    *_, last = frames(model, session, 4000, **lean, steps=60)
    columns = drawn.values.shape[0]
    left, right, low, high = drawn.extent
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    y = low + (np.arange(columns) + 0.5) * (high - low) / columns
    share = drawn.values.astype(float) * (right - left) * (high - low) / columns**2
    mean = np.array([(share.sum(0) * x).sum(), (share.sum(1) * y).sum()])
    std = np.sqrt([(share.sum(0) * (x - mean[0]) ** 2).sum(), (share.sum(1) * (y - mean[1]) ** 2).sum()])
    assert mean == pytest.approx(last.x.mean(0), abs=0.02)
    assert std == pytest.approx(last.x.std(0), abs=0.02)


def test_maps_come_coarse_then_fine_on_one_scale_with_distances(exact: Callable[..., Any]) -> None:
    session, model = exact()
    coarse, fine = maps(session, model, **LEAN)
    assert len(coarse.maps[0].values) < len(fine.maps[0].values)
    for found in (coarse, fine):
        tilted, *guided = found.maps
        area = (tilted.extent[1] - tilted.extent[0]) ** 2 / tilted.values.size
        shares_of = [each.values.astype(float) * area for each in found.maps]
        assert [each.sum() for each in shares_of] == pytest.approx([1, 1, 1], abs=1e-5)
        assert tilted.title == "Exact p(x) p(90° | x)³"
        for name, each, share in zip(
            ("Classifier-free", "By a classifier"), guided, shares_of[1:], strict=True
        ):
            distance = 0.5 * np.abs(share - shares_of[0]).sum()
            assert each.title == f"{name}, TV {distance:.2f}"
            # Guidance is not tilting: of well separated classes tilting changes almost nothing.
            assert distance > 0.3
        # Both guide exactly, hence alike.
        assert 0.5 * np.abs(shares_of[1] - shares_of[2]).sum() < 0.01
        assert tilted.limits[0] == 0
        assert tilted.values.max() <= tilted.limits[1] <= 2.001 * tilted.values.max()
    # An exact network errs by nothing.
    assert "at w = 1 it is 0.0" in fine.note
    assert "w = 1" not in coarse.note


def test_diffusion_has_classifier_free_guidance_alone(exact: Callable[..., Any]) -> None:
    session, model = exact("diffusion")
    *_, fine = maps(session, model, **LEAN)
    assert [each.title.split(",")[0] for each in fine.maps] == ["Exact p(x) p(90° | x)³", "Classifier-free"]


def test_without_a_truth_there_are_guided_maps_alone(
    exact: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, model = exact()
    monkeypatch.setattr(model, "truth", None)
    *_, fine = maps(session, model, **LEAN)
    assert [each.title for each in fine.maps] == ["Classifier-free", "By a classifier"]
    assert "not known" in fine.note


def test_modes_narrower_than_cells_have_no_distance(
    exact: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, model = exact()
    monkeypatch.setattr(model.truth, "mode_std", 0.01)
    *_, fine = maps(session, model, **LEAN)
    assert not any("TV" in each.title for each in fine.maps)
    assert "narrower than the cells" in fine.note


@pytest.mark.parametrize(
    ("sampler", "sentence"),
    [
        ({"label": "any", "guidance": 3.0}, "choose a label: guidance leans towards one class"),
        ({"label": "none", "guidance": 3.0}, "choose a label: guidance leans towards one class"),
    ],
)
def test_where_nothing_is_guided_the_map_says_what_to_choose(
    exact: Callable[..., Any], sampler: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        maps(*exact(), **sampler)


def test_a_scale_of_one_is_the_class_as_the_network_has_it(exact: Callable[..., Any]) -> None:
    *_, fine = maps(*exact(), label="90°", guidance=1.0)
    distances = [float(each.title.partition("TV ")[2]) for each in fine.maps[1:]]
    assert distances
    assert max(distances) < 0.1


def test_data_without_labels_have_nothing_to_guide_towards(
    exact: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, model = exact()
    monkeypatch.setattr(model, "data", replace(model.data, labels=()))
    with pytest.raises(ValueError, match="no labels to guide towards"):
        maps(session, model, label="any", guidance=3.0)


def test_points_on_a_line_are_refused(fresh_model: Fresh) -> None:
    session, _, _, model = fresh_model("score", "mixture-1d", {"network.width": 8})
    with pytest.raises(ValueError, match="plane only"):
        maps(session, model, label="mode 1", guidance=3.0)


def test_cells_beside_an_occupied_coarse_one_are_looked_at() -> None:
    coarse = np.zeros((6, 6))
    coarse[2, 3] = 1.0
    coarse[5, 0] = 1e-6
    found = occupied(coarse.ravel(), 12).reshape(12, 12)
    expected = np.zeros((12, 12), bool)
    expected[2:8, 4:10] = True
    assert np.array_equal(found, expected)
