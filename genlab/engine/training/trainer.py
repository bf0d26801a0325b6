"""The training step of any paradigm: draw a batch, move each player, average, and check now and then.

A trainer owns everything that a run must remember to go on bit for bit: weights, averages, moments,
random states, step and time.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from genlab.core.random import generator
from genlab.core.training import Batch, Context, Player, Stage
from genlab.engine.models import AnyModel
from genlab.engine.training.budget import Budget
from genlab.engine.training.flat import pieces
from genlab.engine.training.moved import MovedPlayer, gradient_training, moved_players
from genlab.session.session import Session
from genlab.settings.training import GradientTraining

AVERAGED_OVER = 10
"""Most steps in one recorded row; early rows hold fewer, from single steps on."""
CHECK_EVERY = 200
"""Most steps between two checks of the averaged weights; early on a tenth of the steps taken, or ten."""

FRESH = 2**40
"""First part of the random streams that serves runs from another kind of device."""


class Trainer:
    """Trains a model on a pool of data held on its device.

    validation: held-out data for the checks, or None."""

    def __init__(
        self, model: AnyModel, session: Session, pool: Batch, validation: Batch | None = None
    ) -> None:
        self.model = model
        self.session = session
        self.pool = pool
        self.validation = validation
        self.device = model.device
        self.budget = Budget.of(session.training)
        self.step = 0
        self.seconds = 0.0
        self.warnings: tuple[str, ...] = ()
        self.best_step: int | None = None
        self.best_loss = math.inf
        self._indices = generator(session.seed, "data", self.device)
        self._noise = generator(session.seed, "noise", self.device)
        noise_seed = generator(session.seed, "noise").initial_seed()
        self._global_state = torch.Generator().manual_seed(noise_seed).get_state()
        self.stages: Sequence[Stage] = model.stages()
        self.stage = 0
        self._stage_step = 0
        self._prepared = False
        self._preparation: Iterator[None] | None = None
        self._next_check = 0
        self._checker = copy.deepcopy(model).eval()
        self.moved = {
            player.name: MovedPlayer(player, gradient_training(session))
            for player in moved_players(self.stages)
        }
        self._best: list[Tensor] | None = None
        self.names: tuple[str, ...] = ()
        self._held: dict[str, float] = {}
        self._window: list[dict[str, Tensor]] = []
        self._rows: list[list[float]] = []

    @property
    def players(self) -> tuple[Player, ...]:
        """Who trains in the stage at hand."""
        return self.stages[self.stage].players

    @property
    def progress(self) -> float:
        """Share of the budget that is used up."""
        return self.budget.progress(self.step, self.seconds)

    @property
    def finished(self) -> bool:
        """Whether the budget is used up, or more training would change nothing."""
        return self.progress >= 1 or self.model.finished

    @property
    def kept_step(self) -> int:
        """The step of the weights that are kept."""
        return self.step if self._best is None or self.best_step is None else self.best_step

    @property
    def learning_rate(self) -> float:
        """Step size now: linear warm-up, then constant, falling over the last part of the stage; 0 where
        nothing follows gradients."""
        training = self.session.training
        if not isinstance(training, GradientTraining):
            return 0.0
        rate = training.learning_rate * min(1.0, (self.step - self._stage_step + 1) / (training.warm_up + 1))
        if training.decay == "constant" or training.decay_from >= 1:
            return rate
        fall = max(0.0, (self._stage_progress - training.decay_from) / (1 - training.decay_from))
        return rate * (1 - fall if training.decay == "linear" else 0.5 * (1 + math.cos(math.pi * fall)))

    @property
    def _ends(self) -> list[float]:
        """Shares of the budget at which the stages end."""
        shares = [stage.share for stage in self.stages]
        return [sum(shares[: i + 1]) / sum(shares) for i in range(len(shares))]

    @property
    def _stage_progress(self) -> float:
        ends = [0.0, *self._ends]
        begin, end = ends[self.stage], ends[self.stage + 1]
        return min(1.0, max(0.0, (self.progress - begin) / (end - begin)))

    def advance(self, until: float, steps: int | None = None, player: str | None = None) -> None:
        """Train until `perf_counter()` passes `until`, the run is finished, or so many steps are taken.

        player: move this one only, while the stage at hand has it. Raises NotFiniteError before an update
        that would break the weights, ValueError where nobody has that name."""
        names = [who.name for who in self.players]
        if player is not None and player not in names:
            raise ValueError(f"there is no player '{player}' here; there are {', '.join(names)}")
        start = perf_counter()
        before = self.seconds
        outside = torch.get_rng_state()
        torch.set_rng_state(self._global_state)
        self.model.train()
        try:
            now = start
            while (steps is None and now < until and not self.finished) or (steps is not None and steps > 0):
                if self._ready():
                    if player is not None and player not in [who.name for who in self.players]:
                        break
                    self._step(player)
                    if steps is not None:
                        steps -= 1
                now = perf_counter()
                self.seconds = before + now - start
        finally:
            self._global_state = torch.get_rng_state()
            torch.set_rng_state(outside)

    def _ready(self) -> bool:
        """Whether the stage at hand can be trained; if not, a slice of what precedes it is done."""
        if self._prepared and self.stage < len(self.stages) - 1 and self.progress >= self._ends[self.stage]:
            self.stage += 1
            self._stage_step = self.step
            self._prepared = False
            self._held.clear()
        if self._prepared:
            return True
        if self._preparation is None:
            self.show(self._checker, self.current())
            self._preparation = self.model.prepare(self.stages[self.stage], self._checker)
        with torch.no_grad():
            for _ in self._preparation:
                return False
        self._preparation = None
        self._prepared = True
        if self.stage:
            for player in self.players:
                if player.name in self.moved:
                    self.moved[player.name].restart_average()
        return True

    def _step(self, only: str | None) -> None:
        if self.step >= self._next_check:
            self._check()
            self._next_check = self.step + min(CHECK_EVERY, max(10, self.step // 10))
        context = Context(
            self.step, self._stage_progress, self._noise, self.device, self.stages[self.stage].name
        )
        several = len(self.players) > 1
        converged = self.model.finished
        recorded: dict[str, Tensor] = {}
        waiting: list[MovedPlayer] = []
        batch: Batch | None = None
        for player in self.players:
            if (only is None and self.step % player.every) or only not in (None, player.name):
                continue
            if player.name not in self.moved:
                terms = dict(self.model.fit(self.pool, player, context))
            else:
                batch = batch or self._draw()
                mover = self.moved[player.name]
                terms = self._compute(mover, batch, context)
                if self.model.simultaneous and only is None:
                    waiting.append(mover)
                else:
                    self._apply(mover, context)
            prefix = f"{player.name} " if several else ""
            recorded |= {prefix + name: value.detach() for name, value in terms.items()}
        for mover in waiting:
            self._apply(mover, context)
        self.step += 1
        if self.model.finished and not converged:
            self._check()
        self._record(recorded)

    def _draw(self) -> Batch:
        return self.model.batch(self.pool, gradient_training(self.session).batch_size, self._indices)

    def _compute(self, mover: MovedPlayer, batch: Batch, context: Context) -> dict[str, Tensor]:
        others = [other for other in self.moved.values() if other is not mover]
        for other in others:
            other.allow_gradients(False)
        try:
            return mover.compute(self.model, batch, context, gradient_training(self.session).clip)
        finally:
            for other in others:
                other.allow_gradients(True)

    def _apply(self, mover: MovedPlayer, context: Context) -> None:
        mover.apply(self.learning_rate, gradient_training(self.session), self.step - self._stage_step)
        self.model.after_step(mover.player, context)

    def _check(self) -> None:
        """Measure the averaged weights, and keep them where they are the best."""
        noise = generator(self.session.seed, "evaluation", self.device)
        context = Context(self.step, self._stage_progress, noise, self.device, self.stages[self.stage].name)
        current = self.current()
        self.show(self._checker, current)
        with torch.no_grad():
            found = self._checker.check(self.validation, context)
        self._held |= found.values
        self.warnings = found.warnings
        loss = found.values.get("validation", math.nan)
        if self.session.training.keeps_best and loss < self.best_loss:
            self.best_loss, self.best_step = loss, self.step
            self._best = [average.clone() for average in current]

    def _record(self, terms: Mapping[str, Tensor]) -> None:
        self._window.append(dict(terms))
        if len(self._window) < min(AVERAGED_OVER, 1 + self.step // 100):
            return
        seen = list(dict.fromkeys(name for row in self._window for name in row))
        stacks = {name: [row[name] for row in self._window if name in row] for name in seen}
        means = torch.stack([torch.stack(values).mean() for values in stacks.values()]).tolist()
        self._held |= dict(zip(seen, means, strict=True))
        if self.moved:
            self._held["learning rate"] = self.learning_rate
        self.names += tuple(name for name in ("step", "seconds", *self._held) if name not in self.names)
        self._rows.append([self.step, self.seconds, *(self._held.get(n, math.nan) for n in self.names[2:])])
        self._window.clear()

    def take_rows(self) -> list[list[float]]:
        """Rows of metrics recorded since the last call; columns are `names`, which only grow: NaN stands
        where a column came later than the row."""
        rows, self._rows = self._rows, []
        return [row + [math.nan] * (len(self.names) - len(row)) for row in rows]

    def edit(self, session: Session) -> None:
        """Use new settings that may change while training."""
        old, new = self.session.training, session.training
        self.session, self.model.objective = session, session.objective
        if (old.stop, old.seconds, old.steps) != (new.stop, new.seconds, new.steps):
            self.budget = Budget.of(new)

    def averages(self) -> list[Tensor]:
        """The weights that are kept, one vector (total,) a player, not copied."""
        return self._best or self.current()

    def current(self) -> list[Tensor]:
        """The averaged weights as they are now, the best so far or not."""
        return [mover.average for mover in self.moved.values()]

    def show(self, model: AnyModel, averages: Sequence[Tensor]) -> None:
        """Load averaged weights, and buffers and objective as they are, into a model of the same session."""
        model.objective = self.model.objective
        with torch.no_grad():
            for player, average in zip(moved_players(model.stages()), averages, strict=True):
                for p, values in zip(player.parameters, pieces(average, player.parameters), strict=True):
                    p.copy_(values)
            for mine, live in zip(model.buffers(), self.model.buffers(), strict=True):
                mine.copy_(live)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that going on needs, as copies on the CPU, and its plain part."""
        tensors = {"random.data": self._indices.get_state(), "random.noise": self._noise.get_state()}
        tensors["random.global"] = self._global_state
        for name, mover in self.moved.items():
            tensors |= {f"player.{name}.{key}": value for key, value in mover.tensors().items()}
        for number, best in enumerate(self._best or ()):
            tensors[f"best.{number}"] = best
        tensors |= {f"buffer.{name}": value for name, value in self.model.named_buffers()}
        plain = {
            "step": self.step,
            "seconds": self.seconds,
            "budget": {"steps": self.budget.steps, "seconds": self.budget.seconds},
            "stage": [self.stage, self._stage_step, self._prepared],
            "next check": self._next_check,
            "best": None if self.best_step is None else [self.best_step, self.best_loss],
            "columns": list(self.names),
            "held": self._held,
            "window": [{name: value.item() for name, value in row.items()} for row in self._window],
            "session": self.session.model_dump(),
        }
        return {name: value.detach().to("cpu", copy=True) for name, value in tensors.items()}, plain

    def restore(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> str:
        """Load a state that `state` gave; one sentence where the run cannot go on bit for bit, or ''."""
        self.step, self.seconds = int(plain["step"]), float(plain["seconds"])
        self.budget = Budget(**plain["budget"])
        self.stage, self._stage_step, self._prepared = (*plain["stage"], True)[:3]  # old runs have two
        self._preparation = None
        self._next_check = plain["next check"]
        self.best_step, self.best_loss = plain["best"] or (None, math.inf)
        self.names, self._held = tuple(plain["columns"]), dict(plain["held"])
        self._window = [
            {name: torch.tensor(value, device=self.device) for name, value in row.items()}
            for row in plain["window"]
        ]
        note = self._restore_streams(tensors)
        self._global_state = tensors["random.global"]
        for name, mover in self.moved.items():
            prefix = f"player.{name}."
            mover.restore({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
        if self.best_step is not None:
            self._best = [tensors[f"best.{number}"].to(self.device) for number in range(len(self.moved))]
        for name, buffer in self.model.named_buffers():
            buffer.copy_(tensors[f"buffer.{name}"])
        return note

    def _restore_streams(self, tensors: Mapping[str, Tensor]) -> str:
        """Go on with the random streams, or with fresh ones where those were of another kind of device."""
        note = ""
        for name, stream in (("data", self._indices), ("noise", self._noise)):
            state = tensors[f"random.{name}"]
            if state.shape == stream.get_state().shape:
                stream.set_state(state)
            else:
                part = FRESH + self.step
                stream.manual_seed(generator(self.session.seed, name, part=part).initial_seed())
                note = "trained on another kind of device: training here goes on with new batches and noise"
        return note

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Load averaged weights as the weights, where nothing else of a run was kept."""
        self.model.load_state_dict(weights)
        for mover in self.moved.values():
            mover.restart_average()
