"""A run at work: its model, trainer and folder, and what it tells of itself."""

from __future__ import annotations

import copy
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from genlab.core.training import Batch
from genlab.data.condition import Condition
from genlab.data.dataset import Dataset, Draw
from genlab.data.files.arrays import FileDataset
from genlab.engine import protocol as p
from genlab.engine.devices import pick_device
from genlab.engine.keeper import Keeper, Send
from genlab.engine.models import model_of
from genlab.engine.snapshots import Snapshots
from genlab.engine.training.budget import Budget
from genlab.engine.training.moved import NotFiniteError
from genlab.engine.training.threads import fastest
from genlab.engine.training.trainer import Trainer
from genlab.engine.writer import Writer
from genlab.runs.data import dataset_from, dataset_of
from genlab.runs.evaluations import Evaluation
from genlab.runs.folder import RunFolder
from genlab.runs.kept import kept_of
from genlab.runs.provenance import now, versions
from genlab.session.session import Session, SettingError, read_kept, read_session
from genlab.settings.sampler import SamplerSettings

CHECKPOINT_SECONDS = 8.0
REFERENCE = 20_000
EXAMPLES = 1000
"""Held-out data for checks and extra panels."""


class Run:
    """A run in the engine. All of it but writing to disk happens in the worker's thread."""

    def __init__(
        self, id: str, session: Session, dataset: Dataset, device: torch.device, send: Send, writer: Writer
    ) -> None:
        self.id = id
        self.session = session
        self.dataset = dataset
        self.device = device
        self.keeper: Keeper | None = None
        self.state: p.State = "preparing"
        self.player: str | None = None
        self._send = send
        self._writer = writer
        self._saved_step = self._weights_step = -1
        self._edited = False
        self._edits: list[tuple[int, Mapping[str, Any]]] = []
        self._beyond = False
        self._saved_at = 0.0
        self._seen: deque[tuple[float, int]] = deque()
        rng = np.random.default_rng(np.random.SeedSequence([session.seed, 1]))
        draw = dataset.train(session.training.pool, rng)
        model = model_of(session, dataset, draw.first(REFERENCE)).to(device)
        self.pool = self._batch(draw)
        held_out = np.random.default_rng(np.random.SeedSequence([session.seed, 2]))
        self.examples = self._batch(dataset.test(EXAMPLES, held_out))
        fixed = dataset.truth is None or session.training.keeps_best
        validation = self._batch(dataset.validation(EXAMPLES, held_out)) if fixed else None
        self._warned: tuple[str, ...] = ()
        self.snapshots = Snapshots(copy.deepcopy(model))
        self.threads = session.training.threads or fastest(copy.deepcopy(model), self.pool, session)
        self.trainer = Trainer(model, session, self.pool, validation)

    def _batch(self, draw: Draw) -> Batch:
        labels = None if draw.labels is None else torch.as_tensor(draw.labels, device=self.device)
        return Batch(torch.as_tensor(draw.x, device=self.device), labels)

    @classmethod
    def prepare(cls, command: p.Prepare, send: Send, writer: Writer) -> Run:
        """A new run with its initial weights. Raises SettingError, DataError, RunError, ValueError."""
        session = read_session(command.session)
        dataset = dataset_from(session, command.source)
        run = cls(command.run, session, dataset, pick_device(command.device), send, writer)
        if command.folder is not None:
            run.keep_in(Path(command.folder))
        run.announce()
        return run

    @classmethod
    def opened(cls, command: p.Open, send: Send, writer: Writer) -> Run:
        """A run from its folder. Raises RunError, SettingError, DataError, ValueError."""
        writer.wait()  # the folder may be one that was closed a moment ago
        folder = RunFolder.open(command.folder)
        manifest = folder.manifest
        kept = kept_of(folder, command.checkpoint)
        session, note = read_kept(kept.session)
        notes = [note, kept.note]
        threads = session.with_values({"training.threads": manifest.get("threads", 0)})
        dataset = dataset_of(session, folder)
        run = cls(command.run, threads, dataset, pick_device(command.device), send, writer)
        run.session = run.trainer.session = session
        run.keeper = Keeper(command.run, folder, send, writer)
        run._beyond = True
        if (found := kept.checkpoint) is not None:
            tensors = {name: torch.from_numpy(np.array(array)) for name, array in found.tensors.items()}
            notes.append(run.trainer.restore(tensors, found.state))
        elif kept.weights is not None:
            weights = {name: torch.from_numpy(array.copy()) for name, array in kept.weights.items()}
            run.trainer.load_weights(weights)
            run.trainer.step = int(manifest.get("steps", 0))
            run.trainer.names = folder.whole_metrics()[0]
        if run.trainer.step:
            run._saved_step = run._weights_step = run.trainer.step
        run.announce(notes)
        return run

    def announce(self, notes: Sequence[str] = ()) -> None:
        """Tell what this run is, and its state."""
        trainer = self.trainer
        folder = None if self.keeper is None else str(self.keeper.folder.path)
        self._send(
            p.Opened(
                self.id,
                self.session.model_dump(),
                folder,
                trainer.step,
                trainer.seconds,
                self.device.type,
                self.threads,
                tuple(player.name for player in trainer.players),
            )
        )
        if self.keeper is not None:
            names, rows, lost = self.keeper.folder.whole_metrics(trainer.names)
            notes = (*notes, lost)
            rows = rows[rows[:, 0] <= trainer.step] if len(rows) else rows
            if len(rows):
                self._send(p.Metrics(self.id, names, rows))
        rests: p.State = "done" if trainer.finished else "paused"
        self.turn(rests if trainer.step else "ready", "; ".join(filter(None, notes)))

    def keep_in(self, path: Path) -> None:
        """Begin to keep this run in a new folder."""
        keeper = Keeper.begin(self.id, path, self._manifest(), self._send, self._writer)
        try:
            if isinstance(self.dataset, FileDataset):
                keeper.folder.save_data(self.dataset.x, self.dataset.labels)
        except BaseException:
            keeper.release(lambda: None)
            raise
        self.keeper = keeper

    def claim(self) -> None:
        """Hold the run's folder, if there is one, until `close`. Raises RunError: somebody else has it."""
        if self.keeper is not None:
            self.keeper.claim()

    def close(self) -> None:
        """Let go of the folder once everything is written, and tell."""
        tell = partial(self._send, p.Closed(self.id))
        if self.keeper is None:
            self._writer.do(tell)
        else:
            self.keeper.release(tell)

    def turn(self, state: p.State, note: str = "") -> None:
        """Change the state and tell."""
        self.state = state
        trainer = self.trainer
        where = (trainer.step, trainer.seconds)
        self._send(p.StateChanged(self.id, state, *where, note, trainer.model.finished, trainer.kept_step))

    def check_player(self, name: str | None) -> None:
        """Raises ValueError where nobody of that name trains."""
        names = [player.name for player in self.trainer.players]
        if name is not None and name not in names:
            raise ValueError(f"there is no player '{name}' here; there are {', '.join(names)}")

    def train(self, steps: int | None, seconds: float | None, player: str | None = None) -> None:
        """Train on, past the end of a finished budget too. player: only this one, until told otherwise."""
        trainer = self.trainer
        self.player = player
        if steps is not None:
            trainer.budget = Budget(trainer.step + steps, None)
        elif seconds is not None:
            trainer.budget = Budget(None, trainer.seconds + seconds)
        elif trainer.progress >= 1 and not trainer.model.finished:
            trainer.budget = trainer.budget.extended(trainer.step, trainer.seconds, self.session.training)
        self._seen.clear()
        self._saved_at = perf_counter()
        self.turn("training", "" if self.keeper is None else self.keeper.note)

    def advance(self, seconds: float, steps: int | None = None, player: str | None = None) -> None:
        """Train for a slice. What is not finite stops the run at its last good weights."""
        self._go_on()
        chosen = self.player if steps is None else player
        if chosen is not None and chosen not in [who.name for who in self.trainer.players]:
            self.finish("paused", f"paused: {chosen} has no part in this stage of training")
            return
        try:
            self.trainer.advance(perf_counter() + seconds, steps, chosen)
        except NotFiniteError as problem:
            self._stop_at(problem)
            return
        if self.state == "training" and self.trainer.finished:
            early = self.trainer.progress < 1
            self.finish("done", "the fit has converged: more training would change nothing" if early else "")
        elif self.keeper is not None and perf_counter() - self._saved_at > CHECKPOINT_SECONDS:
            self.save()

    def finish(self, state: p.State, note: str = "") -> None:
        """Stop training: report, save with the weights for sampling, and turn to a state."""
        self.report()
        self.tick()
        if self.unsaved or {self._saved_step, self._weights_step} != {self.trainer.step}:
            self.save(weights=True)
        self.turn(state, note)

    @property
    def unsaved(self) -> bool:
        """Whether settings were changed that the folder should have. A run that has gone back to an earlier
        step stays on disk as it was until it trains on from there."""
        if self.keeper is None or not self._edited:
            return False
        return not self._beyond or self.trainer.step >= int(self.keeper.folder.manifest.get("steps", 0))

    def _go_on(self) -> None:
        """Drop what the folder says of later steps than this, and journal what was changed meanwhile."""
        if self._beyond and self.keeper is not None:
            self._beyond = False
            self.keeper.go_on(self.trainer.step, self.trainer.names)
            for step, values in self._edits:
                self.keeper.journal(step, values)

    def edit(self, values: Mapping[str, Any]) -> None:
        """Use new values of settings that may change while training; journal them."""
        changed = self.session.with_values(values)
        stuck = changed.pending(self.session)
        if stuck:
            raise SettingError(f"{', '.join(stuck)} cannot change during a run; reset to begin a new one")
        self.session = changed
        self.trainer.edit(changed)
        self._edited = True
        if self._beyond:
            self._edits.append((self.trainer.step, values))
        elif self.keeper is not None:
            self.keeper.journal(self.trainer.step, values)

    def report(self) -> None:
        """Tell the losses recorded since the last report, and append them to the folder."""
        if self.trainer.warnings != self._warned:
            self._warned = self.trainer.warnings
            self._send(p.Warned(self.id, self.trainer.step, self._warned))
        rows = self.trainer.take_rows()
        if not rows:
            return
        names, array = self.trainer.names, np.array(rows)
        self._send(p.Metrics(self.id, names, array))
        if self.keeper is not None:
            self.keeper.record(names, array)

    def tick(self) -> None:
        """Tell where the run is."""
        trainer = self.trainer
        now = perf_counter()
        self._seen.append((now, trainer.step))
        while len(self._seen) > 2 and now - self._seen[0][0] > 1.5:
            self._seen.popleft()
        (then, before), budget, stage = self._seen[0], trainer.budget, trainer.stages[trainer.stage]
        rate = (trainer.step - before) / (now - then) if now > then else 0.0
        if budget.seconds is not None:
            left: float | None = max(0.0, budget.seconds - trainer.seconds)
        else:
            assert budget.steps is not None
            left = (budget.steps - trainer.step) / rate if rate else None
        where = (trainer.step, trainer.seconds, rate, trainer.progress, left, trainer.learning_rate)
        self._send(p.Tick(self.id, *where, stage.name, tuple(player.name for player in stage.players)))

    def save(self, weights: bool = False) -> None:
        """Write a checkpoint beside training; with `weights`, the averaged ones for sampling too."""
        if self.keeper is None or not self.keeper.claimed:
            return
        trainer = self.trainer
        self._go_on()
        tensors, plain = trainer.state()
        self._saved_step, self._saved_at, self._edited = trainer.step, perf_counter(), False
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        averaged = {}
        if weights:
            with self.snapshots.pin(trainer) as model:
                averaged = {
                    name: tensor.detach().to("cpu", copy=True).numpy()
                    for name, tensor in model.state_dict().items()
                }
            self._weights_step = trainer.step
        self.keeper.save(arrays, plain, averaged)

    def evaluated(
        self,
        step: int,
        n: int,
        sampler: SamplerSettings,
        condition: Condition,
        metrics: Sequence[Mapping[str, Any]],
        then: Callable[[str], None],
    ) -> None:
        """Keep an evaluation in the folder, if there is one; then call `then`: '', or why it is not kept."""
        if self.keeper is None:
            then("")
            return
        drawn = sampler.model_dump()
        seed = drawn.pop("seed")
        found = Evaluation(step, n, condition.plain(), drawn, seed, versions(), tuple(metrics), now())
        self.keeper.evaluated(found, then)

    def _stop_at(self, problem: NotFiniteError) -> None:
        step = f"{problem.step:,}"
        self.finish("failed", str(problem))
        self._send(
            p.Failure(
                self.id,
                "Training stopped: a number is no longer finite",
                f"At step {step}, {problem.term} became infinite or not a number, so the step was not taken.",
                f"The weights of step {step} are good and kept.",
                "Lower the learning rate or the gradient clip and continue, or reset.",
                traceback.format_exc(),
            )
        )

    def _manifest(self) -> dict[str, Any]:
        dataset, session = self.dataset, self.session
        return {
            "paradigm": session.paradigm,
            "session": session.model_dump(),
            "seed": session.seed,
            "versions": versions(),
            "dataset": {"id": dataset.id, "name": dataset.title, "fingerprint": dataset.fingerprint},
            "device": self.device.type,
            "threads": self.threads,
            "created": now(),
            "steps": 0,
            "seconds": 0.0,
            "budget": {"steps": self.trainer.budget.steps, "seconds": self.trainer.budget.seconds},
            "journal": [],
        }
