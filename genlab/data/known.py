"""Data sets whose distribution is known: from their truth to their record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from genlab.data.dataset import UNIT, Dataset, Distribution, Draw
from genlab.data.record import DatasetRecord, unlabelled
from genlab.data.truths.base import Truth
from genlab.settings.fields import Settings
from genlab.settings.spaces import Points, Space

S = TypeVar("S", bound=Settings)


class KnownDataset(Dataset):
    """A set of a known distribution: every draw is fresh, independent and identically distributed."""

    truth: Distribution

    def __init__(
        self,
        id: str,
        title: str,
        space: Space,
        labels: tuple[str, ...],
        truth: Distribution,
        fingerprint: str,
    ) -> None:
        self.id, self.title, self.space, self.label_names = id, title, space, labels
        self.truth, self.fingerprint = truth, fingerprint
        self.extent = truth.extent if isinstance(truth, Truth) else UNIT

    def train(self, n: int, rng: np.random.Generator) -> Draw:
        return self.truth.draw(n, rng)

    def validation(self, n: int, rng: np.random.Generator) -> Draw:
        return self.truth.draw(n, rng)

    def test(self, n: int, rng: np.random.Generator) -> Draw:
        return self.truth.draw(n, rng)


def known(
    id: str,
    title: str,
    group: str,
    summary: str,
    *,
    settings: type[S],
    space: Callable[[S], Space],
    truth: Callable[[S], Distribution],
    labels: Callable[[S], tuple[str, ...]] = unlabelled,
    modes: bool = False,
) -> DatasetRecord[S]:
    """The record of a set whose distribution follows from its settings. The fields: see `DatasetRecord`."""

    def make(chosen: S) -> Dataset:
        fingerprint = hashlib.sha256(f"{id} {chosen.model_dump_json()}".encode()).hexdigest()
        return KnownDataset(id, title, space(chosen), labels(chosen), truth(chosen), fingerprint)

    return DatasetRecord(id, title, group, summary, settings, space, labels, make, truth=True, modes=modes)


def known_points(
    id: str,
    title: str,
    summary: str,
    *,
    dim: int,
    settings: type[S],
    truth: Callable[[S], Truth],
    labels: Callable[[S], tuple[str, ...]] = unlabelled,
    modes: bool = False,
    tight: bool = False,
    bounds: tuple[float, float] | None = None,
) -> DatasetRecord[S]:
    """The record of points of R^dim with a known density, in the group of their dimension."""

    def space(chosen: S) -> Space:
        return Points(dim)

    record = known(
        id,
        title,
        f"{dim}-D",
        summary,
        settings=settings,
        space=space,
        truth=truth,
        labels=labels,
        modes=modes,
    )
    return replace(record, tight=tight, bounds=bounds)
