"""What a data set says of itself without being drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from genlab.data.dataset import Dataset
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings
from genlab.settings.spaces import Space

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class DatasetRecord(Generic[S]):
    """One data set, built in, of a plug-in, or a person's own.

    group: the heading that it stands under in lists: '1-D', '2-D', 'Images', 'Text' or one of its own.
    settings: what can be chosen; space, labels and make take such settings. labels: names of the classes, ()
    where there are none. make: the data; raises DataError. truth: the distribution of what `make` gives is
    known. modes: that distribution has separate modes of known centres and width, whose coverage can be
    counted. about: title and summary, where they depend on the settings. tight, bounds: as of `DataInfo`.
    """

    id: str
    title: str
    group: str
    summary: str
    settings: type[S]
    space: Callable[[S], Space]
    labels: Callable[[S], tuple[str, ...]]
    make: Callable[[S], Dataset]
    truth: bool = False
    modes: bool = False
    about: Callable[[S], tuple[str, str]] | None = None
    tight: bool = False
    bounds: tuple[float, float] | None = None

    def info(self, settings: S | None = None) -> DataInfo:
        """What a paradigm knows of the data with these settings, by default with the declared ones."""
        chosen = self.settings() if settings is None else settings
        seen = (self.space(chosen), self.labels(chosen), self.truth, self.modes, self.tight, self.bounds)
        return DataInfo(self.id, *seen)

    def title_of(self, settings: S) -> str:
        """The title of the data with these settings."""
        return self.title if self.about is None else self.about(settings)[0]

    def summary_of(self, settings: S) -> str:
        """The summary of the data with these settings."""
        return self.summary if self.about is None else self.about(settings)[1]


AnyRecord = DatasetRecord[Any]
"""A record of whatever settings, as a catalogue holds them."""


def unlabelled(settings: Settings) -> tuple[str, ...]:
    """The labels of data without classes."""
    return ()
