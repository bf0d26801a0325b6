"""How often n-grams of every order occurred, in each class."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EMPTY = 2**63 - 1


class Counts(nn.Module):
    """Counts of the n-grams of 1 to `orders` tokens. An n-gram is one number, its code: its tokens are the
    digits in base tokens + 1, the last one the lowest; the digit `tokens` stands before a sequence begins.

    codes: (orders, capacity) of the n-grams that occurred, ascending, then EMPTY. below: (orders,
    capacity + 1, classes) how often all before each place occurred, so that any range of codes is counted by
    one difference.

    Raises ValueError where such codes do not fit into 64 bits.
    """

    codes: Tensor
    below: Tensor

    def __init__(self, tokens: int, orders: int, classes: int, capacity: int) -> None:
        super().__init__()
        self.base = tokens + 1
        if self.base**orders > EMPTY:
            raise ValueError(f"{orders} of {tokens} tokens are too many to count together: lower the order")
        capacity = min(capacity, tokens * self.base ** (orders - 1))
        self.register_buffer("codes", torch.full((orders, capacity), EMPTY))
        self.register_buffer("below", torch.zeros((orders, capacity + 1, classes), dtype=torch.long))

    def codes_of(self, x: Tensor, order: int) -> Tensor:
        """The code of the n-gram that ends at each token of x (n, length), (n, length)."""
        padded = F.pad(x, (order - 1, 0), value=self.base - 1)
        code = torch.zeros_like(x)
        for place in range(order):
            code = code * self.base + padded[:, place : place + x.shape[1]]
        return code

    def count(self, order: int, codes: Tensor, labels: Tensor) -> int:
        """Count n-grams by their codes (m,) and classes (m,); how many different ones found no room."""
        capacity, classes = self.codes.shape[1], self.below.shape[2]
        found, number = torch.unique(codes, return_inverse=True)
        times = torch.bincount(number * classes + labels, minlength=len(found) * classes).view(-1, classes)
        kept = times.sum(1).argsort(descending=True, stable=True)[:capacity].sort().values
        self.codes[order - 1] = EMPTY
        self.codes[order - 1, : len(kept)] = found[kept]
        self.below[order - 1, 1:] = F.pad(times[kept], (0, 0, 0, capacity - len(kept))).cumsum(0)
        return len(found) - len(kept)

    def after(self, before: Tensor, tokens: Tensor, mix: Tensor, order: int) -> tuple[Tensor, Tensor]:
        """How often each token (m, t) followed the last order - 1 tokens before it, (m, t), and how often any
        token did, (m, 1).

        before: (m,) codes of what stands before. mix: (m, classes) 1 for each class that counts, else 0."""
        first = (before % self.base ** (order - 1) * self.base)[:, None]
        times = self._between(order, first + tokens, first + tokens + 1, mix)
        return times, self._between(order, first, first + self.base, mix)

    def shares(self, before: Tensor, tokens: Tensor, mix: Tensor, orders: int) -> Tensor:
        """The share of each token among those that followed, by each order from 0 on, (m, t, orders + 1).

        Order 0 has counted nothing, and gives every token the same; where an order has never seen what stands
        before, the order below it answers."""
        found = [torch.full(tokens.shape, 1 / (self.base - 1), device=tokens.device)]
        for order in range(1, orders + 1):
            times, total = self.after(before, tokens, mix, order)
            found.append(torch.where(total > 0, times / total.clamp_min(1), found[-1]))
        return torch.stack(found, -1)

    def seen(self, order: int, mix: Tensor) -> tuple[Tensor, Tensor]:
        """Codes (m,) of the n-grams of an order that occurred in a mix (1, classes) of classes, and how often
        each did, (m,)."""
        times = (self.below[order - 1].diff(dim=0) * mix).sum(-1)
        return self.codes[order - 1][times > 0], times[times > 0]

    def tokens_of(self, code: int, order: int) -> list[int]:
        """The tokens of an n-gram; base - 1 before a sequence begins."""
        return [code // self.base**place % self.base for place in reversed(range(order))]

    def _between(self, order: int, low: Tensor, high: Tensor, mix: Tensor) -> Tensor:
        """How often n-grams with low <= code < high (m, t) occurred, (m, t)."""
        codes, below = self.codes[order - 1], self.below[order - 1]
        times = below[torch.searchsorted(codes, high)] - below[torch.searchsorted(codes, low)]
        return (times * mix[:, None]).sum(-1).float()
