"""What training is made of: batches, players, stages, checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Batch:
    """x: (n, *event), data units. labels: (n,) long, or None where the data have none. source: (n, *event),
    standardised, where each datum is coupled to a point that its path begins from."""

    x: Tensor
    labels: Tensor | None
    source: Tensor | None = None


@dataclass
class Context:
    """What surrounds a training step.

    step: steps taken. progress: share of the stage's budget, in [0, 1]. noise: the stream of training
    noise. stage: name of the stage.
    """

    step: int
    progress: float
    noise: torch.Generator
    device: torch.device
    stage: str = ""


class LossError(ValueError):
    """What a model's loss gives cannot be trained on: one plain sentence."""


def checked_loss(terms: Any, title: str) -> Mapping[str, Tensor]:
    """What the loss of the paradigm `title` gave. Raises LossError where nobody can be trained by it."""
    wrong = _wrong_with(terms)
    if wrong:
        must = "must give tensors of one number by their names, and 'total', which is lowered, among them"
        raise LossError(f"the loss of {title} {must}: {wrong}")
    found: Mapping[str, Tensor] = terms
    return found


def _wrong_with(terms: Any) -> str:
    if not isinstance(terms, Mapping):
        return f"it gives a {type(terms).__name__}"
    if "total" not in terms:
        return f"it gives only {', '.join(map(str, terms))}" if terms else "it gives nothing"
    for name, value in terms.items():
        if not isinstance(value, Tensor):
            return f"'{name}' is a {type(value).__name__}"
        if value.numel() != 1:
            return f"'{name}' has the shape {tuple(value.shape)}"
    if torch.is_grad_enabled() and not terms["total"].requires_grad:
        return "'total' depends on no parameter"
    return ""


@dataclass(frozen=True)
class Player:
    """Parameters that one optimiser moves by the gradient of one loss.

    every: it moves once in so many steps. rate: its learning rate, relative to the setting. averaged:
    samples see a running average of it. A player without parameters is fitted in closed form: see
    `Model.fit`."""

    name: str
    parameters: Sequence[nn.Parameter] = ()
    every: int = 1
    rate: float = 1.0
    averaged: bool = True


@dataclass(frozen=True)
class Stage:
    """A part of training with players of its own. share: of the budget, relative to the other stages."""

    name: str
    players: tuple[Player, ...]
    share: float = 1.0


@dataclass(frozen=True)
class Check:
    """What was measured of the averaged weights in passing.

    values: name to number; 'validation' decides which weights are the best (lower is better). warnings:
    whole sentences on what goes wrong, in plain words."""

    values: Mapping[str, float]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class LossReference:
    """What recorded losses would read in the best case: column to value. title: what that case is called."""

    title: str
    values: Mapping[str, float]
