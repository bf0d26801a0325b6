"""What takes seconds at first use, done before anybody waits for it."""

from __future__ import annotations

from importlib import import_module

import torch

from genlab.engine.devices import devices
from genlab.engine.training.flat import FlatParameters
from genlab.runs.provenance import versions
from genlab.session.catalogue import PARADIGMS
from genlab.settings import plugins


def warm() -> tuple[dict[str, str], dict[str, str]]:
    """Import every paradigm, take one optimiser step; the devices and versions that are here.

    A plug-in whose model does not load is noted among the problems of plug-ins."""
    for paradigm in PARADIGMS.values():
        try:
            import_module(paradigm.model.partition(":")[0])
        except (Exception, SystemExit) as error:
            if not plugins.broke("genlab.paradigms", paradigm.id, error):
                raise
    flat = FlatParameters(torch.nn.Linear(4, 4).parameters())
    torch.optim.AdamW([flat.vector], fused=True).step()
    return devices(), versions()
