"""From a session to its model."""

from __future__ import annotations

from typing import Any

from genlab.core.build import build_model
from genlab.core.model import Model, ModelData
from genlab.data.dataset import Dataset, Draw
from genlab.session.session import Session

AnyModel = Model[Any, Any, Any]
"""A model where its settings play no part: it is trained, saved and shown like any other."""


def data_of(session: Session, dataset: Dataset, reference: Draw) -> ModelData:
    """What a session's model is told of the data. reference: a draw of training data."""
    rows = len(reference.x) if dataset.truth is None else session.training.pool
    return ModelData.of(session.info, dataset, reference, rows, session.seed)


def model_of(session: Session, dataset: Dataset, reference: Draw) -> AnyModel:
    """The session's model with its initial weights. reference: a draw of training data.

    Raises ValueError, one sentence, where the settings do not go with the data."""
    data = data_of(session, dataset, reference)
    return build_model(session.entry, session.objective, session.network, data)
