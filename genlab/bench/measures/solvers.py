"""Time of sampling with GenLab's solvers, as a share of that with diffusers' schedulers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from genlab.bench.child import measure as in_child
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, SkipSection, listed, lower, median

LIMIT = 0.5
NAMES = {
    "ddim": "DDIM",
    "euler": "Euler",
    "heun": "Heun",
    "dpm++2m": "DPM-Solver++(2M)",
}
"""Solvers that both have."""


def measure(plan: Plan) -> Iterator[Row]:
    """One row a solver: the median ratio of times, with every core and with one thread.

    Raises SkipSection without diffusers."""
    if find_spec("diffusers") is None:
        raise SkipSection(
            "diffusers is not installed; it comes with the test tools: pip install -e '.[test]'"
        )
    threads = {"every core": os.cpu_count() or 1, "one thread": 1}
    timeout = 120 + 60 * plan.solver_rounds
    values = {"n": plan.solver_n, "rounds": plan.solver_rounds}
    found = {
        name: in_child("apart.against_diffusers:compare", timeout, threads=count, **values)
        for name, count in threads.items()
    }
    for method, name in NAMES.items():
        yield solver_row(plan, name, {on: each[method] for on, each in found.items()})


def solver_row(plan: Plan, name: str, found: Mapping[str, Mapping[str, Any]]) -> Row:
    """The row of one solver. found: what `compare` gives for it, by what it ran on."""
    ratios = {
        on: [a / b for a, b in zip(each["ours"], each["theirs"], strict=True)] for on, each in found.items()
    }
    medians = {on: median(each) for on, each in ratios.items()}
    times = "; ".join(
        f"{on}: {1000 * median(each['ours']):.0f} ms against "
        f"{1000 * median(each['theirs']):.0f} ms, ratios {min(ratios[on]):.2f} to {max(ratios[on]):.2f}"
        for on, each in found.items()
    )
    return Row(
        "solvers",
        f"{name}, {plan.solver_n:,} points: time as a share of that of diffusers' scheduler, "
        f"with {' and '.join(found)}",
        f"at most {LIMIT:g}",
        listed(list(medians.values()), ".2f"),
        {on: dict(each) for on, each in found.items()},
        all(value <= LIMIT for value in medians.values()),
        f"{times}; samples differ by at most {max(each['gap'] for each in found.values()):.0e}",
        tuple(lower([value], 0.06 * value, on) for on, value in medians.items()),
    )
