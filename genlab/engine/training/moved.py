"""Players that an optimiser moves: how their parameters are stepped, averaged and remembered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from genlab.core.training import Batch, Context, Player, Stage, checked_loss
from genlab.engine.models import AnyModel
from genlab.engine.training.flat import FlatParameters
from genlab.session.session import Session
from genlab.settings.training import GradientTraining


class NotFiniteError(Exception):
    """A loss term or gradient is not finite; nothing was updated. term names the first such."""

    def __init__(self, term: str, step: int) -> None:
        super().__init__(f"{term} is not finite at step {step:,}")
        self.term = term
        self.step = step


FUSED = ("cpu", "cuda", "mps")
"""Devices on which torch has its optimisers in one kernel."""


class _AdamW:
    """AdamW on one vector by torch's functional form: torch's class of it imports a compiler at its first
    use, which takes more than a second, and looks at it in every step."""

    def __init__(self, vector: Tensor, training: GradientTraining) -> None:
        self._betas = training.momentum, training.scale_memory
        self.moments = {
            "step": torch.zeros((), device=vector.device),
            "exp_avg": torch.zeros_like(vector.detach()),
            "exp_avg_sq": torch.zeros_like(vector.detach()),
        }

    def step(self, vector: Tensor, rate: float, decay: float) -> None:
        """Move the vector by its gradient."""
        count, mean, square = ([moment] for moment in self.moments.values())
        first, second = self._betas
        assert vector.grad is not None
        adamw(
            [vector], [vector.grad], mean, square, [], count,
            fused=vector.device.type in FUSED, amsgrad=False, beta1=first, beta2=second, lr=rate,
            weight_decay=decay, eps=1e-8, maximize=False,
        )  # fmt: skip


class _SGD:
    """Steps against the gradient, without momentum."""

    def __init__(self) -> None:
        self.moments: dict[str, Tensor] = {}

    def step(self, vector: Tensor, rate: float, decay: float) -> None:
        """Move the vector by its gradient."""
        assert vector.grad is not None
        sgd(
            [vector], [vector.grad], [None], fused=vector.device.type in FUSED, weight_decay=decay,
            momentum=0.0, lr=rate, dampening=0.0, nesterov=False, maximize=False,
        )  # fmt: skip


class MovedPlayer:
    """A player that an optimiser moves: flat parameters, moments and a running average."""

    def __init__(self, player: Player, training: GradientTraining) -> None:
        self.player = player
        self.flat = FlatParameters(player.parameters)
        vector = self.flat.vector
        self._average = vector.detach().clone() if player.averaged else vector.detach()
        self._optimiser = _SGD() if training.optimiser == "sgd" else _AdamW(vector, training)
        self._decay = training.weight_decay

    @property
    def average(self) -> Tensor:
        """The weights to draw samples with, (total,), not copied."""
        return self._average

    def compute(self, model: AnyModel, batch: Batch, context: Context, clip: float) -> dict[str, Tensor]:
        """The gradient of the player's loss; its terms and the norm. Raises LossError, NotFiniteError."""
        gradient = self.flat.gradient
        gradient.zero_()
        terms = checked_loss(model.loss(batch, self.player, context), model.title)
        terms["total"].backward()  # type: ignore[no-untyped-call]
        norm = torch.linalg.vector_norm(gradient)
        length = norm.item()
        if not (math.isfinite(length) and math.isfinite(terms["total"].item())):
            raise NotFiniteError(_culprit(terms), context.step)
        if 0 < clip < length:
            gradient.mul_(clip / length)
        return {**terms, "gradient norm": norm}

    def apply(self, rate: float, training: GradientTraining, step: int) -> None:
        """Take the step that the gradient asks for, and average."""
        with torch.no_grad():
            self._optimiser.step(self.flat.vector, rate * self.player.rate, self._decay)
        if self.player.averaged:
            weight = 1 - min(training.ema, (1 + step) / (10 + step))
            self._average.lerp_(self.flat.vector.detach(), weight)

    def allow_gradients(self, on: bool) -> None:
        """Whether the loss of another player may follow gradients into these parameters."""
        for parameter in self.player.parameters:
            parameter.requires_grad_(on)

    def tensors(self) -> dict[str, Tensor]:
        """What going on needs."""
        found = {"weights": self.flat.vector.detach()}
        if self.player.averaged:
            found["average"] = self._average
        return found | self._optimiser.moments

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Load what `tensors` gave."""
        self.flat.load(tensors["weights"])
        if self.player.averaged:
            self._average.copy_(tensors["average"])
        for key, moment in self._optimiser.moments.items():
            if key in tensors:
                moment.copy_(tensors[key])

    def restart_average(self) -> None:
        """Begin the average anew at the weights as they are."""
        if self.player.averaged:
            self._average.copy_(self.flat.vector.detach())


def moved_players(stages: Sequence[Stage]) -> list[Player]:
    """The players with parameters, each once, in the order of the stages."""
    found = {player.name: player for stage in stages for player in stage.players if player.parameters}
    return list(found.values())


def gradient_training(session: Session) -> GradientTraining:
    """The optimiser's settings. Raises TypeError where the paradigm declares none."""
    training = session.training
    if isinstance(training, GradientTraining):
        return training
    raise TypeError(f"{session.paradigm} moves weights by gradients, but has no settings of an optimiser")


def _culprit(terms: Mapping[str, Tensor]) -> str:
    for name, value in terms.items():
        if not math.isfinite(value.item()):
            return f"the loss term '{name}'"
    return "the gradient"
