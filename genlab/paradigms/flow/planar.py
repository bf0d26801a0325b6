"""Planar and radial layers: the two small maps with which flows began."""

from __future__ import annotations

from abc import abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.paradigms.flow.layers import Layer

BISECTIONS = 60


class _Tabled(Layer):
    """A layer whose few numbers are linear in the context: `bias + context @ weight`."""

    def __init__(self, dim: int, labels: int, numbers: int, flipped: bool) -> None:
        super().__init__()
        self.dim = dim
        self.flipped = flipped
        self.bias = nn.Parameter(torch.randn(numbers))
        self.weight = nn.Parameter(torch.zeros(labels, numbers)) if labels else None

    def numbers(self, context: Tensor | None) -> Tensor:
        """`(n, numbers)`, or `(1, numbers)` without a context."""
        if self.weight is None or context is None:
            return self.bias[None]
        return self.bias + context @ self.weight

    @abstractmethod
    def closed(self, u: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """See `Layer`."""


class Planar(_Tabled):
    """v = u + a tanh(w.u + b): stretches or squeezes space along w about the line w.u + b = 0.

    a is bent so that w.a > -1, which makes the map invertible. Its inverse has no closed form: s = w.u solves
    s + w.a tanh(s + b) = w.v, one rising equation in one unknown, solved by bisection.

    Source: Rezende and Mohamed (2015), Variational Inference with Normalizing Flows, equations 10 to 12 and
    appendix A.1.
    """

    def __init__(self, dim: int, labels: int = 0, flipped: bool = False) -> None:
        super().__init__(dim, labels, 2 * dim + 1, flipped)
        with torch.no_grad():
            self.bias[:dim].mul_(0.1)

    def closed(self, u: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """See `Layer`."""
        a, w, b, product = self._vectors(context)
        h = torch.tanh((w * u).sum(1, keepdim=True) + b)
        return u + a * h, torch.log1p(product * (1 - h.square()))[:, 0]

    def solve(self, v: Tensor, context: Tensor | None) -> Tensor:
        """By bisection in double precision; gradients do not pass."""
        with torch.no_grad():
            a, w, b, product = (part.double() for part in self._vectors(context))
            wanted = (w * v.double()).sum(1, keepdim=True)
            low, high = wanted - product.abs(), wanted + product.abs()
            for _ in range(BISECTIONS):
                middle = (low + high) / 2
                above = middle + product * torch.tanh(middle + b) > wanted
                low, high = torch.where(above, low, middle), torch.where(above, middle, high)
            u = v.double() - a * torch.tanh((low + high) / 2 + b)
        return u.to(v.dtype)

    def _vectors(self, context: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """a, w `(n, d)`, b and w.a `(n, 1)`."""
        a, w, b = torch.split(self.numbers(context), [self.dim, self.dim, 1], 1)
        product = (a * w).sum(1, keepdim=True)
        allowed = F.softplus(product) - 1
        return a + (allowed - product) * w / w.square().sum(1, keepdim=True), w, b, allowed


class Radial(_Tabled):
    """v = u + beta (u - c) / (alpha + r), with r = |u - c|: spreads space about a centre c or draws it in.

    alpha > 0 and beta > -alpha make it invertible. With R = |v - c|, r is the positive root of
    r^2 + (alpha + beta - R) r - alpha R = 0, and u lies on the ray from c to v.

    Source: Rezende and Mohamed (2015), equations 13 and 14 and appendix A.2.
    """

    def __init__(self, dim: int, labels: int = 0, flipped: bool = False) -> None:
        super().__init__(dim, labels, dim + 2, flipped)
        with torch.no_grad():
            # softplus(0.54) = 1: alpha and alpha + beta begin near 1, so that beta begins near 0.
            self.bias[dim:].mul_(0.1).add_(0.54)

    def closed(self, u: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """See `Layer`."""
        centre, alpha, beta = self._numbers(context)
        away = u - centre
        r = _length(away)
        h = 1 / (alpha + r)
        log_det = (self.dim - 1) * torch.log1p(beta * h) + torch.log1p(beta * alpha * h.square())
        return u + beta * h * away, log_det[:, 0]

    def solve(self, v: Tensor, context: Tensor | None) -> Tensor:
        """See `Layer`."""
        centre, alpha, beta = self._numbers(context)
        away = v - centre
        distance = _length(away)
        half = (alpha + beta - distance) / 2
        root = (half.square() + alpha * distance).sqrt()
        # Of the two equal forms of the root, the one that does not subtract nearly equal numbers.
        r = torch.where(half > 0, alpha * distance / (half + root), root - half)
        return centre + away * (alpha + r) / (alpha + r + beta)

    def _numbers(self, context: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """c `(n, d)`, alpha and beta `(n, 1)`."""
        centre, alpha, beta = torch.split(self.numbers(context), [self.dim, 1, 1], 1)
        alpha = F.softplus(alpha)
        return centre, alpha, F.softplus(beta) - alpha


def _length(x: Tensor) -> Tensor:
    return x.square().sum(1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny).sqrt()
