"""Data sets of plug-ins: what they draw is checked against their record before anybody sees it."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from genlab.data.dataset import DataError, Dataset, Draw
from genlab.data.record import AnyRecord
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Settings
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens


class CheckedDataset(Dataset):
    """A data set whose every draw belongs to its space, in the space's dtype, and has the labels that it
    should; all else that it has is reached through this one.

    made: what a record of `info` and this title gave. Raises DataError, one sentence that names it, here and
    for a draw, where the two disagree."""

    def __init__(self, info: DataInfo, title: str, made: Any) -> None:
        self._named = f"The data set '{title}' cannot be used: "
        if not isinstance(made, Dataset):
            raise DataError(f"{self._named}it makes a {type(made).__name__}, not a Dataset.")
        self._made = made
        for name in Dataset.__annotations__:
            if not hasattr(made, name):
                raise DataError(f"{self._named}its data have no {name}.")
        if made.space != info.space:
            raise DataError(f"{self._named}its record speaks of {info.space}, its data are {made.space}.")
        if tuple(made.label_names) != tuple(info.labels):
            raise DataError(f"{self._named}its record has other labels than its data.")
        if info.truth and made.truth is None:
            raise DataError(f"{self._named}its record says that its distribution is known, and it is not.")

    def __getattr__(self, name: str) -> Any:
        if name == "_made":  # not made yet, while it is copied
            raise AttributeError(name)
        return getattr(self._made, name)

    def train(self, n: int, rng: np.random.Generator) -> Draw:
        return self._checked(self._made.train(n, rng), n)

    def validation(self, n: int, rng: np.random.Generator) -> Draw:
        return self._checked(self._made.validation(n, rng), n)

    def test(self, n: int, rng: np.random.Generator) -> Draw:
        return self._checked(self._made.test(n, rng), n)

    def _checked(self, draw: Any, n: int) -> Draw:
        try:
            return checked(draw, self.space, len(self.label_names), n)
        except DataError as problem:
            raise DataError(f"{self._named}{problem}.") from None


def made_by(record: AnyRecord, settings: Settings) -> CheckedDataset:
    """The data of a plug-in. Raises DataError, one sentence that names it, also for whatever it raises."""
    title = record.title_of(settings)
    try:
        made = record.make(settings)
    except DataError:
        raise
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")
        raise DataError(f"The data set '{title}' cannot be made: {reason}.") from error
    return CheckedDataset(record.info(settings), title, made)


def checked(draw: Any, space: Space, classes: int, n: int = 1) -> Draw:
    """A draw in the dtype of its space, not copied where it has that already. n: how many were asked for.

    Raises DataError, a clause, where it does not belong to the space or lacks labels of so many classes."""
    if not isinstance(draw, Draw):
        raise DataError(f"it draws a {type(draw).__name__}, not a Draw")
    x = np.asarray(draw.x)
    if x.shape[1:] != space.event or not x.ndim:
        raise DataError(
            f"it draws an array of shape {x.shape}, not of (n, {', '.join(map(str, space.event))})"
        )
    if n > 0 and not len(x):
        raise DataError("a part of it has no rows")
    x = _values(x, space)
    return Draw(x, _labels(draw.labels, len(x), classes) if classes else draw.labels)


def _values(x: NDArray[Any], space: Space) -> NDArray[Any]:
    match space:
        case Tokens(vocabulary=vocabulary):
            if x.dtype.kind not in "iu":
                raise DataError(f"tokens are whole numbers, not {x.dtype}")
            x = x.astype(space.dtype, copy=False)
            if x.size and not 0 <= x.min() <= x.max() < len(vocabulary):
                wrong = x.min() if x.min() < 0 else x.max()
                raise DataError(f"token {wrong} is not one of 0 to {len(vocabulary) - 1}")
        case Points() | Images() | Signal():
            if x.dtype.kind not in "iuf":
                raise DataError(f"its data are numbers, not {x.dtype}")
            with np.errstate(over="ignore"):
                x = x.astype(space.dtype, copy=False)
            if not np.isfinite(x).all():
                raise DataError("not all of its data are finite")
            if isinstance(space, Images):
                inside = not x.size or (x.min() >= 0 and x.max() < space.levels)
                if not inside or (x != np.floor(x)).any():
                    raise DataError(f"a pixel is no whole level from 0 to {space.levels - 1}")
        case _:
            assert_never(space)
    return x


def _labels(labels: Any, n: int, classes: int) -> NDArray[np.int64]:
    if labels is None:
        raise DataError(f"its record names {classes} classes, but it draws no labels")
    given = np.asarray(labels)
    if given.shape != (n,):
        raise DataError(f"it draws labels of shape {given.shape} for {n:,} data")
    if given.dtype.kind not in "iu":
        raise DataError(f"labels are whole numbers, not {given.dtype}")
    found: NDArray[np.int64] = given.astype(np.int64, copy=False)
    if n and not 0 <= found.min() <= found.max() < classes:
        wrong = found.min() if found.min() < 0 else found.max()
        raise DataError(f"label {wrong} is not one of 0 to {classes - 1}")
    return found
