"""Runs that the rows are read from: trained as the plan says, with what the table says of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from time import perf_counter
from typing import Any

import torch
from torch import nn

from genlab.api import Run, train
from genlab.api.driver import Observer
from genlab.bench.plan import Budget, Plan
from genlab.bench.rows import Figure, higher
from genlab.metrics.distances import Floats
from genlab.runs.folder import RunFolder

STEPS, TRIES = 50, 6
USUAL = 1.2e-3
"""Seconds of one step of the loop that `slowness` times, on the machine whose seconds are the unit."""


@dataclass(frozen=True)
class Trained:
    """A run that is done. note: its seed, steps and torch threads. rate: in a gate, its steps per second as
    they would be on the machine whose seconds are the unit."""

    run: Run
    note: str
    rate: float | None


def trained(
    plan: Plan,
    budget: Budget,
    paradigm: str,
    dataset: str | Floats | None = None,
    *,
    seed: int,
    preset: str | None = None,
    settings: Mapping[str, Any] | None = None,
    observe: Observer | None = None,
) -> Trained:
    """Train a default session, or a preset, with some other settings. observe: called with every event.

    A gate trains on one thread, so that its figures do not depend on how many seemed best."""
    slow = [slowness()] if plan.gate else []
    one_thread = {"training.threads": 1} if plan.gate else {}
    run = train(
        paradigm,
        dataset,
        preset=preset,
        seconds=budget.seconds,
        steps=budget.steps,
        seed=seed,
        settings={**one_thread, **(settings or {})},
        observe=observe,
    )
    manifest = RunFolder.open(run.folder).manifest
    note = f"seed {seed}: {run.step:,} steps, torch threads {manifest['threads']}"
    if not plan.gate:
        return Trained(run, note, None)
    slow.append(slowness())
    return Trained(run, note, run.step / manifest["seconds"] * fmean(slow))


def speed(runs: Sequence[Trained]) -> tuple[Figure, ...]:
    """How fast the runs of a row trained: a figure in a gate, none outside one."""
    rates = [each.rate for each in runs if each.rate is not None]
    return (higher(rates, 0.05 * fmean(rates), "training steps per second"),) if rates else ()


def notes(runs: Sequence[Trained]) -> str:
    """The notes of several runs."""
    return "; ".join(each.note for each in runs)


def slowness() -> float:
    """Time of a step of a plain loop in torch on one thread, the best of some tries, over what is usual."""
    found: list[float] = []

    def work() -> None:
        torch.set_num_threads(1)
        found.append(min(_steps() for _ in range(TRIES)) / USUAL)

    # The number of threads is a matter of each thread: the others keep theirs.
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0]


def _steps() -> float:
    rng = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 2))
    optimiser = torch.optim.AdamW(net.parameters(), fused=True)
    x = torch.randn(256, 2, generator=rng)
    begun = perf_counter()
    for _ in range(STEPS):
        optimiser.zero_grad()
        (net(x) - x).square().mean().backward()
        optimiser.step()
    return (perf_counter() - begun) / STEPS
