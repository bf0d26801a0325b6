"""Samplers that follow the score with fresh noise: the reverse SDE, correctors, and Langevin chains."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.solvers.base import Solver, State, coefficients


@dataclass(frozen=True)
class ReverseSDE(Solver):
    """Euler-Maruyama steps of `dx = (velocity - g^2 score / 2) dt + g dw`, backwards in the path's time.

    The last step, to the clean point, takes the expected clean point instead.

    Source: Song et al. (2021), Score-Based Generative Modeling through SDEs, eq. 6.
    """

    def step(self, denoiser: Denoiser, state: State) -> State:
        prediction = denoiser.predict(state.x, state.t, state.condition)
        if state.index == state.steps - 1:
            return state.advance(prediction.x0, prediction, prediction.nfe)
        h = float(state.t_next - state.t)  # negative
        rate = float(denoiser.path.diffusion_rate(state.t))
        drift = prediction.velocity - 0.5 * rate * prediction.score
        x = state.x + h * drift + math.sqrt(-h * rate) * state.noise()
        return state.advance(x, prediction, prediction.nfe)


@dataclass(frozen=True)
class PredictorCorrector(Solver):
    """A step of the reverse SDE, then Langevin steps at the new noise level.

    Attributes:
        corrections: Langevin steps after each predictor's.
        ratio: signal-to-noise ratio r of a correction, whose step is `2 alpha^2 (r |noise| / |score|)^2` on
            variance-preserving paths and that without `alpha^2` on exploding ones.

    Source: Song et al. (2021), algorithms 2 to 5.
    """

    coupled = True

    corrections: int = 1
    ratio: float = 0.16

    def step(self, denoiser: Denoiser, state: State) -> State:
        after = ReverseSDE().step(denoiser, state)
        if after.done:
            return after
        x, nfe = after.x, after.nfe
        alpha = float(denoiser.path.alpha(after.t))
        for _ in range(self.corrections):
            prediction = denoiser.predict(x, after.t, after.condition)
            score, fresh = prediction.score, after.noise()
            length = _mean_norm(fresh) / _mean_norm(score)
            h = 2 * (self.ratio * length) ** 2 * min(1.0, alpha) ** 2
            x = x + h * score + (2 * h).sqrt() * fresh
            nfe += prediction.nfe
        return replace(after, x=x, nfe=nfe)


def _mean_norm(x: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(x.flatten(1), dim=1)
    return lengths.mean()


@dataclass(frozen=True)
class AnnealedLangevin(Solver):
    """Unadjusted Langevin steps at each noise level in turn, and the expected clean point at the end.

    In `y = x / alpha` with `level = sigma / alpha` a step is `y + h / 2 score + sqrt(h) fresh noise`,
    `h = step level^2`.

    Attributes:
        turns: Langevin steps at each level.
        step_size: in units of the squared noise level (Song and Ermon's epsilon over sigma_L^2).

    Sources: Song and Ermon (2019), algorithm 1; Jolicoeur-Martineau et al. (2021) for the end.
    """

    turns: int = 5
    step_size: float = 0.2

    def step(self, denoiser: Denoiser, state: State) -> State:
        alpha, level = coefficients(denoiser.path, state.t)
        h = self.step_size * level**2
        x, nfe = state.x, 0
        for _ in range(self.turns):
            prediction = denoiser.predict(x, state.t, state.condition)
            x = x + alpha * (0.5 * h * _scaled_score(prediction) + math.sqrt(h) * state.noise())
            nfe += prediction.nfe
        prediction = denoiser.predict(x, state.t, state.condition)
        nfe += prediction.nfe
        if state.index == state.steps - 1:
            x = prediction.x0
        else:
            # The scale of the path changes from level to level, the point in data units does not.
            x = x * (coefficients(denoiser.path, state.t_next)[0] / alpha)
        return state.advance(x, prediction, nfe)


@dataclass(frozen=True)
class Langevin(Solver):
    """Langevin steps at one noise level: all times of the trajectory are the same.

    In `y = x / alpha` the density is that of the data with noise of standard deviation `level` on them. A
    proposal is `y' = y + h / 2 score(y) + sqrt(h) fresh noise`, with `h = step_size level^2`.

    Attributes:
        step_size: in units of the squared noise level.
        adjusted: accept or refuse a proposal by Metropolis and Hastings' rule (MALA), so that the chain
            leaves the density as it is; without, the unadjusted chain (ULA) is biased by its steps. A score
            has no density to compare: the difference of log densities is its integral along the segment
            between the two points, by Simpson's rule, exact for Gaussians.

    Sources: Roberts and Tweedie (1996), Exponential convergence of Langevin distributions and their discrete
    approximations; Du et al. (2023), Reduce, Reuse, Recycle, for the integral.
    """

    step_size: float = 0.2
    adjusted: bool = False

    def step(self, denoiser: Denoiser, state: State) -> State:
        alpha, level = coefficients(denoiser.path, state.t)
        h = self.step_size * level**2
        before = denoiser.predict(state.x, state.t, state.condition)
        score = _scaled_score(before)
        move = 0.5 * h * score + math.sqrt(h) * state.noise()
        proposed = state.x + alpha * move
        if not self.adjusted:
            return replace(state.advance(proposed, before, before.nfe), accepted=1.0)
        middle = denoiser.predict(state.x + 0.5 * alpha * move, state.t, state.condition)
        after = denoiser.predict(proposed, state.t, state.condition)
        along = (score + 4 * _scaled_score(middle) + _scaled_score(after)) / 6
        forth = move - 0.5 * h * score
        back = -move - 0.5 * h * _scaled_score(after)
        log_ratio = (along * move + (forth.square() - back.square()) / (2 * h)).flatten(1).sum(1)
        accepted = state.uniform().log() < log_ratio
        keep = accepted.reshape(-1, *(1,) * (state.x.ndim - 1))
        x = torch.where(keep, proposed, state.x)
        share = (state.accepted * state.index + accepted.double().mean().item()) / (state.index + 1)
        nfe = before.nfe + middle.nfe + after.nfe
        return replace(state.advance(x, before, nfe), accepted=share)


def _scaled_score(prediction: Prediction) -> Tensor:
    """The gradient of the log density of `y = x / alpha`, shape `(n, *event)`."""
    return prediction.score * prediction.alpha
