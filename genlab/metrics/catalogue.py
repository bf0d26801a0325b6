"""The metrics that there are: the built-in ones, in the order of reports, then those of plug-ins."""

from __future__ import annotations

from genlab.data.dataset import Dataset
from genlab.metrics import images, scores, statistics, text
from genlab.metrics.floors import Statistic
from genlab.metrics.given import checked
from genlab.metrics.records import AnyMetric, MetricRecord, PairMetric
from genlab.metrics.report import Heading, Metric
from genlab.settings.plugins import load

BUILT_IN: tuple[AnyMetric, ...] = (
    scores.NLL,
    scores.BITS,
    scores.EXCESS,
    text.NATS,
    text.PERPLEXITY,
    statistics.LINE,
    statistics.ASSIGNMENT,
    statistics.SLICED,
    statistics.MODES,
    statistics.NEIGHBOURHOOD,
    statistics.PIXELS,
    text.DISTINCT,
    images.NEAREST,
    images.RIGHT_LABEL,
    text.COPIED,
)

_KEYS = {record.id for record in BUILT_IN} | {
    key for record in BUILT_IN if isinstance(record, PairMetric) for key in record.headings
}


def _check(record: MetricRecord) -> None:
    """Raises where a record is of no kind, is not called by a text, or gives a number that has the name of a
    built-in one."""
    if not isinstance(record, AnyMetric):
        raise TypeError("a metric is a LikelihoodMetric, a PairMetric or a SampleMetric")
    headings = record.headings if isinstance(record, PairMetric) else {}
    for key, heading in {record.id: Heading(record.title, "near", ""), **headings}.items():
        about = (heading.better, heading.unit, 0, heading.note, heading.headline)
        checked(Metric(key, heading.name, None, None, None, None, *about))
    if headings.keys() & _KEYS:
        raise ValueError(f"there is a '{min(headings.keys() & _KEYS)}' already")


_plugins, PROBLEMS = load("genlab.metrics", MetricRecord, _KEYS, _check)

METRICS: tuple[AnyMetric, ...] = (
    *BUILT_IN,
    *(record for record in _plugins if isinstance(record, AnyMetric)),
)


def statistics_for(dataset: Dataset, n: int) -> dict[str, Statistic]:
    """The statistics that apply to samples of size n of this data set, by name."""
    pairs = (record for record in METRICS if isinstance(record, PairMetric))
    return {record.id: record.statistic(dataset) for record in pairs if record.applies(dataset, n)}
