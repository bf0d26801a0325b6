"""The sections of the benchmark, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from genlab.bench.rows import Plan, Row, Section
from genlab.settings.catalogue import PARADIGMS


def _measure(name: str) -> Callable[[Plan], Iterator[Row]]:
    """The section's own module, loaded when it runs: `live` must be able to run without torch here."""

    def measure(plan: Plan) -> Iterator[Row]:
        rows: Iterator[Row] = import_module(f"genlab.bench.{name}").measure(plan)
        return rows

    return measure


def _none(plan: Plan) -> tuple[int, ...]:
    return ()


def _zero(plan: Plan) -> tuple[int, ...]:
    return (0,)


def _seeds(plan: Plan) -> tuple[int, ...]:
    return plan.seeds


def _live_expected(plan: Plan) -> float:
    return len(PARADIGMS) * plan.live_rounds * 2 * (plan.live_seconds + 9) + 3 * plan.moves + 30


def _diffusion_expected(plan: Plan) -> float:
    assignments = plan.draws * sum((n / 2000) ** 2.1 for n in plan.points_n) / 2
    training = 2 * sum(plan.points_seconds) + plan.ring_seconds + plan.digits_seconds
    return 300 + len(plan.seeds) * (training + 2 * assignments + 40)


SECTIONS: dict[str, Section] = {
    section.name: section
    for section in (
        Section(
            "exact",
            "Exact numbers",
            _measure("exact"),
            lambda plan: 25,
            lambda plan: "Solvers and conversions against published constants, in this process.",
            _none,
        ),
        Section(
            "engine",
            "Engine against a bare loop",
            _measure("engine"),
            lambda plan: 2 * (10 + plan.engine_rounds * 2 * plan.engine_seconds),
            lambda plan: (
                f"The default sessions on moons and on digits: {plan.engine_rounds} times "
                f"{plan.engine_seconds:g} s of a hand-written loop (the same network, batches, loss, AdamW, "
                "clipping, average and threads) in turn with as long of the engine, in one process."
            ),
            _zero,
        ),
        Section(
            "start",
            "Start",
            _measure("start"),
            lambda plan: plan.starts * 12 + 20,
            lambda plan: (
                f"Median of {plan.starts} starts of `python -m genlab --smoke`, and of as many runs "
                "begun with the Train button, engine warm."
            ),
            _zero,
        ),
        Section(
            "live",
            "The window while it trains",
            _measure("live"),
            _live_expected,
            lambda plan: (
                f"Default sessions on moons, {plan.live_seconds:g} s, {plan.live_rounds} times in turn "
                "with the window (1440 x 880, every default panel repainted whole each 16 ms) "
                "and without it; the mixture of the baselines with a tolerance of 0, so that it fits as long."
            ),
            _zero,
        ),
        Section(
            "diffusion",
            "Diffusion",
            _measure("diffusion"),
            _diffusion_expected,
            lambda plan: (
                "Default sessions, trained by `genlab.train(..., seconds=...)`, one at a time. W2 is exact, "
                f"the mean of {plan.draws} draws of the model, each against a fresh real draw."
            ),
            _seeds,
        ),
        Section(
            "likelihood",
            "Likelihoods",
            _measure("likelihood"),
            lambda plan: 200 + len(plan.seeds) * (3 * plan.flow_seconds + 2 * plan.likelihood_seconds + 60),
            lambda plan: (
                "Default sessions of flow and vae, trained by `genlab.train(..., seconds=...)`, one at a "
                "time; log densities of held-out data, against the exact entropy where it is known."
            ),
            _seeds,
        ),
        Section(
            "gan",
            "Adversarial",
            _measure("gan"),
            lambda plan: 60 + len(plan.seeds) * 3 * (plan.gan_seconds + 10),
            lambda plan: (
                "Default sessions, and one preset that must fail, trained by "
                "`genlab.train(..., seconds=...)`, one at a time. A mode is captured, and a sample of high "
                "quality, by PacGAN's definitions."
            ),
            _seeds,
        ),
        Section(
            "app",
            "The built app",
            _measure("app"),
            lambda plan: plan.starts * 8,
            lambda plan: f"`dist/genlab/genlab --smoke`, median of {plan.starts} starts.",
            _zero,
        ),
        Section(
            "memory",
            "Memory",
            _measure("memory"),
            lambda plan: plan.memory_settle + plan.memory_seconds + 20,
            lambda plan: (
                f"Resident memory over {plan.memory_seconds / 60:g} minutes of training on moons with the "
                f"window open, after the first {plan.memory_settle:g} s."
            ),
            _zero,
        ),
    )
}
