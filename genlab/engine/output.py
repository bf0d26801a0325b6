"""What a model gives, checked once where it comes in: frames of samples, and log densities."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlab.core.requests import DensityRequest, LogProb, SampleRequest
from genlab.data.dataset import Float
from genlab.data.payloads import Exactness, Samples
from genlab.engine.models import AnyModel
from genlab.settings.data_info import DataInfo
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Tokens


def frames(model: AnyModel, request: SampleRequest[SamplerSettings], title: str) -> Iterator[Samples | None]:
    """The frames of a model's samples, up to the last, and None for a slice between two.

    title: of its paradigm. Raises ValueError, one sentence, for frames that are not what was asked for."""
    for frame in model.sample(request):
        if frame is None:
            yield None
            continue
        wrong = _wrong(frame, request.n, model.data)
        if wrong:
            raise ValueError(f"{title} gives {wrong}")
        yield frame
        if frame.index == frame.total:
            return
    raise ValueError("the model's samples ended before their last frame")


def _wrong(frame: object, n: int, data: DataInfo) -> str:
    """What is wrong with a frame of n samples, or ''."""
    if not isinstance(frame, Samples):
        return f"{_kind(frame)} where a frame of samples belongs"
    shape, dtype = (n, *data.space.event), np.dtype(data.space.dtype)
    wrong = _wrong_array("samples", frame.x, shape, dtype)
    if not wrong and frame.clean is not None:
        wrong = _wrong_array("clean samples", frame.clean, shape, dtype)
    if not wrong and frame.labels is not None:
        wrong = _wrong_array("labels", frame.labels, (n,), np.dtype(np.int64))
        if not wrong and n and not -1 <= frame.labels.min() <= frame.labels.max() < len(data.labels):
            wrong = f"labels beyond the {len(data.labels)} classes of the data"
    if not wrong and frame.token_log_prob is not None:
        wrong = _wrong_array("log probabilities of tokens", frame.token_log_prob, shape, np.dtype(np.float32))
    if not wrong and isinstance(data.space, Tokens):
        size = len(data.space.vocabulary)
        for x in (frame.x, frame.clean):
            if x is not None and x.size and not 0 <= x.min() <= x.max() < size:
                return f"tokens beyond the vocabulary, whose {size} are 0 to {size - 1}"
    return wrong


def _wrong_array(what: str, x: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    """What is wrong with an array of this shape and kind of dtype, or ''."""
    if not isinstance(x, np.ndarray):
        return f"{what} as {_kind(x)}, not as a NumPy array"
    if x.shape != shape:
        return f"{what} of shape {x.shape} where {shape} was asked for"
    if x.dtype.kind != dtype.kind:
        return f"{what} of type {x.dtype}, not {dtype}"
    return ""


def _kind(value: object) -> str:
    return f"a value of type {type(value).__name__}"


@dataclass(frozen=True)
class Gathered:
    """Log densities of many points: values (n,), nats; error and standard_error (n,) where known."""

    values: Float
    kind: Exactness
    error: Float | None
    standard_error: Float | None


def gather(
    model: AnyModel, x: NDArray[Any], request: DensityRequest[SamplerSettings], title: str
) -> Generator[None, None, Gathered]:
    """Log density of all points x (n, *event), by slices. A density may be 0, its logarithm -inf.

    title: of the paradigm. Raises ValueError, one sentence, for points of the wrong shape and for log
    densities that are not what was asked for; NoDensity where the model has none."""
    event = model.event
    if x.shape[1:] != event:
        raise ValueError(f"points of shape {x.shape[1:]}, but the model's have {event}")
    parts: list[LogProb] = []
    for part in model.log_prob(torch.as_tensor(x, device=model.device), request):
        if part is not None:
            wrong = _wrong_part(part)
            if wrong:
                raise ValueError(f"{title} gives {wrong}")
            parts.append(part)
        yield
    parts.sort(key=lambda part: part.start)
    sizes = [len(part.value) for part in parts]
    if [part.start for part in parts] != [0, *accumulate(sizes)][:-1] or sum(sizes) != len(x):
        raise ValueError(f"{title} gives {sum(sizes):,} log densities of {len(x):,} points, not one of each")
    values = _joined([part.value for part in parts])
    values = np.zeros(0) if values is None else values
    bad = np.flatnonzero(np.isnan(values) | (values == np.inf))
    if len(bad):
        what = " and ".join(sorted({f"{value:g}" for value in values[bad]}))
        where = f"{len(bad):,} of {len(x):,} points, first in row {bad[0] + 1:,}"
        raise ValueError(f"{title} gives log densities of {what} at {where}")
    return Gathered(
        values,
        parts[0].kind if parts else "exact",
        _joined([part.error for part in parts]),
        _joined([part.standard_error for part in parts]),
    )


def _wrong_part(part: object) -> str:
    """What is wrong with the log densities of a slice of points, or ''."""
    if not isinstance(part, LogProb):
        return f"{_kind(part)} where log densities belong"
    if part.kind not in get_args(Exactness):
        return f"log densities of the kind '{part.kind}'; there are {', '.join(get_args(Exactness))}"
    named = {"log densities": part.value, "errors": part.error, "standard errors": part.standard_error}
    for what, value in named.items():
        if value is None and what != "log densities":
            continue
        if not isinstance(value, Tensor) or not value.is_floating_point():
            return f"{what} as {_kind(value)}, not as a tensor of floating-point numbers"
        if value.ndim != 1:
            return f"{what} of shape {tuple(value.shape)} where one number for each point belongs"
        if len(value) != len(part.value):
            return f"{len(value):,} {what} of {len(part.value):,} log densities"
    return ""


def _joined(found: list[Tensor | None]) -> Float | None:
    known = [values for values in found if values is not None]
    return torch.cat(known).double().cpu().numpy() if known else None
