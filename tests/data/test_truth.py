"""Every built-in truth against numerical integration, its own draws and independent formulas."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose

from genlab.data import Dataset, Truth, load
from genlab.data.catalogue import DATASETS
from genlab.data.shipped import grid
from genlab.data.truths.numerics import central_differences

KNOWN = [id for id, record in DATASETS.items() if record.group in ("1-D", "2-D")]

# Cells per side that resolve the narrowest feature; elsewhere 256.
CELLS = {"gan-ring": 720, "gan-grid": 576, "s-curve": 384, "checkerboard": 128}


@cache
def dataset(id: str) -> Dataset:
    return load(id, DATASETS[id].settings())


def truth(id: str) -> Truth:
    known = dataset(id).truth
    assert isinstance(known, Truth)
    return known


def window(id: str, factor: float = 1.5) -> tuple[float, float, float, float]:
    """The extent of a set, widened about its centre so that nothing of note is outside."""
    left, right, bottom, top = truth(id).extent
    x, y, half = (left + right) / 2, (bottom + top) / 2, factor * (right - left) / 2
    return (x - half, x + half, y - half, y + half)


def on_grid(id: str, label: int | None = None) -> tuple[np.ndarray, float]:
    """Log density at cell centres and the measure of a cell."""
    if truth(id).dim == 1:
        cells = 100_001
        extent = window(id, 300.0 if id == "heavy-tail-1d" else 2.0)
        measure = (extent[1] - extent[0]) / cells
    else:
        cells = CELLS.get(id, 256)
        extent = truth(id).extent if id == "checkerboard" else window(id, 1.25)
        measure = ((extent[1] - extent[0]) / cells) ** 2
    return truth(id).log_prob(grid(extent, truth(id).dim, cells), label), measure


@pytest.mark.parametrize("id", KNOWN)
def test_density_integrates_to_one(id: str) -> None:
    log_prob, measure = on_grid(id)
    assert_allclose(np.exp(log_prob).sum() * measure, 1, atol=1e-3)


@pytest.mark.parametrize("id", KNOWN)
def test_entropy_equals_the_integral_of_minus_p_log_p(id: str) -> None:
    log_prob, measure = on_grid(id)
    p = np.exp(log_prob)
    integral = -np.sum(p[p > 0] * log_prob[p > 0]) * measure
    assert_allclose(truth(id).entropy, integral, atol=1e-3)


@pytest.mark.parametrize(
    ("id", "nats", "tolerance"),
    [
        ("checkerboard", np.log(32), 1e-9),
        ("8gaussians", 2.833, 2.5e-3),
        ("moons", 2.396, 2.5e-3),
        ("gan-ring", -4.293, 1e-3),
        ("gan-grid", 0.065, 1e-3),
    ],
)
def test_entropy_agrees_with_the_known_figure(id: str, nats: float, tolerance: float) -> None:
    assert_allclose(truth(id).entropy, nats, atol=tolerance)


@pytest.mark.parametrize("id", KNOWN)
def test_mean_log_density_of_draws_is_minus_the_entropy(id: str) -> None:
    draw = dataset(id).test(20_000, np.random.default_rng(3))
    log_prob = truth(id).log_prob(draw.x)
    error = log_prob.std() / np.sqrt(len(log_prob))
    assert abs(log_prob.mean() + truth(id).entropy) < 4 * error + 1e-3


@pytest.mark.parametrize("id", KNOWN)
def test_draws_fill_the_plane_as_the_density_says(id: str) -> None:
    _chi_square(id, None)


@pytest.mark.parametrize("id", KNOWN)
def test_draws_of_one_class_fill_the_plane_as_its_density_says(id: str) -> None:
    for label in {0, len(truth(id).class_prior) - 1}:
        _chi_square(id, label)


def _chi_square(id: str, label: int | None) -> None:
    """Counts in coarse cells against the density integrated over fine ones."""
    known, n, fine = truth(id), 20_000, 12
    coarse = 12 if known.dim == 2 else 60
    if id.startswith("gan"):
        fine = 60
    extent = window(id, 1.0)
    cell = (extent[1] - extent[0]) / (coarse * fine)
    mass = np.exp(known.log_prob(grid(extent, known.dim, coarse * fine), label)) * cell**known.dim
    x = known.draw(n, np.random.default_rng(5), label).x.astype(np.float64)
    edges = extent[0] + np.arange(coarse + 1) * cell * fine
    if known.dim == 1:
        expected = mass.reshape(coarse, fine).sum(axis=1)
        observed = np.histogram(x[:, 0], edges)[0]
    else:
        expected = mass.reshape(coarse, fine, coarse, fine).sum(axis=(1, 3))
        upward = extent[2] + np.arange(coarse + 1) * cell * fine
        observed = np.histogram2d(x[:, 1], x[:, 0], [upward, edges])[0]
    expected, observed = n * expected.ravel(), observed.ravel()
    often = expected >= 5
    rest = n - expected[often].sum(), n - observed[often].sum()
    statistic = np.sum((observed - expected)[often] ** 2 / expected[often])
    statistic += (rest[1] - rest[0]) ** 2 / max(rest[0], 5.0)
    freedom = int(often.sum())
    assert freedom >= 1
    assert statistic < freedom + 4.5 * np.sqrt(2 * freedom) + 6


@pytest.mark.parametrize("id", KNOWN)
def test_classes_weighted_by_their_prior_make_up_the_density(id: str) -> None:
    known = truth(id)
    x = np.random.default_rng(1).uniform(-4, 4, size=(200, known.dim))
    parts = [prior * np.exp(known.log_prob(x, k)) for k, prior in enumerate(known.class_prior)]
    assert_allclose(np.sum(parts, axis=0), np.exp(known.log_prob(x)), rtol=1e-6, atol=1e-12)
    assert_allclose(known.class_prior.sum(), 1)


@pytest.mark.parametrize("id", KNOWN)
def test_labels_are_drawn_with_their_prior_and_have_names(id: str) -> None:
    draw = dataset(id).train(20_000, np.random.default_rng(2))
    assert draw.labels is not None
    prior = truth(id).class_prior
    assert len(dataset(id).label_names) == len(prior) == len(set(dataset(id).label_names))
    share = np.bincount(draw.labels, minlength=len(prior)) / len(draw.labels)
    assert np.all(np.abs(share - prior) < 4.5 * np.sqrt(prior * (1 - prior) / len(draw.labels)) + 1e-12)


@pytest.mark.parametrize("id", [id for id in KNOWN if id != "checkerboard"])
@pytest.mark.parametrize("label", [None, 1])
def test_score_is_the_gradient_of_the_log_density(id: str, label: int | None) -> None:
    known = truth(id)
    x = known.draw(100, np.random.default_rng(4), label).x.astype(np.float64)
    gradient = central_differences(lambda z: known.log_prob(z, label), x, 2.3e-4)
    assert_allclose(known.score(x, label), gradient, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("id", KNOWN)
def test_extent_is_square_and_holds_999_in_1000(id: str) -> None:
    left, right, bottom, top = truth(id).extent
    x = truth(id).draw(100_000, np.random.default_rng(6)).x
    inside = (x[:, 0] >= left) & (x[:, 0] <= right)
    if truth(id).dim == 1:
        assert (bottom, top) == (0, 0)
    else:
        assert_allclose(right - left, top - bottom)
        inside &= (x[:, 1] >= bottom) & (x[:, 1] <= top)
    assert inside.mean() > 0.999


@pytest.mark.parametrize("id", KNOWN)
def test_log_density_stays_finite_far_from_the_data(id: str) -> None:
    known = truth(id)
    far = np.array([[40.0] * known.dim, [-90.0] * known.dim, [0.0] * known.dim])
    log_prob = known.log_prob(far)
    if id != "checkerboard":
        assert np.isfinite(log_prob).all()
        assert (log_prob[:2] < -5).all()
    assert np.isfinite(known.score(far)).all()


@pytest.mark.parametrize("id", KNOWN)
def test_modes_are_where_labelled_draws_gather(id: str) -> None:
    known = truth(id)
    if known.modes is None or known.mode_std is None:
        return
    draw = known.draw(200 * len(known.modes), np.random.default_rng(7))
    assert draw.labels is not None
    residual = (draw.x - known.modes[draw.labels]) / known.mode_std
    assert_allclose(residual.std(), 1, atol=0.1)


def test_modes_are_named_for_mixtures_only() -> None:
    with_modes = {id for id in KNOWN if truth(id).modes is not None}
    mixtures = {"mixture-1d", "mixture-1d-uneven", "heavy-tail-1d"}
    assert with_modes == mixtures | {"8gaussians", "8gaussians-cfm", "gan-ring", "gan-grid"}


def test_heavy_tails_agree_with_scipy() -> None:
    from scipy.stats import t

    x = np.linspace(-30, 30, 101)
    expected = np.log(0.5 * (t.pdf(x, 3, -3, 0.5) + t.pdf(x, 3, 3, 0.5)))
    assert_allclose(truth("heavy-tail-1d").log_prob(x[:, None]), expected, rtol=1e-9)


def test_circles_agree_with_quadrature_over_the_angle() -> None:
    angle = (np.arange(4000) + 0.5) / 4000 * 2 * np.pi
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = np.random.default_rng(0).uniform(-4, 4, size=(50, 2))
    density = np.zeros(50)
    for radius in (3.0, 1.5):
        square = np.sum((x[:, None] - radius * circle) ** 2, axis=2)
        density += 0.5 * np.mean(np.exp(-square / (2 * 0.24**2)), axis=1) / (2 * np.pi * 0.24**2)
    assert_allclose(np.exp(truth("circles").log_prob(x)), density, rtol=1e-8, atol=1e-14)


def test_pinwheel_agrees_with_a_finely_smoothed_cloud_of_features() -> None:
    rng = np.random.default_rng(8)
    features = rng.standard_normal((400_000, 2)) * [0.3, 0.1] + [1.0, 0.0]
    angle = 2 * np.pi * rng.integers(5, size=len(features)) / 5 + 0.25 * np.exp(features[:, 0])
    turn = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = 2 * np.stack(
        [
            features[:, 0] * turn[:, 0] + features[:, 1] * turn[:, 1],
            -features[:, 0] * turn[:, 1] + features[:, 1] * turn[:, 0],
        ],
        axis=1,
    )
    probes = x[:40]
    inside = np.array([np.mean(np.sum((x[40:] - probe) ** 2, axis=1) < 0.06**2) for probe in probes])
    disc = (
        0.06
        * np.sqrt((np.arange(200) + 0.5) / 200)[:, None]
        * np.stack([np.cos(2.399963 * np.arange(200)), np.sin(2.399963 * np.arange(200))], axis=1)
    )
    expected = [np.exp(truth("pinwheel").log_prob(probe + disc)).mean() * np.pi * 0.06**2 for probe in probes]
    error = np.sqrt(inside / len(x)) + 1e-6
    assert np.all(np.abs(inside - expected) < 4.5 * error)


def test_a_label_outside_the_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="label 2"):
        truth("moons").log_prob(np.zeros((1, 2)), 2)


def test_points_of_the_wrong_dimension_are_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        truth("moons").log_prob(np.zeros((4, 1)))


def test_no_points_have_no_densities() -> None:
    assert truth("2spirals").log_prob(np.empty((0, 2))).shape == (0,)
    assert truth("2spirals").score(np.empty((0, 2))).shape == (0, 2)
