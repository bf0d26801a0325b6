"""How many modes of a known mixture a trained model captures, and how well: PacGAN's definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from genlab.api import Run
from genlab.bench.measures.trained import Trained, notes, speed, trained
from genlab.bench.plan import Budget, Plan
from genlab.bench.rows import Figure, Row, higher, listed, lower
from genlab.data import Truth
from genlab.metrics.coverage import mode_coverage

TRIES, DRAWN = 4, 2500
STD_RATIOS = (0.9, 1.1)
OFF_ONE = "distance from 1"
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
    if not isinstance(truth, Truth) or truth.modes is None or truth.mode_std is None:
        raise ValueError(f"the modes of '{run.session.dataset}' are not known")
    draws = [run.sample(DRAWN, seed=1000 + k, **sampler) for k in range(TRIES)]
    return [asdict(mode_coverage(x, truth.modes, truth.mode_std)) for x in draws]


def mode_rows(
    plan: Plan,
    paradigm: str,
    dataset: str,
    budget: Budget,
    limits: ModeLimits,
    sampler: Mapping[str, Any],
) -> Iterator[Row]:
    """A default session trained with each seed: modes, high quality, reverse KL, in-mode std ratio."""
    found: list[list[dict[str, float]]] = []
    runs: list[Trained] = []
    for seed in plan.seeds:
        runs.append(trained(plan, budget, paradigm, dataset, seed=seed))
        found.append(coverage(runs[-1].run, **sampler))
    how = "".join(f", {value} {key}" for key, value in sampler.items())
    low, high = STD_RATIOS
    quality, divergence = EXACT[dataset]

    def row(
        what: str,
        key: str,
        required: str,
        form: str,
        fits: Callable[[float], bool],
        note: str,
        figures: Callable[[list[float]], tuple[Figure, ...]],
    ) -> Row:
        means = [float(np.mean([each[key] for each in draws])) for draws in found]
        return Row(
            paradigm,
            f"{dataset}, {budget}{how}: {what}",
            required,
            listed(means, form),
            {"draws": found},
            all(map(fits, means)),
            note,
            figures(means),
        )

    yield row(
        "modes captured", "modes_captured", f"at least {limits.modes:g}", ".4g",
        lambda value: value >= limits.modes, f"mean of {TRIES} draws of {DRAWN:,}; {notes(runs)}",
        lambda means: (higher(means, 0.01 * limits.modes), *speed(runs)),
    )  # fmt: skip
    yield row(
        "high quality", "high_quality", f"at least {limits.high_quality:.0%}", ".2%",
        lambda value: value >= limits.high_quality, f"exact samples: {quality:.1%}",
        lambda means: (higher(means, 0.005),),
    )  # fmt: skip
    yield row(
        "reverse KL", "reverse_kl", f"at most {limits.reverse_kl:g}", ".4f",
        lambda value: value <= limits.reverse_kl, f"exact samples: {divergence:g}",
        lambda means: (lower(means, 0.002),),
    )  # fmt: skip
    yield row(
        "in-mode std ratio", "std_ratio", f"{low:g} to {high:g}", ".3f", lambda value: low <= value <= high,
        "exact samples: 1", lambda means: (lower([abs(mean - 1) for mean in means], 0.02, OFF_ONE),),
    )  # fmt: skip
