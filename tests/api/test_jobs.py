"""Jobs in processes of their own: the same as one after the other, and none takes another with it."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genlab import api
from genlab.api.errors import Interrupted, RunFailed
from genlab.api.jobs import Budget, Job, Result, run_job, run_jobs
from genlab.engine.protocol import Failure
from genlab.runs.folder import RunFolder
from genlab.session.session import Session, SettingError

SMALL = {"network.width": 16, "network.depth": 1, "training.pool": 2000, "sampler.steps": 5}


def small(dataset: str = "mixture-1d") -> Session:
    return Session.default("diffusion", dataset).with_values(SMALL)


def job(out: Path, **more: Any) -> Job:
    return Job(small(), str(out), **{"budget": Budget(steps=60), "seed": 4, "evaluate": 50, **more})


def kept(folder: str) -> tuple[bytes, np.ndarray]:
    """The weights of a run, and all that it recorded but the clock."""
    names, rows = RunFolder.open(folder).read_metrics()
    return (Path(folder) / "weights.safetensors").read_bytes(), np.delete(rows, names.index("seconds"), 1)


def same(a: Result, b: Result) -> bool:
    (weights, losses), (others, lost) = kept(a.folder), kept(b.folder)
    same = (a.steps, a.losses, a.metrics, a.failure) == (b.steps, b.losses, b.metrics, b.failure)
    return same and weights == others and np.array_equal(losses, lost)


def test_jobs_in_processes_give_bit_for_bit_what_they_give_one_after_the_other(tmp_path: Path) -> None:
    alone = [run_job(job(tmp_path / f"alone {seed}", seed=seed)) for seed in (1, 2)]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        beside = list(pool.map(run_job, [job(tmp_path / f"beside {seed}", seed=seed) for seed in (1, 2)]))
    assert [result.failure for result in (*alone, *beside)] == [None] * 4
    assert same(alone[0], beside[0])
    assert same(alone[1], beside[1])
    assert not same(alone[0], alone[1])


def test_a_job_leaves_a_run_with_a_picture_and_an_evaluation_and_says_where_it_stands(tmp_path: Path) -> None:
    result = run_job(job(tmp_path / "run"))
    folder = RunFolder.open(result.folder)
    assert {path.name for path in folder.path.iterdir()} == {
        "run.json", "metrics.csv", "weights.safetensors", "checkpoints", "grid.png", "evaluation.json",
    }  # fmt: skip
    manifest = folder.manifest
    assert (result.steps, manifest["seed"], manifest["threads"]) == (60, 4, 1)
    assert result.seconds == manifest["seconds"] > 0
    names, rows = folder.read_metrics()
    assert result.losses["total"] == rows[-1, names.index("total")]
    assert not {"step", "seconds", "learning rate"} & result.losses.keys()
    (evaluation,) = folder.evaluations()
    assert (evaluation.n, evaluation.step) == (50, 60)
    assert [m["value"] for m in evaluation.metrics] == [m["value"] for m in result.metrics]
    assert "nll" in [m["key"] for m in result.metrics]
    # the folder is free again
    assert api.open_run(result.folder).train(steps=1).step == 61


def test_a_job_is_a_plain_value_and_so_is_what_went_wrong(tmp_path: Path) -> None:
    for session in (small(), small().model_dump()):
        given = Job(session, "out", Budget(seconds=2.0), 5)
        assert pickle.loads(pickle.dumps(given)) == given
        assert given.planned() == small().with_values(
            {"training.stop": "seconds", "training.seconds": 2.0, "training.threads": 1, "seed": 5}
        )
    stopped = pickle.loads(pickle.dumps(Interrupted(tmp_path, 12)))
    assert (stopped.folder, stopped.step, str(stopped)) == (tmp_path, 12, str(Interrupted(tmp_path, 12)))
    failed = RunFailed(Failure("r", "It stopped", "why", "kept", "remedy", "details"), tmp_path)
    assert str(pickle.loads(pickle.dumps(failed))) == str(failed)


def test_an_impossible_job_returns_a_plain_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    impossible = {**small().model_dump(), "network": {"width": -3}}
    for given, words in (
        (Job(impossible, str(tmp_path / "a")), "network.width cannot be -3"),
        (Job({"paradigm": "magic"}, str(tmp_path / "b")), "there is no paradigm 'magic'"),
        (job(tmp_path / "c", budget=Budget(steps=1, seconds=1.0)), "either in steps or in seconds"),
        (job(tmp_path / "d", seed=-1), "seed cannot be -1"),
        (job(tmp_path / "e", device="abacus"), "there is no device 'abacus' here"),
        (job(tmp_path / "taken"), "exists already"),
        (job(tmp_path / "f", evaluate=3), "at least 10 samples"),
        (job(tmp_path / "g", evaluate=-5), "evaluate cannot be -5: it is a whole number, 0 or more"),
        (job(tmp_path / "h", evaluate=None), "evaluate cannot be None"),
        (job(tmp_path / "i", seed="x"), "seed cannot be 'x': it is a whole number, from 0 to"),
        (job(tmp_path / "j", seed=1.5), "seed cannot be 1.5"),
        (job(tmp_path / "k", threads=-1), "threads cannot be -1"),
        (job(tmp_path / "l", threads="two"), "threads cannot be 'two'"),
        (job(tmp_path / "m", budget=60), "budget cannot be 60: it is a Budget"),
        (job(tmp_path / "n", budget=Budget(steps=-60)), "training.steps cannot be -60"),
        (job(tmp_path / "o", budget=Budget(seconds="long")), "training.seconds cannot be 'long'"),
        (Job(7, str(tmp_path / "p")), "session cannot be 7"),  # type: ignore[arg-type]
    ):
        result = run_job(given)
        assert result.failure is not None
        assert words in result.failure
        assert "\n" not in result.failure
        assert result.folder == given.out
        assert (result.steps, result.metrics) == (0, ())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken"]
    assert "out cannot be 7" in str(run_job(Job(small(), 7)).failure)  # type: ignore[arg-type]


def test_jobs_are_done_by_one_worker_or_more() -> None:
    for workers in (0, -1, "many", 1.5):
        with pytest.raises(SettingError, match=r"workers cannot be .*: it is a whole number, 1 or more"):
            run_jobs([], workers)  # type: ignore[arg-type]


def test_a_job_that_blows_up_says_so_and_where_it_stands(tmp_path: Path) -> None:
    wild = {"training.learning_rate": 1, "training.warm_up": 0, "training.clip": 0, "network.depth": 16}
    session = Session.default("diffusion", "moons").with_values({**SMALL, **wild})
    result = run_job(Job(session, str(tmp_path / "run"), Budget(steps=500)))
    assert result.failure is not None
    assert result.failure.startswith("Training stopped: a number is no longer finite")
    assert 0 < result.steps < 500
    assert RunFolder.open(result.folder).manifest["steps"] == result.steps


def test_a_killed_job_and_an_impossible_one_cost_only_themselves(
    tmp_path: Path,
) -> None:
    long, short = tmp_path / "long", tmp_path / "short"
    killed: list[int] = []

    def kill() -> None:
        """Kill the process that holds the long run, once it has recorded something."""
        deadline = time.monotonic() + 100
        while not (long / "metrics.csv").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        killed.append(int((long / ".lock").read_text().split('"pid": ')[1].split(",")[0]))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    jobs = [job(long, budget=Budget(steps=10_000_000)), Job({}, str(tmp_path / "none")), job(short)]
    first, none, second = run_jobs(jobs, workers=2)
    killer.join()
    assert killed[0] != os.getpid()
    assert first.failure == "the process of this job was killed, or crashed"
    assert none.failure is not None
    assert none.failure.startswith("there is no paradigm ''")
    assert (second.failure, second.steps) == (None, 60)
    with api.open_run(long) as run:
        at = run.step
        assert run.train(steps=20).step == at + 20
    steps = RunFolder.open(long).read_metrics()[1][:, 0]
    assert (np.diff(steps) > 0).all()


def test_a_run_that_is_open_holds_its_folder_until_it_is_closed(tmp_path: Path) -> None:
    session, _ = api.plan("diffusion", "mixture-1d", steps=5, settings={**SMALL, "training.threads": 1})
    first = api.jobs.begin(Job(session, str(tmp_path / "run")))
    first.train()
    second = api.open_run(tmp_path / "run")
    assert len(second.sample(7)) == 7
    with pytest.raises(api.RequestError, match="open twice here"):
        second.train(steps=1)
    assert len(second.sample(7)) == 7
    first.close()
    first.close()
    assert second.train(steps=1).step == 6


def test_the_budget_is_one_of_two() -> None:
    assert Budget().values() == {}
    with pytest.raises(SettingError, match="either in steps or in seconds"):
        Budget(1, 1.0).values()
