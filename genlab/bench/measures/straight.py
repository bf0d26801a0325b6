"""How straight the paths of flow matching get, and what one step is worth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from genlab.api import Run
from genlab.bench.measures.quality import W2_NOISE, in_processes, w2_gate, w2_row
from genlab.bench.measures.trained import Trained, notes, speed, trained
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, higher, listed, lower
from genlab.core.requests import SampleRequest
from genlab.engine.models import data_of
from genlab.metrics.distances import wasserstein2
from genlab.metrics.floors import Gate
from genlab.metrics.slices import finish
from genlab.paradigms.flow_matching.model import FlowMatching
from genlab.paradigms.flow_matching.settings import FlowMatchingObjective, FlowMatchingSampler
from genlab.paradigms.flow_matching.straightness import normalised_path_energy, walk
from genlab.runs.folder import RunFolder
from genlab.settings.time import TimeNetwork

ENERGIES = {"8gaussians-cfm": 0.02, "moons-cfm": 0.05}
BELOW_INDEPENDENT = 5
LEAST = -0.1
"""A signed energy reads low, since W2 of finite samples reads high; what is lower still is no flow."""
COUPLED_LIMIT, ENERGY_DRAWS = 1.2, 3
MORPH_DRAWS, MORPH_LIMIT, CROOKED_LIMIT = 5, 0.10, 3.0
STUDENTS = {"student": 1.15, "consistency-distillation": 1.3, "consistency-training": 1.3}
SECTION = "straight"


def measure(plan: Plan) -> Iterator[Row]:
    """Path energies, one Euler step, one-step students."""
    for dataset, limit in ENERGIES.items():
        yield from _energy(plan, dataset, limit)
    yield from _morph(plan)
    for preset, limit in STUDENTS.items():
        seconds = plan.student_seconds if preset == "student" else plan.consistency_seconds
        budget = plan.budget(preset, seconds)
        runs = (trained(plan, budget, "flow-matching", preset=preset, seed=seed) for seed in plan.seeds)
        what = f"moons-cfm, '{preset}', {budget} in all, one pass"
        yield w2_row(plan, SECTION, what, runs, plan.points_n[0], limit, {"steps": 1})


def _energy(plan: Plan, dataset: str, limit: float) -> Iterator[Row]:
    """Normalised path energy with optimal transport and without, unconditional as in the literature."""
    found: dict[str, list[float]] = {"optimal": [], "independent": []}
    gates: list[Gate] = []
    runs: list[Trained] = []
    budget, n = plan.budget("couplings", plan.density_seconds), plan.points_n[-1]
    for seed in plan.seeds:
        for coupling, values in found.items():
            settings = {"objective.coupling": coupling, "objective.condition_dropout": 1.0}
            done = trained(plan, budget, "flow-matching", dataset, seed=seed, settings=settings)
            values.append(path_energy(done.run, n))
            if coupling == "optimal":
                gates.append(w2_gate(plan, done.run, plan.points_n[0], COUPLED_LIMIT)[0])
                runs.append(done)
    pairs = list(zip(found["optimal"], found["independent"], strict=True))
    yield Row(
        SECTION,
        f"noise to {dataset}, {budget}, optimal transport: normalised path energy, signed",
        f"{LEAST:g} to {limit:g}, and {BELOW_INDEPENDENT} times below independent coupling",
        listed(found["optimal"], ".4f"),
        found,
        all(straight_enough(own, other, limit) for own, other in pairs),
        f"independent coupling {listed(found['independent'], '.3f')}; {n:,} paths, W2 by "
        f"assignment between their sources and fresh data, mean of {ENERGY_DRAWS}; {notes(runs)}",
        # What is too low to be a flow has a high W2, which the next row reads.
        (lower(found["optimal"], 0.012), *speed(runs)),
    )
    ratios = [each.ratio for each in gates]
    yield Row(
        SECTION,
        f"noise to {dataset}, the same runs: W2 at n = {plan.points_n[0]:,}, times its floor",
        f"at most {COUPLED_LIMIT:g} (+ 2 standard errors)",
        listed(ratios, ".3f"),
        {"ratios": ratios},
        all(each.passed for each in gates),
        figures=(lower(ratios, W2_NOISE),),
    )


def straight_enough(own: float, other: float, limit: float) -> bool:
    """Whether a signed path energy is small, and far below that of independent coupling."""
    return LEAST <= own <= limit and BELOW_INDEPENDENT * abs(own) <= other


def path_energy(run: Run, n: int) -> float:
    """The normalised path energy of a trained flow: mean of three draws of n paths."""
    model, settings = load_model(run), run.session.sampler.model_dump()
    walks = [
        finish(walk(model, SampleRequest(n, FlowMatchingSampler.model_validate(settings | {"seed": seed}))))
        for seed in range(ENERGY_DRAWS)
    ]
    sources = [each.places[0].numpy() for each in walks]
    data = [run.dataset().test(n, np.random.default_rng([seed, n])).x for seed in range(ENERGY_DRAWS)]
    costs = [distance**2 for distance in in_processes(wasserstein2, sources, data)]
    energies = [float(each.energy.mean()) for each in walks]
    return float(np.mean([normalised_path_energy(*pair) for pair in zip(energies, costs, strict=True)]))


def load_model(run: Run) -> FlowMatching:
    """The model of a run with the weights that it samples with."""
    dataset = run.dataset()
    data = data_of(run.session, dataset, dataset.train(1000, np.random.default_rng(0)))
    objective = FlowMatchingObjective.model_validate(run.session.objective.model_dump())
    model = FlowMatching(objective, TimeNetwork.model_validate(run.session.network.model_dump()), data)
    weights = RunFolder.open(run.folder).load_weights()
    model.load_state_dict({name: torch.from_numpy(values.copy()) for name, values in weights.items()})
    return model.eval()


def _morph(plan: Plan) -> Iterator[Row]:
    """Eight Gaussians to two moons in one Euler step, with optimal transport and without."""
    for preset, coupling in (("morph", "optimal transport"), ("crooked", "independent")):
        found, floor = [], 0.0
        runs: list[Trained] = []
        budget, n = plan.budget(preset, plan.morph_seconds), plan.points_n[0]
        for seed in plan.seeds:
            runs.append(trained(plan, budget, "flow-matching", preset=preset, seed=seed))
            run = runs[-1].run
            dataset, rng = run.dataset(), np.random.default_rng([seed, n])
            drawn = [run.sample(n, seed=1000 + k, steps=1) for k in range(MORPH_DRAWS)]
            real, more = ([dataset.test(n, rng).x for _ in range(MORPH_DRAWS)] for _ in range(2))
            found.append(float(np.square(in_processes(wasserstein2, drawn, real)).mean()))
            floor = floor or float(np.square(in_processes(wasserstein2, more, real)).mean())
        if preset == "morph":
            required, passed = f"at most {MORPH_LIMIT:.2f}", all(value <= MORPH_LIMIT for value in found)
            figure = lower(found, 0.015)
        else:
            required, passed = f"at least {CROOKED_LIMIT:g}", all(value >= CROOKED_LIMIT for value in found)
            figure = higher(found, 0.5)
        yield Row(
            SECTION,
            f"8gaussians-cfm to moons-cfm, {budget}, {coupling}, one Euler step: squared W2",
            required,
            listed(found, ".3f"),
            {"squared": found, "floor": floor},
            passed,
            f"n = {n:,}, mean of {MORPH_DRAWS}; real against real {floor:.3f}; {notes(runs)}",
            (figure, *speed(runs)),
        )
