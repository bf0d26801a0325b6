"""Slices stay short, and the helper process computes, fails and ends cleanly."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator

import numpy as np
import pytest

from genlab.metrics import slices
from genlab.metrics.distances import sliced_wasserstein2, wasserstein2, wasserstein2_aside
from genlab.metrics.features import kernel_distance, nearest_ratio, precision_recall_density_coverage
from genlab.metrics.slices import finish, in_process, stop_helper


@pytest.fixture(autouse=True, scope="module")
def no_helper_left() -> Iterator[None]:
    yield
    stop_helper()
    assert not [child for child in multiprocessing.active_children() if child.name == "genlab-metrics"]


def longest_slices(work: slices.Work[object]) -> list[float]:
    lengths = []
    start = time.thread_time()
    for _ in work:
        now = time.thread_time()
        lengths.append(now - start)
        start = now
    return [*lengths, time.thread_time() - start]


@pytest.mark.parametrize("dim", [2, 64])
def test_long_metrics_come_in_slices_of_twenty_milliseconds(dim: int) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 2000, dim))
    finish(precision_recall_density_coverage(x[:10], y[:10]))  # imports are not part of a slice
    assert len(longest_slices(kernel_distance(x, y))) > 4
    for work in (
        sliced_wasserstein2(x, y, rng),
        kernel_distance(x, y),
        precision_recall_density_coverage(x, y),
        nearest_ratio(x, y),
    ):
        lengths = longest_slices(work)
        assert np.median(lengths) < 0.02
        assert np.percentile(lengths, 95) < 0.03  # processor time, on a machine that others use too


def test_the_helper_process_gives_the_same_value_and_never_blocks() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 1000, 2))
    waits = 0
    work = wasserstein2_aside(x, y)
    while True:
        try:
            next(work)
        except StopIteration as stop:
            value = stop.value
            break
        waits += 1
        time.sleep(0.001)
    assert value == wasserstein2(x, y)
    assert waits > 0
    assert finish(in_process(os.getpid)) != os.getpid()
    assert finish(in_process(os.getpid)) == finish(in_process(os.getpid))


def test_calls_take_turns_and_each_gets_its_own_answer() -> None:
    first, second = in_process(pow, 2, 10), in_process(pow, 3, 4)
    stop_helper()  # so that the first call waits for a fresh process
    next(first)
    next(second)
    for _ in range(50):
        next(second)  # it is not its turn before the first is done
    assert finish(first) == 1024
    assert finish(second) == 81


def test_an_error_in_the_helper_is_raised_here_and_the_next_call_works() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        finish(in_process(wasserstein2, np.zeros((3, 2)), np.zeros((4, 2))))
    assert finish(in_process(abs, -3)) == 3


def test_closing_a_call_under_way_ends_it_and_the_next_call_works() -> None:
    finish(in_process(abs, -1))
    work = in_process(time.sleep, 60)
    next(work)
    start = time.perf_counter()
    work.close()
    assert time.perf_counter() - start < 2
    assert finish(in_process(abs, -2)) == 2


def test_a_helper_that_dies_is_an_error_and_is_replaced() -> None:
    with pytest.raises(RuntimeError, match="ended unexpectedly"):
        finish(in_process(os._exit, 3))
    assert finish(in_process(abs, -4)) == 4
