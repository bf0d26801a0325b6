"""Every metric that applies to a model and a data set, from plain inputs, by slices."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TypeVar, assert_never

import numpy as np

from genlab.data.dataset import Dataset
from genlab.data.payloads import Data, Labels, spoilt
from genlab.metrics.catalogue import BUILT_IN, METRICS
from genlab.metrics.floors import Floor, FloorStore, Statistic, draw_real, largest_n
from genlab.metrics.given import (
    checked,
    checked_list,
    checked_reference,
    checked_statistic,
    progress_or_nothing,
    read_only,
    sliced,
)
from genlab.metrics.likelihood import mean_and_error
from genlab.metrics.records import (
    Generated,
    LikelihoodMetric,
    LogDensity,
    MetricRecord,
    PairMetric,
    Reference,
    SampleMetric,
    Scored,
    Steps,
)
from genlab.metrics.report import Heading, Metric, Progress
from genlab.metrics.scores import entropy_of, unit
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

__all__ = ["DrawModel", "LogDensity", "LogProbOf", "evaluate"]

DrawModel = Callable[[int, int], Generator[None, None, tuple[Data, Labels | None]]]
"""(n, seed) -> samples (n, *event) in data units and the labels asked for, by slices. The seed alone
decides them. A label of -1 is none."""

LogProbOf = Callable[[Data], Generator[None, None, LogDensity]]
"""Log density of points (n, *event), by slices."""


M = TypeVar("M", LikelihoodMetric, PairMetric, SampleMetric)


def evaluate(
    dataset: Dataset,
    draw_model: DrawModel,
    log_prob: LogProbOf | str,
    rng: np.random.Generator,
    n: int = 1000,
    draws: int | None = None,
    biased: str = "",
    store: FloorStore | None = None,
) -> Steps:
    """Every metric that applies, each with its floor or a reference, by slices with progress between.

    log_prob: the model's density, or the reason why it has none. n: samples per draw and test points;
    at most half of the held-out part where the data are fixed. draws: model draws, each against a
    fresh real draw; 20 by default, 4 of images and text. biased: why the samples are not draws from the
    model's distribution; every metric of samples then says so. store: known floors; without one only those
    that ship are known, and others are computed. A metric that cannot be computed has no value, and its
    note says why. All randomness comes from `rng`, except that of floors and of metrics of plug-ins, which
    each have a stream of their own.
    """
    metrics = yield from _likelihood(dataset, log_prob, rng, n)
    size = largest_n(dataset, n)
    streams = _Streams(rng)
    pairs = _Pairs(dataset, size, streams)
    yield from pairs.find_floors(draws or _draws(dataset.space), store or FloorStore())
    generated = yield from pairs.draw(draw_model, rng, draws or _draws(dataset.space))
    found = pairs.metrics()
    records, failed = _applying(SampleMetric, dataset, size)
    for record in records:
        found += yield from _of_samples(record, generated, streams.of(record))
    found += failed
    if biased:
        note = f"samples are biased ({biased}): not draws from the model's distribution"
        found = [_marked(metric, note) for metric in found]
    return metrics + found


def _draws(space: Space) -> int:
    """Model draws by default: fewer of what takes longer to draw."""
    match space:
        case Points() | Signal():
            return 20
        case Images() | Tokens():
            return 4
        case _:
            assert_never(space)


class _Streams:
    """The random numbers of metrics: those of plug-ins apart, so that they change no other number."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._shared = rng
        self._own: dict[str, np.random.Generator] = {}

    def of(self, record: MetricRecord) -> np.random.Generator:
        if record in BUILT_IN:
            return self._shared
        seed = int.from_bytes(sha256(record.id.encode()).digest()[:8], "big")
        return self._own.setdefault(record.id, np.random.default_rng(seed))


def _applying(kind: type[M], dataset: Dataset, n: int) -> tuple[list[M], list[Metric]]:
    """The metrics of one kind that apply at n samples; and those of which that could not be told."""
    records: list[M] = []
    failed: list[Metric] = []
    for record in METRICS:
        if isinstance(record, kind):
            try:
                if record.applies(dataset, n):
                    records.append(record)
            except (Exception, SystemExit) as error:
                failed.append(_unknown(record, n, error))
    return records, failed


def _likelihood(dataset: Dataset, log_prob: LogProbOf | str, rng: np.random.Generator, n: int) -> Steps:
    """What a model says of held-out data; one line with the reason where it says nothing."""
    yield Progress(0, 1, "likelihood")
    x = dataset.test(n, rng).x
    reason = log_prob if isinstance(log_prob, str) else ""
    if not isinstance(log_prob, str):
        try:
            density = yield from log_prob(x)
            scored = Scored(dataset, read_only(x), replace(density, values=read_only(density.values)))
        except (Exception, SystemExit) as error:
            reason = _reason(error)
        else:
            records, found = _applying(LikelihoodMetric, dataset, n)
            return [*(_of_likelihood(record, scored) for record in records), *found]
    reference = entropy_of(dataset)
    return [
        Metric("nll", "Test NLL", None, None, None, reference, "lower", unit(dataset.space), len(x), reason)
    ]


def _of_likelihood(record: LikelihoodMetric, scored: Scored) -> Metric:
    try:
        return checked(record.compute(scored))
    except (Exception, SystemExit) as error:
        return _unknown(record, len(scored.x), error)


def _of_samples(record: SampleMetric, generated: Generated, rng: np.random.Generator) -> Steps:
    try:
        _check_finite(generated.x)
        found = yield from sliced(record.compute(generated, rng), progress_or_nothing)
        return checked_list(found)
    except (Exception, SystemExit) as error:
        return [_unknown(record, len(generated.x), error)]


class _Pairs:
    """The statistics of two samples that apply: their floors, and their means over draws of a model."""

    def __init__(self, dataset: Dataset, n: int, streams: _Streams) -> None:
        self.dataset, self.n, self._streams = dataset, n, streams
        self._records: list[PairMetric] = []
        self._statistics: dict[str, Statistic] = {}
        self._references: dict[str, Mapping[str, Reference]] = {}
        self._floors: dict[tuple[str, str], Floor] = {}
        self._without_floor: dict[str, str] = {}
        self._failed: dict[str, str] = {}
        self._values: dict[tuple[str, str], list[float]] = {}
        records, self._untold = _applying(PairMetric, dataset, n)
        for record in records:
            try:
                self._statistics[record.id] = checked_statistic(record.statistic(dataset))
                references = record.references(dataset)
                self._references[record.id] = {key: checked_reference(references[key]) for key in references}
                self._records.append(record)
            except (Exception, SystemExit) as error:
                self._untold.append(_unknown(record, n, error))

    def find_floors(self, draws: int, store: FloorStore) -> Generator[Progress | None, None, None]:
        """Look up the floor of each statistic, or compute it."""
        total = draws + len(self._records)
        for index, record in enumerate(self._records):
            yield Progress(index, total, "floors")
            try:
                work = store.get(self.dataset, record.id, self._statistics[record.id], self.n)
                found = yield from work
                self._floors |= {(record.id, key): floor for key, floor in found.items()}
            except (Exception, SystemExit) as error:
                self._without_floor[record.id] = f"its floor is not known: {_reason(error)}"

    def draw(
        self, draw_model: DrawModel, rng: np.random.Generator, draws: int
    ) -> Generator[Progress | None, None, Generated]:
        """Compare draws of a model with real ones; give all that was drawn."""
        total, real = draws + len(self._records), draw_real(self.dataset)
        samples: list[Data] = []
        labels: list[Labels] = []
        for index in range(draws):
            yield Progress(len(self._records) + index, total, "samples")
            x, asked = yield from draw_model(self.n, int(rng.integers(2**31)))
            samples.append(x)
            if asked is not None:
                labels.append(asked)
            y = real(self.n, rng)
            for record in self._records:
                if record.id in self._failed:
                    continue
                try:
                    _check_finite(x)
                    found = yield from self._statistics[record.id](x, y, self._streams.of(record))
                except (Exception, SystemExit) as error:
                    self._failed[record.id] = _reason(error)
                    continue
                for key, value in found.items():
                    self._values.setdefault((record.id, key), []).append(value)
        all_labels = read_only(np.concatenate(labels)) if labels else None
        return Generated(self.dataset, read_only(np.concatenate(samples)), all_labels)

    def metrics(self) -> list[Metric]:
        """Every number of every statistic."""
        found = [
            self._metric(record, key, heading)
            for record in self._records
            for key, heading in record.headings.items()
        ]
        return found + self._untold

    def _metric(self, record: PairMetric, key: str, heading: Heading) -> Metric:
        values = self._values.get((record.id, key), [])
        mean, error = None, None
        if record.id in self._failed:
            note = self._failed[record.id]
        elif not values:
            note = "it was not computed"
        else:
            mean, error = mean_and_error(np.array(values))
            note = f"{heading.note}; mean of {len(values)} draws"
        if record.id in self._without_floor:
            note += f"; {self._without_floor[record.id]}"
        against = (self._floors.get((record.id, key)), self._references[record.id].get(key))
        return Metric(
            key, heading.name, mean, error, *against, heading.better, heading.unit, self.n, note,
            heading.headline,
        )  # fmt: skip


def _check_finite(x: Data) -> None:
    """Raises ValueError where samples are not finite."""
    if found := spoilt(x):
        raise ValueError(found)


def _unknown(record: MetricRecord, n: int, error: BaseException) -> Metric:
    return Metric(record.id, record.title, None, None, None, None, "near", "", n, _reason(error))


def _marked(metric: Metric, note: str) -> Metric:
    """A metric of biased samples, which says so wherever it stands."""
    headline = metric.headline and f"{metric.headline} (biased)"
    name, note = f"{metric.name} (biased)", f"{metric.note}; {note}"
    return replace(metric, name=name, note=note, headline=headline)


def _reason(error: BaseException) -> str:
    """Why something could not be computed, in one sentence."""
    if isinstance(error, SystemExit):
        return "it cannot be computed: it tried to end the program"
    text = " ".join(str(error.args[0] if error.args else "").split()) or type(error).__name__
    return f"it cannot be computed: {text}"
