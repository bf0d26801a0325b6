"""The devices of this machine that torch can use."""

from __future__ import annotations

import os
import platform

import torch


def devices() -> dict[str, str]:
    """Devices that torch can use here: name to description; the first is what 'auto' takes."""
    found = {}
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda.get_device_name()
    if torch.backends.mps.is_available():
        found["mps"] = "Apple GPU"
    found["cpu"] = platform.processor() or platform.machine()
    return found


def cores() -> int:
    """Of this machine."""
    return os.cpu_count() or 1


def pick_device(name: str) -> torch.device:
    """The device of a name. Raises ValueError where it is not here."""
    here = devices()
    if name == "auto":
        return torch.device(next(iter(here)))
    if name not in here:
        raise ValueError(f"there is no device '{name}' here; there are {', '.join(here)}")
    return torch.device(name)
