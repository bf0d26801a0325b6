"""A linear decoder with Gaussian noise is probabilistic PCA, of which everything is known in closed form."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch

from genlab.core.requests import DensityRequest, LogProb, SampleRequest
from genlab.data import load
from genlab.engine.models import model_of
from genlab.paradigms.vae.likelihoods import LEAST_SCALE
from genlab.paradigms.vae.model import VAE
from genlab.paradigms.vae.settings import VAESampler
from genlab.session.session import Session
from tests.paradigms.conftest import train

LINEAR = {"network.depth": 0, "network.latent": 1, "objective.conditional": False}


@dataclass
class Linear:
    """A linear VAE whose encoder is off the posterior by a factor in scale and a shift."""

    model: VAE
    x: np.ndarray
    covariance: np.ndarray
    """Of x under the model, standardised."""
    weight: np.ndarray
    encoder: np.ndarray
    noise: float
    spread: float

    @property
    def exact(self) -> np.ndarray:
        """log p(x) in data units."""
        std = self.model.std.numpy().astype(float)
        z = (self.x - self.model.mean.numpy()) / std
        return scipy.stats.multivariate_normal(np.zeros(2), self.covariance).logpdf(z) - np.log(std).sum()


def principal(wider: float = 1.0, flatter: float = 1.0) -> Linear:
    """Tipping & Bishop (1999), equations 7 and 15: the maximum of the likelihood, and its posterior.

    wider, flatter: by what the encoder's scale and slope are multiplied."""
    session = Session.default("vae", "moons").with_values(LINEAR)
    draw = load("moons", session.data).train(4000, np.random.default_rng(0))
    model = model_of(session, load("moons", session.data), draw)
    assert isinstance(model, VAE)
    z = (draw.x - model.mean.numpy()) / model.std.numpy()
    values, vectors = np.linalg.eigh(np.cov(z.T, bias=True))
    noise = float(values[0])
    weight = vectors[:, 1:] * np.sqrt(values[1] - noise)
    inner = float(weight[:, 0] @ weight[:, 0]) + noise
    encoder = flatter * weight.T / inner
    spread = wider * np.sqrt(noise / inner)
    with torch.no_grad():
        model.decoder.last.weight.copy_(torch.as_tensor(weight))
        model.decoder.last.bias.zero_()
        model.encoder.last.weight.copy_(torch.as_tensor(np.concatenate([encoder, np.zeros((1, 2))])))
        model.encoder.last.bias.copy_(torch.tensor([0.0, np.log(spread)]))
        model.likelihood.log_scale.fill_(np.log(np.sqrt(noise) - LEAST_SCALE))
    covariance = weight @ weight.T + noise * np.eye(2)
    return Linear(model.eval(), draw.x[:1000], covariance, weight, encoder, noise, spread)


def bounds(model: Any, x: np.ndarray, k: int) -> list[LogProb]:
    with torch.no_grad():
        parts = model.log_prob(torch.as_tensor(x), DensityRequest(VAESampler(importance=k)))
        return [part for part in parts if part is not None]


def bound(linear: Linear, k: int) -> Any:
    return torch.cat([part.value for part in bounds(linear.model, linear.x, k)]).numpy()


def last_frame(linear: Linear, method: str, steps: int) -> np.ndarray:
    request = SampleRequest(20_000, VAESampler.model_validate({"method": method, "steps": steps}))
    with torch.no_grad():
        x = list(linear.model.sample(request))[-1].x
    return (x - linear.model.mean.numpy()) / linear.model.std.numpy()


def test_with_the_exact_posterior_a_single_sample_gives_log_p() -> None:
    linear = principal()
    assert np.allclose(bound(linear, 1), linear.exact, atol=2e-4)


def test_the_bound_rises_with_importance_samples_and_stays_below_log_p() -> None:
    linear = principal(wider=1.6, flatter=0.8)
    means = [bound(linear, k).mean() for k in (1, 2, 8, 32)]
    assert all(a < b - 1e-3 for a, b in itertools.pairwise(means))
    assert means[-1] < linear.exact.mean()
    assert bound(linear, 500).mean() == pytest.approx(linear.exact.mean(), abs=2e-3)


def test_the_gap_of_the_evidence_bound_is_the_divergence_of_the_encoder_from_the_posterior() -> None:
    linear, posterior = principal(wider=1.6, flatter=0.8), principal()
    z = (linear.x - linear.model.mean.numpy()) / linear.model.std.numpy()
    gap = z @ (linear.encoder - posterior.encoder).T / posterior.spread
    ratio = (linear.spread / posterior.spread) ** 2
    divergence = 0.5 * (ratio - 1 - np.log(ratio) + gap[:, 0] ** 2)
    found = (linear.exact - bound(linear, 1)).mean()
    assert found == pytest.approx(divergence.mean(), abs=0.06)


def test_training_reaches_the_closed_form_likelihood() -> None:
    session = Session.default("vae", "moons").with_values(
        LINEAR | {"training.batch_size": 512, "training.learning_rate": 0.02, "training.ema": 0.99}
    )
    run = train(session, 300)
    # One factor and a scale for each axis can give a plane any covariance.
    x = run.draw.x.astype(float)
    best = scipy.stats.multivariate_normal(x.mean(0), np.cov(x.T, bias=True)).logpdf(x).mean()
    parts = bounds(run.model, run.draw.x, session.sampler.importance)
    reached = torch.cat([part.value for part in parts]).mean().item()
    assert best - 0.01 < reached < best + 1e-3


def test_a_gibbs_chain_settles_where_its_own_linear_map_says() -> None:
    linear = principal(wider=1.6, flatter=0.8)
    turn = linear.weight @ linear.encoder
    fresh = linear.spread**2 * linear.weight @ linear.weight.T + linear.noise * np.eye(2)
    settled = scipy.linalg.solve_discrete_lyapunov(turn, fresh)
    found = np.cov(last_frame(linear, "gibbs", 20).T)
    assert np.allclose(found, settled, atol=0.06)
    assert np.abs(settled - linear.covariance).max() > 0.15


def test_metropolis_steps_keep_the_law_of_the_model_through_a_wrong_encoder() -> None:
    linear = principal(wider=1.6, flatter=0.8)
    assert np.allclose(np.cov(last_frame(linear, "metropolis", 10).T), linear.covariance, atol=0.06)


def test_the_standard_error_is_the_spread_over_repetitions() -> None:
    linear = principal(wider=1.6, flatter=0.8)
    parts = bounds(linear.model, np.repeat(linear.x[:1], 4000, 0), 100)
    values = torch.cat([part.value for part in parts])
    errors = torch.cat([part.standard_error for part in parts])
    assert float(errors.mean()) == pytest.approx(float(values.std()), rel=0.1)
