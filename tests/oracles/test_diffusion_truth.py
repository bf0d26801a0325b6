"""A trained diffusion model against the exact answers of a mixture of Gaussians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.model import Model
from genlab.core.random import generator
from genlab.core.requests import DensityRequest, SampleRequest
from genlab.core.training import Batch, Context
from genlab.data import Dataset, load
from genlab.data.condition import Condition
from genlab.engine.models import model_of
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.session.session import Session

STEPS = 1500


@pytest.fixture(scope="module")
def trained() -> tuple[Session, Dataset, Model, float]:
    """Two Gaussians of standard deviation 1/2 at -2 and 2, and the loss over the last third."""
    session = Session.default("diffusion", "mixture-1d").with_values({"network.width": 64})
    dataset = load(session.dataset, session.data)
    draw = dataset.train(50_000, np.random.default_rng(0))
    model = model_of(session, dataset, draw)
    x, labels = torch.as_tensor(draw.x), torch.as_tensor(draw.labels)
    (player,) = model.players()
    optimiser = torch.optim.AdamW(player.parameters, 3e-3, weight_decay=0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    noise, order = generator(0, "noise"), generator(0, "data")
    losses = []
    for step in range(STEPS):
        rows = torch.randint(len(x), (256,), generator=order)
        context = Context(step, step / STEPS, noise, torch.device("cpu"))
        total = model.loss(Batch(x[rows], labels[rows]), player, context)["total"]
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        schedule.step()
        losses.append(total.item())
    return session, dataset, model.eval(), float(np.mean(losses[STEPS * 2 // 3 :]))


def exact(model: Any) -> GaussianMixtureDenoiser:
    """The posterior mean in the standardised coordinates of the model."""
    means = model.standardise(torch.tensor([[-2.0], [2.0]]))
    return GaussianMixtureDenoiser(means, float(0.5 / model.std), model.path)


def test_the_network_becomes_the_posterior_mean(trained: Any) -> None:
    session, dataset, model, _ = trained
    denoiser, truth = model.denoiser(SampleRequest(1, session.sampler)), exact(model)
    x0 = model.standardise(torch.as_tensor(dataset.test(2000, np.random.default_rng(2)).x))
    rng = generator(3, "noise")
    for level in (0.05, 0.2, 0.5, 1.0, 3.0):
        t = torch.tensor(level)
        noisy = x0 + level * torch.randn(x0.shape, generator=rng)
        with torch.no_grad():
            gap = denoiser.predict(noisy, t).v - truth.predict(noisy, t).v
        assert float(gap.square().mean().sqrt()) < 0.12


def test_no_loss_is_below_the_floor_and_a_good_one_is_near_it(trained: Any) -> None:
    session, dataset, model, loss = trained
    draw = dataset.train(10_300, np.random.default_rng(5))
    floor = model.loss_reference(
        Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels)), generator(0, "evaluation")
    )
    while True:
        try:
            next(floor)
        except StopIteration as end:
            value = end.value.values["total"]
            break
    assert 0.985 * value < loss < 1.06 * value
    # Without labels, mmse and the noise distribution are known: quadrature over both.
    truth, x0 = exact(model), model.standardise(torch.as_tensor(draw.x))
    u = (torch.arange(200) + 0.5) / 200
    rng = generator(1, "noise")
    losses = []
    for log_snr in model.quantile(u):
        level = torch.exp(-0.5 * log_snr)
        noisy = x0 + level * torch.randn(x0.shape, generator=rng)
        error = (truth.predict(noisy, level).x0 - x0).square().mean()
        losses.append(float((1 + 1 / level**2) * error))
    share = session.objective.condition_dropout
    # With a label each class is one Gaussian of variance r: mmse = r s^2 / (r + s^2).
    r = float((0.5 / model.std) ** 2)
    square = torch.exp(-model.quantile(u))
    given = float(((1 + 1 / square) * r * square / (r + square)).mean())
    assert value == pytest.approx(share * np.mean(losses) + (1 - share) * given, rel=0.04)


def test_the_density_is_the_truth_but_for_a_tenth_of_a_nat(trained: Any) -> None:
    session, dataset, model, _ = trained
    x = dataset.test(500, np.random.default_rng(4)).x
    for label, given in (("any", None), ("none", None), ("mode 1", 0)):
        request = DensityRequest(session.sampler, Condition(label))
        with torch.no_grad():
            parts = [p for p in model.log_prob(torch.as_tensor(x), request) if p is not None]
        value = torch.cat([p.value for p in parts]).double().numpy()
        expected = dataset.truth.log_prob(x, given)
        error = np.abs(value - expected)[expected > -4].mean()
        assert error < 0.12, label
        assert all(float(p.error.median()) < 0.01 for p in parts)


def test_samples_have_the_moments_of_the_mixture(trained: Any) -> None:
    session, _, model, _ = trained
    for method, steps in (
        ("heun", 20),
        ("dpm++2m", 20),
        ("ddpm", 100),
        ("ddim", 100),
        ("euler-ancestral", 100),
    ):
        sampler = session.sampler.model_copy(update={"method": method, "steps": steps})
        with torch.no_grad():
            x = list(model.sample(SampleRequest(4000, sampler)))[-1].x[:, 0]
        left, right = x[x < 0], x[x > 0]
        assert len(left) / len(x) == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(4000))
        for side, centre in ((left, -2.0), (right, 2.0)):
            assert side.mean() == pytest.approx(centre, abs=0.06)
            assert side.std() == pytest.approx(0.5, abs=0.05)
