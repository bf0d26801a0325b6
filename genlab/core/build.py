"""From a paradigm's record to its model and its probes, imported at the moment they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import torch

from genlab.core.model import Model, ModelData
from genlab.core.random import generator
from genlab.core.requests import ProbeRequest
from genlab.data.payloads import Payload
from genlab.settings.paradigm import N, O, Paradigm, S

Probes = Mapping[str, Callable[[Model[O, N, S], ProbeRequest[S]], Iterator[Payload | None]]]
"""What the extra panels of a paradigm draw, by name, each in slices."""


def found(place: str) -> Any:
    """The object at 'module:name'."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def build_model(paradigm: Paradigm[O, N, S], objective: O, network: N, data: ModelData) -> Model[O, N, S]:
    """The paradigm's model with its initial weights, drawn from the stream 'init' of the seed.

    Raises ValueError, one sentence, where the settings do not go with the data or it does not load."""
    try:
        make: type[Model[O, N, S]] = found(paradigm.model)
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"the model of {paradigm.title} does not load: {reason}") from error
    state = torch.get_rng_state()
    try:
        torch.manual_seed(generator(data.seed, "init").initial_seed())
        model = make(objective, network, data)
        model.title = paradigm.title
        return model
    finally:
        torch.set_rng_state(state)


def probes_of(paradigm: Paradigm[O, N, S]) -> Probes[O, N, S]:
    """What the extra panels draw; empty for a paradigm without any."""
    found_probes: Probes[O, N, S] = found(paradigm.probes) if paradigm.probes else {}
    return found_probes
