"""A training loop as one would write it by hand, in turn with the engine: runs in a process of its own."""

from __future__ import annotations

import copy
import threading
from time import perf_counter
from typing import Any

import numpy as np
import torch

from genlab.core.random import generator
from genlab.core.training import Batch, Context
from genlab.data import load
from genlab.engine import protocol as p
from genlab.engine.local import LocalEngine
from genlab.engine.models import model_of
from genlab.engine.run import REFERENCE
from genlab.runs.places import fresh_run_folder
from genlab.session.session import Session
from genlab.settings.training import GradientTraining


class BareLoop:
    """The session's network, batches, loss, optimiser, clipping and average, in plain torch."""

    def __init__(self, session: Session) -> None:
        dataset = load(session.dataset, session.data)
        draw = dataset.train(session.training.pool, np.random.default_rng(session.seed))
        self.model = model_of(session, dataset, draw.first(REFERENCE)).train()
        self.x = torch.as_tensor(draw.x)
        self.labels = None if draw.labels is None else torch.as_tensor(draw.labels)
        self.training = GradientTraining.model_validate(session.training.model_dump())
        self.indices, self.noise = generator(0, "data"), generator(0, "noise")
        self.parameters = list(self.model.parameters())
        self.average = copy.deepcopy([q.detach() for q in self.parameters])
        rate, decay = self.training.learning_rate, self.training.weight_decay
        self.optimiser = torch.optim.AdamW(self.parameters, lr=rate, weight_decay=decay, fused=True)

    def train(self, seconds: float, threads: int) -> float:
        """Steps per second over so many seconds, in a thread of its own with so many torch threads."""
        rates: list[float] = []

        def work() -> None:
            torch.set_num_threads(threads)
            start, steps = perf_counter(), 0
            while (now := perf_counter()) - start < seconds:
                self.step(steps)
                steps += 1
            rates.append(steps / (now - start))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return rates[0]

    def step(self, number: int) -> None:
        """One step."""
        index = torch.randint(len(self.x), (self.training.batch_size,), generator=self.indices)
        batch = Batch(self.x[index], None if self.labels is None else self.labels[index])
        context = Context(number, 0.0, self.noise, self.model.device)
        loss = self.model.loss(batch, self.model.players()[0], context)["total"]
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.training.clip)
        self.optimiser.step()
        torch._foreach_lerp_(self.average, [q.detach() for q in self.parameters], 1 - self.training.ema)


def compare(dataset: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Steps per second of both, round by round, and the threads they had."""
    session = Session.default("diffusion", dataset)
    folder = fresh_run_folder("bare", dataset)
    found: dict[str, list[float]] = {"bare": [], "engine": []}
    with LocalEngine() as engine:
        engine.send(p.Prepare("run", session.model_dump(), str(folder)))
        threads = _wait(engine, p.Opened).threads
        _wait(engine, p.StateChanged)
        bare = BareLoop(session)
        bare.train(min(1.0, seconds), threads)
        _train(engine, min(1.0, seconds))
        for number in range(rounds):
            for who in ("bare", "engine") if number % 2 == 0 else ("engine", "bare"):
                rate = bare.train(seconds, threads) if who == "bare" else _train(engine, seconds)
                found[who].append(rate)
    return {**found, "threads": threads}


def _train(engine: LocalEngine, seconds: float) -> float:
    """Steps per second by the wall clock."""
    engine.send(p.Train("run", seconds=seconds))
    begun = _wait(engine, p.StateChanged)
    start = perf_counter()
    done = _wait(engine, p.StateChanged)
    rate: float = (done.step - begun.step) / (perf_counter() - start)
    return rate


def _wait(engine: LocalEngine, kind: type) -> Any:
    for event in engine.events():
        if isinstance(event, p.Failure):
            raise RuntimeError(event.what)
        if isinstance(event, kind):
            return event
    raise RuntimeError("the engine ended")
