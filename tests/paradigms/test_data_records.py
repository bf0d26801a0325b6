"""Paradigms know a set of data by what its record says, whatever it is called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from genlab.core.random import generator
from genlab.data.catalogue import DATASETS
from genlab.data.dataset import Distribution, Draw
from genlab.paradigms.flow_matching import source
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session
from genlab.settings.data_info import DataInfo
from genlab.settings.spaces import Points
from tests.paradigms.conftest import build

MODES = DataInfo("three-dots", Points(2), ("a", "b", "c"), truth=True, modes=True)


def test_a_gan_finds_separate_modes_without_labels_and_points_of_unknown_ones_with_a_faster_critic() -> None:
    defaults = PARADIGMS["gan"].defaults
    ring = defaults(DATASETS["gan-ring"].info())
    assert defaults(MODES) == ring != {}
    unknown = defaults(replace(MODES, modes=False))
    assert unknown == defaults(DATASETS["moons"].info()) != ring
    assert unknown["objective.critic_rate"] > 1
    assert defaults(DATASETS["digits"].info()).get("objective.critic_rate") is None


def test_diffusion_trains_on_less_noise_where_modes_are_tight() -> None:
    defaults = PARADIGMS["diffusion"].defaults
    assert defaults(replace(MODES, tight=True)) == defaults(DATASETS["gan-ring"].info())
    assert defaults(MODES) == {}


def test_an_interval_is_chosen_in_the_window_of_data_that_say_no_bounds() -> None:
    def reach(data: DataInfo) -> list[tuple[float, float, float]]:
        entry, chosen = PARADIGMS["baselines"], Session.default("baselines", "mixture-1d").chosen
        (panel,) = (panel for panel in entry.panels(chosen, data) if panel.id == "interval")
        return [(float(control.default), control.low, control.high) for control in panel.controls]

    assert reach(DataInfo("thousand", Points(1))) == [(0.4, 0.0, 1.0), (0.6, 0.0, 1.0)]
    assert reach(DATASETS["mixture-1d"].info()) == [(-0.5, -10.0, 10.0), (0.5, -10.0, 10.0)]


class Square(Distribution):
    """Uniform on the unit square: known, and nothing more than a distribution."""

    class_prior = np.ones(1)
    entropy = 0.0

    def log_prob(self, x: np.ndarray, label: int | None = None) -> np.ndarray:
        return np.where(((x >= 0) & (x <= 1)).all(1), 0.0, -50.0)

    def draw(self, n: int, rng: np.random.Generator, label: int | None = None) -> Draw:
        return Draw(rng.random((n, 2)).astype(np.float32), None)


@pytest.mark.parametrize("known", [True, False])
def test_a_path_begins_from_any_set_whose_distribution_is_known(
    known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Data:
        truth = Square() if known else None

    monkeypatch.setattr(source, "load", lambda id, settings: Data())
    if not known:
        with pytest.raises(ValueError, match="cannot be the source: its distribution is not known"):
            source.OtherData("8gaussians", Points(2))
        return
    _, _, model = build(Session.default("flow-matching", "moons"))
    other = source.OtherData("8gaussians", Points(2))
    z = other.draw(model, 100, generator(0, "sampling"))  # type: ignore[arg-type]
    x = model.unstandardise(z)  # type: ignore[operator]
    assert float(x.min()) >= 0
    assert float(x.max()) <= 1 + 1e-6
    expected = model.log_volume()  # type: ignore[operator]
    torch.testing.assert_close(other.log_prob(model)(z[:5]), expected.expand(5))  # type: ignore[arg-type]
