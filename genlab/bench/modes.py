"""How many modes of a known mixture a trained model captures, and how well: PacGAN's definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from genlab.api import Run, train
from genlab.bench.rows import Plan, Row, listed
from genlab.bench.trained import trained
from genlab.metrics.coverage import mode_coverage

TRIES, DRAWN = 4, 2500
STD_RATIOS = (0.9, 1.1)
EXACT = {"gan-ring": (0.989, 0.0014), "gan-grid": (0.989, 0.0048)}
"""Share of high quality and reverse KL of exact samples."""


@dataclass(frozen=True)
class ModeLimits:
    """What is required: modes captured at least, share of high quality at least, reverse KL at most."""

    modes: float
    high_quality: float
    reverse_kl: float


def coverage(run: Run, **sampler: Any) -> list[dict[str, float]]:
    """PacGAN's measures of several draws of a run."""
    truth = run.dataset().truth
    assert truth is not None
    assert truth.modes is not None
    assert truth.mode_std is not None
    draws = [run.sample(DRAWN, seed=1000 + k, **sampler) for k in range(TRIES)]
    return [asdict(mode_coverage(x, truth.modes, truth.mode_std)) for x in draws]


def mode_rows(
    plan: Plan,
    paradigm: str,
    dataset: str,
    seconds: float,
    limits: ModeLimits,
    sampler: Mapping[str, Any],
) -> Iterator[Row]:
    """A default session trained with each seed: modes, high quality, reverse KL, in-mode std ratio."""
    found, notes = [], []
    for seed in plan.seeds:
        run = train(paradigm, dataset, seconds=seconds, seed=seed)
        found.append(coverage(run, **sampler))
        notes.append(trained(run))
    how = "".join(f", {value} {key}" for key, value in sampler.items())

    def row(what: str, key: str, required: str, form: str, fits: Callable[[float], bool], note: str) -> Row:
        means = [float(np.mean([each[key] for each in draws])) for draws in found]
        name = f"{dataset}, {seconds:g} s{how}: {what}"
        return Row(
            paradigm, name, required, listed(means, form), {"draws": found}, all(map(fits, means)), note
        )

    low, high = STD_RATIOS
    quality, divergence = EXACT[dataset]
    yield row(
        "modes captured", "modes_captured", f"at least {limits.modes:g}", ".4g",
        lambda value: value >= limits.modes, f"mean of {TRIES} draws of {DRAWN:,}; {'; '.join(notes)}",
    )  # fmt: skip
    yield row(
        "high quality", "high_quality", f"at least {limits.high_quality:.0%}", ".2%",
        lambda value: value >= limits.high_quality, f"exact samples: {quality:.1%}",
    )  # fmt: skip
    yield row(
        "reverse KL", "reverse_kl", f"at most {limits.reverse_kl:g}", ".4f",
        lambda value: value <= limits.reverse_kl, f"exact samples: {divergence:g}",
    )  # fmt: skip
    yield row(
        "in-mode std ratio", "std_ratio", f"{low:g} to {high:g}", ".3f", lambda value: low <= value <= high,
        "exact samples: 1",
    )  # fmt: skip
