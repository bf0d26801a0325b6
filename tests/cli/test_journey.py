"""From data to numbers through the command line."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genlab.runs.folder import RunFolder
from genlab.runs.recipe import read_recipe

from .conftest import SMALL, Genlab, start


def weights(run: Path) -> bytes:
    return (run / "weights.safetensors").read_bytes()


def losses(run: Path) -> np.ndarray:
    """Everything recorded but the clock, (rows, columns)."""
    names, rows = RunFolder.open(run).read_metrics()
    return np.delete(rows, names.index("seconds"), axis=1)


def test_a_run_is_a_folder_that_anyone_can_read(trained: Path) -> None:
    assert {p.name for p in trained.iterdir()} == {
        "run.json", "metrics.csv", "weights.safetensors", "checkpoints", "grid.png",
    }  # fmt: skip
    manifest = json.loads((trained / "run.json").read_text())
    assert manifest["steps"] == 200
    assert manifest["session"]["network"]["width"] == 16
    assert len(manifest["dataset"]["fingerprint"]) == 64
    names, rows = RunFolder.open(trained).read_metrics()
    assert names[0] == "step"
    assert 197 <= rows[-1, 0] <= 200  # the last rows average three steps each
    recipe = read_recipe(trained / "grid.png")
    assert (recipe["step"], recipe["seed"], recipe["session"]["dataset"]) == (200, 0, "moons")
    assert "torch" in recipe["versions"]
    assert str(trained.parent) not in json.dumps(recipe)


def test_samples_are_saved_with_labels_and_seed_and_repeat(
    genlab: Genlab, trained: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        files = ("--out", tmp_path / f"{name}.npz", "--grid", tmp_path / f"{name}.png")
        result = genlab("sample", trained, "--n", 50, "--set", "sampler.steps=5", "--seed", 7, *files)
        assert result == (0, "", "")
    with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "b.npz") as b:
        assert sorted(a) == ["labels", "samples", "seed"]
        assert a["samples"].shape == (50, 2)
        assert set(a["labels"].tolist()) == {0, 1}
        assert a["seed"] == 7
        np.testing.assert_array_equal(a["samples"], b["samples"])
    recipe = read_recipe(tmp_path / "a.png")
    assert recipe["n"] == 50
    assert (recipe["sampler"]["steps"], recipe["sampler"]["seed"]) == (5, 7)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_label_chooses_the_class(genlab: Genlab, trained: Path, tmp_path: Path) -> None:
    draw = ("sample", trained, "--n", 20)
    lines = genlab(*draw, "--label", "lower").out.splitlines()
    assert lines[0] == "x1,x2,label"
    assert {line.split(",")[2] for line in lines[1:]} == {"lower"}
    assert genlab(*draw, "--label", "none").out.splitlines()[0] == "x1,x2"


def test_log_prob_gives_a_value_per_point_or_their_mean(
    genlab: Genlab, trained: Path, tmp_path: Path
) -> None:
    points = np.random.default_rng(0).normal(size=(6, 2))
    np.save(tmp_path / "p.npy", points)
    np.savetxt(tmp_path / "p.csv", points, delimiter=",", header="x,y", comments="")
    result = genlab("logprob", trained, tmp_path / "p.npy", "--out", tmp_path / "lp.npy")
    values = np.load(tmp_path / "lp.npy")
    assert values.shape == (6,)
    assert result.out.startswith(f"mean log_prob {values.mean():.4f} nats")
    assert "probability-flow ODE" in result.out
    assert genlab("logprob", trained, tmp_path / "p.csv").out == result.out


def test_an_evaluation_shows_every_metric_with_its_floor(genlab: Genlab, trained: Path) -> None:
    found = json.loads(genlab("evaluate", trained, "--n", 50, "--json").out)
    metrics = {metric["key"]: metric for metric in found["metrics"]}
    assert {"nll", "w2", "sliced_w2"} <= set(metrics)
    assert metrics["w2"]["floor"]["mean"] > 0
    assert metrics["nll"]["reference"][1] == pytest.approx(2.394, abs=0.01)  # the entropy of these moons
    assert len(found["metrics"]) == len(metrics)


def test_every_evaluation_is_kept_in_the_run(genlab: Genlab, tmp_path: Path) -> None:
    run = tmp_path / "run"
    genlab("train", "diffusion", "mixture-1d", "--steps", 20, *SMALL, "--out", run)
    shown = json.loads(genlab("evaluate", run, "--n", 40, "--json").out)
    genlab("train", "--from", run, "--steps", 30)
    table = genlab("evaluate", run, "--n", 30, "--set", "sampler.steps=3", "--seed", 5)
    first, second = RunFolder.open(run).evaluations()
    assert list(first.metrics) == shown["metrics"]
    assert [(found.step, found.n) for found in (first, second)] == [(20, 40), (50, 30)]
    assert (second.seed, second.sampler["steps"]) == (5, 3)
    same = genlab("evaluate", run, "--n", 30, "--set", "sampler.steps=3", "--set", "sampler.seed=5")
    assert (same.status, same.out) == (0, table.out)
    (run / "evaluation.json").write_text("{")
    again = genlab("evaluate", run, "--n", 30, "--set", "sampler.steps=3", "--seed", 5)
    assert (again.status, again.out) == (0, table.out)
    assert again.err.startswith("warning, the evaluation is not kept: ")
    assert again.err.endswith("evaluation.json is damaged; move it away, and evaluations are kept again\n")
    assert (run / "evaluation.json").read_text() == "{"
    assert genlab("sample", run, "--n", 2).status == 0


def test_one_seed_and_one_number_of_steps_give_one_result(
    genlab: Genlab, trained: Path, tmp_path: Path
) -> None:
    assert (
        genlab("train", "diffusion", "moons", "--steps", 200, *SMALL, "--out", tmp_path / "again").status == 0
    )
    assert weights(tmp_path / "again") == weights(trained)
    np.testing.assert_array_equal(losses(tmp_path / "again"), losses(trained))
    other = ("--seed", 1, "--out", tmp_path / "other")
    assert genlab("train", "diffusion", "moons", "--steps", 200, *SMALL, *other).status == 0
    assert weights(tmp_path / "other") != weights(trained)


def test_an_interrupted_run_is_saved_and_goes_on_as_if_it_never_stopped(
    genlab: Genlab, tmp_path: Path
) -> None:
    train = ("train", "diffusion", "moons", "--steps", 6000, *SMALL)
    process = start(*train, "--out", tmp_path / "stopped", cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "stopped" / "metrics.csv").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1].startswith("genlab: interrupted at step")
    assert f"genlab train --from {tmp_path / 'stopped'}" in err
    stopped_at = RunFolder.open(tmp_path / "stopped").manifest["steps"]
    assert 0 < stopped_at < 6000
    assert genlab("train", "--from", tmp_path / "stopped").status == 0
    assert genlab(*train, "--out", tmp_path / "whole").status == 0
    assert weights(tmp_path / "stopped") == weights(tmp_path / "whole")
    np.testing.assert_array_equal(losses(tmp_path / "stopped"), losses(tmp_path / "whole"))


def test_a_finished_run_goes_on_by_as_many_steps_as_asked(genlab: Genlab, tmp_path: Path) -> None:
    run = tmp_path / "run"
    genlab("train", "diffusion", "mixture-1d", "--steps", 20, *SMALL, "--out", run)
    assert genlab("train", "--from", run, "--steps", 30).status == 0
    assert RunFolder.open(run).manifest["steps"] == 50
    np.testing.assert_array_equal(losses(run)[:, 0], np.arange(1, 51))


def test_without_out_the_run_goes_among_genlabs_own(genlab: Genlab, user_directories: Path) -> None:
    result = genlab("train", "diffusion", "mixture-1d", "--steps", 5, *SMALL)
    run = Path(result.out.strip())
    assert run.parent == user_directories / "genlab" / "runs"
    assert (run / "grid.png").exists()


def test_a_file_of_ones_own_trains_and_is_not_needed_again(genlab: Genlab, tmp_path: Path) -> None:
    own = tmp_path / "secret place" / "mine.npy"
    own.parent.mkdir()
    np.save(own, np.random.default_rng(0).normal(size=(300, 3)))
    run = tmp_path / "run"
    assert genlab("train", "diffusion", own, "--steps", 50, *SMALL, "--out", run).status == 0
    own.unlink()
    assert genlab("sample", run, "--n", 5).out.splitlines()[0] == "x1,x2,x3"
    assert genlab("train", "--from", run, "--steps", 5).status == 0
    for text in ((run / "run.json").read_text(), json.dumps(read_recipe(run / "grid.png"))):
        assert "mine" in text
        assert "secret place" not in text
    table = genlab("evaluate", run, "--n", 30).out.splitlines()
    assert table[0].split() == ["metric", "value", "unit", "floor", "reference"]
    assert any(line.startswith("W2 ") and ".." in line for line in table)


def test_digits_give_a_montage_of_ten_per_class(genlab: Genlab, tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = ("--set", "network.width=8", "--set", "training.batch_size=16", "--set", "training.threads=1")
    result = genlab(
        "train", "diffusion", "digits", "--steps", 3, *small, "--set", "sampler.steps=2", "--out", run
    )
    assert result.status == 0, result.err
    with Image.open(run / "grid.png") as picture:
        assert picture.size == (10 * 50 + 2, 10 * 50 + 2)
    assert genlab("sample", run, "--n", 4, "--label", "3", "--out", tmp_path / "s.npz").status == 0
    with np.load(tmp_path / "s.npz") as found:
        assert found["samples"].shape == (4, 1, 8, 8)
        np.testing.assert_array_equal(found["labels"], 3)
