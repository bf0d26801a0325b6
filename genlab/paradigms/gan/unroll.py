"""A look ahead: what the discriminator would become, as a function of the fakes it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

Score = Callable[[Tensor, Tensor | None], Tensor]


def with_parameters(critic: nn.Module, parameters: Mapping[str, Tensor]) -> Score:
    """The critic as a function, with other parameters in the place of its own."""

    def score(x: Tensor, labels: Tensor | None) -> Tensor:
        out: Tensor = functional_call(critic, dict(parameters), (x, labels))
        return out

    return score


def unrolled(critic: nn.Module, loss: Callable[[Score], Tensor], steps: int, rate: float) -> Score:
    """The critic after `steps` steps of gradient descent on `loss`, which gradients can be taken through.

    loss: of a critic given as a function, a scalar. With 0 steps: the critic as it is. Nothing of the critic
    itself changes. Source: Metz et al. (2017), Unrolled GANs, eq. 8 to 11, with plain gradient descent.
    """
    parameters = {name: p.detach().requires_grad_() for name, p in critic.named_parameters()}
    for _ in range(steps):
        value = loss(with_parameters(critic, parameters))
        found = torch.autograd.grad(value, list(parameters.values()), create_graph=True, allow_unused=True)
        parameters = {
            name: p if gradient is None else p - rate * gradient
            for (name, p), gradient in zip(parameters.items(), found, strict=True)
        }
    return with_parameters(critic, parameters)
