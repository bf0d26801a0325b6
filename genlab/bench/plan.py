"""How much a benchmark measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

RATES: Mapping[str, float] = {
    "diffusion": 500,
    "diffusion digits": 20,
    "score": 260,
    "flow-matching": 320,
    "flow-matching digits": 18,
    "couplings": 220,
    "morph": 220,
    "crooked": 70,
    "student": 320,
    "consistency-distillation": 240,
    "consistency-training": 160,
    "flow": 110,
    "flow digits": 10,
    "vae digits": 28,
    "gan": 80,
    "minimax": 175,
}
"""Training steps that one second stands for in a gate, by kind of run: about what a quiet core makes."""


@dataclass(frozen=True)
class Budget:
    """How long a run trains: so many seconds, or in a gate so many steps."""

    seconds: float | None = None
    steps: int | None = None

    def __str__(self) -> str:
        return f"{self.seconds:g} s" if self.steps is None else f"{self.steps:,} steps"


@dataclass(frozen=True)
class Plan:
    """How much is measured. Times in seconds, training budgets and waits alike.

    gate: a short measurement, to be compared with earlier ones of its kind. It trains for a number of steps,
    so that the quality reached does not depend on the machine, and measures the speed beside it.
    points_seconds, points_n: trainings on points, each with the sample size at which it is judged.
    busy_seconds: of training with a busy loop on each core; 0 leaves that out.
    draws: of a model, for the mean of a distance at the first size; large_draws: at the others, where each
    costs 7 s or more. cache: where floors that take minutes to compute are kept from one benchmark to the
    next."""

    seeds: tuple[int, ...] = (0, 1, 2)
    quick: bool = False
    gate: bool = False
    engine_rounds: int = 5
    engine_seconds: float = 6.0
    starts: int = 5
    live_rounds: int = 3
    live_seconds: float = 20.0
    moves: int = 20
    preview_seconds: float = 180.0
    busy_seconds: float = 20.0
    points_seconds: tuple[float, ...] = (15.0, 60.0)
    points_n: tuple[int, ...] = (2000, 5000)
    draws: int = 20
    large_draws: int = 6
    ring_seconds: float = 60.0
    digits_seconds: float = 60.0
    digits_n: int = 1000
    density_seconds: float = 60.0
    density_points: int = 2000
    morph_seconds: float = 75.0
    student_seconds: float = 120.0
    consistency_seconds: float = 180.0
    solver_n: int = 10_000
    solver_rounds: int = 7
    ring_seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    blobs_seconds: float = 30.0
    gan_seconds: float = 180.0
    minimax_seconds: float = 180.0
    flow_seconds: float = 90.0
    likelihood_seconds: float = 120.0
    memory_settle: float = 60.0
    memory_seconds: float = 600.0
    cache: Path | None = None

    def quickly(self) -> Plan:
        """The same with one seed, and two minutes of memory in place of ten."""
        one = self.seeds[:1]
        return replace(self, quick=True, seeds=one, ring_seeds=one, memory_seconds=self.memory_seconds / 5)

    def gated(self, seed: int = 0) -> Plan:
        """What a gate measures: every section with one seed, in less than 25 minutes in all."""
        return replace(
            self, gate=True, seeds=(seed,), ring_seeds=(seed,), engine_rounds=3, engine_seconds=3.0, starts=3,
            live_rounds=1, live_seconds=6.0, moves=8, preview_seconds=8.0, busy_seconds=0.0,
            points_seconds=(8.0,), points_n=(1000,), ring_seconds=12.0, digits_seconds=30.0, digits_n=500,
            density_seconds=12.0, density_points=500, morph_seconds=12.0, student_seconds=16.0,
            consistency_seconds=16.0, solver_n=5000, solver_rounds=5, blobs_seconds=15.0, gan_seconds=60.0,
            minimax_seconds=16.0, flow_seconds=12.0, likelihood_seconds=25.0, memory_settle=15.0,
            memory_seconds=40.0,
        )  # fmt: skip

    def budget(self, kind: str, seconds: float) -> Budget:
        """The budget of one training run. kind: of RATES, which tells how many steps a gate takes."""
        if not self.gate:
            return Budget(seconds=seconds)
        return Budget(steps=max(1, round(seconds * RATES[kind])))

    def draws_at(self, n: int) -> int:
        """Draws of a model for the mean of a distance at a sample size."""
        return self.draws if n == self.points_n[0] else self.large_draws
