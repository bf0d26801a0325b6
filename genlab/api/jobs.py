"""Jobs: training runs as plain values, for as many processes as there are.

    session, source = genlab.plan("diffusion", "moons")
    jobs = [Job(session, f"runs/{seed}", Budget(steps=2000), seed) for seed in range(8)]
    for result in run_jobs(jobs, workers=4):
        print(result.folder, result.failure or result.losses)

`run_job` is what any executor can be given: that of `concurrent.futures`, or on a cluster that of a Dask
client. As every script that starts processes, one with jobs needs ``if __name__ == "__main__":``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from operator import index
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from genlab.api import driver
from genlab.api.controls import check_size
from genlab.api.errors import sentence
from genlab.api.run import Run
from genlab.engine import protocol as p
from genlab.runs.folder import RunError, RunFolder
from genlab.runs.replace import fresh
from genlab.session.session import Session, SettingError, read_session

LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Budget:
    """When training ends: after so many steps, which repeats, or seconds; by default as the session says."""

    steps: int | None = None
    seconds: float | None = None

    def values(self) -> dict[str, Any]:
        """The settings that say so. Raises SettingError where both are given."""
        if self.steps is not None and self.seconds is not None:
            raise SettingError("training is limited either in steps or in seconds")
        if self.steps is not None:
            return {"training.stop": "steps", "training.steps": self.steps}
        if self.seconds is not None:
            return {"training.stop": "seconds", "training.seconds": self.seconds}
        return {}


@dataclass(frozen=True)
class Job:
    """A run that is to be trained, drawn and measured.

    session: as a value or as plain ones. out: folder of the run; force: replace the run that is there.
    seed: instead of the session's. source: the person's own data, where the session's data set is 'file'.
    threads: for all of it; one thread on one device repeats bit for bit by steps. 0 leaves the number to the
    session, and to the machine. grid: whether `grid.png` is drawn. evaluate: samples per draw of the
    evaluation; 0 leaves it out."""

    session: Session | Mapping[str, Any]
    out: str
    budget: Budget = Budget()
    seed: int | None = None
    source: str | None = None
    device: str = "auto"
    threads: int = 1
    grid: bool = True
    evaluate: int = 1000
    force: bool = False

    def check(self) -> None:
        """Raises SettingError, one sentence, where a value is none that it can be."""
        if not isinstance(self.session, Session | Mapping):
            raise SettingError(f"session cannot be {self.session!r}: it is a session, or its plain values")
        if not isinstance(self.budget, Budget):
            raise SettingError(f"budget cannot be {self.budget!r}: it is a Budget")
        if not isinstance(self.out, str | PathLike) or not str(self.out):
            raise SettingError(f"out cannot be {self.out!r}: it is the folder of the run")
        if self.seed is not None:
            _check_whole("seed", self.seed, 0, LARGEST_SEED)
        _check_whole("threads", self.threads, 0)
        if _check_whole("evaluate", self.evaluate, 0):
            check_size(self.evaluate)

    def planned(self) -> Session:
        """The session that is run. Raises SettingError, RequestError."""
        self.check()
        session = self.session if isinstance(self.session, Session) else read_session(self.session)
        values = self.budget.values()
        if self.seed is not None:
            values["seed"] = index(self.seed)
        if self.threads:
            values["training.threads"] = index(self.threads)
        session.check_label()
        return session.with_values(values)


@dataclass(frozen=True)
class Result:
    """What became of a job: where its run stands, and what was measured.

    losses: the last of every recorded one, by the names of `metrics.csv`. metrics: those of the evaluation,
    as plain values. warnings: what went wrong without stopping it. failure: why it is not done, in one
    plain sentence, or None."""

    folder: str
    steps: int = 0
    seconds: float = 0.0
    losses: Mapping[str, float] = field(default_factory=dict)
    metrics: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    failure: str | None = None


def run_job(job: Job) -> Result:
    """Do a job in this process, to the end. Whatever goes wrong is in the result; Ctrl-C alone is raised, as
    Interrupted, with the run saved."""
    begun = False
    try:
        job.check()
        with _threads(job.threads), begin(job) as run:
            begun = True
            run.train()
            return conclude(run, job.grid, index(job.evaluate))
    except Exception as error:
        return _failed(job, sentence(error), begun)


def run_jobs(jobs: Iterable[Job], workers: int = 1) -> Iterator[Result]:
    """Do jobs, so many at a time, each in a process of its own: their results in the order of the jobs.

    A process that is killed or crashes costs its own job alone. Raises SettingError for less than one."""
    _check_whole("workers", workers, 1)
    return _one_by_one(jobs, workers)


def _one_by_one(jobs: Iterable[Job], workers: int) -> Iterator[Result]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="genlab-job")
    try:
        yield from pool.map(_apart, jobs)
    finally:
        pool.shutdown(cancel_futures=True)


def begin(job: Job) -> Run:
    """The run of a job, in its folder, before the first step. Raises SettingError, DataError, RunError,
    RequestError."""
    session = job.planned()
    folder = Path(job.out).absolute()
    with fresh(folder, job.force):
        driver.check_device(job.device)
        name = f"run-{next(driver.numbers)}"
        command = p.Prepare(name, session.model_dump(), str(folder), job.source, job.device)
        return Run(*driver.begin(command))


def conclude(run: Run, grid: bool = True, evaluate: int = 0) -> Result:
    """Draw and measure a run that was trained. evaluate: samples per draw; 0 leaves it out."""
    warnings = list(run.warnings)
    if grid and (note := run.save_grid(run.folder / "grid.png")):
        warnings.append(note)
    metrics: tuple[Mapping[str, Any], ...] = ()
    if evaluate:
        found = run.evaluated(evaluate)
        metrics = found.metrics
        if found.note:
            warnings.append(f"the evaluation is not kept: {found.note}")
    return _stands(RunFolder.open(run.folder), metrics=metrics, warnings=tuple(warnings))


def _apart(job: Job) -> Result:
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        try:
            return process.submit(run_job, job).result()
        except BrokenProcessPool:
            return _failed(job, "the process of this job was killed, or crashed", begun=True)


def _failed(job: Job, failure: str, begun: bool) -> Result:
    """What is left of a job that failed. begun: whether its folder is its own."""
    folder = str(Path(str(job.out)).absolute())
    if begun:
        try:
            return _stands(RunFolder.open(folder), failure=failure)
        except RunError:
            pass
    return Result(folder, failure=failure)


def _stands(folder: RunFolder, **more: Any) -> Result:
    """Where a run stands, as its folder says."""
    steps, seconds = int(folder.manifest.get("steps", 0)), float(folder.manifest.get("seconds", 0.0))
    names, rows = folder.read_metrics()
    losses = {}
    for name, column in zip(names, rows.T, strict=True):
        known = column[np.isfinite(column)]
        if len(known) and name not in ("step", "seconds", "learning rate"):
            losses[name] = float(known[-1])
    return Result(str(folder.path), steps, seconds, losses, **more)


def _check_whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """A whole number within bounds. Raises SettingError, one sentence, for anything else."""
    bounds = f"{low} or more" if high is None else f"from {low} to {high}"
    try:
        number = index(value)
    except TypeError:
        raise SettingError(f"{name} cannot be {value!r}: it is a whole number, {bounds}") from None
    if number < low or (high is not None and number > high):
        raise SettingError(f"{name} cannot be {number}: it is a whole number, {bounds}")
    return number


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """So many threads for whatever computes in this process; 0 leaves it as it is."""
    if not count:
        yield
        return
    driver.engine().limit(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        driver.engine().limit(None)
