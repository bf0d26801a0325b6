"""How straight the paths of flow matching get, and what one step is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from genlab.api import Run, train
from genlab.bench.gates import in_processes, w2_gate, w2_row
from genlab.bench.rows import Plan, Row, listed
from genlab.bench.trained import trained
from genlab.core.model import build_model
from genlab.metrics.distances import wasserstein2
from genlab.metrics.slices import finish
from genlab.paradigms.flow_matching.model import FlowMatching
from genlab.paradigms.flow_matching.settings import FlowMatchingSampler
from genlab.paradigms.flow_matching.straightness import normalised_path_energy, walk
from genlab.runs.folder import RunFolder

ENERGIES = {"8gaussians-cfm": 0.02, "moons-cfm": 0.05}
BELOW_INDEPENDENT = 5
LEAST = -0.1
"""A signed energy reads low, since W2 of finite samples reads high; what is lower still is no flow."""
COUPLED_LIMIT, ENERGY_DRAWS = 1.2, 3
MORPH_N, MORPH_DRAWS, MORPH_LIMIT, CROOKED_LIMIT = 2000, 5, 0.10, 3.0
STUDENTS = {"student": 1.15, "consistency-distillation": 1.3, "consistency-training": 1.3}
SECTION = "straight"


def measure(plan: Plan) -> Iterator[Row]:
    """Path energies, one Euler step, one-step students."""
    for dataset, limit in ENERGIES.items():
        yield from _energy(plan, dataset, limit)
    yield from _morph(plan)
    for preset, limit in STUDENTS.items():
        seconds = plan.student_seconds if preset == "student" else plan.consistency_seconds
        runs = (train("flow-matching", preset=preset, seconds=seconds, seed=seed) for seed in plan.seeds)
        what = f"moons-cfm, '{preset}', {seconds:g} s in all, one pass"
        yield w2_row(plan, SECTION, what, runs, plan.points_n[0], limit, {"steps": 1})


def _energy(plan: Plan, dataset: str, limit: float) -> Iterator[Row]:
    """Normalised path energy with optimal transport and without, unconditional as in the literature."""
    found: dict[str, list[float]] = {"optimal": [], "independent": []}
    gates, notes = [], []
    seconds = plan.density_seconds
    for seed in plan.seeds:
        for coupling, values in found.items():
            settings = {"objective.coupling": coupling, "objective.condition_dropout": 1.0}
            run = train("flow-matching", dataset, seconds=seconds, seed=seed, settings=settings)
            values.append(path_energy(run, plan.points_n[1]))
            if coupling == "optimal":
                gates.append(w2_gate(plan, run, plan.points_n[0], COUPLED_LIMIT)[0])
                notes.append(trained(run))
    pairs = list(zip(found["optimal"], found["independent"], strict=True))
    yield Row(
        SECTION,
        f"noise to {dataset}, {seconds:g} s, optimal transport: normalised path energy, signed",
        f"{LEAST:g} to {limit:g}, and {BELOW_INDEPENDENT} times below independent coupling",
        listed(found["optimal"], ".4f"),
        found,
        all(straight_enough(own, other, limit) for own, other in pairs),
        f"independent coupling {listed(found['independent'], '.3f')}; {plan.points_n[1]:,} paths, W2 by "
        f"assignment between their sources and fresh data, mean of {ENERGY_DRAWS}; {'; '.join(notes)}",
    )
    yield Row(
        SECTION,
        f"the same runs with optimal transport: W2 at n = {plan.points_n[0]:,}, times its floor",
        f"at most {COUPLED_LIMIT:g} (+ 2 standard errors)",
        listed([each.ratio for each in gates], ".3f"),
        {"ratios": [each.ratio for each in gates]},
        all(each.passed for each in gates),
    )


def straight_enough(own: float, other: float, limit: float) -> bool:
    """Whether a signed path energy is small, and far below that of independent coupling."""
    return LEAST <= own <= limit and BELOW_INDEPENDENT * abs(own) <= other


def path_energy(run: Run, n: int) -> float:
    """The normalised path energy of a trained flow: mean of three draws of n paths."""
    model, sampler = load_model(run), run.session.sampler
    assert isinstance(sampler, FlowMatchingSampler)
    walks = [
        finish(walk(model, sampler.model_copy(update={"seed": seed}), n)) for seed in range(ENERGY_DRAWS)
    ]
    sources = [each.places[0].numpy() for each in walks]
    data = [run.dataset().test(n, np.random.default_rng([seed, n])).x for seed in range(ENERGY_DRAWS)]
    costs = [distance**2 for distance in in_processes(wasserstein2, sources, data)]
    energies = [float(each.energy.mean()) for each in walks]
    return float(np.mean([normalised_path_energy(*pair) for pair in zip(energies, costs, strict=True)]))


def load_model(run: Run) -> FlowMatching:
    """The model of a run with the weights that it samples with."""
    dataset = run.dataset()
    model = build_model(run.session, dataset, dataset.train(1000, np.random.default_rng(0)))
    assert isinstance(model, FlowMatching)
    weights = RunFolder.open(run.folder).load_weights()
    model.load_state_dict({name: torch.from_numpy(values.copy()) for name, values in weights.items()})
    return model.eval()


def _morph(plan: Plan) -> Iterator[Row]:
    """Eight Gaussians to two moons in one Euler step, with optimal transport and without."""
    gates: Mapping[str, tuple[str, Any]] = {
        "morph": (f"at most {MORPH_LIMIT:.2f}", lambda value: value <= MORPH_LIMIT),
        "crooked": (f"at least {CROOKED_LIMIT:g}", lambda value: value >= CROOKED_LIMIT),
    }
    for preset, (required, fits) in gates.items():
        found, notes, floor = [], [], 0.0
        for seed in plan.seeds:
            run = train("flow-matching", preset=preset, seconds=plan.morph_seconds, seed=seed)
            dataset, rng = run.dataset(), np.random.default_rng([seed, MORPH_N])
            drawn = [run.sample(MORPH_N, seed=1000 + k, steps=1) for k in range(MORPH_DRAWS)]
            real, more = ([dataset.test(MORPH_N, rng).x for _ in range(MORPH_DRAWS)] for _ in range(2))
            found.append(float(np.square(in_processes(wasserstein2, drawn, real)).mean()))
            floor = floor or float(np.square(in_processes(wasserstein2, more, real)).mean())
            notes.append(trained(run))
        coupling = "optimal transport" if preset == "morph" else "independent"
        yield Row(
            SECTION,
            f"8gaussians-cfm to moons-cfm, {plan.morph_seconds:g} s, {coupling}, one Euler step: squared W2",
            required,
            listed(found, ".3f"),
            {"squared": found, "floor": floor},
            all(fits(value) for value in found),
            f"n = {MORPH_N:,}, mean of {MORPH_DRAWS}; real against real {floor:.3f}; {'; '.join(notes)}",
        )
