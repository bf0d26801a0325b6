"""The sections of the benchmark, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from genlab.bench.plan import Plan
from genlab.bench.rows import Row, Section, listed
from genlab.session.catalogue import PARADIGMS


def _measure(name: str) -> Callable[[Plan], Iterator[Row]]:
    """The section's own module, loaded when it runs: `live` must be able to run without torch here."""

    def measure(plan: Plan) -> Iterator[Row]:
        rows: Iterator[Row] = import_module(f"genlab.bench.measures.{name.replace('-', '_')}").measure(plan)
        return rows

    return measure


def _none(plan: Plan) -> tuple[int, ...]:
    return ()


def _zero(plan: Plan) -> tuple[int, ...]:
    return (0,)


def _seeds(plan: Plan) -> tuple[int, ...]:
    return plan.seeds


PREPARED = 3.0
"""Seconds around a training run: its model, its number of threads, its checkpoints."""
GATED = 0.7
"""Share of the expected time that training takes in a gate: the steps of `plan.RATES` are of a slower
engine."""


def _in_gate(expected: Callable[[Plan], float]) -> Callable[[Plan], float]:
    return lambda plan: expected(plan) * (GATED if plan.gate else 1)


def _live_expected(plan: Plan) -> float:
    return len(PARADIGMS) * (5 + plan.live_rounds * 2 * (plan.live_seconds + 5))


def _sliders_expected(plan: Plan) -> float:
    return 3 * 12 + 6 * plan.moves + (0 if plan.gate else 20 + 8 * plan.moves)


def _previews(name: str, what: str, gated: bool = True) -> Section:
    """Of one kind of data, which is a section of its own: with the others it would take hours. gated: whether
    a gate measures it."""

    def measure(plan: Plan) -> Iterator[Row]:
        rows: Iterator[Row] = import_module("genlab.bench.measures.previews").measure(plan, name)
        return rows

    def expected(plan: Plan) -> float:
        if plan.gate and not gated:
            return 0.0
        prepared, busy = 9.0, plan.busy_seconds
        return len(PARADIGMS) * (prepared + plan.preview_seconds + (busy + 2 * prepared if busy else 0))

    def settings(plan: Plan) -> str:
        return (
            f"Default sessions on {what}, {plan.preview_seconds:g} s of training with the window at rest, "
            f"and {plan.busy_seconds:g} s with a busy loop on each core. The panel that is last, or whose "
            "picture grows oldest, counts."
        )

    return Section(name, f"Pictures while it trains, on {what}", measure, expected, settings, _zero)


def _assignments(n: int, count: int) -> float:
    """Seconds of some exact W2 at a sample size, with the processes that share them on two cores."""
    return 4 + count * 0.5 * (n / 2000) ** 2.1


def _distances(plan: Plan, n: int) -> float:
    """Seconds of the W2 of a model: its draws and the assignments."""
    return 0.3 * plan.draws_at(n) * n / 1000 + _assignments(n, plan.draws_at(n))


def _points_expected(plan: Plan, datasets: int) -> float:
    floors = 0 if plan.gate else 150 * datasets
    runs = sum(
        PREPARED + seconds + _distances(plan, n)
        for seconds, n in zip(plan.points_seconds, plan.points_n, strict=True)
    )
    return floors + len(plan.seeds) * datasets * runs


def _digits_expected(plan: Plan) -> float:
    return len(plan.seeds) * (PREPARED + plan.digits_seconds + 5 + plan.digits_n / 50)


def _density_expected(plan: Plan) -> float:
    return len(plan.seeds) * (PREPARED + plan.density_seconds + 2 + plan.density_points / 40)


def _diffusion_expected(plan: Plan) -> float:
    ring = len(plan.seeds) * (PREPARED + plan.ring_seconds + 5)
    return 5 + _points_expected(plan, 2) + ring + _digits_expected(plan)


def _score_expected(plan: Plan) -> float:
    return 5 + _points_expected(plan, 3) + _density_expected(plan)


def _straight_expected(plan: Plan) -> float:
    first, last = plan.points_n[0], plan.points_n[-1]
    couplings = 4 * (PREPARED + plan.density_seconds + 2 + _assignments(last, 3)) + 2 * _distances(
        plan, first
    )
    morphs = 2 * (PREPARED + plan.morph_seconds + 2 * _assignments(first, 5))
    prepared = 3 * (PREPARED + 4 + _assignments(first, plan.draws_at(first)))
    students = prepared + plan.student_seconds + 2 * plan.consistency_seconds
    return 5 + len(plan.seeds) * (couplings + morphs + students)


def _likelihood_expected(plan: Plan) -> float:
    flows = 3 * (PREPARED + plan.flow_seconds + 8)
    digits = 2 * (PREPARED + plan.likelihood_seconds + 18)
    return 30 + len(plan.seeds) * (flows + digits)


def _gan_expected(plan: Plan) -> float:
    usual = len(plan.seeds) * (plan.gan_seconds + plan.minimax_seconds + 2 * (PREPARED + 2))
    return 5 + usual + len(plan.ring_seeds) * (plan.gan_seconds + PREPARED + 2)


def _blobs_expected(plan: Plan) -> float:
    return 5 + len(plan.seeds) * (plan.blobs_seconds + PREPARED + 2)


def _solvers_expected(plan: Plan) -> float:
    return 2 * (13 + 5 * (plan.solver_rounds + 1) * plan.solver_n / 10_000)


_W2 = (
    "W2 is exact, the mean of {draws} draws of the model ({large} at the larger size), each against a fresh "
    "real draw."
)


SECTIONS: dict[str, Section] = {
    section.name: section
    for section in (
        Section(
            "exact",
            "Exact numbers",
            _measure("exact"),
            lambda plan: 15,
            lambda plan: "Solvers and conversions against published constants, in this process.",
            _none,
        ),
        Section(
            "engine",
            "Engine against a bare loop",
            _measure("engine"),
            lambda plan: 2 * (12 + plan.engine_rounds * 2 * plan.engine_seconds),
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
            lambda plan: plan.starts * 8 + 30,
            lambda plan: (
                f"Median of {plan.starts} starts of `python -m genlab --smoke`, of as many runs begun with "
                "the Train button, engine warm, and of three from the command line."
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
                "and without it; the mixture of the baselines with a tolerance of 0, so that it fits as "
                "long. Frames are those of each panel; the slowest panel counts."
            ),
            _zero,
        ),
        Section(
            "live-sliders",
            "Sliders",
            _measure("live-sliders"),
            _sliders_expected,
            lambda plan: (
                "Default sessions after 3 s of training; half a second between two moves. A picture that "
                "takes long comes coarser first."
            ),
            _zero,
        ),
        _previews("previews-points", "moons"),
        _previews("previews-digits", "digits"),
        _previews("previews-images", "a folder of 3 x 120 RGB images of 28 x 28", gated=False),
        Section(
            "diffusion",
            "Diffusion",
            _measure("diffusion"),
            _in_gate(_diffusion_expected),
            lambda plan: (
                "Default sessions, trained by `genlab.train(..., seconds=...)`, one at a time. "
                + _W2.format(draws=plan.draws, large=plan.large_draws)
            ),
            _seeds,
        ),
        Section(
            "score",
            "Score based",
            _measure("score"),
            _in_gate(_score_expected),
            lambda plan: (
                "Default sessions, trained by `genlab.train(..., seconds=...)`, one at a time. "
                + _W2.format(draws=plan.draws, large=plan.large_draws)
            ),
            _seeds,
        ),
        Section(
            "flow-matching",
            "Flow matching",
            _measure("flow-matching"),
            _in_gate(lambda plan: _score_expected(plan) + _digits_expected(plan)),
            lambda plan: (
                "Default sessions, trained by `genlab.train(..., seconds=...)`, one at a time. "
                + _W2.format(draws=plan.draws, large=plan.large_draws)
            ),
            _seeds,
        ),
        Section(
            "straight",
            "Straight paths and single steps",
            _measure("straight"),
            _in_gate(_straight_expected),
            lambda plan: (
                "Flow matching with the couplings and presets that the rows name, trained by "
                "`genlab.train(..., seconds=...)`, one at a time, without labels where two couplings are "
                "compared. " + _W2.format(draws=plan.draws, large=plan.large_draws)
            ),
            _seeds,
        ),
        Section(
            "solvers",
            "Solvers against diffusers",
            _measure("solvers"),
            _solvers_expected,
            lambda plan: (
                f"{plan.solver_n:,} samples of the default network (random weights, 20 steps, Karras' "
                "levels): GenLab's `sample` with every frame, against a plain loop over diffusers' scheduler "
                "on the same levels with the whole batch in each pass; in turn, the median of "
                f"{plan.solver_rounds} ratios, a process for each number of torch threads."
            ),
            _zero,
        ),
        Section(
            "likelihood",
            "Likelihoods",
            _measure("likelihood"),
            _in_gate(_likelihood_expected),
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
            _in_gate(_gan_expected),
            lambda plan: (
                "Default sessions, and one preset that must fail, trained by "
                "`genlab.train(..., seconds=...)`, one at a time; the ring with seeds "
                f"{listed(plan.ring_seeds, 'd')}. A mode is captured, and a sample of high quality, by "
                "PacGAN's definitions."
            ),
            _seeds,
        ),
        Section(
            "gan-blobs",
            "Adversarial, on points of one's own",
            _measure("gan-blobs"),
            _in_gate(_blobs_expected),
            lambda plan: (
                "Default sessions on 4,000 points of two Gaussian blobs, given as an array, without their "
                "labels; recall and coverage with k = 5, against fresh points."
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
