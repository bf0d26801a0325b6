"""Solvers of the reverse process."""

from __future__ import annotations

from genlab.sampling.solvers.base import Solver, State, trajectory

__all__ = ["Solver", "State", "trajectory"]
