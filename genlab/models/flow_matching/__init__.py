"""Flow matching: velocities from a source to the data, and one-step students of them."""

from __future__ import annotations

from genlab.models.flow_matching.model import FlowMatching

__all__ = ["FlowMatching"]
