"""Where the steps of a sampler lie."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from genlab.bench.table_path import Table, linear_betas, table_times
from genlab.sampling.path import Cosine, Linear, Path, VarianceExploding
from genlab.sampling.spacing import End, Spacing, start, times

PATHS: list[Path] = [Linear(), Cosine(), VarianceExploding(), Table(linear_betas(1000))]


def spaced(path: Path, steps: int, spacing: Spacing, end: End = "clean") -> torch.Tensor:
    return (
        table_times(path, steps, spacing, end)
        if isinstance(path, Table)
        else times(path, steps, spacing, end)
    )


@pytest.mark.parametrize("end", get_args(End))
@pytest.mark.parametrize("spacing", get_args(Spacing))
@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_times_fall_from_noise_to_their_end(path: Path, spacing: Spacing, end: End) -> None:
    for steps in (1, 2, 7, 499):
        grid = spaced(path, steps, spacing, end)
        assert grid.shape == (steps + 1,)
        assert (grid.diff() < 0).all()
        assert grid[-1] == (path.t_clean if end == "clean" else path.t_min)
        assert grid[0] <= path.t_max
        if spacing != "leading":
            assert grid[0] == path.t_max


@pytest.mark.parametrize(
    ("spacing", "expected"),
    [("leading", [750, 500, 250, 0]), ("trailing", [999, 749, 499, 249]), ("linear", [999, 666, 333, 0])],
)
def test_a_table_is_cut_at_the_published_integers(spacing: Spacing, expected: list[int]) -> None:
    assert spaced(PATHS[3], 4, spacing).tolist() == [*expected, -1]


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_karras_levels_are_even_in_their_seventh_root(path: Path) -> None:
    root = path.noise_level(times(path, 20, "karras")[:-1]) ** (1 / 7)
    torch.testing.assert_close(root.diff(), root.diff().mean().expand(19), rtol=1e-9, atol=0)


def test_a_table_with_too_few_levels_says_so() -> None:
    path = Table(linear_betas(50))
    assert len(table_times(path, 50, "leading")) == 51
    for spacing in ("linear", "leading", "trailing"):
        with pytest.raises(ValueError, match="too few levels for 51 steps"):
            table_times(path, 51, spacing)  # type: ignore[arg-type]


@pytest.mark.parametrize("steps", [0, 1001])
def test_steps_out_of_range_are_refused(steps: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 1000"):
        times(PATHS[0], steps)


@pytest.mark.parametrize("path", PATHS, ids=lambda p: type(p).__name__)
def test_the_start_has_the_spread_of_data_and_noise_together(path: Path) -> None:
    grid = times(path, 5)
    x = start(path, grid, (50000, 2), torch.Generator().manual_seed(0))
    expected = torch.sqrt(path.alpha(grid[0]) ** 2 + path.sigma(grid[0]) ** 2).item()
    assert x.std().item() == pytest.approx(expected, rel=0.01)
