"""How straight the paths of a flow are, and how much longer than those of optimal transport."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import SampleRequest
from genlab.paradigms.flow_matching.model import FlowMatching
from genlab.paradigms.flow_matching.settings import FlowMatchingSampler
from genlab.sampling.condition import Conditions
from genlab.sampling.coupling import Index, Points, optimal, squared_distances
from genlab.sampling.parts import predictions

STEPS = 50
LEAST = 1e-12
"""Energy, squared data units, below which nothing moves."""
ROUNDING = 1e-12
"""Of potentials, relative to the largest cost."""

Floats = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True)
class Walk:
    """Trajectories followed by midpoint steps.

    places: (steps + 1, n, *event) data units, from the source to the data. energy: (n,) integral of the
    squared speed, squared data units. bend: (n,) integral of the squared difference between the velocity and
    the mean one, squared data units; 0 on a straight path at constant speed. labels: (n,), -1 for none, or
    None where the network knows none. nfe: network evaluations for each."""

    places: Tensor
    energy: Tensor
    bend: Tensor
    labels: Tensor | None
    nfe: int

    @property
    def straightness(self) -> float:
        """Mean bend over mean energy, in [0, 1]; 0 where every path is straight, at constant speed."""
        return max(0.0, float(self.bend.mean() / self.energy.mean().clamp(min=LEAST)))


def followed(model: FlowMatching, sampler: FlowMatchingSampler) -> FlowMatchingSampler:
    """Settings that follow the flow itself: of the teacher where there is a student, who learned it
    unguided."""
    guidance = 1.0 if model.student_acts(sampler) else sampler.guidance
    return sampler.model_copy(update={"use": "teacher", "guidance": guidance})


def walk(
    model: FlowMatching, request: SampleRequest[FlowMatchingSampler], steps: int = STEPS
) -> Generator[None, None, Walk]:
    """Trajectories of the flow from the sampler's seed, in slices.

    Sources: Tong et al. (2024), section 5, for the energy; Liu et al. (2023), eq. 9, for the straightness.
    """
    rng = generator(request.sampler.seed, "sampling", model.device)
    labels = model.labels(request.n, request, rng)
    condition = Conditions(labels)
    denoiser = model.denoiser(replace(request, sampler=followed(model, request.sampler)))
    x = model.source.draw(model, request.n, rng)
    unit = float(model.std.flatten()[0])
    net = model.process_of(followed(model, request.sampler)).net

    def velocity(x: Tensor, t: Tensor) -> Generator[None, None, tuple[Tensor, int]]:
        picked = predictions(net, denoiser, x, t, condition, lambda found: (found.velocity, found.nfe))
        parts = yield from picked
        return torch.cat([part for part, _ in parts]), parts[0][1]

    h = 1 / steps
    places, velocities, nfe = [x], [], 0
    for k in range(steps):
        t = torch.tensor(1 - k * h, dtype=torch.float64)
        first, passes = yield from velocity(x, t)
        yield
        second, more = yield from velocity(x - 0.5 * h * first, t - 0.5 * h)
        x = x - h * second
        places.append(x)
        velocities.append(second)
        nfe += passes + more
        yield
    speeds = torch.stack([v.square().flatten(1).sum(1) for v in velocities]) * unit**2
    way = (x - places[0]).square().flatten(1).sum(1) * unit**2
    energy = speeds.mean(0)
    return Walk(model.unstandardise(torch.stack(places)), energy, energy - way, labels, nfe)


@dataclass(frozen=True)
class Transport:
    """Optimal transport between two samples of equal size, for squared Euclidean cost, within each class.

    cost: mean over the pairs; without classes the squared 2-Wasserstein distance. source, data: (n,)
    potentials: of points of one class their sum is at most the cost, and is the cost of those that go
    together. Those of the data have mean 0 in each class, those of the source the mean `cost`."""

    cost: float
    source: Floats
    data: Floats


def transport(source: Points, data: Points, classes: Index | None = None) -> Generator[None, None, Transport]:
    """Optimal transport between samples (n, *event), in a thread of its own: yields while it is at work.

    classes: (n,) of the source points and the data alike, where each class goes to its own."""

    def work(a: Floats, b: Floats) -> Transport:
        labels = np.zeros(len(a), np.int64) if classes is None else classes
        at_source, at_data = np.empty(len(a)), np.empty(len(b))
        for label in np.unique(labels):
            rows = labels == label
            at_source[rows], at_data[rows] = _potentials(a[rows], b[rows])
        return Transport(float(at_source.mean()), at_source, at_data)

    return (yield from _aside(work, source, data))


def transport_cost(source: Points, data: Points) -> Generator[None, None, float]:
    """Squared 2-Wasserstein distance between samples (n, *event): by sorting on a line, else by exact
    assignment; in a thread: yields while it is at work."""
    return (yield from _aside(_cost, source, data))


def _aside(work: Callable[[Floats, Floats], T], source: Points, data: Points) -> Generator[None, None, T]:
    a, b = (np.asarray(z, np.float64).reshape(len(z), -1) for z in (source, data))
    thread = ThreadPoolExecutor(1, "genlab-transport")
    try:
        job = thread.submit(work, a, b)
        while not job.done():
            yield
        return job.result()
    finally:
        thread.shutdown(wait=False)


def _cost(a: Floats, b: Floats) -> float:
    if a.shape[1] == 1:
        a, b = np.sort(a, 0), np.sort(b, 0)
    else:
        a = a[optimal(a, b)]
    return float(((a - b) ** 2).sum(1).mean())


def _potentials(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    found = optimal(a, b)
    cost = squared_distances(a, b)[found]
    matched = np.diagonal(cost)
    if a.shape[1] == 1:
        # Sorted along the line, it is enough that neighbours would not rather change places.
        order = np.argsort(b[:, 0], kind="stable")
        steps = (cost[order[:-1], order[1:]] - matched[order[:-1]]).cumsum()
        at_data = np.empty(len(b))
        at_data[order] = np.concatenate([[0.0], steps])
    else:
        at_data = _potential(cost - matched[:, None])
    at_data -= at_data.mean()
    at_source = np.empty(len(a))
    at_source[found] = matched - at_data
    return at_source, at_data


def _potential(extra: Floats) -> Floats:
    """The potential of each datum, (n,), by Bellman and Ford's shortest paths.

    extra: [i, j] what it would cost the partner of datum i more to go to datum j."""
    potential = np.zeros(len(extra))
    least = ROUNDING * float(np.abs(extra).max())
    for _ in range(len(extra)):
        shorter = (potential[:, None] + extra).min(0)
        if (potential - shorter).max() <= least:
            break
        potential = shorter
    return potential


def normalised_path_energy(energy: float, cost: float) -> float:
    """`(energy - W2^2) / W2^2`, signed: 0 for the flow of optimal transport."""
    return (energy - cost) / cost


def path_energy_error(energy: Tensor, moved: Transport) -> float:
    """Standard error of the normalised path energy of walks, (n,), that begin in the source of `moved`.

    The cost varies with its samples as the mean of its potentials does.

    Source: del Barrio and Loubes (2019), Central limit theorems for empirical transportation cost in general
    dimension.
    """
    energies = energy.double().cpu().numpy()
    ratio = energies.mean() / moved.cost
    variance = (energies - ratio * moved.source).var() + ratio**2 * moved.data.var()
    return float(math.sqrt(variance / len(energies)) / moved.cost)
