"""What default sessions of diffusion reach after some training, against the truth."""

from __future__ import annotations

from collections.abc import Iterator

from genlab.bench.measures.modes import ModeLimits, mode_rows
from genlab.bench.measures.quality import digits_rows, points_rows
from genlab.bench.plan import Plan
from genlab.bench.rows import Row

RING_STEPS, DIGITS_STEPS = 20, 25


def measure(plan: Plan) -> Iterator[Row]:
    """The gates on W2, the ring, the digits."""
    yield from points_rows(plan, "diffusion", ("moons-cfm", "8gaussians-cfm"))
    limits = ModeLimits(modes=8, high_quality=0.97, reverse_kl=0.01)
    budget = plan.budget("diffusion", plan.ring_seconds)
    yield from mode_rows(plan, "diffusion", "gan-ring", budget, limits, {"steps": RING_STEPS})
    yield from digits_rows(plan, "diffusion", DIGITS_STEPS)
