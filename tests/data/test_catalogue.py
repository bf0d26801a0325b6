"""The list of data sets, their settings, and drawing by seed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from genlab.data import DataError, load
from genlab.data.catalogue import DATASETS, record_of
from genlab.data.files.settings import FileSettings
from genlab.data.sets.moons import MoonsSettings
from genlab.settings.fields import describe
from genlab.settings.spaces import Points

ORDER = (
    "mixture-1d mixture-1d-uneven heavy-tail-1d 8gaussians 8gaussians-cfm gan-ring gan-grid moons moons-cfm "
    "circles rings 2spirals pinwheel swissroll checkerboard s-curve digits names markov-letters"
).split()


def test_sets_come_in_the_order_of_the_menu() -> None:
    assert list(DATASETS) == ORDER
    assert [record.id for record in DATASETS.values()] == ORDER


@pytest.mark.parametrize("id", DATASETS)
def test_every_knob_explains_itself_and_is_bounded(id: str) -> None:
    for knob in describe(DATASETS[id].settings):
        assert knob.help.endswith((".", ")"))
        assert knob.minimum is not None
        assert knob.maximum is not None


@pytest.mark.parametrize("id", [id for id, record in DATASETS.items() if record.truth])
@pytest.mark.parametrize("end", ["minimum", "maximum"])
def test_every_knob_works_at_its_bounds(id: str, end: str) -> None:
    for knob in describe(DATASETS[id].settings):
        value = getattr(knob, end)
        if value == 0 and knob.key in ("spacing", "radius", "scale") and id != "heavy-tail-1d":
            value = 0.1  # an open bound
        settings = DATASETS[id].settings(**{knob.key: int(value) if knob.kind == "int" else value})
        dataset = load(id, settings)
        draw = dataset.train(300, np.random.default_rng(0))
        assert draw.x.shape == (300, *DATASETS[id].space(settings).event)
        assert draw.x.dtype == dataset.space.dtype
        assert dataset.label_names == DATASETS[id].labels(settings)
        assert dataset.truth is not None
        assert (len(dataset.label_names) or 1) == len(dataset.truth.class_prior)
        log_prob = dataset.truth.log_prob(draw.x)
        assert np.isfinite(log_prob).mean() > 0.99
        error = log_prob.std() / np.sqrt(300)
        assert abs(log_prob.mean() + dataset.truth.entropy) < 5 * error + 2e-3


@pytest.mark.parametrize("id", DATASETS)
def test_one_seed_gives_one_draw(id: str) -> None:
    dataset = load(id, DATASETS[id].settings())
    first, again = (dataset.test(50, np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.labels, again.labels)


def test_fingerprint_changes_with_the_settings_and_only_with_them() -> None:
    moons = load("moons", MoonsSettings())
    assert moons.fingerprint == load("moons", MoonsSettings()).fingerprint
    assert moons.fingerprint != load("moons", MoonsSettings(noise=0.2)).fingerprint
    assert len({load(id, info.settings()).fingerprint for id, info in DATASETS.items()}) == len(DATASETS)


def test_labels_and_space_of_a_file_stand_in_its_settings() -> None:
    settings = FileSettings(name="mine", dim=3, labels="cat\ndog")
    assert record_of("file").space(settings) == Points(3)
    assert record_of("file").labels(settings) == ("cat", "dog")


def test_an_unknown_set_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="no built-in data set called 'mooons'"):
        load("mooons", MoonsSettings())


def test_settings_of_another_set_are_refused() -> None:
    with pytest.raises(DataError, match="MoonsSettings"):
        load("circles", MoonsSettings())


def test_listing_and_loading_do_not_import_torch_or_scipy() -> None:
    code = (
        "import sys; import genlab.data, genlab.data.files.read, genlab.data.shipped;"
        "genlab.data.shipped.truth_raster('moons');"
        "from genlab.data.sets.moons import MoonsSettings; genlab.data.load('moons', MoonsSettings());"
        "assert not {'torch', 'scipy', 'sklearn', 'PIL'} & set(sys.modules), 'heavy import'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
