"""The worker: one thread that owns torch, and shares its time out in short slices.

Between two slices it takes commands, so that pausing, stepping, live edits and cancelling need no
lock. A fresh question of the user's goes before training; one that lasts shares the time with it;
previews that nobody asked for stay within their budget.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator
from dataclasses import dataclass
from time import perf_counter

import torch

from genlab.core.random import generator
from genlab.data.dataset import DataError
from genlab.engine import protocol as p
from genlab.engine.answers import answer, asked
from genlab.engine.devices import cores
from genlab.engine.failures import ERRORS, TITLES, failure, refusal, unwritten, what_of
from genlab.engine.previews import REFERENCE, SOONEST, Previews
from genlab.engine.run import Run
from genlab.engine.writer import Writer
from genlab.runs.folder import RunError
from genlab.session.session import SettingError

TRAINING_SLICE = 0.010
REPORT_SECONDS, TICK_SECONDS, FRESH_SECONDS = 0.05, 0.1, 0.3
FIRST, LONGEST, WORK = 4, 1.0, 5e-4
"""Previews last as long as the slice of training before, `FIRST` times that while it is young, `LONGEST` at
most; each of their slices counts `WORK` seconds at least, as where it waits for a thread beside it."""


@dataclass
class _Task:
    """A question under way. unasked: a preview, or (the one without a request) the loss reference. quick: it
    goes before other questions."""

    run: Run
    channel: str
    slices: Generator[None, None, bool | None]
    asked: float
    unasked: bool
    quick: bool = False
    cost: float = 0.0
    request: p.Request | None = None
    refused: bool = False


class Worker:
    """Runs in a thread of its own: `run` returns after a Shutdown.

    send: called with every event, from this thread and from the writer's."""

    def __init__(self, send: Callable[[p.Event], None]) -> None:
        self.inbox: queue.SimpleQueue[p.Command] = queue.SimpleQueue()
        self._send = send
        self._runs: dict[str, Run] = {}
        self._tasks: list[_Task] = []
        self.previews = Previews()
        self._writer = Writer(lambda problem: send(unwritten(problem)))
        self._training: Run | None = None
        self._reported = self._ticked = self._due = self._lasted = 0.0
        self._threads = 0
        self.cores = cores()
        self._open = True

    def run(self) -> None:
        """Serve until Shutdown: then every run is saved."""
        torch.set_flush_denormal(True)  # averages that decay to nothing would be a hundred times slower
        while self._open:
            self._take_commands()
            if self._training is None and not self._tasks:
                continue
            busy = self._advance_tasks()
            if self._training is not None and not any(self._fresh(task) for task in self._tasks):
                if perf_counter() >= self._due:
                    self._advance_training(self._training)
                    busy = True
                if self._training is not None:
                    busy = self._preview(self._training) or busy
            if not busy:
                self._take(0.005)
        self._writer.close()

    def let_go(self) -> None:
        """Let go of every folder as it is, where the worker cannot go on."""
        for run in self._runs.values():
            run.close()
        self._writer.close()

    def _take_commands(self) -> None:
        self._take(None if self._training is None and not self._tasks else 0.0)
        while not self.inbox.empty():
            self._take(0.0)

    def _take(self, wait: float | None) -> None:
        """Take one command; wait: for how long, None for ever."""
        try:
            command = self.inbox.get(timeout=wait) if wait != 0.0 else self.inbox.get_nowait()
        except queue.Empty:
            return
        run = self._runs.get(getattr(command, "run", ""))
        try:
            self._do(command, run)
        except (SettingError, DataError, RunError, ValueError) as problem:
            self._send(refusal(command, problem))
        except ERRORS as problem:
            if run is not None and run.id in self._runs:
                self._fail(run, problem)
            else:
                title = TITLES.get(type(command), "A request failed")
                self._send(failure(getattr(command, "run", None), title, problem, "Nothing was lost."))

    def _do(self, command: p.Command, run: Run | None) -> None:
        match command:
            case p.Prepare() | p.Open():
                if run is not None:
                    self._close(run)
                self._use_threads(self.cores)
                make = Run.prepare if isinstance(command, p.Prepare) else Run.opened
                made = make(command, self._send, self._writer)  # type: ignore[arg-type]
                self._runs[command.run] = made
                self._tasks.append(_Task(made, "loss reference", self._reference(made), 0.0, unasked=True))
                return
            case p.Shutdown():
                self._open = False
                for open_run in list(self._runs.values()):
                    self._close(open_run)
                return
        if run is None:
            if isinstance(command, p.Ask | p.Train | p.StepOnce):
                self._send(refusal(command, ValueError("this run is no longer open")))
            elif isinstance(command, p.Close):
                self._send(p.Closed(command.run))
            return
        match command:
            case p.Train(steps=steps, seconds=seconds, player=player):
                run.check_player(player)
                run.claim()
                if self._training is not None and self._training is not run:
                    self._pause(self._training, "paused: another run trains now")
                self._training = run
                for watched in self.previews.of(run.id):  # what the last pause still had to show is old now
                    if any(task.request is watched.what for task in self._tasks):
                        self._drop(run, watched.what.channel)
                self.previews.begin(run.id, perf_counter())
                self._due = 0.0
                run.train(steps, seconds, player)
            case p.Pause():
                if run is self._training:
                    self._pause(run)
                    self._show_final(run)
            case p.StepOnce(player=player):
                run.check_player(player)
                run.claim()
                if run is self._training:
                    self._training = None
                self._use_threads(run.threads)
                run.advance(0.0, steps=1, player=player)
                if run.state != "failed":
                    run.finish("paused")
                self._show_final(run)
            case p.Edit(values=values):
                run.claim()
                run.edit(values)
            case p.Save():
                run.claim()
                run.save(weights=True)
            case p.Close():
                self._close(run)
            case p.Watch(channel=channel, what=what):
                self._drop(run, channel, unasked=True)
                able = (run.session if what is None else asked(run.session, what)).capabilities
                self.previews.set(run.id, _kind(run), channel, what, perf_counter(), able)
            case p.Cancel(channel=channel):
                self._drop(run, channel)
            case p.Sample() | p.DrawDensity() | p.Probe() | p.LogProbOf() | p.Evaluate():
                self._drop(run, command.channel)
                self._tasks.append(self._task(run, command))

    def _task(self, run: Run, request: p.Request, unasked: bool = False, coarse: str = "") -> _Task:
        """Of the weights of now while the run trains. Preview samples serve watched histograms, too."""
        quick = isinstance(request, p.Sample)
        also = [w.what for w in self.previews.of(run.id) if quick and w.histogram]

        def slices() -> Generator[None, None, bool]:
            with run.snapshots.pin(run.trainer, kept := run is not self._training) as model:
                step = run.trainer.kept_step if kept else run.trainer.step
                return (yield from answer(request, model, step, run, unasked, self._send, also, coarse))

        return _Task(run, request.channel, slices(), perf_counter(), unasked, quick, request=request)

    def _reference(self, run: Run) -> Generator[None, None, None]:
        """Work out the loss of the best possible model, and tell it."""
        with run.snapshots.pin(run.trainer) as model:
            rng = generator(run.session.seed, "evaluation", run.device)
            found = yield from model.loss_reference(run.pool, rng)
        if found is not None:
            self._send(p.LossReference(run.id, found.title, dict(found.values)))

    def _fresh(self, task: _Task) -> bool:
        return not task.unasked and perf_counter() - task.asked < FRESH_SECONDS

    def _advance_tasks(self) -> bool:
        """One slice of each question of the user's, samples first, and of previews when nothing trains;
        whether that was work worth the name."""
        asked = [task for task in self._tasks if not task.unasked]
        asked = [task for task in asked if task.quick and self._fresh(task)] or asked
        tasks = asked or (self._tasks[:1] if self._training is None else [])
        return max([self._advance(task) for task in tasks], default=0.0) > WORK

    def _advance(self, task: _Task) -> float:
        self._use_threads(self.cores if self._training is None else self._training.threads)
        start = perf_counter()
        try:
            with torch.no_grad():
                next(task.slices)
        except StopIteration as end:
            self._tasks.remove(task)
            task.refused = bool(end.value)
            if task.refused:
                self.previews.refuse(task.run.id, task.channel)
            elif task.request is not None and not task.unasked:
                self.previews.learn(_kind(task.run), task.request, task.cost + perf_counter() - start)
        except ERRORS as problem:
            self._tasks.remove(task)
            if task.unasked:  # what broke once is not tried again at every step
                self.previews.drop(task.run.id, task.channel)
            about = (task.run.id, task.channel)
            self._send(failure(about[0], "A request failed", problem, "Nothing was lost.", about[1]))
            if task.request is not None and not task.unasked:
                why = problem if isinstance(problem, Exception) else what_of(problem)
                self._send(p.Refused(*about, task.request.request, f"it failed: {why}"))
        cost = perf_counter() - start
        task.cost += cost
        return cost

    def _advance_training(self, run: Run) -> None:
        self._use_threads(run.threads)
        start = perf_counter()
        try:
            pace = run.session.training.pace
            self._due = start + 1 / pace if pace else 0.0
            run.advance(TRAINING_SLICE, *((1, run.player) if pace else ()))
        except ERRORS as problem:
            self._fail(run, problem)
            return
        now = perf_counter()
        self._lasted = now - start
        self.previews.train(self._lasted)
        if now - self._reported > REPORT_SECONDS:
            self._reported = now
            run.report()
        if now - self._ticked > TICK_SECONDS:
            self._ticked = now
            run.tick()
        if run.state != "training":
            self._training = None
            self._show_final(run)

    def _preview(self, run: Run) -> bool:
        """Spend slices on a preview that is due, as long as the last of training, and one on the loss
        reference, where the budget allows it or training would idle. Whether any was spent."""
        idle = perf_counter() < self._due
        mine = [task for task in self._tasks if task.run is run and task.unasked]
        references = [task for task in mine if task.request is None]
        picture = next((task for task in mine if task.request), None) or self._next_preview(run, idle)
        # A picture of many slices does not wait for as many long steps, least of all the first.
        left = min(self._lasted * (FIRST if self.previews.trained < SOONEST else 1), LONGEST)
        while picture is not None and self.inbox.empty():
            cost = self._advance(picture)
            left -= max(cost, WORK)
            over = picture not in self._tasks
            whole = picture.cost if over and not picture.refused else None
            if again := self.previews.pay(run.id, picture.channel, 0.0 if idle else cost, whole):
                self._drop(run, picture.channel, unasked=True)
            if again or over or left <= 0:
                break
        if idle or self.previews.reference <= REFERENCE * self.previews.trained:
            self.previews.reference += sum(map(self._advance, references))
        return picture is not None or bool(references)

    def _next_preview(self, run: Run, idle: bool) -> _Task | None:
        found = self.previews.next(run.id, run.trainer.step, perf_counter(), idle)
        if found is not None:
            self._tasks.append(self._task(run, found[0], unasked=True, coarse=found[1]))
        return None if found is None else self._tasks[-1]

    def _show_final(self, run: Run) -> None:
        """Answer every watch of a run that stopped, whole, with its last weights, but where a person asks."""
        under_way = [task for task in self._tasks if task.run is run and not task.unasked]
        for watched in self.previews.of(run.id):
            what, stale = watched.what, watched.shown != run.trainer.kept_step or not watched.whole
            asked = any(t.channel == what.channel and t.request is not what for t in under_way)
            if stale and not asked:
                self._drop(run, what.channel)
                watched.shown, watched.whole = run.trainer.kept_step, True
                self._tasks.append(self._task(run, what))

    def _drop(self, run: Run, channel: str, unasked: bool = False) -> None:
        """Leave off what is under way on a channel; unasked: only what nobody asked for."""
        mine = [task for task in self._tasks if task.run is run and task.channel == channel]
        for task in [task for task in mine if task.unasked or not unasked]:
            self._tasks.remove(task)
            # What stands inside a `no_grad` of its own puts back, on its way out, what it found.
            with torch.no_grad():
                task.slices.close()

    def _pause(self, run: Run, note: str = "") -> None:
        """Stop training, saved if that can be."""
        if run is self._training:
            self._training = None
        try:
            run.finish("paused", note)
        except ERRORS as problem:
            self._fail(run, problem)

    def _close(self, run: Run) -> None:
        for task in [task for task in self._tasks if task.run is run]:
            self._drop(run, task.channel)
        self.previews.forget(run.id)
        if run.state == "training" or run.unsaved:
            self._pause(run)
        run.close()
        del self._runs[run.id]

    def _use_threads(self, count: int) -> None:
        if count != self._threads:
            torch.set_num_threads(count)
            self._threads = count

    def _fail(self, run: Run, problem: BaseException) -> None:
        """Tell of an error nobody foresaw in a run, which stops, saved if that can be."""
        if run is self._training:
            self._training = None
        kept = f"The weights of step {run.trainer.step:,} are kept."
        try:
            run.finish("failed", what_of(problem))
        except ERRORS as second:
            kept = f"It could not be saved ({what_of(second)}); what was saved before is untouched."
            run.turn("failed", what_of(problem))
        self._send(failure(run.id, "Training stopped", problem, kept))


def _kind(run: Run) -> str:
    """Runs of one kind have pictures of like cost."""
    return f"{run.session.paradigm} {run.session.dataset}"
