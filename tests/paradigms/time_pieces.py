"""What tests ask of models on a time process."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from genlab.core.build import probes_of
from genlab.core.requests import DensityRequest, LogProb, ProbeRequest, SampleRequest
from genlab.core.training import Batch
from genlab.data.condition import Condition
from genlab.session.session import Session


def asked(session: Session, label: str | None = None, **sampler: Any) -> dict[str, Any]:
    """What requests say alike: sampler and condition of the session, with changes."""
    return {
        "sampler": session.sampler.model_copy(update=sampler),
        "condition": Condition(session.condition.label if label is None else label),
    }


def frames(model: Any, session: Session, n: int, **changes: Any) -> list[Any]:
    with torch.no_grad():
        found = model.eval().sample(SampleRequest(n, **asked(session, **changes)))
        return [frame for frame in found if frame is not None]


def log_prob(model: Any, session: Session, x: Tensor, **changes: Any) -> list[LogProb]:
    with torch.no_grad():
        parts = model.eval().log_prob(x, DensityRequest(**asked(session, **changes)))
        return [part for part in parts if part is not None]


def payloads(
    model: Any,
    session: Session,
    name: str,
    values: dict[str, Any] | None = None,
    *,
    resolution: int = 24,
    examples: Batch | None = None,
    **changes: Any,
) -> list[Any]:
    """What an extra panel draws, as the engine asks for it."""
    asks = asked(session, **changes)
    request = ProbeRequest(values=values or {}, resolution=resolution, examples=examples, **asks)
    model.refuse_given(request)
    with torch.no_grad():
        slices = probes_of(session.entry)[name](model, request)
        return [payload for payload in slices if payload is not None]
