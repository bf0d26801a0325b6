"""Sampling with a network in turn by GenLab's solvers and by diffusers' schedulers: runs in a process of its
own."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import diffusers
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from genlab.core.random import generator
from genlab.core.requests import SampleRequest
from genlab.data import load
from genlab.engine.models import data_of
from genlab.paradigms.diffusion.model import Diffusion
from genlab.paradigms.diffusion.settings import DiffusionObjective, DiffusionSampler
from genlab.session.session import Session
from genlab.settings.time import TimeNetwork

DATASET = "moons"
STEPS = 20
SCHEDULERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "ddim": lambda noise: diffusers.DDIMScheduler(**noise, clip_sample=False, timestep_spacing="leading"),
    "euler": lambda noise: diffusers.EulerDiscreteScheduler(**noise, timestep_spacing="leading"),
    "heun": lambda noise: diffusers.HeunDiscreteScheduler(**noise, timestep_spacing="leading"),
    "dpm++2m": lambda noise: diffusers.DPMSolverMultistepScheduler(
        **noise, timestep_spacing="trailing", final_sigmas_type="zero"
    ),
}
"""The scheduler of each solver, given its noise levels: one for each step, so that both walk one grid."""

Samples = NDArray[np.float32]


class Contest:
    """One network of the default session, sampled by either side from the same noise and labels."""

    def __init__(self) -> None:
        session = Session.default("diffusion", DATASET)
        dataset = load(session.dataset, session.data)
        torch.manual_seed(0)
        data = data_of(session, dataset, dataset.train(1000, np.random.default_rng(0)))
        objective = DiffusionObjective.model_validate(session.objective.model_dump())
        network = TimeNetwork.model_validate(session.network.model_dump())
        self.model = Diffusion(objective, network, data).eval()
        self._sampler = DiffusionSampler.model_validate(session.sampler.model_dump())
        nn.init.normal_(self.model.net.get_parameter("last.weight"), std=0.1)

    def sampler(self, method: str) -> DiffusionSampler:
        """The session's sampler with one method."""
        return self._sampler.model_copy(update={"method": method, "steps": STEPS})

    def ours(self, method: str, n: int) -> Samples:
        """Samples (n, 2), every frame on the way made as the window asks for it."""
        asked = SampleRequest(n, self.sampler(method))
        frames = [frame for frame in self.model.sample(asked) if frame is not None]
        return frames[-1].x

    def scheduler(self, method: str) -> tuple[Any, Tensor]:
        """Their scheduler on our noise levels, and what the network is told at each of its timesteps."""
        path, grid = self.model.path, self.model.times(self.sampler(method))
        # Single precision would round the variances of the lowest levels away.
        alpha_bar = torch.sigmoid(path.log_snr(grid[:-1].flip(0)))
        betas = 1 - alpha_bar / torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])
        noise = {
            "num_train_timesteps": STEPS,
            "trained_betas": betas.tolist(),
            "prediction_type": "v_prediction",
        }
        told = -0.125 * path.log_snr(grid[:-1].flip(0)).float()
        return SCHEDULERS[method](noise), told

    def theirs(self, method: str, n: int, scheduler: Any, told: Tensor) -> Samples:
        """Samples (n, 2) by the loop of their documentation: the last frame only, the batch in one piece."""
        model, rng = self.model, generator(self._sampler.seed, "sampling")
        labels = model.classes.shown(n, "any", rng)
        scheduler.set_timesteps(STEPS)
        x = torch.randn((n, *model.event), generator=rng) * scheduler.init_noise_sigma
        for t in scheduler.timesteps:
            with torch.no_grad():
                output = model.net(scheduler.scale_model_input(x, t), told[int(t)].expand(n), labels)
            x = scheduler.step(output, t, x).prev_sample
        found: Samples = model.unstandardise(x).numpy()
        return found


def gap(contest: Contest, method: str, n: int) -> float:
    """Largest distance between the two sides' samples along an axis, data units."""
    theirs = contest.theirs(method, n, *contest.scheduler(method))
    return float(np.abs(contest.ours(method, n) - theirs).max())


def compare(n: int, rounds: int, threads: int) -> dict[str, Any]:
    """Seconds of either side, round by round in turn, and the gap between their samples, by method."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # as the engine's worker does
    contest = Contest()
    found: dict[str, Any] = {}
    for method in SCHEDULERS:
        scheduler, told = contest.scheduler(method)
        sides: dict[str, Callable[[], Samples]] = {
            "ours": lambda method=method: contest.ours(method, n),  # type: ignore[misc]
            "theirs": lambda method=method, s=scheduler, c=told: contest.theirs(method, n, s, c),  # type: ignore[misc]
        }
        seconds: dict[str, list[float]] = {side: [] for side in sides}
        for number in range(-1, rounds):  # the first only warms up
            for side in sorted(sides, reverse=bool(number % 2)):
                begun = perf_counter()
                sides[side]()
                if number >= 0:
                    seconds[side].append(perf_counter() - begun)
        found[method] = {**seconds, "gap": gap(contest, method, n)}
    return found
