"""A small model after a short training, as checks and tests look at it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlab.core.requests import DensityRequest, SampleRequest
from genlab.core.training import Batch
from genlab.data import Dataset, Draw, load
from genlab.data.condition import Condition
from genlab.data.payloads import Samples
from genlab.engine.models import AnyModel, model_of
from genlab.engine.training.trainer import Trainer
from genlab.session.session import Session
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

REFERENCE = 4000
"""Training data of a short run."""


@dataclass(frozen=True)
class Trained:
    """A model after a short training. columns: name to the values of a recorded loss, one for each row.

    trainer: as it stands; to go on from it, copy it."""

    session: Session
    dataset: Dataset
    draw: Draw
    trainer: Trainer
    columns: Mapping[str, NDArray[np.float64]]
    model: AnyModel

    def frames(self, n: int, condition: Condition | None = None, **sampler: Any) -> list[Samples]:
        """A trajectory of n samples. sampler: settings by name. Raises ValueError for what is refused."""
        request = SampleRequest(
            n, self.session.sampler.model_copy(update=sampler), condition or self.session.asked
        )
        with torch.no_grad():
            self.model.refuse(request)
            return [frame for frame in self.model.sample(request) if frame is not None]

    def log_prob(self, x: NDArray[Any], condition: Condition | None = None, **sampler: Any) -> Tensor:
        """Log density of x (n, *event), (n,), nats. Raises NoDensity."""
        settings = self.session.sampler.model_copy(update=sampler)
        request = DensityRequest(settings, condition or self.session.asked, error=False)
        points = torch.as_tensor(np.asarray(x, self.session.space.dtype))
        value = torch.full((len(x),), torch.nan)
        with torch.no_grad():
            for part in self.model.log_prob(points, request):
                if part is not None:
                    value[part.start : part.start + len(part.value)] = part.value
        return value


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch with one thread, which is fastest for small models, above all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def train(session: Session, steps: int) -> Trained:
    """Train a session's model for some steps, on 4,000 data or the whole of a fixed training part."""
    session = session.with_values({"training.stop": "steps", "training.steps": steps})
    dataset = load(session.dataset, session.data)
    draw = dataset.train(REFERENCE, np.random.default_rng(0))
    model = model_of(session, dataset, draw)
    trainer = Trainer(model, session, batch_of(draw))
    shown = copy.deepcopy(model)
    trainer.advance(math.inf)
    trainer.show(shown, trainer.averages())
    return Trained(session, dataset, draw, trainer, columns_of(trainer), shown.eval())


def columns_of(trainer: Trainer) -> dict[str, NDArray[np.float64]]:
    """What was recorded since the last call, by its name."""
    rows = np.array(trainer.take_rows())
    return dict(zip(trainer.names, rows.T, strict=True)) if len(rows) else {}


def short_run(paradigm: str, dataset: str, values: Mapping[str, Any] | None = None) -> Trained:
    """A small model trained for a few hundred steps, made once for the same arguments; not to be changed."""
    return _short(paradigm, dataset, tuple(sorted((values or {}).items())))


@cache
def _short(paradigm: str, dataset: str, values: tuple[tuple[str, Any], ...]) -> Trained:
    session = Session.default(paradigm, dataset)
    image = is_large(session.space)
    small = {
        "network.width": 16 if image else 64,
        "training.batch_size": 64 if image else 256,
        "training.ema": 0.9,
    }
    session = session.with_values({key: small[key] for key in set(small) & set(session.keys())})
    with one_thread():
        return train(session.with_values(dict(values)), 60 if image else 400)


def is_large(space: Space) -> bool:
    """Whether a step on such data takes so long that few of them must do."""
    match space:
        case Images():
            return True
        case Points() | Tokens() | Signal():
            return False
        case _:
            assert_never(space)


def batch_of(draw: Draw, rows: slice = slice(None)) -> Batch:
    """Rows of a draw as a batch."""
    labels = None if draw.labels is None else torch.as_tensor(draw.labels[rows])
    return Batch(torch.as_tensor(draw.x[rows]), labels)
