"""How straight the paths of a flow are, and how much longer than those of optimal transport."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from genlab.models.base import generator
from genlab.models.flow_matching.model import FlowMatching
from genlab.sampling.condition import Condition
from genlab.sampling.coupling import Points, optimal
from genlab.settings.flow_matching import FlowMatchingSampler

STEPS = 50


@dataclass(frozen=True)
class Walk:
    """Trajectories followed by midpoint steps.

    places: (steps + 1, n, *event) data units, from the source to the data. energy: (n,) integral of the
    squared speed, squared data units. bend: (n,) integral of the squared difference between the velocity and
    the mean one, squared data units; 0 on a straight path at constant speed."""

    places: Tensor
    energy: Tensor
    bend: Tensor


def walk(
    model: FlowMatching, sampler: FlowMatchingSampler, n: int, steps: int = STEPS
) -> Generator[None, None, Walk]:
    """n trajectories of the flow from the sampler's seed, in slices.

    Sources: Tong et al. (2024), section 5, for the energy; Liu et al. (2023), eq. 9, for the straightness.
    """
    rng = generator(sampler.seed, "sampling", model.device)
    labels = model.known_labels(n, sampler.label, rng)
    condition = Condition(labels)
    denoiser = model.denoiser(sampler.model_copy(update={"use": "teacher"}))
    x = model.source.draw(model, n, rng)
    unit = float(model.std.flatten()[0])
    h = 1 / steps
    places, velocities = [x], []
    for k in range(steps):
        t = torch.tensor(1 - k * h, dtype=torch.float64)
        with torch.no_grad():
            half = x - 0.5 * h * denoiser.predict(x, t, condition).velocity
            velocity = -denoiser.predict(half, t - 0.5 * h, condition).velocity
        x = x + h * velocity
        places.append(x)
        velocities.append(velocity)
        yield
    speeds = torch.stack([v.square().flatten(1).sum(1) for v in velocities]) * unit**2
    way = (x - places[0]).square().flatten(1).sum(1) * unit**2
    energy = speeds.mean(0)
    return Walk(model.unstandardise(torch.stack(places)), energy, energy - way)


def transport_cost(source: Points, data: Points) -> Generator[None, None, float]:
    """Squared 2-Wasserstein distance between two samples of equal size, by exact assignment in a thread of
    its own: yields while it is at work."""
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(_cost, source, data)
        while not job.done():
            yield
        return job.result()


def _cost(source: Points, data: Points) -> float:
    a, b = (np.asarray(z, np.float64).reshape(len(z), -1) for z in (source, data))
    return float(((a[optimal(a, b)] - b) ** 2).sum(1).mean())


def normalised_path_energy(energy: float, cost: float) -> float:
    """`(energy - W2^2) / W2^2`, signed: 0 for the flow of optimal transport."""
    return (energy - cost) / cost
