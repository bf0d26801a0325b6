"""A Markov chain over a few letters: text whose entropy is known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from string import ascii_lowercase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlab.data.dataset import Draw, Float
from genlab.data.known import known
from genlab.data.payloads import Labels
from genlab.data.truths.sequences import SequenceTruth
from genlab.settings.fields import Settings, setting
from genlab.settings.spaces import Tokens


class MarkovLettersSettings(Settings):
    """A Markov chain over letters, with transition probabilities drawn at random once."""

    letters: int = setting(5, "Number of letters, from a on.", symbol="K", ge=2, le=12)
    order: int = setting(1, "How many letters before it a letter depends on.", symbol="m", ge=1, le=3)
    sharpness: float = setting(
        1.5,
        "Standard deviation of the logits of the transition probabilities: at 0 every letter is as likely.",
        ge=0,
        le=4,
    )
    seed: int = setting(0, "Seed of the transition probabilities.", ge=0, le=9999)
    length: int = setting(12, "Letters of every sequence.", symbol="T", ge=2, le=64)


class MarkovChain(SequenceTruth):
    """Sequences of one length in which each token depends on the `order` before it.

    transitions: for j = 0 .. order the probabilities (k ** j, k) of a token after j others, whose number
    counts them in base k, the earliest first. The first tokens depend on as many as there are.
    """

    def __init__(self, transitions: Sequence[Float], length: int) -> None:
        self.class_prior = np.ones(1)
        self.tokens = float(length)
        self.transitions, self.length = tuple(transitions), length
        self.order, self.letters = len(transitions) - 1, transitions[0].shape[1]

    def log_prob(self, x: NDArray[Any], label: int | None = None) -> Float:
        self.check_label(label)
        if x.ndim != 2 or x.shape[1] != self.length:
            raise ValueError(f"sequences of shape {x.shape}, expected (n, {self.length})")
        if len(x) and not (x.min() >= 0 and x.max() < self.letters):
            raise ValueError(f"a token is not one of 0 to {self.letters - 1}")
        total, before = np.zeros(len(x)), np.zeros(len(x), np.int64)
        with np.errstate(divide="ignore"):
            for t, token in enumerate(x.T.astype(np.int64)):
                total += np.log(self.transitions[min(t, self.order)][before, token])
                before = self._after(before, token)
        return total

    def draw(self, n: int, rng: np.random.Generator, label: int | None = None) -> Draw:
        self.check_label(label)
        x, before = np.empty((n, self.length), np.int64), np.zeros(n, np.int64)
        for t in range(self.length):
            reached = self.transitions[min(t, self.order)].cumsum(1)[before]  # (n, k)
            x[:, t] = (rng.random(n)[:, None] >= reached[:, :-1]).sum(1)
            before = self._after(before, x[:, t])
        return Draw(x, None)

    @cached_property
    def entropy(self) -> float:
        """Entropy of a sequence in nats: of each token given those before it, by the chain rule."""
        total, reached = 0.0, np.ones(1)  # probability of what stands before
        for t in range(self.length):
            table = self.transitions[min(t, self.order)]
            information = -np.log(table, where=table > 0, out=np.zeros_like(table))
            total += float(reached @ (table * information).sum(1))
            joint = (reached[:, None] * table).ravel()
            longest = self.letters**self.order
            reached = joint if len(joint) <= longest else joint.reshape(self.letters, longest).sum(0)
        return total

    def _after(self, before: Labels, token: Labels) -> Labels:
        """The number of what stands before the next token, from that before this one and this one."""
        return np.asarray((before * self.letters + token) % self.letters**self.order)


def _truth(settings: MarkovLettersSettings) -> MarkovChain:
    rng, k = np.random.default_rng(settings.seed), settings.letters
    logits = [settings.sharpness * rng.standard_normal((k**j, k)) for j in range(settings.order + 1)]
    weights = [np.exp(table) for table in logits]
    return MarkovChain([table / table.sum(1, keepdims=True) for table in weights], settings.length)


def _space(settings: MarkovLettersSettings) -> Tokens:
    return Tokens(settings.length, tuple(ascii_lowercase[: settings.letters]))


RECORD = known(
    "markov-letters",
    "Markov letters",
    "Text",
    "A Markov chain over a few letters (GenLab's own): text whose entropy is known exactly.",
    settings=MarkovLettersSettings,
    space=_space,
    truth=_truth,
)
