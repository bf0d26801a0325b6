"""What the live window costs training, how smoothly it draws, and how fast a slider shows its effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.bench.child import measure as in_child
from genlab.bench.measures.start import as_usual
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, higher, listed, lower, median
from genlab.bench.yardstick import slowness
from genlab.data.catalogue import DATASETS
from genlab.session.catalogue import PARADIGMS
from genlab.settings.paradigm import AnyParadigm

RATIO, GAP, SHARE, SLIDER = 0.97, 25.0, 0.35, 0.150
DATASET = "moons"
FITTED = {"baselines": {"objective.method": "mixture"}}
"""Which method is watched, of a paradigm whose usual one is done at once."""


def measure(plan: Plan) -> Iterator[Row]:
    """Training speed, frame gaps and processor share of each paradigm; the slider of the first workspace."""
    for paradigm in PARADIGMS:
        yield from _paradigm(plan, paradigm)
    found = in_child("apart.in_window:move_steps", 180 + 5 * plan.moves, moves=plan.moves, seconds=3.0)
    took = [1000 * seconds for seconds in found["seconds"]]
    yield Row(
        "live",
        f"steps slider moved (15 to 25) to new picture of {found['n']:,} points, median of {len(took)}",
        f"at most {1000 * SLIDER:.0f} ms",
        f"{median(took):.0f} ms",
        {"ms": took},
        median(took) <= 1000 * SLIDER,
        f"{min(took):.0f} to {max(took):.0f} ms, half a second between moves",
        (as_usual(found["seconds"], slowness(), 0.08),),
    )


def session_of(paradigm: AnyParadigm) -> dict[str, Any]:
    """What a paradigm trains on while it is watched: moons, or its own data where it refuses points; a fit
    with a tolerance of 0, so that it is not done before the time is up."""
    dataset = paradigm.dataset if paradigm.refuses(DATASETS[DATASET].info()) else DATASET
    endless = {"objective.tolerance": 0.0} if "tolerance" in paradigm.objective.model_fields else {}
    return {"paradigm": paradigm.id, "dataset": dataset, "settings": FITTED.get(paradigm.id, {}) | endless}


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
    gaps, shares = [run["gap99_ms"] for run in window], [run["gui_share"] for run in window]
    yield Row(
        "live",
        f"{paradigm}: frame gap, 99th percentile, meanwhile",
        f"at most {GAP:g} ms",
        f"{median(gaps):.1f} ms",
        {"gap99_ms": gaps},
        median(gaps) <= GAP,
        f"of {listed(gaps, '.1f')}; {listed([run['frames_per_second'] for run in window], '.0f')} frames/s; "
        f"largest {max(run['largest_gap_ms'] for run in window):.0f} ms",
        (lower([median(gaps)], 1.0),),
    )
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
