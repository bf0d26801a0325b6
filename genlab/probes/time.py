"""The extra panels that every paradigm on a time process has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from genlab.core.requests import ProbeRequest
from genlab.core.time.model import TO, TS, TimeModel
from genlab.data.payloads import Payload
from genlab.probes.equivalence import equivalence
from genlab.probes.guidance_map import guidance_map
from genlab.probes.truncation import truncation

TimeProbe = Callable[[TimeModel[TO, TS], ProbeRequest[TS]], Iterator[Payload | None]]
"""What a panel draws, a function of the model and the request."""

SHARED_PROBES: Mapping[str, Callable[[TimeModel[Any, Any], ProbeRequest[Any]], Iterator[Payload | None]]] = {
    "guidance": guidance_map,
    "equivalence": equivalence,
    "truncation": truncation,
}
