"""Pairs of source and data, coupled a pool at a time, ahead of training and beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from genlab.paradigms.flow_matching.settings import FlowMatchingObjective
from genlab.sampling.coupling import Index, Points, optimal, sinkhorn, within_classes

FIRST = 256
"""Points of the first pool; each further one has twice as many, up to the setting."""
STEPS = 400
"""Training steps that a pool of 1,024 serves: about as long as coupling the next one takes."""


@dataclass(frozen=True)
class Pool:
    """rows: of the training data, (n,). source: (n, *event), of each. steps: for how long it serves."""

    rows: Index
    source: Points
    steps: int


Draw = Callable[[int, int], tuple[Index, Points, Points, Index | None]]
"""(number of the pool, its size) to rows of the training data, their source points, data and labels."""


class Pairs:
    """Pools by their number. Which pool serves at which step does not depend on the machine's speed: training
    waits where a pool is not ready. Copies begin without anything under way."""

    def __init__(self, objective: FlowMatchingObjective, draw: Draw) -> None:
        self._objective = objective
        self._draw = draw
        self._thread: ThreadPoolExecutor | None = None
        self._ahead: dict[int, Future[Pool]] = {}

    def __deepcopy__(self, memo: object) -> None:
        return None

    def get(self, number: int) -> Pool:
        """A pool; the one after it is begun."""
        self._ahead = {key: job for key, job in self._ahead.items() if key in (number, number + 1)}
        for wanted in (number, number + 1):
            if wanted not in self._ahead:
                self._thread = self._thread or ThreadPoolExecutor(1, "genlab-coupling")
                self._ahead[wanted] = self._thread.submit(self._couple, wanted)
        return self._ahead[number].result()

    def _couple(self, number: int) -> Pool:
        objective = self._objective
        size = min(objective.coupled, FIRST * 2 ** min(number, 10))
        rows, source, data, labels = self._draw(number, size)
        match objective.coupling:
            case "sinkhorn":
                found = sinkhorn(source, data, objective.blur, np.random.default_rng([number, size]))
            case "label-aware" if labels is not None:
                found = within_classes(source, data, labels)
            case _:
                found = optimal(source, data)
        return Pool(rows, source[found], math.ceil(STEPS * (size / 1024) ** 2))
