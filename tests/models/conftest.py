"""Short training runs that several tests look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from genlab.data import Dataset, Draw, load
from genlab.models.base import Batch, Context, Model, build_model, generator
from genlab.settings.session import Session
from genlab.settings.spaces import ImageSpace


@dataclass(frozen=True)
class Trained:
    """A model after a short training. losses: 'total' of the first player, one for each step."""

    session: Session
    dataset: Dataset
    draw: Draw
    model: Model
    losses: np.ndarray


def build(session: Session, n: int = 4000) -> tuple[Dataset, Draw, Model]:
    dataset = load(session.dataset, session.data)
    draw = dataset.train(n, np.random.default_rng(0))
    return dataset, draw, build_model(session, dataset, draw)


def train(session: Session, steps: int, size: int) -> Trained:
    dataset, draw, model = build(session)
    x, labels = torch.as_tensor(draw.x), None if draw.labels is None else torch.as_tensor(draw.labels)
    noise, order = generator(session.seed, "noise"), generator(session.seed, "data")
    optimisers = [torch.optim.Adam(p.parameters, session.training.learning_rate) for p in model.players()]
    losses = []
    for step in range(steps):
        rows = torch.randint(len(x), (size,), generator=order)
        batch = Batch(x[rows], None if labels is None else labels[rows])
        context = Context(step, step / steps, noise, torch.device("cpu"))
        for i, (player, optimiser) in enumerate(zip(model.players(), optimisers, strict=True)):
            total = model.loss(batch, player, context)["total"]
            optimiser.zero_grad()
            total.backward()
            optimiser.step()
            model.after_step(player, context)
            if i == 0:
                losses.append(total.item())
    return Trained(session, dataset, draw, model.eval(), np.array(losses))


@cache
def _short(paradigm: str, dataset: str, values: tuple[tuple[str, Any], ...]) -> Trained:
    session = Session.default(paradigm, dataset)
    image = isinstance(session.space, ImageSpace)
    small = {"network.width": 16 if image else 64}
    session = session.with_values({key: small[key] for key in set(small) & set(session.keys())})
    return train(session.with_values(dict(values)), 60 if image else 400, 64 if image else 256)


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
