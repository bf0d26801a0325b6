"""What panels compute: divergences, buckets, smoothing, decimation, iso-lines, montages."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtGui import QColor
from scipy.signal import lfilter

from genlab.app.common.theme import DARK, LIGHT, Theme
from genlab.app.drawings.canvas.contours import region_level, segments
from genlab.app.drawings.canvas.decimation import envelope, thinned
from genlab.app.drawings.canvas.grids import cell, compare, resampled
from genlab.app.drawings.canvas.montage import best_shape, compose, in_order, of_classes, to_pixels
from genlab.app.drawings.canvas.raster import Raster, density_colours
from genlab.app.drawings.canvas.rulers import tick_text
from genlab.app.drawings.density.drawing import Shown, replaces, value_at
from genlab.app.drawings.field import agreement
from genlab.app.drawings.losses.history import History, smoothed
from genlab.data.payloads import Density
from genlab.settings.spaces import Images

EXTENT = (-6.0, 6.0, -6.0, 6.0)
NAMES = ("step", "seconds", "total")


def gaussian(n: int, mean: float, std: float, kind: str = "exact") -> Density:
    x = -6 + (np.arange(n) + 0.5) * 12 / n
    one = -0.5 * ((x - mean) / std) ** 2 - np.log(std) - 0.5 * np.log(2 * np.pi)
    return Density((one[:, None] + one[None]).astype(np.float32), EXTENT, kind, 1.0)  # type: ignore[arg-type]


def rows(steps: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.column_stack([steps, steps / 100, values]).astype(float)


def test_where_there_is_no_number_nothing_is_drawn() -> None:
    raster = Raster()
    colours = density_colours("viridis")
    raster.set_values(np.array([[np.nan, 0.0], [np.inf, 1.0]]), EXTENT, 0.0, 1.0, colours)
    assert raster.image is not None
    drawn = [[raster.image.pixel(column, row) for column in (0, 1)] for row in (1, 0)]
    assert drawn == [[0, colours[0]], [colours[-1], colours[-1]]]
    raster.set_values(np.zeros((2, 2)), EXTENT, 0.0, np.nan, colours)
    assert raster.image.pixel(0, 0) == 0


def test_divergences_on_the_grid_are_those_of_gaussians_in_closed_form() -> None:
    p, q = gaussian(128, 0.0, 1.0), gaussian(128, 0.3, 1.2)
    found = compare(p.log_prob.astype(float), q.log_prob.astype(float), cell((128, 128), EXTENT))
    forward = 2 * (np.log(1.2) + (1 + 0.09) / (2 * 1.44) - 0.5)
    reverse = 2 * (-np.log(1.2) + (1.44 + 0.09) / 2 - 0.5)
    assert found.forward == pytest.approx(forward, abs=1e-4)
    assert found.reverse == pytest.approx(reverse, abs=1e-4)


def test_a_density_that_vanishes_where_the_truth_does_not_is_infinitely_far() -> None:
    p = gaussian(64, 0.0, 1.0).log_prob.astype(float)
    q = np.where(np.arange(64) < 32, p, -np.inf)
    assert compare(p, q, cell(p.shape, EXTENT)).forward == np.inf
    assert np.isfinite(compare(p, q, cell(p.shape, EXTENT)).reverse)


@pytest.mark.parametrize("n", [32, 64])
def test_the_truth_is_read_at_the_cells_of_a_coarser_model(n: int) -> None:
    fine, coarse = gaussian(128, 0.2, 1.0), gaussian(n, 0.2, 1.0)
    read = resampled(fine, (n, n), EXTENT)
    assert np.allclose(read, coarse.log_prob, atol=1e-4)


def test_the_edge_of_a_support_is_read_as_a_density() -> None:
    inside = np.where((np.arange(64) < 40)[:, None] & np.ones(64, bool), -2.0, -np.inf)
    read = resampled(Density(inside.astype(np.float32), EXTENT, "exact", 1.0), (32, 32), EXTENT)
    assert np.allclose(read[:18], -2.0)
    assert np.isneginf(read[22:]).all()
    assert (read[18:22] <= -2.0 + 1e-6).all()


def test_beyond_its_grid_a_density_is_nothing() -> None:
    read = resampled(gaussian(32, 0.0, 1.0), (16, 16), (-12.0, 12.0, -12.0, 12.0))
    assert np.isneginf(read[:4]).all()
    assert np.isfinite(read[6:10, 6:10]).all()


def test_a_value_is_read_in_the_cell_of_the_cursor() -> None:
    density = gaussian(12, 0.0, 1.0)
    assert value_at(density, -5.5, 5.5) == density.log_prob[11, 0]
    assert value_at(density, 6.5, 0.0) is None


def test_no_extreme_is_lost_when_a_run_outgrows_the_buckets() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=10_000)
    history = History(capacity=256)
    for part in np.array_split(rows(np.arange(1, 10_001), values), 37):
        history.add(NAMES, part)
    low, high, mean = history.column("total")
    assert len(history) <= 256
    assert low.min() == values.min()
    assert high.max() == values.max()
    weights = np.diff(history.step, prepend=0)
    assert np.average(mean, weights=weights) == pytest.approx(values.mean(), abs=1e-12)
    assert history.step[-1] == 10_000


def test_buckets_are_those_of_consecutive_rows_however_they_arrive() -> None:
    values = np.random.default_rng(1).normal(size=1000)
    one, many = History(capacity=64), History(capacity=64)
    one.add(NAMES, rows(np.arange(1, 1001), values))
    for k in range(1000):
        many.add(NAMES, rows(np.arange(k + 1, k + 2), values[k : k + 1]))
    assert one.stride == many.stride
    for a, b in zip(one.column("total"), many.column("total"), strict=True):
        assert np.allclose(a, b)
    assert np.array_equal(one.step, many.step)


def test_rows_that_repeat_steps_replace_them_without_a_gap() -> None:
    history = History()
    history.add(NAMES, rows(np.arange(1, 101), np.zeros(100)))
    history.add(NAMES, rows(np.arange(61, 121), np.ones(60)))
    _, _, mean = history.column("total")
    assert np.array_equal(history.step, np.arange(1, 121))
    assert np.array_equal(mean, np.r_[np.zeros(60), np.ones(60)])


def test_after_a_resume_steps_rise_without_a_gap_in_wide_buckets() -> None:
    history = History(capacity=64)
    history.add(NAMES, rows(np.arange(1, 1001), np.zeros(1000)))
    history.add(NAMES, rows(np.arange(507, 1201), np.ones(694)))
    assert (np.diff(history.step) > 0).all()
    assert np.diff(history.step).max() <= 2 * history.stride
    assert history.column("total")[2][-1] == 1.0


def test_a_column_that_appears_later_is_unknown_before() -> None:
    history = History()
    history.add(NAMES, rows(np.arange(1, 4), np.ones(3)))
    history.add((*NAMES, "extra"), np.array([[4.0, 0.04, 1.0, 7.0]]))
    assert history.names == ("total", "extra")
    assert np.array_equal(np.isnan(history.column("extra")[2]), [True, True, True, False])


def test_smoothing_is_the_unbiased_exponential_average() -> None:
    values = np.random.default_rng(2).normal(size=500) + 3
    weight = 0.97
    biased = lfilter([1 - weight], [1, -weight], values)
    assert np.allclose(smoothed(values, weight), biased / (1 - weight ** np.arange(1, 501)), atol=1e-9)


def test_smoothing_bridges_gaps() -> None:
    values = np.full(50, 2.0)
    values[10:20] = np.nan
    assert np.allclose(smoothed(values, 0.9), 2.0)


def test_decimation_keeps_least_and_largest_of_every_pixel_column() -> None:
    rng = np.random.default_rng(3)
    x = np.arange(20_000.0)
    y = rng.normal(size=20_000)
    line_x, line_y = envelope(x, y, y, 0.0, 20_000.0, 400)
    assert len(line_x) == 800
    columns = y.reshape(400, 50)
    assert np.array_equal(line_y.reshape(400, 2).min(axis=1), columns.min(axis=1))
    assert np.array_equal(line_y.reshape(400, 2).max(axis=1), columns.max(axis=1))


def test_a_thinned_line_begins_and_ends_with_its_data() -> None:
    x = np.arange(1000.0)
    line_x, line_y = thinned(x, 2 * x, 0.0, 1000.0, 100)
    assert len(line_x) == 100
    assert (line_x[0], line_x[-1]) == (0.0, 999.0)
    assert np.allclose(line_y, 2 * line_x)


def test_taking_up_rows_costs_no_more_late_in_a_run_than_early() -> None:
    part = rows(np.arange(1, 21), np.random.default_rng(4).normal(size=20))

    def cost(history: History, start: int) -> float:
        best = np.inf
        for k in range(200):
            more = part.copy()
            more[:, 0] += start + 20 * k
            began = time.perf_counter()
            history.add(NAMES, more)
            best = min(best, time.perf_counter() - began)
        return best

    early, late = History(), History()
    late.add(NAMES, rows(np.arange(1, 100_001), np.zeros(100_000)))
    assert cost(late, 100_000) < 5 * cost(early, 0)


def test_iso_lines_of_a_cone_are_a_circle() -> None:
    n = 80
    x = -2 + (np.arange(n) + 0.5) * 4 / n
    radius = np.hypot(x[None], x[:, None])
    lines = segments(-radius, -1.2, (-2.0, 2.0, -2.0, 2.0))
    assert np.allclose(np.hypot(*lines.reshape(-1, 2).T), 1.2, atol=2e-3)
    length = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=-1).sum()
    assert length == pytest.approx(2 * np.pi * 1.2, rel=2e-3)


@pytest.mark.parametrize("swap", [False, True])
def test_a_saddle_gives_two_lines(swap: bool) -> None:
    corners = np.array([[1.0, -1.0], [-1.0, 1.0]])
    lines = segments(-corners if swap else corners, 0.0, (0.0, 2.0, 0.0, 2.0))
    assert lines.shape == (2, 2, 2)


def test_the_border_of_a_region_holds_the_asked_mass() -> None:
    density = np.exp(gaussian(200, 0.0, 1.0).log_prob.astype(float))
    # The region of a plane Gaussian that holds 95 % has the density (1 - 0.95) / (2 pi) at its border.
    assert region_level(density, 0.95) == pytest.approx(0.05 / (2 * np.pi), rel=0.02)


def test_levels_become_grey_or_colour() -> None:
    grey = to_pixels(np.array([[[[0.0, 16.0, 8.0]]]], np.float32), Images(1, 1, 3, 17))
    assert [hex(v) for v in grey.ravel()] == ["0xff000000", "0xffffffff", "0xff808080"]
    colour = to_pixels(np.array([[[[255.0]], [[0.0]], [[51.0]]]], np.float32), Images(3, 1, 1, 256))
    assert hex(colour.item()) == "0xffff0033"


def test_a_montage_puts_every_image_in_its_place() -> None:
    pixels = np.arange(1, 6, dtype=np.uint32)[:, None, None] * np.ones((5, 2, 3), np.uint32)
    picture = compose(pixels, in_order(5, 3))
    assert picture.shape == (2 * 3 - 1, 3 * 4 - 1)
    assert (picture[0, 0], picture[0, 4], picture[3, 4], picture[3, 8]) == (1, 2, 5, 0)
    assert (picture[2] == 0).all()


def test_images_go_to_their_classes_and_the_others_last() -> None:
    found = of_classes(np.array([2, 0, 2, -1, 0, 3]), ("a", "b", "c"))
    assert [(name, at.tolist()) for name, at in found] == [("a", [1, 4]), ("c", [0, 2]), ("", [3, 5])]


def test_columns_follow_the_shape_of_the_place() -> None:
    assert best_shape([36], (8, 8), 400, 400) == (1, 6)
    assert best_shape([36], (8, 8), 1200, 150)[1] > 12


def test_classes_wrap_below_one_another_and_stand_in_bands_where_there_are_many() -> None:
    classes, columns = best_shape([20, 20, 20], (8, 8), 480, 360, 30)
    assert (classes, columns) == (3, 10)
    classes, columns = best_shape([6] * 10, (8, 8), 480, 360, 20)
    assert (classes, columns) == (4, 3)  # five pixels to one of an image; below one another it would be four


@pytest.mark.parametrize("look", [DARK, LIGHT])
def test_classes_differ_to_the_eye_and_from_the_surface(look: Theme) -> None:
    rgb = np.array([QColor(c).getRgbF()[:3] for c in (*look.okabe_ito, look.surface)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    x, y, z = np.cbrt(xyz / [0.9505, 1.0, 1.089]).T  # no colour here is so dark that it needs the line
    lab = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)
    apart = np.linalg.norm(lab[:, None] - lab, axis=2)[np.triu_indices(25, 1)]
    assert len(look.okabe_ito) == 24
    assert apart.min() > 8  # CIE76: about 2.3 can just be told apart
    assert np.linalg.norm(lab[:24] - lab[24], axis=1).min() > 15


def test_a_histogram_does_not_push_out_a_density_of_the_same_run() -> None:
    ode = Shown(gaussian(64, 0, 1, "ode"), 1000, 0.0)
    histogram = Shown(gaussian(64, 0, 1, "samples"), 1500, 5.0)
    assert not replaces(histogram, ode)
    assert replaces(Shown(histogram.density, 1500, 7.5), ode), "it has been looked at for long"
    assert replaces(histogram, Shown(ode.density, 0, 4.9)), "it is of the untrained model"
    assert replaces(ode, histogram)


def test_a_coarse_raster_waits_for_the_fine_one_to_be_seen() -> None:
    fine = Shown(gaussian(64, 0, 1, "ode"), 1000, 10.0)
    coarse = gaussian(32, 0, 1, "ode")
    assert not replaces(Shown(coarse, 1200, 10.5), fine)
    assert replaces(Shown(coarse, 1200, 12.0), fine)
    assert not replaces(Shown(coarse, 1000, 12.0), fine)


def test_agreement_of_a_field_with_itself_doubled() -> None:
    truth = np.random.default_rng(5).normal(size=(6, 6, 2))
    cosine, error = agreement(2 * truth, truth)
    assert cosine == pytest.approx(1.0)
    assert error == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "spacing", "text"),
    [
        (-2.0, 1.0, "−2"),
        (0.5, 0.5, "0.5"),
        (20_000.0, 5000.0, "20k"),
        (0.0, 1.0, "0"),
        (1e-5, None, "1e-05"),
        (500.0, 500.0, "500"),
        (1500.0, 500.0, "1.5k"),
        (1200.0, 200.0, "1200"),
    ],
)
def test_ticks_are_plain_numbers(value: float, spacing: float | None, text: str) -> None:
    assert tick_text(value, spacing) == text
