"""What takes seconds at first use, done before anybody waits for it."""

from __future__ import annotations

import platform
from importlib import import_module
from importlib.metadata import version

import torch

from genlab.engine.devices import devices
from genlab.engine.training.flat import FlatParameters
from genlab.session.catalogue import PARADIGMS

PACKAGES = ("genlab", "torch", "numpy", "pydantic")


def warm() -> tuple[dict[str, str], dict[str, str]]:
    """Import every paradigm, take one optimiser step; the devices and versions that are here."""
    for paradigm in PARADIGMS.values():
        import_module(paradigm.model.partition(":")[0])
    flat = FlatParameters(torch.nn.Linear(4, 4).parameters())
    torch.optim.AdamW([flat.vector], fused=True).step()
    return devices(), {name: version(name) for name in PACKAGES} | {"python": platform.python_version()}
