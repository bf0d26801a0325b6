"""The training step of any paradigm: draw a batch, follow the gradient of each player, average.

A trainer owns everything that a run must remember to go on bit for bit: weights, averages, moments,
random states, step and time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from genlab.engine.flat import FlatParameters, pieces
from genlab.models.base import Batch, Context, Model, Player, generator
from genlab.settings.session import Session
from genlab.settings.training import TrainingSettings

AVERAGED_OVER = 10
"""Most steps in one recorded row; early rows hold fewer, from single steps on."""


class NotFiniteError(Exception):
    """A loss term or gradient is not finite; nothing was updated. term names the first such."""

    def __init__(self, term: str, step: int) -> None:
        super().__init__(f"{term} is not finite at step {step:,}")
        self.term = term
        self.step = step


@dataclass(frozen=True)
class Budget:
    """When training is done: after `steps` steps or `seconds` seconds, counted from the run's start."""

    steps: int | None
    seconds: float | None

    @classmethod
    def of(cls, training: TrainingSettings) -> Budget:
        """The budget that the settings name."""
        return cls(training.steps, None) if training.stop == "steps" else cls(None, training.seconds)

    def extended(self, step: int, seconds: float, training: TrainingSettings) -> Budget:
        """A budget for going on past a finished one: as much again as the settings name."""
        more = Budget.of(training)
        if more.steps is not None:
            return Budget(step + more.steps, None)
        assert more.seconds is not None
        return Budget(None, seconds + more.seconds)

    def progress(self, step: int, seconds: float) -> float:
        """Share that is used up, in [0, 1]."""
        used = step / self.steps if self.steps is not None else seconds / (self.seconds or 1.0)
        return min(1.0, used)


class _Seat:
    """A player at work: its flat parameters, optimiser and running average."""

    def __init__(self, player: Player, training: TrainingSettings) -> None:
        self.player = player
        self.flat = FlatParameters(player.parameters)
        self.average = self.flat.vector.detach().clone()
        self.optimiser = torch.optim.AdamW(
            [self.flat.vector],
            lr=training.learning_rate,
            weight_decay=training.weight_decay,
            fused=self.flat.vector.device.type in ("cpu", "cuda", "mps"),
        )

    def tensors(self) -> dict[str, Tensor]:
        state = self.optimiser.state.get(self.flat.vector, {})
        found = {"weights": self.flat.vector.detach(), "average": self.average}
        found |= {key: value for key, value in state.items() if isinstance(value, Tensor)}
        return found

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self.flat.load(tensors["weights"])
        self.average.copy_(tensors["average"])
        moments = {key: value for key, value in tensors.items() if key not in ("weights", "average")}
        if moments:
            device = self.flat.vector.device
            self.optimiser.state[self.flat.vector] = {k: v.to(device) for k, v in moments.items()}


class Trainer:
    """Trains a model on a pool of data held on its device."""

    def __init__(self, model: Model, session: Session, pool: Batch) -> None:
        self.model = model
        self.session = session
        self.pool = pool
        self.device = model.device
        self.budget = Budget.of(session.training)
        self.step = 0
        self.seconds = 0.0
        self._indices = generator(session.seed, "data", self.device)
        self._noise = generator(session.seed, "noise", self.device)
        self._global = torch.Generator().manual_seed(generator(session.seed, "noise").initial_seed())
        self._global_state = self._global.get_state()
        self.seats = [_Seat(player, session.training) for player in model.players()]
        self.names: tuple[str, ...] = ()
        self._window: list[Tensor] = []
        self._rows: list[list[float]] = []

    @property
    def progress(self) -> float:
        """Share of the budget that is used up."""
        return self.budget.progress(self.step, self.seconds)

    @property
    def learning_rate(self) -> float:
        """Step size now: linear warm-up, then constant, falling over the last part of the budget."""
        training = self.session.training
        rate = training.learning_rate * min(1.0, (self.step + 1) / (training.warm_up + 1))
        if training.decay == "constant" or training.decay_from >= 1:
            return rate
        fall = max(0.0, (self.progress - training.decay_from) / (1 - training.decay_from))
        return rate * (1 - fall if training.decay == "linear" else 0.5 * (1 + math.cos(math.pi * fall)))

    def advance(self, until: float, steps: int | None = None) -> None:
        """Train until `perf_counter()` passes `until`, the budget is used, or so many steps are taken.

        Raises NotFiniteError before an update that would break the weights."""
        start = perf_counter()
        before = self.seconds
        outside = torch.get_rng_state()
        torch.set_rng_state(self._global_state)
        self.model.train()
        try:
            now = start
            while (steps is None and now < until and self.progress < 1) or (steps is not None and steps > 0):
                self._step()
                if steps is not None:
                    steps -= 1
                now = perf_counter()
                self.seconds = before + now - start
        finally:
            self._global_state = torch.get_rng_state()
            torch.set_rng_state(outside)

    def _step(self) -> None:
        training = self.session.training
        pool, size = self.pool, training.batch_size
        index = torch.randint(len(pool.x), (size,), generator=self._indices, device=self.device)
        batch = Batch(pool.x[index], None if pool.labels is None else pool.labels[index])
        context = Context(self.step, self.progress, self._noise, self.device)
        rate = self.learning_rate
        recorded: dict[str, Tensor] = {}
        for seat in self.seats:
            if self.step % seat.player.every:
                continue
            terms = self.model.loss(batch, seat.player, context)
            gradient = seat.flat.gradient
            gradient.zero_()
            terms["total"].backward()  # type: ignore[no-untyped-call]
            norm = torch.linalg.vector_norm(gradient)
            length = norm.item()
            if not (math.isfinite(length) and math.isfinite(terms["total"].item())):
                raise NotFiniteError(_culprit(terms), self.step)
            if 0 < training.clip < length:
                gradient.mul_(training.clip / length)
            seat.optimiser.param_groups[0]["lr"] = rate
            seat.optimiser.step()
            weight = 1 - min(training.ema, (1 + self.step) / (10 + self.step))
            seat.average.lerp_(seat.flat.vector.detach(), weight)
            self.model.after_step(seat.player, context)
            prefix = "" if len(self.seats) == 1 else f"{seat.player.name} "
            recorded |= {prefix + name: value for name, value in terms.items()}
            recorded[f"{prefix}gradient norm"] = norm
        self.step += 1
        self._record(recorded, rate)

    def _record(self, terms: Mapping[str, Tensor], rate: float) -> None:
        if not self.names:
            self.names = ("step", "seconds", *terms, "learning rate")
        self._window.append(torch.stack([value.detach() for value in terms.values()]))
        if len(self._window) >= min(AVERAGED_OVER, 1 + self.step // 100):
            mean = torch.stack(self._window).mean(0) if len(self._window) > 1 else self._window[0]
            self._rows.append([self.step, self.seconds, *mean.tolist(), rate])
            self._window.clear()

    def take_rows(self) -> list[list[float]]:
        """Rows of metrics recorded since the last call; columns are `names`."""
        rows, self._rows = self._rows, []
        return rows

    def edit(self, session: Session) -> None:
        """Take up settings that may change while training."""
        old, self.session = self.session.training, session
        if (old.stop, old.seconds, old.steps) != (
            session.training.stop,
            session.training.seconds,
            session.training.steps,
        ):
            self.budget = Budget.of(session.training)

    def averages(self) -> list[Tensor]:
        """The averaged weights of every player, each (total,), not copied."""
        return [seat.average for seat in self.seats]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that going on needs, as copies on the CPU, and its plain part."""
        tensors = {"random.data": self._indices.get_state(), "random.noise": self._noise.get_state()}
        tensors["random.global"] = self._global_state
        for number, seat in enumerate(self.seats):
            tensors |= {f"player{number}.{key}": value for key, value in seat.tensors().items()}
        tensors |= {f"buffer.{name}": value for name, value in self.model.named_buffers()}
        if self._window:
            tensors["window"] = torch.stack(self._window)
        plain = {
            "step": self.step,
            "seconds": self.seconds,
            "budget": {"steps": self.budget.steps, "seconds": self.budget.seconds},
            "columns": list(self.names),
            "session": self.session.model_dump(),
        }
        return {name: value.detach().to("cpu", copy=True) for name, value in tensors.items()}, plain

    def restore(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
        """Take up a state that `state` gave."""
        self.step, self.seconds = int(plain["step"]), float(plain["seconds"])
        self.budget = Budget(**plain["budget"])
        self.names = tuple(plain["columns"])
        self._indices.set_state(tensors["random.data"])
        self._noise.set_state(tensors["random.noise"])
        self._global_state = tensors["random.global"]
        for number, seat in enumerate(self.seats):
            prefix = f"player{number}."
            seat.restore({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
        for name, buffer in self.model.named_buffers():
            buffer.copy_(tensors[f"buffer.{name}"])
        self._window = list(tensors["window"].to(self.device)) if "window" in tensors else []

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Take averaged weights as the weights, where nothing else of a run was kept."""
        self.model.load_state_dict(weights)
        for seat in self.seats:
            seat.average.copy_(seat.flat.vector.detach())


def _culprit(terms: Mapping[str, Tensor]) -> str:
    for name, value in terms.items():
        if not math.isfinite(value.item()):
            return f"the loss term '{name}'"
    return "the gradient"


def average_into(model: Model, averages: Sequence[Tensor]) -> None:
    """Load averaged weights, one vector a player, into a model of the same session."""
    with torch.no_grad():
        for player, average in zip(model.players(), averages, strict=True):
            for p, values in zip(player.parameters, pieces(average, player.parameters), strict=True):
                p.copy_(values)
