"""Two Student-t distributions on a line."""

from __future__ import annotations

import numpy as np

from genlab.data.dataset import Float
from genlab.data.known import known_points
from genlab.data.payloads import Labels
from genlab.data.truths.base import Truth
from genlab.data.truths.mixtures import on_a_line
from genlab.data.truths.numerics import combine, square_extent
from genlab.settings.fields import Settings, setting


class HeavyTailSettings(Settings):
    """Two Student-t distributions on a line."""

    freedom: float = setting(
        3.0,
        "Degrees of freedom: the smaller, the heavier the tails.",
        label="Degrees of freedom",
        symbol="ν",
        ge=2,
        le=30,
        log=True,
    )
    spacing: float = setting(6.0, "Distance between the two centres.", symbol="d", ge=0, le=20)
    scale: float = setting(0.5, "Scale of each component.", symbol="s", ge=0.05, le=5, log=True)


class StudentMixture(Truth):
    """Equally likely Student-t distributions on the line, one class and one mode each."""

    def __init__(self, centres: Float, freedom: float, scale: float) -> None:
        from scipy.stats import t

        self.dim = 1
        self.modes = centres[:, None]
        self.class_prior = np.full(len(centres), 1 / len(centres))
        reach = float(t.ppf(0.9995, freedom)) * scale
        self.extent = square_extent(np.array([centres.min() - reach]), np.array([centres.max() + reach]))
        self._centres, self._freedom, self._scale = centres, freedom, scale
        self._t = t(freedom)

    def _log_prob(self, x: Float, label: int | None) -> Float:
        return self._evaluate(x, label)[0]

    def _score(self, x: Float, label: int | None) -> Float:
        return self._evaluate(x, label)[1]

    def _evaluate(self, x: Float, label: int | None) -> tuple[Float, Float]:
        z = (x - self._centres) / self._scale
        log_classes = np.asarray(self._t.logpdf(z)) - np.log(self._scale)
        scores = -(self._freedom + 1) * z / (self._freedom + z**2) / self._scale
        if label is not None:
            return log_classes[:, label], scores[:, label, None]
        return combine(log_classes, scores[:, :, None], self.class_prior)

    def _place(self, labels: Labels, rng: np.random.Generator) -> Float:
        z = rng.standard_t(self._freedom, size=len(labels))
        return (self._centres[labels] + self._scale * z)[:, None]

    def _quadrature(self) -> tuple[Float, Float]:
        # z = sinh(u) turns the polynomial tails into exponential ones.
        u = np.linspace(-16, 16, 4001)
        z = np.sinh(u)
        mass = np.exp(self._t.logpdf(z)) * np.cosh(u) * (u[1] - u[0])
        points = (self._centres[:, None] + self._scale * z).reshape(-1, 1)
        return points, (self.class_prior[:, None] * mass).ravel()


def _truth(settings: HeavyTailSettings) -> StudentMixture:
    return StudentMixture(on_a_line(2, settings.spacing), settings.freedom, settings.scale)


def _labels(settings: HeavyTailSettings) -> tuple[str, ...]:
    return ("left", "right")


RECORD = known_points(
    "heavy-tail-1d",
    "Heavy tails",
    "Two Student-t distributions (GenLab's own): tails that a Gaussian source must stretch to reach.",
    dim=1,
    bounds=(-10.0, 10.0),
    settings=HeavyTailSettings,
    truth=_truth,
    labels=_labels,
)
