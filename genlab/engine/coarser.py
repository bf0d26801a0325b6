"""The same picture at a share of its cost: fewer samples, fewer steps, fewer columns."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, overload

from genlab.engine import protocol as p
from genlab.settings.paradigm import Capabilities

FEWEST_SAMPLES, FEWEST_STEPS, FEWEST_COLUMNS = 4, 2, 16


def takes_steps(able: Capabilities) -> bool:
    """Whether samples are drawn in as many steps as the sampler says."""
    steps = able.control("sampler.steps")
    return steps is None or steps.enabled


@overload
def coarser(what: p.Sample, detail: float, stepped: bool) -> tuple[p.Sample, str]: ...


@overload
def coarser(
    what: p.Request, detail: float, stepped: bool, histogram: bool = ...
) -> tuple[p.Request, str]: ...


def coarser(what: p.Request, detail: float, stepped: bool, histogram: bool = False) -> tuple[p.Request, str]:
    """A request at a share of its cost, and what is less in it, in words: '' where nothing is.

    stepped: its samples take steps. histogram: one of samples stands for a density."""
    match what:
        case p.Sample(n=n):
            fewer, sampler, steps = _fewer(what.sampler, n, detail, stepped)
            parts = (f"{fewer:,} of {n:,} samples" if fewer < n else "", steps)
            return replace(what, n=fewer, sampler=sampler), ", ".join(filter(None, parts))
        case p.DrawDensity(draws=draws) if histogram:
            fewer, sampler, steps = _fewer(what.sampler, draws, detail, stepped)
            return replace(what, resolutions=(), draws=fewer, sampler=sampler), steps
        case p.DrawDensity(resolutions=(*_, finest)):
            columns = min(finest, max(FEWEST_COLUMNS, round(finest * math.sqrt(detail))))
            return replace(what, resolutions=(columns,), draws=0), "" if columns == finest else "coarser"
        case p.Probe() if detail < 1:
            return replace(what, detail=detail), "coarser"
    return what, ""


def _fewer(sampler: dict[str, Any], n: int, detail: float, stepped: bool) -> tuple[int, dict[str, Any], str]:
    """Fewer samples in fewer steps, where they take steps: shared evenly between them."""
    steps = sampler.get("steps", 1) if stepped else 1
    taken = max(min(steps, FEWEST_STEPS), min(steps, round(steps * math.sqrt(detail))))
    fewer = max(min(n, FEWEST_SAMPLES), min(n, int(n * detail * steps / taken)))
    if taken == steps:
        return fewer, sampler, ""
    return fewer, {**sampler, "steps": taken}, f"{taken} of {steps} steps"
