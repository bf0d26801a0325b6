"""What a solver is: `init` and `step` over a state of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import Denoiser, Prediction
from genlab.sampling.path import Path

Draw = Callable[..., Tensor]
"""Of numbers of a shape: `torch.randn` or `torch.rand`."""


@dataclass(frozen=True)
class State:
    """A trajectory at one of its times.

    Attributes:
        x: the points at `t`, shape `(n, *event)`, in the path's coordinates.
        times: falling times, shape `(steps + 1,)`, float64 on the CPU: known without asking the device.
        index: steps taken.
        x0: the clean points that the last step predicted, shape `(n, *event)`; None at the start.
        nfe: network passes so far, per sample; guidance counts two where it acts.
        history: what a multistep solver remembers.
        condition: what the samples are conditioned on.
        generator: where fresh noise comes from.
        accepted: share of proposals accepted so far, of chains that may refuse one.
    """

    x: Tensor
    times: Tensor
    index: int = 0
    x0: Tensor | None = None
    nfe: int = 0
    history: tuple[Tensor, ...] = ()
    condition: Conditions | None = None
    generator: torch.Generator | None = None
    accepted: float = 0.0

    @property
    def t(self) -> Tensor:
        """The present time, shape `()`."""
        return self.times[self.index]

    @property
    def t_next(self) -> Tensor:
        """The time at which the next step ends, shape `()`."""
        return self.times[self.index + 1]

    @property
    def steps(self) -> int:
        """Steps of the whole trajectory."""
        return len(self.times) - 1

    @property
    def done(self) -> bool:
        """Whether no step is left."""
        return self.index == self.steps

    def advance(self, x: Tensor, prediction: Prediction, nfe: int, history: tuple[Tensor, ...] = ()) -> State:
        """The state one step on; `nfe` is what the step cost."""
        return replace(self, x=x, index=self.index + 1, x0=prediction.x0, nfe=self.nfe + nfe, history=history)

    def noise(self) -> Tensor:
        """Fresh standard normal noise of the shape of `x`.

        Raises:
            ValueError: where the trajectory was begun without a generator.
        """
        return self._draw(torch.randn, self.x.shape)

    def uniform(self) -> Tensor:
        """A fresh uniform number in [0, 1) for each point, `(n,)`. Raises ValueError as `noise` does."""
        return self._draw(torch.rand, self.x.shape[:1])

    def _draw(self, kind: Draw, shape: tuple[int, ...]) -> Tensor:
        if self.generator is None:
            raise ValueError("this solver draws noise and needs a generator")
        return kind(shape, generator=self.generator, device=self.x.device, dtype=self.x.dtype)


class Solver(ABC):
    """Steps from noise towards data. coupled: a step looks at all points of a batch at once."""

    coupled: ClassVar[bool] = False

    def init(
        self,
        x: Tensor,
        times: Tensor,
        condition: Conditions | None = None,
        generator: torch.Generator | None = None,
    ) -> State:
        """The state at `times[0]`, given the noise `x` of shape `(n, *event)`."""
        return State(x, times.to("cpu", torch.float64), condition=condition, generator=generator)

    @abstractmethod
    def step(self, denoiser: Denoiser, state: State) -> State:
        """The state at the next time."""


def coefficients(path: Path, t: Tensor) -> tuple[float, float]:
    """`alpha` and `sigma / alpha` at a time on the CPU, as numbers."""
    alpha = float(path.alpha(t))
    return alpha, float(path.sigma(t)) / alpha


def trajectory(
    denoiser: Denoiser,
    solver: Solver,
    x: Tensor,
    times: Tensor,
    condition: Conditions | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[State]:
    """The start, then the state after each step: each slice is one step, run without gradients.

    Args:
        x: noise at `times[0]`, shape `(n, *event)`.
        times: falling times, shape `(steps + 1,)`.
        generator: the only source of fresh noise; needed by stochastic solvers.
    """
    state = solver.init(x, times, condition, generator)
    yield state
    while not state.done:
        with torch.no_grad():
            state = solver.step(denoiser, state)
        yield state
