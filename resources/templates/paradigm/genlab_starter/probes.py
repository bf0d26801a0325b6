"""What the extra panels draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from genlab.core.requests import ProbeRequest
from genlab.data.payloads import Curves, Payload
from genlab_starter.model import StarterModel
from genlab_starter.settings import StarterSampler

Request = ProbeRequest[StarterSampler]


def weights(model: StarterModel, request: Request) -> Iterator[Curves]:
    """The weights of the Gaussians for the label that is asked for."""
    kind = model.kinds(model.classes.single(request.condition.label), 1)
    heights = model.logits[kind[0]].softmax(-1).cpu().numpy()
    x = np.arange(1, len(heights) + 1, dtype=np.float32)
    yield Curves(x, {"weight": heights}, "Gaussian", "probability", bars=True)


PROBES: Mapping[str, Callable[[StarterModel, Request], Iterator[Payload | None]]] = {"weights": weights}
