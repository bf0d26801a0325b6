"""How slow this machine is: by it, times that were measured on two machines, or on two days, compare."""

from __future__ import annotations

from time import perf_counter

import numpy as np

USUAL = 0.020
"""Seconds of the work on the machine whose seconds are the unit: two cores of a Xeon of 2023."""
TRIES = 15


def slowness() -> float:
    """Time of a fixed piece of work in Python and NumPy, the best of some tries, over what is usual."""
    return min(_work() for _ in range(TRIES)) / USUAL


def _work() -> float:
    begun = perf_counter()
    words: dict[str, int] = {}
    for number in range(30_000):
        word = f"{number * number % 977:x}"
        words[word] = words.get(word, 0) + len(word)
    values = np.random.default_rng(0).random(100_000)
    for _ in range(3):
        values = np.sort(np.sin(values * 3.7))
    return perf_counter() - begun
