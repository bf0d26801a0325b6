"""What the command line and Python offer beyond one paradigm: presets, players, panels, checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from genlab import api
from genlab.data.payloads import Curves, ScalarMap, Table
from genlab.runs.folder import RunFolder
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import SettingError

from .. import fakes
from .conftest import Genlab

SMALL = ("--set", "training.pool=500", "--set", "training.threads=1")


@pytest.fixture(autouse=True)
def _two_more_paradigms(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.use(monkeypatch)


@pytest.fixture
def duel(genlab: Genlab, tmp_path: Path) -> Path:
    """A run of 30 steps of two players."""
    run = tmp_path / "duel"
    assert genlab("train", "duel", "moons", "--steps", 30, *SMALL, "--out", run).status == 0
    return run


def place(run: api.Run) -> str:
    table = run.probe("state")
    assert isinstance(table, Table)
    return dict(table.rows)["place"]


def test_a_preset_brings_its_data_set_and_may_be_overridden(genlab: Genlab, tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    train = ("train", "duel", "--preset", "alarm", "--steps", 5, *SMALL)
    assert genlab(*train, "--out", first).status == 0
    assert api.open_run(first).session.dataset == "gan-ring"
    other = ("train", "duel", "moons", "--preset", "alarm", "--steps", 5, *SMALL)
    assert genlab(*other, "--set", "objective.alarm=no", "--out", second).status == 0
    session = api.open_run(second).session
    assert (session.dataset, session.value("objective.alarm")) == ("moons", False)
    refused = genlab("train", "duel", "--preset", "peace")
    assert (refused.status, refused.err) == (2, "genlab: duel has no preset 'peace'; there are alarm\n")


def test_every_preset_of_the_catalogue_is_a_session() -> None:
    for entry in PARADIGMS.values():
        for preset in entry.presets:
            session, _ = api.plan(entry.id, preset=preset.id)
            assert session.dataset == preset.dataset
            for key, value in preset.values.items():
                assert session.value(key) == value, (entry.id, preset.id, key)


def test_one_player_alone_can_be_trained(genlab: Genlab, duel: Path) -> None:
    before = place(api.open_run(duel))
    assert genlab("train", "--from", duel, "--steps", 20, "--player", "critic").status == 0
    after = api.open_run(duel)
    assert (after.step, after.players) == (50, ("generator", "critic"))
    assert place(after) == before
    assert place(after.train(steps=20, player="generator")) != before
    refused = genlab("train", "--from", duel, "--player", "umpire")
    assert refused.status == 2
    assert refused.err == "genlab: there is no player 'umpire' here; there are generator, critic\n"
    refused = genlab("train", "duel", "moons", "--player", "critic")
    assert (refused.status, refused.err) == (2, "genlab: --checkpoint and --player go with --from RUN\n")


def test_a_warning_is_told_once_and_again_at_the_end_while_it_stands(genlab: Genlab, tmp_path: Path) -> None:
    train = ("train", "duel", "moons", "--steps", 450, *SMALL, "--set", "objective.alarm=yes")
    lines = genlab(*train, "--out", tmp_path / "r").err.splitlines()
    assert [line for line in lines if line.startswith("warning")] == [
        "warning: The generator reaches 1 of 8 modes.",
        "warning, still at step 450: The generator reaches 3 of 8 modes.",
    ]
    run = api.train("duel", "moons", steps=5, settings={"objective.alarm": True}, out=tmp_path / "p")
    assert run.warnings == ("The generator reaches 1 of 8 modes.",)
    assert api.train("duel", "moons", steps=5, out=tmp_path / "q").warnings == ()


def test_progress_tells_the_loss_of_each_player_and_that_a_fit_has_converged(
    genlab: Genlab, tmp_path: Path
) -> None:
    err = genlab("train", "duel", "moons", "--steps", 30, *SMALL, "--out", tmp_path / "a").err
    assert "generator " in err.splitlines()[-1]
    assert "critic " in err.splitlines()[-1]
    result = genlab("train", "fit", "mixture-1d", *SMALL, "--out", tmp_path / "b")
    assert result.status == 0
    assert "The fit has converged: more training would change nothing." in result.err.splitlines()
    assert RunFolder.open(tmp_path / "b").manifest["steps"] == fakes.CONVERGED
    again = genlab("train", "--from", tmp_path / "b", "--steps", 5)
    assert (again.status, api.open_run(tmp_path / "b").step) == (0, fakes.CONVERGED)


def test_a_table_and_curves_are_printed_to_be_read(genlab: Genlab, duel: Path) -> None:
    lines = genlab("probe", duel, "state").out.splitlines()
    assert lines[0].split() == ["what", "value"]
    assert lines[-1] == "Two numbers."
    assert genlab("probe", duel, "numbers").out.splitlines() == lines
    lines = genlab("probe", duel, "curve").out.splitlines()
    assert lines[0].split() == ["time", "square"]
    assert lines[1].split() == ["0", "0"]
    assert lines[24].split() == ["1", "1"]
    assert lines[25:] == ["24 of 100 points; --json shows all", "half: 0.5", "values: height"]


def test_a_map_comes_as_json_or_as_arrays(genlab: Genlab, duel: Path, tmp_path: Path) -> None:
    probe = ("probe", duel, "landscape", "--set", "height=1.5", "--resolution", 4)
    found = json.loads(genlab(*probe).out)
    assert (found["kind"], found["title"], found["limits"]) == ("ScalarMap", "Height", [0.0, 2.0])
    assert found["values"][0] == [None, 1.5, 1.5, 1.5]
    assert genlab(*probe, "--out", tmp_path / "m.json").out == ""
    assert json.loads((tmp_path / "m.json").read_text()) == found
    assert genlab(*probe, "--out", tmp_path / "m.npz").status == 0
    with np.load(tmp_path / "m.npz") as arrays:
        assert sorted(arrays) == ["values"]
        assert arrays["values"].shape == (4, 4)
    assert genlab(*probe, "--out", tmp_path / "m.npz").status == 2
    curves = json.loads(genlab("probe", duel, "curve", "--json").out)["curves"]
    assert len(curves["square"]) == 100


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("moonshine",), "this run has no extra panel 'moonshine'; there are state, landscape, curve"),
        (("landscape", "--set", "depth=1"), "the panel 'landscape' has no control 'depth'; there are height"),
        (("landscape", "--set", "height=9"), "height cannot be 9: it is from 0 to 2"),
        (("landscape", "--set", "height=tall"), "height cannot be 'tall': it is a number"),
        (("landscape", "--set", "part=some"), "part cannot be 'some'; it is one of all, none"),
        (("landscape", "--set", "part=none"), "with no part there is nothing to draw"),
        (("state", "--set", "name=x"), "the panel 'state' has no control 'name'"),
        (("state", "--set", "label=x"), "the panel 'state' has no control 'label'"),
        (("state", "--set", "resolution=9"), "the panel 'state' has no control 'resolution'"),
        (("state", "--set", "sampler.speed=1"), "there is no setting 'sampler.speed' here"),
        (("state", "--resolution", "1"), "--resolution cannot be 1: it goes from 2 to 512"),
        (("state", "--out", "x.txt"), "x.txt does not end in .json or .npz"),
        (("state", "--checkpoint", "7"), "has no checkpoint of step 7; there are those of 30"),
    ],
)
def test_a_mistaken_probe_is_one_line_and_status_2(
    genlab: Genlab, duel: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = genlab("probe", duel, *arguments)
    assert result.status == 2
    assert sentence in result.err
    assert result.err.count("\n") == 1


def test_a_run_is_probed_from_python(duel: Path) -> None:
    run = api.open_run(duel)
    assert [info.id for info in run.panels()] == ["state", "landscape", "curve"]
    payload = run.probe("landscape", height=0.5, resolution=3, sampler={"truncation": 0.5})
    assert isinstance(payload, ScalarMap)
    assert payload.values[1, 1] == 0.5
    assert isinstance(run.probe("curve"), Curves)
    with pytest.raises(api.RequestError, match="nothing to draw"):
        run.probe("map", part="none")
    with pytest.raises(SettingError, match="has no control"):
        run.probe("map", breadth=1)


def test_an_earlier_checkpoint_is_opened_and_gone_on_from(genlab: Genlab, duel: Path) -> None:
    assert genlab("train", "--from", duel, "--steps", 20).status == 0
    before, after = (genlab("sample", duel, "--n", 3, *at).out for at in (("--checkpoint", 30), ()))
    assert before != after
    assert RunFolder.open(duel).checkpoints() == [30, 50]
    assert genlab("sample", duel, "--n", 3).out == after
    result = genlab("train", "--from", duel, "--checkpoint", 30, "--steps", 10)
    assert "going on from step 30: what was recorded after it, up to step 50, is replaced" in result.err
    assert RunFolder.open(duel).checkpoints() == [30, 40]
    names, rows = RunFolder.open(duel).read_metrics()
    assert rows[-1, names.index("step")] == 40


def test_presets_and_panels_are_listed_with_what_they_take(genlab: Genlab) -> None:
    text = genlab("list", "presets", "--paradigm", "duel").out
    assert text.splitlines()[1].split()[:3] == ["duel", "alarm", "gan-ring"]
    (preset,) = json.loads(genlab("list", "presets", "--paradigm", "duel", "--json").out)["duel"]
    assert preset["values"] == {"objective.alarm": True}
    panels = json.loads(genlab("list", "panels", "--paradigm", "duel", "--json").out)["duel"]
    assert [panel["id"] for panel in panels] == ["state", "landscape", "curve"]
    assert panels[1]["controls"][0]["high"] == 2.0
    text = genlab("list", "panels", "--paradigm", "duel").out
    assert "height=1.0" in text
    assert "The numbers of the model. On all data sets." in text


def test_a_model_without_a_density_says_why_before_it_is_asked(
    genlab: Genlab, duel: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "p.npy", np.zeros((3, 2)))
    result = genlab("logprob", duel, tmp_path / "p.npy")
    assert (result.status, result.err) == (2, "genlab: a duel has no likelihood, only samples\n")


def test_a_density_is_refused_or_given_as_it_is_asked_for(genlab: Genlab, tmp_path: Path) -> None:
    run, points = tmp_path / "run", tmp_path / "p.npy"
    np.save(points, np.zeros((3, 2)))
    student = ["--set", "objective.method=student", "--set", "objective.pairs=100", *SMALL]
    assert genlab("train", "flow-matching", "moons", "--steps", 2, *student, "--out", run).status == 0
    refused = genlab("logprob", run, points)
    assert refused.status == 2
    assert "teacher" in refused.err
    taught = genlab("logprob", run, points, "--set", "sampler.use=teacher")
    assert taught.status == 0, taught.err
    assert "by the probability-flow ODE" in taught.out
