"""Short training runs that several tests look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from genlab.api import checks
from genlab.api.checks import Trained, columns_of, train
from genlab.core.model import Model
from genlab.data import Dataset, Draw, load
from genlab.engine.models import model_of
from genlab.session.session import Session

__all__ = ["Trained", "build", "columns_of", "train"]


def build(session: Session, n: int = 4000) -> tuple[Dataset, Draw, Model]:
    dataset = load(session.dataset, session.data)
    draw = dataset.train(n, np.random.default_rng(0))
    return dataset, draw, model_of(session, dataset, draw)


@pytest.fixture(scope="session")
def short_run() -> Callable[..., Trained]:
    """A model trained for a few hundred steps, made once for the same arguments; not to be changed."""

    return checks.short_run


@pytest.fixture(scope="session")
def fresh_model() -> Callable[..., tuple[Session, Dataset, Draw, Model]]:
    """An untrained model of a session with the given values."""

    def get(paradigm: str, dataset: str, values: Mapping[str, Any] | None = None) -> Any:
        session = Session.default(paradigm, dataset).with_values(values or {})
        return (session, *build(session))

    return get
