"""Short training runs that several tests look at."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.model import Batch, Model, build_model
from genlab.data import Dataset, Draw, load
from genlab.engine.trainer import Trainer
from genlab.session.session import Session
from genlab.settings.spaces import Images


@dataclass(frozen=True)
class Trained:
    """A model after a short training. columns: name to the values of a recorded loss, one for each row.

    trainer: as it stands; to go on from it, copy it."""

    session: Session
    dataset: Dataset
    draw: Draw
    trainer: Trainer
    columns: Mapping[str, np.ndarray]
    model: Model


def build(session: Session, n: int = 4000) -> tuple[Dataset, Draw, Model]:
    dataset = load(session.dataset, session.data)
    draw = dataset.train(n, np.random.default_rng(0))
    return dataset, draw, build_model(session, dataset, draw)


def columns_of(trainer: Trainer) -> dict[str, np.ndarray]:
    rows = np.array(trainer.take_rows())
    return dict(zip(trainer.names, rows.T, strict=True)) if len(rows) else {}


def train(session: Session, steps: int) -> Trained:
    session = session.with_values({"training.stop": "steps", "training.steps": steps})
    dataset, draw, model = build(session)
    labels = None if draw.labels is None else torch.as_tensor(draw.labels)
    trainer = Trainer(model, session, Batch(torch.as_tensor(draw.x), labels))
    untrained = copy.deepcopy(model)
    trainer.advance(math.inf)
    trainer.show(untrained)
    return Trained(session, dataset, draw, trainer, columns_of(trainer), untrained.eval())


@cache
def _short(paradigm: str, dataset: str, values: tuple[tuple[str, Any], ...]) -> Trained:
    session = Session.default(paradigm, dataset)
    image = isinstance(session.space, Images)
    small = {
        "network.width": 16 if image else 64,
        "training.batch_size": 64 if image else 256,
        "training.ema": 0.9,
    }
    session = session.with_values({key: small[key] for key in set(small) & set(session.keys())})
    session = session.with_values(dict(values))
    return train(session, 60 if image else 400)


@pytest.fixture(scope="session")
def short_run() -> Callable[..., Trained]:
    """A model trained for a few hundred steps, made once for the same arguments; not to be changed."""

    def get(paradigm: str, dataset: str, values: Mapping[str, Any] | None = None) -> Trained:
        return _short(paradigm, dataset, tuple(sorted((values or {}).items())))

    return get


@pytest.fixture(scope="session")
def fresh_model() -> Callable[..., tuple[Session, Dataset, Draw, Model]]:
    """An untrained model of a session with the given values."""

    def get(paradigm: str, dataset: str, values: Mapping[str, Any] | None = None) -> Any:
        session = Session.default(paradigm, dataset).with_values(values or {})
        return (session, *build(session))

    return get
