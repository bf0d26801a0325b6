"""Exactly known distributions over sequences of tokens."""

from __future__ import annotations

from genlab.data.dataset import Distribution


class SequenceTruth(Distribution):
    """A known distribution over sequences; log_prob is of a whole sequence, its end counted.

    tokens: expected number of tokens of a sequence, its end counted."""

    tokens: float

    @property
    def entropy_per_token(self) -> float:
        """Nats per token: the entropy over the expected number of tokens."""
        return self.entropy / self.tokens
