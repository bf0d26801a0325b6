"""Randomness: one seed, named streams."""

from __future__ import annotations

import numpy as np
import torch

STREAMS = ("init", "data", "noise", "preview", "sampling", "evaluation")


def generator(
    seed: int, stream: str, device: torch.device | str = "cpu", part: int | None = None
) -> torch.Generator:
    """The named stream of a seed, or a numbered part of it: streams never touch one another."""
    path = [seed, STREAMS.index(stream), *([] if part is None else [part])]
    entropy = np.random.SeedSequence(path).generate_state(1, np.uint64)[0]
    return torch.Generator(device=device).manual_seed(int(entropy >> np.uint64(1)))
