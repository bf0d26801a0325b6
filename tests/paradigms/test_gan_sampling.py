"""How a GAN samples: one pass, truncation, rejection and walks by the discriminator."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.random import generator
from genlab.paradigms.gan.refine import acceptance

from .gan_pieces import PLAIN, biased, frames

Fresh = Callable[..., Any]
ShortRun = Callable[..., Any]


def test_labels_are_refused_where_they_mean_nothing(fresh_model: Fresh) -> None:
    _, _, _, without = fresh_model("gan", "moons", {"objective.conditional": False})
    with pytest.raises(ValueError, match="never saw a label"):
        frames(without, 2, label="upper")
    _, _, _, with_labels = fresh_model("gan", "moons")
    with pytest.raises(ValueError, match="trained with labels"):
        frames(with_labels, 2, label="none")


def test_the_bar_offers_labels_where_the_players_see_them(fresh_model: Fresh) -> None:
    enabled = []
    for dataset, values in (
        ("moons", {}),
        ("moons", {"objective.conditional": False}),
        ("mixture-1d", {"network.kind": "dirac"}),
    ):
        session, _, _, model = fresh_model("gan", dataset, values)
        control = session.capabilities.control("condition.label")
        assert control.enabled == (frames(model, 2)[0].labels is not None)
        enabled.append(control.enabled)
    assert enabled == [True, False, False]


def test_truncation_shrinks_latents_and_says_so(fresh_model: Fresh) -> None:
    _, _, _, model = fresh_model("gan", "moons")
    (plain,), (shrunk,), (centre,) = (frames(model, 200, truncation=psi) for psi in (1.0, 0.5, 0.0))
    assert (plain.biased, shrunk.biased) == ("", "truncation 0.5")
    latent = model.draw_latent(200, generator(0, "sampling"))
    assert torch.equal(model.truncated(latent, 0.5).z, latent.z / 2)
    assert shrunk.x.std(0).mean() < plain.x.std(0).mean()
    assert len(np.unique(centre.x.round(4), axis=0)) <= 2 * max(1, model.network.categories)


def test_rejection_with_the_exact_ratio_draws_from_the_data(fresh_model: Fresh) -> None:
    model = biased(fresh_model)
    shown = frames(model, 4000, method="rejection", steps=30)
    z = [model.standardise(torch.as_tensor(frame.x)).std().item() for frame in shown]
    assert [frame.index for frame in shown] == list(range(31))
    assert z[0] == pytest.approx(2, rel=0.05)
    assert z[-1] == pytest.approx(1, rel=0.05)
    assert shown[-1].time > 0.999
    assert shown[-1].biased == "discriminator rejection"


def test_a_place_once_filled_stays(fresh_model: Fresh) -> None:
    shown = frames(biased(fresh_model), 500, method="rejection", steps=40)
    changed = [(a.x != b.x).any(1).mean() for a, b in itertools.pairwise(shown)]
    assert changed[-1] == 0
    assert sorted(changed, reverse=True) == pytest.approx(changed, abs=0.05)


def test_acceptance_is_the_ratio_over_its_largest() -> None:
    ratio = torch.tensor([0.5, 1.0, 2.0]).log()
    assert acceptance(ratio, ratio.max()).tolist() == pytest.approx([0.25, 0.5, 1.0])


def test_langevin_steps_in_the_latent_reach_the_data(fresh_model: Fresh) -> None:
    # Energy z^2 / 2 + (4 z^2 / 2) (1 - 1/4) is that of N(0, 1/4): twice that has the data's spread 1.
    model = biased(fresh_model)
    shown = frames(model, 4000, method="refinement", steps=60, walk_step=0.1)
    z = [model.standardise(torch.as_tensor(frame.x)).std().item() for frame in shown]
    assert z[0] == pytest.approx(2, rel=0.05)
    assert z[-1] == pytest.approx(1, rel=0.1)
    climbed = frames(model, 300, method="refinement", steps=60, walk_step=0.1, walk_noise=0.0)[-1]
    assert model.standardise(torch.as_tensor(climbed.x)).std().item() < 0.01


def test_samplers_refuse_what_the_discriminator_does_not_know(fresh_model: Fresh) -> None:
    _, _, _, hinge = fresh_model("gan", "moons", {**PLAIN, "objective.loss": "hinge"})
    with pytest.raises(ValueError, match="no ratio"):
        frames(hinge, 3, method="rejection")
    assert len(frames(hinge, 3, method="refinement", steps=2)) == 3
    _, _, _, packed = fresh_model("gan", "moons", {**PLAIN, "objective.packing": 2})
    with pytest.raises(ValueError, match="judges 2 points at once"):
        frames(packed, 3, method="refinement")


def test_a_dirac_gan_offers_no_latent(fresh_model: Fresh) -> None:
    session, _, _, model = fresh_model("gan", "mixture-1d", {"network.kind": "dirac"})
    truncation = session.capabilities.control("sampler.truncation")
    assert not truncation.enabled
    assert "one point" in truncation.reason
    with pytest.raises(ValueError, match="one point"):
        frames(model, 3, method="refinement")
    assert len(np.unique(frames(model, 5)[0].x)) == 1
