"""How many threads torch should use: measured once for a kind of work on a machine, then remembered."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import torch

from genlab.core.random import generator
from genlab.core.training import Batch, Context, checked_loss
from genlab.engine.models import AnyModel
from genlab.runs.atomic import RunError, write_bytes
from genlab.runs.places import cache_dir
from genlab.session.session import Session

WORTH = 0.7
"""More threads must take at most this share of the time to be worth the other cores."""


def fastest(model: AnyModel, pool: Batch, session: Session) -> int:
    """The best number of threads for training this model, from the cache or by a few steps on a copy.

    The answer is kept for network, batch size, device and torch version, so that a repeated run on
    one machine trains with the same number and so to the same bits. Raises LossError."""
    cores = os.cpu_count() or 1
    if model.device.type != "cpu" or cores == 1:
        return 1
    what = json.dumps(
        [
            session.paradigm, session.space.event, session.objective.model_dump(),
            session.network.model_dump(), session.training.batch(len(pool.x)),
            torch.__version__, cores,
        ]
    )  # fmt: skip
    key = hashlib.sha256(what.encode()).hexdigest()[:16]
    path = cache_dir() / "threads.json"
    known = _read(path)
    if key not in known:
        known[key] = _measure(model, pool, session, cores)
        with suppress(OSError, RunError):  # without a cache the measurement is made anew each time
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, json.dumps(known).encode())
    return known[key]


def _measure(model: AnyModel, pool: Batch, session: Session, cores: int) -> int:
    before = torch.get_num_threads()
    best, best_time = 1, _time(model, pool, session, 1)
    count = 2
    while count <= min(cores, 16):
        time = _time(model, pool, session, count)
        # Fewer are timed again first: they may have been slow by a moment's chance.
        if time < WORTH * best_time and time < WORTH * _time(model, pool, session, best):
            best, best_time = count, time
        count *= 2
    torch.set_num_threads(before)
    return best


def _time(model: AnyModel, pool: Batch, session: Session, threads: int) -> float:
    torch.set_num_threads(threads)
    noise = generator(session.seed, "preview", model.device)
    size = min(session.training.batch(len(pool.x)), len(pool.x))
    batch = Batch(pool.x[:size], None if pool.labels is None else pool.labels[:size])
    context = Context(0, 0.0, noise, model.device)
    players = model.stages()[0].players
    times: list[float] = []
    end = perf_counter() + 0.08
    while len(times) < 3 or (perf_counter() < end and len(times) < 20):
        start = perf_counter()
        for player in players:
            if player.parameters:
                terms = checked_loss(model.loss(batch, player, context), model.title)
                terms["total"].backward()  # type: ignore[no-untyped-call]
            else:
                model.fit(pool, player, context)
        times.append(perf_counter() - start)
    return min(times[1:])


def _read(path: Path) -> dict[str, int]:
    try:
        found = json.loads(path.read_text())
        return {str(k): int(v) for k, v in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}
