"""Steps in parts of the batch: the same numbers as the whole, in short slices."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from genlab.metrics.slices import finish
from genlab.sampling import slices
from genlab.sampling.denoiser import Prediction
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.parts import Part, begin, step
from genlab.sampling.path import VarianceExploding
from genlab.sampling.pieces import in_pieces, whole
from genlab.sampling.solvers import Solver, trajectory
from genlab.sampling.solvers.runge_kutta import Adaptive, RungeKutta
from genlab.sampling.solvers.stochastic import AnnealedLangevin, Langevin, PredictorCorrector, ReverseSDE

PATH = VarianceExploding(0.05, 5.0)
TIMES = PATH.time_of_noise_level(torch.tensor([5.0, 1.0, 0.3, 0.05], dtype=torch.float64))


class Whatever:
    """What nothing is known of."""


class Counting(GaussianMixtureDenoiser):
    """A denoiser that remembers the largest batch it was asked about."""

    most = 0

    def predict(self, x: Tensor, t: Tensor, condition: object = None) -> Prediction:
        self.most = max(self.most, len(x))
        return super().predict(x, t)


@pytest.mark.parametrize(
    "solver",
    [RungeKutta("rk4"), ReverseSDE(), AnnealedLangevin(turns=3), Langevin(0.2, adjusted=True)],
    ids=lambda solver: type(solver).__name__,
)
def test_parts_draw_what_the_whole_draws(monkeypatch: pytest.MonkeyPatch, solver: Solver) -> None:
    monkeypatch.setattr(slices, "_timed", lambda work, count: 1e-3 * count)
    denoiser = Counting(torch.randn(5, 2), 0.3, PATH)
    x = 5 * torch.randn(100, 2, generator=torch.Generator().manual_seed(1))
    once = list(trajectory(denoiser, solver, x, TIMES, generator=torch.Generator().manual_seed(2)))[-1]
    denoiser.most = 0
    rng = torch.Generator().manual_seed(2)
    parts = finish(begin(denoiser, denoiser, solver, x, TIMES, rng=rng))
    assert len(parts) == 7
    assert all(isinstance(part, Part) for part in parts)
    for _ in TIMES[1:]:
        pauses, work = 0, step(denoiser, solver, parts)
        try:
            while True:
                next(work)
                pauses += 1
        except StopIteration as stop:
            parts = stop.value
        assert pauses == 6
    assert denoiser.most == 15
    torch.testing.assert_close(torch.cat([part.x for part in parts]), once.x)


@pytest.mark.parametrize("solver", [Adaptive(), PredictorCorrector()], ids=lambda s: type(s).__name__)
def test_solvers_that_look_at_the_whole_batch_are_not_divided(solver: Solver) -> None:
    denoiser = Counting(torch.randn(5, 2), 0.3, PATH)
    assert len(finish(begin(denoiser, denoiser, solver, torch.randn(500, 2), TIMES))) == 1


@pytest.mark.parametrize(("row", "rows", "size"), [(1e-6, 2000, 2000), (1e-3, 64, 16), (1.0, 64, 1)])
def test_pieces_are_as_long_as_fits_and_whole_where_all_fits(
    monkeypatch: pytest.MonkeyPatch, row: float, rows: int, size: int
) -> None:
    monkeypatch.setattr(slices, "_timed", lambda work, count: row * count)
    assert finish(slices.rows_a_slice(Whatever(), "pass", rows, print)) == size


def test_pieces_give_every_row_once() -> None:
    owner, seen = torch.nn.Linear(2, 2), torch.arange(1000)
    found = finish(in_pieces(owner, "rows", 1000, lambda rows: seen[rows], most=300))
    assert [len(part) for part in found] == [300, 300, 300, 100]
    assert torch.equal(torch.cat(found), seen)
    (none,) = finish(in_pieces(owner, "none", 0, lambda rows: seen[rows][:0]))
    assert len(none) == 0


def test_what_few_rows_take_says_nothing_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0

    def work(rows: int) -> None:
        nonlocal clock
        clock += 3e-3 + 5e-6 * rows

    monkeypatch.setattr(slices, "_clock", lambda: clock)
    owner = torch.nn.Linear(2, 2)
    assert finish(slices.rows_a_slice(owner, "pass", 2, work)) == 2
    assert finish(slices.rows_a_slice(owner, "pass", 2000, work)) == 2000
    assert finish(slices.rows_a_slice(owner, "pass", 20_000, work)) == pytest.approx(3000, rel=0.34)


def test_what_nothing_waits_for_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "_timed", lambda work, count: 1.0 * count)
    owner, seen = Whatever(), torch.arange(100)
    assert len(whole(in_pieces(owner, "rows", 100, lambda rows: seen[rows]))) == 1
    assert len(finish(in_pieces(owner, "rows", 100, lambda rows: seen[rows]))) == 100
    denoiser = Counting(torch.randn(5, 2), 0.3, PATH)
    assert (
        len(finish(begin(denoiser, denoiser, RungeKutta("rk4"), torch.randn(100, 2), TIMES, cut=False))) == 1
    )


def test_what_fits_with_all_threads_is_not_held_to_fit_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = 4
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(slices, "_timed", lambda work, count: 1e-3 * count / threads)
    owner = Whatever()
    assert finish(slices.rows_a_slice(owner, "pass", 64, print)) == 64
    threads = 1
    assert finish(slices.rows_a_slice(owner, "pass", 64, print)) == 16


def test_work_on_an_accelerator_is_waited_for_before_the_clock_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, queued = 0.0, 0.0

    def work(rows: int) -> None:
        nonlocal queued
        queued += 1e-3 * rows

    def synchronize() -> None:
        nonlocal now, queued
        now, queued = now + queued, 0.0

    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "synchronize", synchronize)
    monkeypatch.setattr(slices, "perf_counter", lambda: now)
    assert finish(slices.rows_a_slice(Whatever(), "pass", 64, work)) == 16
