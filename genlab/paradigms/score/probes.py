"""What a learned score is worth: its error at each noise level, and the Langevin chains that follow it."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.core.time.model import TO, TS, TimeModel
from genlab.data.payloads import Array, Curves, Group, Payload, Plane
from genlab.paradigms.score.chain_classes import class_along, class_sentence
from genlab.paradigms.score.settings import ScoreObjective, ScoreSampler
from genlab.probes.fields import score_field
from genlab.probes.pieces import with_gaps
from genlab.probes.time import SHARED_PROBES, TimeProbe
from genlab.probes.true_score import true_score
from genlab.sampling.condition import Conditions
from genlab.sampling.solvers import Solver, trajectory
from genlab.sampling.solvers.stochastic import AnnealedLangevin, Langevin
from genlab.sampling.spacing import start, times

LEVELS, LEAST_LEVELS = 16, 6
POINTS, LEAST_POINTS = 256, 32
CHAINS, CHAIN_STEPS, ANNEALED_LEVELS = 12, 200, 20
LEAST_CHAINS, LEAST_TURNS = 6, 1
STEP_SIZES = (-2.0, 1.0, 13)
"""Decimal logarithms of the first and the last step size in units of sigma^2, and how many there are."""
PARALLEL, MOVES = 128, 20
LEAST_PARALLEL, LEAST_MOVES, LEAST_SIZES = 32, 5, 7
"""Chains and steps of which an acceptance is the mean."""
BEST_ACCEPTANCE = 0.574
"""Of the most efficient MALA in many dimensions. Source: Roberts and Rosenthal (1998), theorem 2."""
LOUD = 0.5
"""Noise level, in standard deviations of the data, above which an annealed chain is drawn faintly."""
REAL = 500
PER_CENT = {"100 %": 0.0, "10 %": -1.0, "1 %": -2.0}
LEAST = 1e-6
"""Relative error, below which single precision tells nothing."""

Slices = Iterator[Payload | None]


def errors(model: TimeModel[TO, TS], request: ProbeRequest[TS]) -> Slices:
    """Decimal logarithm of `sqrt(E|s - s*|^2 / E|s*|^2)` of the learned score s, unguided, and the exact one
    s*, at 16 noise levels, fewer with less detail, over held-out data with noise: without a label, and given
    the one that is chosen.

    Raises:
        ValueError: where the truth of the data is not known, or without held-out data.
    """
    low, high = _range(model)
    levels = np.geomspace(low, high, request.fewer(LEVELS, LEAST_LEVELS))
    chosen = model.classes.single(request.condition.label)
    label = None if chosen is None or int(chosen) < 0 else int(chosen)
    curves: dict[str, Array] = {}
    if label is None or model.label_dropout > 0:
        curves["unconditional"] = yield from _relative_errors(model, request, levels, None)
    if label is not None:
        name = f"given {model.data.labels[label]}"
        curves[name] = yield from _relative_errors(model, request, levels, label)
    x_label = "log₁₀ noise level σ, standard deviations of the data"
    yield Curves(np.log10(levels).astype(np.float32), curves, x_label, "log₁₀ relative error", PER_CENT)


def chains(model: TimeModel[TO, TS], request: ProbeRequest[TS]) -> Slices:
    """Twelve chains of 200 Langevin steps along the learned score, guided as the sampler says, over held-out
    data, fewer and shorter with less detail: from the spread of noisy data at one level, or from noise down
    20 levels ('annealed').

    Points are shown as frames of a trajectory are: `x_t / sqrt(alpha^2 + sigma^2)`, in data units.

    Raises:
        ValueError: for data that are not points in a plane.
    """
    sampler = request.sampler
    if model.event != (2,):
        raise ValueError("chains are drawn in the plane only")
    method, step_size = str(request.values["method"]), 10 ** float(request.values["step"])
    steps = ANNEALED_LEVELS * request.fewer(CHAIN_STEPS // ANNEALED_LEVELS, LEAST_TURNS)
    grid, level = _grid(model, request, steps)
    many = request.fewer(CHAINS, LEAST_CHAINS)
    rng = generator(sampler.seed, "sampling", model.device)
    x = start(model.path, grid, (many, 2), rng)
    label = model.classes.single(request.condition.label)
    condition = Conditions(None if label is None else label.expand(many))
    walk, levels, accepted = [], [], 0.0
    denoiser = model.denoiser(request)
    for state in trajectory(denoiser, _solver(method, step_size), x, grid, condition, rng):
        walk.append(model.shown(state.x, state.t))
        levels.append(model.shown_time(state.t))
        accepted = state.accepted
        yield None
    paths = torch.stack(walk, 1).cpu().numpy()  # (chains, steps + 1, 2)
    late = paths[:, -1:] if method == "annealed" else paths[:, steps // 2 :]
    classes = yield from class_along(model.truth, late)
    said = [f"{100 * accepted:.0f} % of the proposals were accepted"] if method == "mala" else []
    if classes is not None and model.truth is not None:
        prior = np.asarray(model.truth.class_prior)
        said.append(class_sentence(classes, model.data.labels, prior, label is None or int(label) < 0))
    name = {"ula": "unadjusted", "mala": "adjusted", "annealed": "annealed"}[method]
    where = f"down {ANNEALED_LEVELS} noise levels" if method == "annealed" else f"at noise level {level:.3g}"
    guided = f", guidance {sampler.guidance:g}" if model.guided(request) else ""
    yield Plane(
        _groups(paths, np.array(levels), request),
        model.extent,
        f"{many} {name} chains of {steps} steps {where}{guided}",
        data_space=True,
        note=_sentence(said),
    )


def acceptance(model: TimeModel[TO, TS], request: ProbeRequest[TS]) -> Slices:
    """Share of accepted proposals of MALA at a noise level, and the expected squared jump per step
    relative to its largest, by step size: means over 20 steps of 128 chains that begin in noisy data (fewer
    with less detail).

    Raises:
        ValueError: without held-out data.
    """
    sampler = request.sampler
    level = _level(model, request)
    t = model.path.time_of_noise_level(torch.tensor(level, dtype=torch.float64))
    alpha = float(model.path.alpha(t))
    label = model.classes.single(request.condition.label)
    held_out = _held_out(model, request, None if label is None or int(label) < 0 else int(label))
    many, moves = request.fewer(PARALLEL, LEAST_PARALLEL), request.fewer(MOVES, LEAST_MOVES)
    data = held_out[torch.arange(many, device=model.device) % len(held_out)]
    condition = Conditions(None if label is None else label.expand(many))
    denoiser = model.plain_denoiser(sampler)
    first, last, sizes = STEP_SIZES
    count = request.fewer(sizes, LEAST_SIZES)
    exponents = np.linspace(first, last, count)
    accepted, jumps = np.zeros(count), np.zeros(count)
    for i, exponent in enumerate(exponents):
        rng = generator(sampler.seed, "sampling", model.device)
        x = alpha * (data + level * torch.randn(data.shape, generator=rng, device=rng.device))
        solver = Langevin(10**exponent, adjusted=True)
        before = x
        for state in trajectory(denoiser, solver, x, t.expand(moves + 1), condition, rng):
            jumps[i] += float((state.x - before).square().sum(1).mean()) / moves
            before, accepted[i] = state.x, state.accepted
            yield None
    relative = jumps / max(float(jumps.max()), 1e-30)
    best = int(jumps.argmax())
    farthest = f", longest jumps at {10 ** exponents[best]:.2g} σ²" if best < count - 1 else ""
    yield Curves(
        exponents.astype(np.float32),
        {
            "accepted": accepted.astype(np.float32),
            "squared jump, of its largest": relative.astype(np.float32),
        },
        f"log₁₀ step size in σ² (at noise level {level:.3g}{farthest})",
        "share",
        {"best in many dimensions, 57 %": BEST_ACCEPTANCE},
    )


def _relative_errors(
    model: TimeModel[TO, TS],
    request: ProbeRequest[TS],
    levels: np.ndarray[tuple[int], np.dtype[np.float64]],
    label: int | None,
) -> Generator[None, None, Array]:
    """Their decimal logarithms, one for each level. The same noise at all levels makes the curve smooth."""
    data = _held_out(model, request, label)[: request.fewer(POINTS, LEAST_POINTS)]
    rng = generator(request.sampler.seed, "preview", model.device)
    noise = torch.randn(data.shape, generator=rng, device=rng.device)
    given = None
    if model.classes.learned:
        given = torch.full((len(data),), -1 if label is None else label, device=model.device)
    denoiser = model.plain_denoiser(request.sampler)
    found = np.zeros(len(levels), np.float32)
    for i, level in enumerate(levels):
        t = model.path.time_of_noise_level(torch.tensor(level, dtype=torch.float64))
        alpha = float(model.path.alpha(t))
        y = data + level * noise
        with torch.no_grad():
            learned = alpha * denoiser.predict(alpha * y, t, Conditions(given)).score
        yield
        exact = yield from true_score(model, y, float(level), label)
        found[i] = math.log10(max(float((learned - exact).norm() / exact.norm()), LEAST))
    return found


def _held_out(model: TimeModel[TO, TS], request: ProbeRequest[TS], label: int | None) -> Tensor:
    """Held-out data (n, *event), standardised; of one class alone where a label is given."""
    if request.examples is None:
        raise ValueError("there are no held-out examples to show")
    x, labels = request.examples.x, request.examples.labels
    if label is not None and labels is not None:
        x = x[labels == label]
    if not len(x):
        raise ValueError("there are no held-out examples of this class")
    return model.standardise(x.to(model.device))


def _range(model: TimeModel[TO, TS]) -> tuple[float, float]:
    """The least and the largest noise level of the path."""
    ends = torch.tensor([model.path.t_min, model.path.t_max], dtype=torch.float64)
    low, high = model.path.noise_level(ends).tolist()
    return low, high


def _level(model: TimeModel[TO, TS], request: ProbeRequest[TS]) -> float:
    """The control's noise level, kept on the path."""
    low, high = _range(model)
    return min(max(10 ** float(request.values["level"]), low), high)


def _grid(model: TimeModel[TO, TS], request: ProbeRequest[TS], steps: int) -> tuple[Tensor, float]:
    """The times of so many steps of a chain, a multiple of the annealed levels, and the level where it stays.
    An annealed one takes its turns at each level as single steps, so that all can be shown."""
    level = _level(model, request)
    if request.values["method"] == "annealed":
        falling = times(model.path, ANNEALED_LEVELS)
        turns = falling[:-1].repeat_interleave(steps // ANNEALED_LEVELS)
        return torch.cat([turns, falling[-1:]]), level
    t = model.path.time_of_noise_level(torch.tensor(level, dtype=torch.float64))
    return t.expand(steps + 1), level


def _solver(method: str, step_size: float) -> Solver:
    if method == "annealed":
        return AnnealedLangevin(turns=1, step_size=step_size)
    return Langevin(step_size, adjusted=method == "mala")


def _groups(
    paths: Array, levels: np.ndarray[tuple[int], np.dtype[np.float64]], request: ProbeRequest[TS]
) -> tuple[Group, ...]:
    """Real data, the chains (n, steps + 1, 2), where they began and where they ended.

    levels: noise level after each step, (steps + 1,). Where it falls, the loud part lies faintly behind all.
    """
    calm = int(np.argmax(levels <= max(LOUD, levels[-1])))
    groups = []
    if calm > 0:
        groups.append(Group(f"above σ = {LOUD:g}", with_gaps(paths[:, : calm + 1]), "line", "muted"))
    if request.examples is not None:
        groups.append(Group("real", request.examples.x[:REAL].cpu().numpy(), "dots", "real"))
    groups.append(Group("chains", with_gaps(paths[:, calm:]), "line", "model"))
    groups.append(Group("starts", paths[:, 0], "dots", "muted"))
    groups.append(Group("ends", paths[:, -1], "dots", "mark"))
    return tuple(groups)


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] + "." if text else ""


PROBES: Mapping[str, TimeProbe[ScoreObjective, ScoreSampler]] = {
    "score": score_field,
    "errors": errors,
    "chains": chains,
    "acceptance": acceptance,
    **SHARED_PROBES,
}
