"""Bad input: one clear line on stderr, status 2, and nothing done."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from genlab.core.requests import NoDensity
from genlab.paradigms.diffusion.model import Diffusion
from genlab.runs.folder import RunFolder
from genlab.runs.places import cache_dir, runs_dir

from .conftest import SMALL, Genlab, start

TRAIN = ("train", "diffusion", "moons")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "the following arguments are required: VERB"),
        (("dance",), "invalid choice: 'dance'"),
        (("train",), "train needs a PARADIGM and a DATASET, or --preset in its place, or --from RUN"),
        (("train", "diffusion"), "train needs a PARADIGM and a DATASET"),
        (("train", "magic", "moons"), "there is no paradigm 'magic'"),
        (
            ("train", "diffusion", "moonz"),
            "there is no data set 'moonz', and no such file; there are mixture-1d",
        ),
        (("train", "diffusion", "moonz.npy"), "nothing at"),
        ((*TRAIN, "--steps", "0"), "training.steps cannot be 0"),
        ((*TRAIN, "--steps", "1", "--seconds", "1"), "not allowed with argument"),
        ((*TRAIN, "--seconds", "nan"), "training.seconds cannot be nan"),
        ((*TRAIN, "--seconds", "soon"), "invalid float value: 'soon'"),
        ((*TRAIN, "--seed", "-1"), "seed cannot be -1"),
        ((*TRAIN, "--set", "network.width"), "'network.width' is not of the form KEY=VALUE"),
        ((*TRAIN, "--set", "network.breadth=3"), "there is no setting 'network.breadth' here; there are"),
        (
            (*TRAIN, "--set", "condition.label=uper"),
            "there is no class 'uper'; there are any, none, upper, lower",
        ),
        ((*TRAIN, "--set", "network.width=wide"), "network.width cannot be 'wide'"),
        ((*TRAIN, "--device", "abacus"), "invalid choice: 'abacus'"),
        ((*TRAIN, "--device", "mps"), "there is no device 'mps' here; there are"),
        (("train", "--from", "nowhere"), "is not a run: there is no such folder"),
        (("train", "--from", "nowhere", "--seed", "3"), "leave PARADIGM, DATASET, --seed and --out out"),
        (("sample", "nowhere"), "is not a run: there is no such folder"),
        (("sample", "RUN", "--n", "0"), "the number of samples must be at least 1, not 0"),
        (
            ("sample", "RUN", "--label", "sideways"),
            "there is no class 'sideways'; there are any, none, upper, lower",
        ),
        (("sample", "RUN", "--set", "sampler.steps=0"), "sampler.steps cannot be '0'"),
        (("sample", "RUN", "--set", "training.steps=5"), "here --set takes sampler.KEY=VALUE"),
        (("sample", "RUN", "--set", "sampler.n=5"), "there is no setting 'sampler.n' here"),
        (("sample", "RUN", "--set", "condition.label=upper"), "is not for --set here; use --label"),
        (("probe", "RUN", "field", "--set", "condition.given=mar"), "is not for --set here; use --given"),
        (("evaluate", "RUN", "--set", "condition.given=mar"), "is no setting of the sampler; here --set"),
        (("sample", "RUN", "--seed", "-1"), "sampler.seed cannot be -1"),
        (("sample", "RUN", "--out", "s.txt"), "s.txt does not end in .npz or .csv"),
        (("sample", "RUN", "--grid", "no/g.png"), "there is no folder no"),
        (("logprob", "RUN", "wide.npy"), "the points have 3 columns, but this run's data have 2"),
        (("logprob", "RUN", "deep.npy"), "the points have shape (2, 2, 2)"),
        (("logprob", "RUN", "nan.npy"), "row 2 of the points is not finite"),
        (("logprob", "RUN", "object.npy"), "object.npy"),
        (("logprob", "RUN", "nowhere.npy"), "there is no file nowhere.npy"),
        (("logprob", "RUN", "points.txt"), "does not end in .npy, .npz or .csv"),
        (("evaluate", "RUN", "--n", "1"), "at least 10 samples"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    genlab: Genlab,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("wide.npy", np.zeros((4, 3)))
    np.save("deep.npy", np.zeros((2, 2, 2)))
    np.save("nan.npy", np.array([[0, 0], [0, np.nan]]))
    np.save("object.npy", np.array([{}], dtype=object), allow_pickle=True)
    before = sorted(tmp_path.iterdir())
    result = genlab(*(str(trained) if argument == "RUN" else argument for argument in arguments))
    assert result.status == 2, result.err
    assert sentence in result.err
    assert result.err.count("\n") == 1
    assert result.err.startswith("genlab")
    assert "Traceback" not in result.err
    assert result.out == ""
    assert sorted(tmp_path.iterdir()) == before
    assert not runs_dir().exists()


def test_an_existing_out_is_refused_and_left_alone(genlab: Genlab, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    result = genlab(*TRAIN, "--steps", 1, "--out", tmp_path)
    assert (result.status, result.err) == (2, f"genlab: {tmp_path} exists already\n")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_files_are_replaced_only_by_force(genlab: Genlab, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.csv"
    out.write_text("mine")
    result = genlab("sample", trained, "--n", 2, "--out", out)
    assert (result.status, result.err) == (2, f"genlab: {out} exists already; --force replaces it\n")
    assert out.read_text() == "mine"
    assert genlab("sample", trained, "--n", 2, "--out", out, "--force").status == 0
    assert len(out.read_text().splitlines()) == 3


def test_a_model_without_density_says_why(
    genlab: Genlab, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def log_prob(*_: object, **__: object) -> None:
        raise NoDensity("a guided model has no density of its own")

    monkeypatch.setattr(Diffusion, "log_prob", log_prob)
    np.save(tmp_path / "p.npy", np.zeros((3, 2)))
    result = genlab("logprob", trained, tmp_path / "p.npy")
    assert (result.status, result.err) == (2, "genlab: a guided model has no density of its own\n")


def test_a_run_that_blows_up_exits_1_in_one_line_and_is_kept(genlab: Genlab, tmp_path: Path) -> None:
    wild = ("training.learning_rate=1", "training.warm_up=0", "training.clip=0", "network.depth=16")
    sets = [part for value in wild for part in ("--set", value)]
    out = tmp_path / "r"
    result = genlab(*TRAIN, "--steps", 500, *SMALL[:2], *SMALL[4:], *sets, "--out", out)
    assert result.status == 1
    line = result.err.splitlines()[-1]
    assert line.startswith("genlab: Training stopped: a number is no longer finite")
    assert str(out) in line
    assert sum("infinite" in text for text in result.err.splitlines()) == 1
    refused = genlab("train", "--from", out, "--set", "network.width=8", "--steps", 5)
    assert (refused.status, refused.err) == (2, "genlab: network.width cannot change once a run has begun\n")


def test_an_error_of_our_own_is_one_line_that_names_the_details(
    genlab: Genlab, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sample(*_: object, **__: object) -> None:
        raise TypeError("surprise")

    monkeypatch.setattr(Diffusion, "sample", sample)
    result = genlab("sample", trained, "--n", 2)
    assert result.status == 1
    assert result.err.count("\n") == 1
    details = list((cache_dir() / "errors").iterdir())
    assert str(details[0]) in result.err
    assert "surprise" in details[0].read_text()


def test_a_run_is_replaced_only_by_force_and_a_folder_of_others_never(genlab: Genlab, tmp_path: Path) -> None:
    out = tmp_path / "r"
    train = ("train", "diffusion", "mixture-1d", "--steps", 3, *SMALL, "--out")
    assert genlab(*train, out).status == 0
    first = (out / "run.json").read_text()
    again = genlab(*train, out)
    assert (again.status, again.err) == (2, f"genlab: {out} exists already\n")
    bad = genlab(*train, out, "--force", "--set", "network.width=0")
    assert (bad.status, "network.width cannot be" in bad.err) == (2, True)
    assert (out / "run.json").read_text() == first
    assert genlab(*train, out, "--force", "--seed", 8).status == 0
    assert RunFolder.open(out).manifest["seed"] == 8
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept").write_text("mine")
    refused = genlab(*train, tmp_path / "mine", "--force")
    sentence = f"genlab: {tmp_path / 'mine'} is not a run of GenLab's, so it is not replaced\n"
    assert (refused.status, refused.err) == (2, sentence)
    assert (tmp_path / "mine" / "kept").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "user") == ["mine", "r"]


def test_a_run_that_another_process_trains_is_looked_at_and_not_trained(
    genlab: Genlab, tmp_path: Path
) -> None:
    out = tmp_path / "r"
    process = start(
        "train", "diffusion", "mixture-1d", "--steps", 10_000_000, *SMALL, "--out", out, cwd=tmp_path
    )
    try:
        deadline = time.monotonic() + 100
        while not (out / "metrics.csv").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for more in ((), ("--set", "training.learning_rate=0.001")):
            refused = genlab("train", "--from", out, "--steps", 3, *more)
            assert refused.status == 2
            assert refused.err.startswith(f"genlab: {out} is in use: process {process.pid} on this computer")
            assert refused.err.count("\n") == 1
        assert len(genlab("sample", out, "--n", 3).out.splitlines()) == 4
        looked = genlab("evaluate", out, "--n", 20, "--json")
        assert looked.status == 0, looked.err
        assert len(RunFolder.open(out).evaluations()) == 1
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
    assert genlab("train", "--from", out, "--steps", 3).status == 0
