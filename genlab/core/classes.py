"""Classes of the data as every model knows them: drawing labels, hiding and refusing them, and mixtures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from genlab.sampling.condition import UNCONDITIONAL
from genlab.settings.labels import ALWAYS_LABELLED, NEVER_LABELLED, NO_LABELS, UNGUIDED


@dataclass(frozen=True)
class Mixture:
    """The density of a condition as a sum over classes, by total probability.

    labels: (k,) of the classes, -1 for none, or None where the model takes no labels. log_prior: (k,).
    """

    labels: Tensor | None
    log_prior: Tensor

    @property
    def size(self) -> int:
        """How many classes there are to sum over."""
        return len(self.log_prior)

    def repeated(self, x: Tensor) -> Tensor:
        """Each row of x (n, ...) once for every class, (n * k, ...)."""
        return x.repeat_interleave(self.size, 0)

    def labels_of(self, n: int) -> Tensor | None:
        """The labels that go with n repeated rows, (n * k,)."""
        return None if self.labels is None else self.labels.repeat(n)

    def joint(self, value: Tensor) -> Tensor:
        """Log densities (n * k,) given each class as joint ones with the class, (n, k)."""
        return value.reshape(-1, self.size) + self.log_prior

    def total(self, value: Tensor) -> Tensor:
        """The log density (n,) of log densities (n * k,) given each class."""
        return self.joint(value).logsumexp(1)

    def mean(self, value: Tensor, number: Tensor) -> Tensor:
        """Mean (n,) of a number (n * k,) over the classes of each row, by their posterior under `value`."""
        return (self.joint(value).softmax(1) * number.reshape(-1, self.size)).sum(1)

    def spread(self, value: Tensor, deviation: Tensor) -> Tensor:
        """Standard error (n,) of `total`, of independent ones (n * k,) of the terms, to first order."""
        share = self.joint(value).softmax(1) * deviation.reshape(-1, self.size)
        return share.square().sum(1).sqrt()


@dataclass(frozen=True)
class Classes:
    """names: of the classes, empty where the data have none. prior: (k,), on the device of the model.

    learned: whether the model sees labels. dropout: share of examples that it sees without. untaught: why it
    sees none, and what to do. unlabelled: why there is no sample without a label, and what to do, where each
    example was seen with one.
    """

    names: tuple[str, ...]
    prior: Tensor
    learned: bool = False
    dropout: float = 0.0
    untaught: str = NEVER_LABELLED
    unlabelled: str = ALWAYS_LABELLED

    @classmethod
    def hidden(cls, names: tuple[str, ...], prior: Tensor, dropout: float) -> Self:
        """Classes that are learned where data have any, each label hidden from this share of examples."""
        return cls(names, prior, bool(names) and dropout < 1, dropout)

    @property
    def count(self) -> int:
        """How many classes a network tells apart; 0 where it sees none."""
        return len(self.names) if self.learned else 0

    def index(self, label: str) -> int:
        """The number of a class. Raises ValueError where there is none of that name."""
        if not self.names:
            raise ValueError(f"there is no class '{label}': {NO_LABELS}")
        if label not in self.names:
            raise ValueError(f"there is no class '{label}'; there are {', '.join(self.names)}")
        return self.names.index(label)

    def draw(self, n: int, label: str, rng: torch.Generator) -> Tensor | None:
        """Labels (n,): 'any' draws them from the prior, 'none' gives -1. None where the data have none.

        Raises ValueError for a class that the data do not have."""
        if not self.names:
            if label not in ("any", "none"):
                self.index(label)
            return None
        if label == "any":
            return torch.multinomial(self.prior, n, replacement=True, generator=rng)
        value = UNCONDITIONAL if label == "none" else self.index(label)
        return torch.full((n,), value, dtype=torch.long, device=self.prior.device)

    def shown(self, n: int, label: str, rng: torch.Generator) -> Tensor | None:
        """`draw` as the model takes labels: None where it learned none. Raises ValueError as `refuse`."""
        self.refuse(label)
        labels = self.draw(n, label, rng)
        return labels if self.learned else None

    def drop(self, labels: Tensor | None, rng: torch.Generator) -> Tensor | None:
        """Labels (n,) of a batch as the model trains with them: some are hidden, as -1."""
        if labels is None or not self.learned:
            return None
        if self.dropout == 0:
            return labels
        hidden = torch.rand(len(labels), generator=rng, device=rng.device) < self.dropout
        return labels.masked_fill(hidden, UNCONDITIONAL)

    def refuse(self, label: str, guided: bool = False) -> None:
        """Refuse what was never trained. Raises ValueError, one sentence."""
        if not self.names:
            if label not in ("any", "none"):
                self.index(label)
            return
        if label not in ("any", "none"):
            self.index(label)
            if not self.learned:
                raise ValueError(self.untaught)
        if self.learned and self.dropout == 0 and label == "none":
            raise ValueError(self.unlabelled)
        if self.learned and self.dropout == 0 and guided:
            raise ValueError(UNGUIDED)

    def single(self, label: str) -> Tensor | None:
        """The label (1,) of what shows one condition at a time: for 'any', that of 'none'.

        Raises ValueError where nothing was trained without labels."""
        if label == "any" and self.learned:
            if self.dropout == 0:
                raise ValueError("choose a class: this model never trained without labels")
            label = "none"
        self.refuse(label)
        if not self.learned:
            return None
        value = UNCONDITIONAL if label == "none" else self.index(label)
        return torch.full((1,), value, dtype=torch.long, device=self.prior.device)

    def mixture(self, label: str) -> Mixture:
        """What the density of a label is the sum of: for 'any', every class that occurs; else one term.

        Raises ValueError as `refuse`."""
        self.refuse(label)
        if label == "any" and self.learned:
            log_prior = self.prior.log()
            there = log_prior.isfinite().nonzero()[:, 0]
            return Mixture(there, log_prior[there])
        return Mixture(self.single(label), self.prior.new_zeros(1))
