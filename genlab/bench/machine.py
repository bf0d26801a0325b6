"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

QUIET = 0.5
"""Load of a core above which times are not to be trusted."""


def busy() -> bool:
    """Whether something else computes here."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > QUIET * _cores()


def describe() -> dict[str, Any]:
    """Cores, processor, system, versions, and how busy the machine is before the measurement."""
    return {
        "cores": _cores(),
        "cpu": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("genlab", "torch", "PySide6-Essentials", "numpy")},
        "threads": os.environ.get("OMP_NUM_THREADS", "as the engine measures"),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def sentence(machine: dict[str, Any]) -> str:
    """The machine in one line."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    load = "" if machine["load"] is None else f", load {machine['load']:g} before"
    return (
        f"{machine['cores']} cores, {machine['cpu']}, {machine['system']}, Python {machine['python']}, "
        f"{versions}, torch threads: {machine['threads']}{load}"
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            for line in info:
                if line.startswith("model name"):
                    return " ".join(line.partition(":")[2].split())
    except OSError:
        pass
    return platform.processor() or platform.machine()
