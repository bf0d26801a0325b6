"""The built-in sets whose distribution is known: from settings to truth, by each set's own definition."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np

from genlab.data import datasets as sets
from genlab.data.checkerboard import Checkerboard
from genlab.data.curves import Arc, NoisyCurves
from genlab.data.dataset import Dataset, Draw, Float, Truth
from genlab.data.mixtures import GaussianMixture, StudentMixture
from genlab.data.pinwheel import Pinwheel
from genlab.data.rings import Rings
from genlab.data.spirals import TwoSpirals
from genlab.settings.fields import Settings


class Toy(Dataset):
    """A built-in set: every draw is fresh, independent and identically distributed."""

    truth: Truth

    def __init__(self, id: str, settings: Settings) -> None:
        self.id = id
        self.title = sets.DATASETS[id].title
        self.space = sets.space_of(id, settings)
        self.label_names = sets.labels_of(id, settings)
        self.truth = truth_of(settings)
        self.extent = self.truth.extent
        self.fingerprint = hashlib.sha256(f"{id} {settings.model_dump_json()}".encode()).hexdigest()

    def train(self, n: int, rng: np.random.Generator) -> Draw:
        return self.truth.draw(n, rng)

    def validation(self, n: int, rng: np.random.Generator) -> Draw:
        return self.truth.draw(n, rng)

    def test(self, n: int, rng: np.random.Generator) -> Draw:
        return self.truth.draw(n, rng)


def truth_of(settings: Settings) -> Truth:
    """The exact distribution of a built-in set with these settings."""
    match settings:
        case sets.MixtureSettings():
            return GaussianMixture(
                _line(settings.modes, settings.spacing), _even(settings.modes), settings.noise
            )
        case sets.UnevenMixtureSettings():
            weights = settings.ratio ** np.arange(settings.modes)
            line = _line(settings.modes, settings.spacing)
            return GaussianMixture(line, weights / weights.sum(), settings.noise)
        case sets.HeavyTailSettings():
            return StudentMixture(_line(2, settings.spacing)[:, 0], settings.freedom, settings.scale)
        case sets.EightGaussiansSettings() | sets.EightGaussiansCfmSettings() | sets.GanRingSettings():
            angle = 2 * np.pi * np.arange(settings.modes) / settings.modes
            centres = settings.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
            return GaussianMixture(centres, _even(settings.modes), settings.noise)
        case sets.GanGridSettings():
            line = _line(settings.side, settings.spacing)[:, 0]
            rows, columns = np.meshgrid(line, line, indexing="ij")
            centres = np.stack([columns.ravel(), rows.ravel()], axis=1)
            return GaussianMixture(centres, _even(settings.side**2), settings.noise)
        case sets.MoonsSettings():
            return _moons(settings.noise, 2.0, np.array([-1.0, -0.2]))
        case sets.MoonsCfmSettings():
            return _moons(settings.noise, 3.0, np.array([-1.0, -1.0]))
        case sets.CirclesSettings():
            return Rings(3.0 * np.array([1.0, settings.factor]), 3.0 * settings.noise)
        case sets.RingsSettings():
            # FFJORD multiplies the circles by 3 before it adds the noise.
            return Rings(3.0 * np.arange(1, settings.rings + 1) / settings.rings, settings.noise)
        case sets.SpiralsSettings():
            return TwoSpirals(2 * np.pi * settings.turns, settings.jitter, settings.noise)
        case sets.PinwheelSettings():
            return Pinwheel(settings.arms, settings.radial_noise, settings.tangential_noise, settings.rate)
        case sets.SwissRollSettings():
            return _swiss_roll(settings.noise)
        case sets.CheckerboardSettings():
            return Checkerboard(settings.side, settings.scale)
        case sets.SCurveSettings():
            return _s_curve(settings.noise)
    raise TypeError(f"{type(settings).__name__} does not describe a set with a known distribution")


def _even(k: int) -> Float:
    return np.full(k, 1 / k, dtype=np.float64)


def _line(k: int, spacing: float) -> Float:
    """k centres about 0, (k, 1)."""
    return np.linspace(-spacing, spacing, k)[:, None] * (k - 1) / 2


def _moons(noise: float, scale: float, shift: Float) -> Truth:
    """scikit-learn's `make_moons` with independent uniform angles, times scale, plus shift."""
    upper = Arc(lambda t: np.stack([np.cos(t), np.sin(t)], axis=1), 0.0, np.pi)
    lower = Arc(lambda t: np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=1), 0.0, np.pi)
    return NoisyCurves([upper, lower], noise, scale=np.full(2, scale), shift=shift)


def _swiss_roll(noise: float) -> Truth:
    """scikit-learn's `make_swiss_roll`, first and third axis, divided by 5; classes are half turns."""
    cuts = np.pi * np.array([1.5, 2.5, 3.5, 4.5])
    arcs = [
        Arc(lambda t: t[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1), float(low), float(high))
        for low, high in pairwise(cuts)
    ]
    return NoisyCurves(arcs, noise, scale=np.full(2, 0.2), shift=np.zeros(2))


def _s_curve(noise: float) -> Truth:
    """scikit-learn's `make_s_curve`, first and third axis, over its exact standard deviations."""
    reach = 1.5 * np.pi
    # With t uniform on (-reach, reach): E sin^2 t = 1/2 and E (1 - cos t)^2 = 3/2 - 2 E cos t.
    variance = np.array([0.5, 1.5 - 2 * np.sin(reach) / reach]) + noise**2
    upper = Arc(lambda t: np.stack([np.sin(t), 1 - np.cos(t)], axis=1), -reach, 0.0)
    lower = Arc(lambda t: np.stack([np.sin(t), np.cos(t) - 1], axis=1), 0.0, reach)
    return NoisyCurves([upper, lower], noise, scale=1 / np.sqrt(variance), shift=np.zeros(2))
