"""What the extra panels of the n-gram workspace draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from genlab.core.requests import ProbeRequest
from genlab.data.payloads import Array, Curves, Payload, Table
from genlab_ngram.model import Ngram, tempered
from genlab_ngram.settings import NgramSampler

ROWS = 20
"""Of the table of counts."""
Request = ProbeRequest[NgramSampler]


def next_token(model: Ngram, request: Request) -> Iterator[Curves]:
    """Probabilities of the token after what samples begin with: counted, smoothed, and at the temperature."""
    model.refuse(request)
    prefix = model.prefix(request.condition)
    before, every = model.after(prefix), torch.arange(model.tokens, device=model.device)[None]
    classes = model.classes_after(prefix).mixture(request.condition.label)
    mix = model.mix(classes.labels, classes.size)
    before, every = before.expand(classes.size), every.expand(classes.size, -1)

    def mean(chances: Tensor) -> Array:
        return (classes.log_prior.exp() @ chances).cpu().numpy()

    times, total = model.counts.after(before, every, mix, max(1, int(model.counted)))
    chances = model.probability(before, every, mix)
    bars = {"counted": mean(times / total.clamp_min(1)), "smoothed": mean(chances)}
    temperature = request.sampler.temperature
    if temperature != 1:
        bars[f"at temperature {temperature:g}"] = mean(tempered(chances, temperature))
    captions = tuple(model.space.caption(token) for token in range(model.tokens))
    x = np.arange(model.tokens, dtype=np.float32)
    yield Curves(x, bars, "next token", "probability", bars=True, captions=captions)


def counts(model: Ngram, request: Request) -> Iterator[Table]:
    """The most frequent n-grams, of those that continue what samples begin with where something is given."""
    order = min(int(request.values["length"]), int(model.counted))
    if order == 0:
        raise ValueError("nothing is counted before the first step")
    label = request.condition.label
    mix = model.mix(None if label == "any" else model.classes.single(label), 1)
    codes, times = model.counts.seen(order, mix)
    total, different = int(times.sum()), len(codes)
    prefix = model.prefix(request.condition)
    if len(prefix):
        base = model.counts.base
        here = codes // base == model.after(prefix) % base ** (order - 1)
        codes, times = codes[here], times[here]
    first = times.argsort(descending=True, stable=True)[:ROWS]
    signs = [*(model.space.caption(token) for token in range(model.tokens)), "‹"]
    rows = tuple(
        ("".join(signs[token] for token in model.counts.tokens_of(int(code), order)), f"{int(n):,}",
         f"{int(n) / max(1, int(times.sum())):.1%}")
        for code, n in zip(codes[first], times[first], strict=True)
    )  # fmt: skip
    once = int((times == 1).sum())
    note = (
        f"{different:,} different n-grams of {order} among {total:,}. Of the {len(codes):,} that belong "
        f"here, {once:,} occurred once. ‹ stands before the first token."
    )
    yield Table((f"{order} tokens", "Times", "Share"), rows, note)


def perplexity(model: Ngram, request: Request) -> Iterator[Curves | None]:
    """Perplexity on held-out data of the model cut at each order, given their class where there is one."""
    if request.examples is None:
        raise ValueError("there are no held-out data to measure on")
    x, labels = request.examples.x, request.examples.labels
    there = model.up_to_end(x)
    values = []
    for order in range(int(model.counted) + 1):
        mean = model.token_log_prob(x, labels, order)[there].mean()
        values.append(float((-mean).exp()))
        yield None
    marks = {}
    if model.distribution is not None:
        marks["entropy"] = float(np.exp(model.distribution.entropy * len(x) / int(there.sum())))
    curve = np.where(np.isfinite(values), values, np.nan).astype(np.float32)
    orders = np.arange(len(values), dtype=np.float32)
    yield Curves(orders, {"held-out data": curve}, "order", "perplexity of a token", marks)


PROBES: Mapping[str, Callable[[Ngram, Request], Iterator[Payload | None]]] = {
    "next": next_token,
    "counts": counts,
    "perplexity": perplexity,
}
