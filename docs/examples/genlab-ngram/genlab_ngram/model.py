"""The n-gram model: it counts, and draws the next token by what it counted."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from genlab.core.classes import Classes
from genlab.core.model import Model, ModelData
from genlab.core.random import generator
from genlab.core.requests import Ask, DensityRequest, LogProb, NoDensity, SampleRequest
from genlab.core.training import Batch, Check, Context, LossReference, Player
from genlab.data.condition import Condition
from genlab.data.payloads import Samples
from genlab.settings.paradigm import Capabilities
from genlab.settings.spaces import Tokens
from genlab_ngram.counts import Counts
from genlab_ngram.settings import NgramObjective, NgramSampler, NgramTable, capabilities

JUDGED = 1000
"""Sequences by which a fit is judged after each iteration."""
HELD_BACK = 10
"""One sequence in so many is kept from the counts, to weigh the orders by."""
SLICE = 512
"""Sequences whose probability takes one slice."""


class Ngram(Model[NgramObjective, NgramTable, NgramSampler]):
    """P(x) as the product of P(token | the order - 1 tokens before it), of all data and of each class.

    Each step of training counts the n-grams of one more order; then, where orders are mixed, EM moves their
    weights. Before the first step every token is as likely. Sources: Jelinek & Mercer (1980), interpolated
    estimation of Markov source parameters; Chen & Goodman (1999), an empirical study of smoothing.

    counted: orders counted so far. weights: (order + 1,) of the orders in the mixture, order 0 being the same
    probability for every token. dropped: (order,) different n-grams for which there was no room.

    Raises ValueError where the order is too high for the vocabulary, TypeError for data that are not text.
    """

    counted: Tensor
    weights: Tensor
    dropped: Tensor
    done: Tensor

    def __init__(self, objective: NgramObjective, network: NgramTable, data: ModelData) -> None:
        super().__init__(objective, network, data)
        if not isinstance(data.info.space, Tokens):
            raise TypeError(f"an n-gram model cannot learn {data.info.space.noun}")
        self.space = data.info.space
        self.tokens = len(self.space.vocabulary)
        order = objective.order
        self.counts = Counts(self.tokens, order, max(1, len(self.data.labels)), network.capacity)
        self.register_buffer("counted", torch.zeros((), dtype=torch.long))
        self.register_buffer("weights", torch.eye(order + 1)[0])
        self.register_buffer("dropped", torch.zeros(order, dtype=torch.long))
        self.register_buffer("done", torch.zeros((), dtype=torch.bool))

    def able(self, ask: Ask[NgramSampler]) -> Capabilities:
        return capabilities(self.chosen(ask), self.data)

    @property
    def classes(self) -> Classes:
        """Counts are kept for each class; their sum is what is known without labels, at no cost."""
        return Classes(self.data.labels, self.class_prior, learned=bool(self.data.labels), dropout=0.5)

    # -- training ----------------------------------------------------------------------------

    def players(self) -> Sequence[Player]:
        """One, fitted in closed form."""
        return (Player("counts"),)

    def fit(self, pool: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """Count one more order; once all are counted, one iteration of EM on the weights.

        `total`: negative log probability of a sequence given its class, nats, mean over training data: those
        held back where orders are mixed. `perplexity`: the exponential of the same for each token."""
        mixed = self.objective.smoothing == "interpolated"
        held = torch.arange(len(pool.x), device=self.device) % HELD_BACK == HELD_BACK - 1
        held &= mixed
        judged = _rows(pool, held if bool(held.any()) else ~held, JUDGED)
        gain = math.inf
        if self.counted < self.objective.order:
            self._count(_rows(pool, ~held))
        elif mixed:
            gain = self._reweigh(judged)
        last = bool(self.counted == self.objective.order)
        self.done.fill_(last and (not mixed or gain < self.objective.tolerance))
        value = self.token_log_prob(judged.x, judged.labels)
        tokens = self.up_to_end(judged.x).sum()
        shown = {f"weight {order}": weight for order, weight in enumerate(self.weights)} if mixed else {}
        return {
            "total": -value.sum() / len(judged.x),
            "perplexity": (-value.sum() / tokens).exp(),
            **shown,
        }

    def _count(self, rows: Batch) -> None:
        order = int(self.counted) + 1
        there = self.up_to_end(rows.x)
        labels = rows.labels if self.data.labels else None
        labels = torch.zeros_like(rows.x[:, 0]) if labels is None else labels
        codes = self.counts.codes_of(rows.x, order)[there]
        dropped = self.counts.count(order, codes, labels[:, None].expand_as(there)[there])
        self.dropped[order - 1] = dropped
        self.counted += 1
        self.weights.zero_()[: order + 1] = 1 / (order + 1)

    def _reweigh(self, judged: Batch) -> float:
        """One iteration of EM; by how much the mean log probability of a token rose, nats."""
        there = self.up_to_end(judged.x)
        before, tokens, mix = self._places(judged.x, judged.labels)
        each = self.counts.shares(before, tokens, mix, self.objective.order)  # (n * length, 1, orders + 1)
        each = each.view(*judged.x.shape, -1)[there]
        joint = each * self.weights
        mean = joint.sum(1).log().mean()
        self.weights.copy_((joint / joint.sum(1, keepdim=True)).mean(0))
        return float((each @ self.weights).log().mean() - mean)

    @property
    def finished(self) -> bool:
        """Whether everything is counted and the weights stand still."""
        return bool(self.done)

    def loss(self, batch: Batch, player: Player, context: Context) -> Mapping[str, Tensor]:
        """Negative log probability of a sequence given its class, mean, nats: `total`."""
        return {"total": -self.token_log_prob(batch.x, batch.labels).sum() / len(batch.x)}

    def check(self, validation: Batch | None, context: Context) -> Check:
        """The loss on held-out data, and how many of them are impossible."""
        warnings = []
        if bool(self.dropped.any()):
            rows = ", ".join(f"{int(n):,} of {k}" for k, n in enumerate(self.dropped, 1) if n)
            warnings.append(f"n-grams that found no room: {rows} tokens; raise 'Kept n-grams'")
        if validation is None:
            return Check({}, tuple(warnings))
        value = self.token_log_prob(validation.x, validation.labels).sum(1)
        share = float(value.isinf().float().mean())
        if share > 0:
            warnings.append(
                f"{share:.0%} of held-out sequences have probability zero, for they hold n-grams that were "
                "never seen: add something to every count, or mix orders"
            )
            return Check({}, tuple(warnings))
        return Check({"validation": float(-value.mean())}, tuple(warnings))

    def loss_reference(
        self, batch: Batch, rng: torch.Generator
    ) -> Generator[None, None, LossReference | None]:
        """The entropy of a sequence, where it is known and data have no classes."""
        yield
        if self.distribution is None or self.data.labels:
            return None
        return LossReference("entropy", {"total": self.distribution.entropy})

    # -- probabilities -----------------------------------------------------------------------

    def up_to_end(self, x: Tensor) -> Tensor:
        """Which tokens of x (n, length) count: those up to the end, with it."""
        if self.space.end is None:
            return torch.ones_like(x, dtype=torch.bool)
        end = x == self.space.end
        return end.cumsum(1) - end.long() == 0

    def token_log_prob(self, x: Tensor, labels: Tensor | None, cut: int | None = None) -> Tensor:
        """Log probability (n, length) of each token given those before it, nats; 0 after the end.

        labels: (n,) classes, -1 for all of them, or None where the data have none. cut: as `probability`."""
        before, tokens, mix = self._places(x, labels)
        value = self.probability(before, tokens, mix, cut).view(x.shape).log()
        return torch.where(self.up_to_end(x), value, 0.0)

    def mix(self, labels: Tensor | None, n: int) -> Tensor:
        """Which classes count for each row, (n, classes)."""
        everything = torch.ones((n, self.counts.below.shape[2]), dtype=torch.long, device=self.device)
        if labels is None or not self.data.labels:
            return everything
        one = torch.nn.functional.one_hot(labels.clamp_min(0), everything.shape[1])
        return torch.where(labels[:, None] < 0, everything, one)

    def probability(self, before: Tensor, tokens: Tensor, mix: Tensor, cut: int | None = None) -> Tensor:
        """P(token | what stands before), (m, t). before, tokens, mix: as `Counts.after`. cut: use no order
        above this one."""
        order = int(self.counted) if cut is None else min(cut, int(self.counted))
        if self.objective.smoothing == "interpolated":
            weights = self.weights[: order + 1]
            return self.counts.shares(before, tokens, mix, order) @ (weights / weights.sum())
        if order == 0:
            return torch.full(tokens.shape, 1 / self.tokens, device=self.device)
        times, total = self.counts.after(before, tokens, mix, order)
        k = self.objective.k
        smooth = (times + k) / (total + k * self.tokens)
        return smooth if k > 0 else torch.where(total > 0, smooth, 1 / self.tokens)

    def _places(self, x: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Every token of x (n, length) as a row: what stands before it, itself (n * length, 1), the mix."""
        code = self.counts.codes_of(x, self.objective.order)
        mix = self.mix(labels, len(x)).repeat_interleave(x.shape[1], 0)
        return (code // self.counts.base).flatten(), x.reshape(-1, 1), mix

    def log_prob(self, x: Tensor, request: DensityRequest[NgramSampler]) -> Iterator[LogProb | None]:
        """Log probability of whole sequences (n, length) with their end, nats.

        A class: of its counts. `none`, or data without labels: of all counts. `any` with labels: the mixture
        of the classes. With a beginning given: the probability given that beginning, zero for what begins
        otherwise."""
        try:
            self.refuse(request)
        except ValueError as refused:
            raise NoDensity(str(refused)) from refused
        mixture = self.classes.mixture(request.condition.label)
        prefix = self.prefix(request.condition)
        known = self._total(prefix[None], request.condition)[0]
        for first in range(0, len(x), SLICE):
            part = x[first : first + SLICE].to(self.device, torch.long)
            rows, labels = mixture.repeated(part), mixture.labels_of(len(part))
            value = mixture.total(self.token_log_prob(rows, labels).sum(1)) - known
            fits = (part[:, : len(prefix)] == prefix).all(1)
            yield LogProb(first, torch.where(fits, value, -math.inf), "exact")

    # -- sampling ----------------------------------------------------------------------------

    def prefix(self, condition: Condition) -> Tensor:
        """What sequences begin with, (m,). Raises ValueError where something else is given."""
        if condition.given is None or condition.mask is None:
            return torch.zeros(0, dtype=torch.long, device=self.device)
        known = int(condition.mask.sum())
        if not condition.mask[:known].all():
            raise ValueError("an n-gram model writes from left to right: only how text begins can be given")
        return torch.as_tensor(condition.given[:known], dtype=torch.long, device=self.device)

    def refuse(self, ask: Ask[NgramSampler]) -> None:
        """Refuse classes that there are not, and beginnings that cannot be. Raises ValueError."""
        super().refuse(ask)
        prefix = self.prefix(ask.condition)
        if bool(self._total(prefix[None], ask.condition).isinf()):
            text = "".join(self.space.caption(int(token)) for token in prefix)
            raise ValueError(
                f"text that begins with '{text}' has probability zero here: it holds n-grams never seen"
            )

    def sample(self, request: SampleRequest[NgramSampler]) -> Iterator[Samples]:
        """The beginning that is given, then one frame for each further token; `time` counts tokens.

        Under 'any' the classes are drawn as they go with that beginning. Raises ValueError as `refuse`."""
        self.refuse(request)
        n, sampler, prefix = request.n, request.sampler, self.prefix(request.condition)
        rng = generator(sampler.seed, "sampling", self.device)
        labels = self.classes_after(prefix).shown(n, request.condition.label, rng)
        mix = self.mix(labels, n)
        every = torch.arange(self.tokens, device=self.device).expand(n, -1)
        end = self.space.end
        x = torch.full((n, self.space.length), 0 if end is None else end, device=self.device)
        x[:, : len(prefix)] = prefix
        log = torch.zeros(x.shape, device=self.device)
        log[:, : len(prefix)] = self.token_log_prob(x[:, : len(prefix)], labels)
        total = self.space.length - len(prefix)
        for index in range(total + 1):
            if index > 0:
                place = len(prefix) + index - 1
                over = torch.zeros(n, dtype=torch.bool, device=self.device)
                over = over if end is None else (x[:, :place] == end).any(1)
                before = self._before(x[:, :place])
                chances = self.probability(before, every, mix)
                token = torch.multinomial(tempered(chances, sampler.temperature), 1, generator=rng)
                x[:, place] = torch.where(over, 0 if end is None else end, token[:, 0])
                log[:, place] = torch.where(over, 0.0, chances.gather(1, token)[:, 0].log())
            yield Samples(
                x=x.cpu().numpy().copy(),
                clean=None,
                labels=None if labels is None else labels.cpu().numpy(),
                index=index,
                total=total,
                time=float(len(prefix) + index),
                nfe=index,
                biased="" if sampler.temperature == 1 else f"temperature {sampler.temperature:g}",
                token_log_prob=log.cpu().numpy().copy(),
            )

    def after(self, prefix: Tensor) -> Tensor:
        """The code (1,) of the context after what stands in prefix (m,)."""
        return self._before(prefix[None])

    def _before(self, x: Tensor) -> Tensor:
        """The code (n,) of the order - 1 tokens at the end of x (n, m)."""
        follows = torch.zeros((len(x), 1), dtype=torch.long, device=self.device)
        code = self.counts.codes_of(torch.cat([x, follows], 1), self.objective.order)[:, -1]
        return code // self.counts.base

    def _total(self, prefix: Tensor, condition: Condition) -> Tensor:
        """Log probability (n,) of text that begins with prefix (n, m), for the label of a condition."""
        mixture = self.classes.mixture(condition.label)
        rows, labels = mixture.repeated(prefix), mixture.labels_of(len(prefix))
        return mixture.total(self.token_log_prob(rows, labels).sum(1))

    def classes_after(self, prefix: Tensor) -> Classes:
        """The classes with their probabilities after what sequences begin with (m,), by Bayes' rule."""
        classes = self.classes
        if not classes.learned or len(prefix) == 0:
            return classes
        labels = torch.arange(classes.count, device=self.device)
        value = self.token_log_prob(prefix.expand(classes.count, -1), labels).sum(1)
        return replace(classes, prior=(classes.prior.log() + value).softmax(0))


def tempered(chances: Tensor, temperature: float) -> Tensor:
    """Probabilities (n, k) to the power of 1 / temperature, made to sum to one."""
    return chances if temperature == 1 else (chances.log() / temperature).softmax(1)


def _rows(pool: Batch, chosen: Tensor, most: int | None = None) -> Batch:
    """The chosen rows of a pool, of many only `most`, evenly spread."""
    rows = chosen.nonzero()[:, 0]
    if most is not None and len(rows) > most:
        rows = rows[torch.linspace(0, len(rows) - 1, most, device=rows.device).long()]
    return Batch(pool.x[rows], None if pool.labels is None else pool.labels[rows])
