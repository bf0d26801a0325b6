"""What the live window costs training, and how smoothly it draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.bench.child import measure as in_child
from genlab.bench.measures.kinds import session_of
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, guarded, higher, listed, lower, median
from genlab.bench.yardstick import slowness
from genlab.session.catalogue import PARADIGMS

RATIO, FRAME, GAP, SHARE = 0.97, 17.0, 25.0, 0.30
"""Of headless speed; ms between two frames, the median and the 99th percentile; of a core."""


def measure(plan: Plan) -> Iterator[Row]:
    """Training speed, frame gaps and processor share of each paradigm."""
    for paradigm in PARADIGMS:
        yield from guarded("live", paradigm, _paradigm(plan, paradigm))


def _paradigm(plan: Plan, paradigm: str) -> Iterator[Row]:
    timeout = 3 * plan.live_seconds + 120
    values = session_of(PARADIGMS[paradigm])
    # Measures the number of threads for this network, which every later run takes from the cache.
    in_child("apart.headless:train", timeout, seconds=0.5, **values)
    before = slowness()
    runs: dict[str, list[dict]] = {"headless": [], "in_window": []}
    for number in range(plan.live_rounds):
        order = ("headless", "in_window") if number % 2 == 0 else ("in_window", "headless")
        for who in order:
            runs[who].append(in_child(f"apart.{who}:train", timeout, seconds=plan.live_seconds, **values))
    slow = (before + slowness()) / 2
    headless, window = runs["headless"], runs["in_window"]
    rates = {who: [run["steps"] / run["wall"] for run in found] for who, found in runs.items()}
    pure = {who: [run["steps"] / run["trained"] for run in found] for who, found in runs.items()}
    ratios = [a / b for a, b in zip(rates["in_window"], rates["headless"], strict=True)]
    alone = median(rates["headless"]) * slow
    kept = [run["trained"] / run["wall"] for run in window]
    apart = median([a / b for a, b in zip(pure["in_window"], pure["headless"], strict=True)])
    yield Row(
        "live",
        f"{paradigm}: steps by the wall clock, {len(window[0]['panels'])} panels live at 60 fps, "
        "against headless",
        f"at least {RATIO:g}",
        f"{median(ratios):.3f}",
        {"headless": headless, "window": window, "ratios": ratios},
        median(ratios) >= RATIO,
        f"{listed(rates['in_window'], ',.0f')} against {listed(rates['headless'], ',.0f')} steps/s; "
        f"{apart:.3f} without the time given to previews; torch threads: {window[0]['threads']}",
        (
            higher([median(ratios)], 0.01, "of headless"),
            higher([median(kept)], 0.005, "share of the time that trained"),
            higher([alone], 0.06 * alone, "headless steps per second"),
        ),
    )
    yield from _frames(paradigm, window)
    shares = [run["gui_share"] for run in window]
    yield Row(
        "live",
        f"{paradigm}: window's process, share of one core, meanwhile",
        f"at most {SHARE:.0%}",
        f"{median(shares):.0%}",
        {"share": shares},
        median(shares) <= SHARE,
        f"of {listed([100 * share for share in shares], '.0f')} %",
        (lower([median(shares) / slow], 0.02, "by the yardstick"),),
    )


def _frames(paradigm: str, runs: list[dict[str, Any]]) -> Iterator[Row]:
    """The worst panel's time between painted frames."""
    for what, key, limit in (("median", "median_ms", FRAME), ("99th percentile", "p99_ms", GAP)):
        panels = {
            id: median([run["panels"][id][key] for run in runs if id in run["panels"]])
            for run in runs
            for id in run["panels"]
        }
        worst = max(panels.values())
        largest = max(panel["largest_ms"] for run in runs for panel in run["panels"].values())
        yield Row(
            "live",
            f"{paradigm}: time between painted frames of the slowest panel, {what}, meanwhile",
            f"at most {limit:g} ms",
            f"{worst:.1f} ms",
            panels,
            worst <= limit,
            ", ".join(f"{id} {value:.1f}" for id, value in panels.items()) + f"; largest {largest:.0f} ms",
            (lower([worst], 1.0),),
        )
