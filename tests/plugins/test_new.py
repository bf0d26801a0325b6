"""genlab new: what it writes works as it is written."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

from genlab.cli import main
from genlab.cli.new import write
from genlab.data.catalogue import record_of
from genlab.settings.paradigm import Chosen

from .conftest import Lab


@pytest.mark.slow
def test_a_new_paradigm_trains_samples_evaluates_and_passes_its_tests(lab: Lab, tmp_path: Path) -> None:
    done = lab.genlab("new", "paradigm", "two-words", cwd=tmp_path)
    assert (done.status, done.out) == (0, "genlab-two-words\n")
    package = tmp_path / "genlab-two-words"
    assert done.err == f"pip install --editable {package}\n"
    lab.install(package)
    run = tmp_path / "run"
    quick = ["--steps", 400, "--set", "training.threads=1", "--set", "training.pool=4000"]
    plugins, paradigms, trained, sampled, evaluated, probed = lab.verbs(
        ["list", "plugins", "--json"],
        ["list", "paradigms", "--json"],
        ["train", "two-words", "moons", *quick, "--out", run],
        ["sample", run, "--n", 50],
        ["evaluate", run, "--n", 300],
        ["probe", run, "weights", "--set", "sampler.seed=1"],
    )
    (plugin,) = json.loads(plugins.out)
    assert (plugin["id"], plugin["package"], plugin["state"]) == ("two-words", "genlab-two-words", "loaded")
    entry = next(row for row in json.loads(paradigms.out) if row["id"] == "two-words")
    assert entry["title"] == "Two words"
    assert trained.status == 0, trained.err
    assert len(sampled.out.splitlines()) == 51, sampled.err
    assert "Test NLL" in evaluated.out, evaluated.err
    assert probed.out.splitlines()[0].split() == ["Gaussian", "weight"], probed.err
    tests = lab.python("-m", "pytest", "-q", "-p", "no:cacheprovider", package / "tests", cwd=tmp_path)
    assert tests.status == 0, tests.out[-3000:]


def test_a_new_data_set_is_learnt_and_passes_its_tests(lab: Lab, tmp_path: Path) -> None:
    assert lab.genlab("new", "dataset", "bumps", "--out", tmp_path / "there").status == 0
    lab.install(tmp_path / "there")
    run = tmp_path / "run"
    fit = ["--set", "objective.components=2", "--set", "training.threads=1", "--set", "data.gap=5"]
    listed, trained, sampled = lab.verbs(
        ["list", "datasets", "--json"],
        ["train", "baselines", "bumps", *fit, "--out", run],
        ["sample", run, "--n", 300, "--label", "right"],
    )
    (row,) = [row for row in json.loads(listed.out) if row["id"] == "bumps"]
    assert row["labels"] == ["left", "right"]
    assert trained.status == 0, trained.err
    values = [float(line.split(",")[0]) for line in sampled.out.splitlines()[1:]]
    assert sum(values) / len(values) == pytest.approx(2.5, abs=0.15)
    tests = lab.python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path / "there" / "tests", cwd=tmp_path
    )
    assert tests.status == 0, tests.out[-3000:]


@pytest.mark.parametrize("name", ["my-starter", "test-starter", "starter-genlab"])
def test_a_name_with_words_of_the_template_stands_where_any_other_would(name: str, tmp_path: Path) -> None:
    def written(name: str) -> dict[str, str]:
        words = name.split("-")
        write("paradigm", name, tmp_path / name)
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        found = {str(path.relative_to(tmp_path / name)): path.read_text(encoding="utf-8") for path in files}
        for spelling in (" ".join(words).capitalize(), "_".join(words), "".join(map(str.title, words)), name):
            found = {
                place.replace(spelling, "?"): text.replace(spelling, "?") for place, text in found.items()
            }
        return found

    assert written(name) == written("quite-other")


def test_the_label_of_a_new_paradigm_says_why_it_cannot_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("paradigm", "labelless", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    entry = import_module("genlab_labelless").PARADIGM
    for dropped, enabled in ((0.1, True), (1.0, False)):
        chosen = Chosen(entry.objective(drop_label=dropped), entry.network(), entry.sampler())
        label = entry.capabilities(chosen, record_of("moons").info()).control("condition.label")
        assert (label.enabled, bool(label.reason)) == (enabled, not enabled)


@pytest.mark.parametrize("what", ["paradigm", "dataset"])
def test_nothing_of_the_template_is_left(what: str, tmp_path: Path) -> None:
    assert main(["new", what, "my-thing", "--out", str(tmp_path / "it")]) == 0
    files = [path for path in (tmp_path / "it").rglob("*") if path.is_file()]
    assert len(files) >= 4
    for path in files:
        assert not re.search("starter", str(path.relative_to(tmp_path)) + path.read_text(), re.IGNORECASE)
        if path.suffix == ".py":
            compile(path.read_text(encoding="utf-8"), path, "exec")


@pytest.mark.parametrize(
    ("what", "name", "sentence"),
    [
        ("paradigm", "Big", "'Big' cannot be the name of a plug-in: it begins with a small letter"),
        ("paradigm", "a/b", "'a/b' cannot be the name of a plug-in"),
        ("dataset", "2bumps", "'2bumps' cannot be the name of a plug-in"),
        ("dataset", "a--b", "'a--b' cannot be the name of a plug-in"),
        ("paradigm", "a" * 41, "40 in all at most"),
        ("paradigm", "vae", "there is a paradigm 'vae' already"),
        ("dataset", "moons", "there is a data set 'moons' already"),
        ("dataset", "file", "there is a data set 'file' already"),
    ],
)
def test_an_impossible_name_is_refused_in_a_sentence(
    what: str, name: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["new", what, name]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "note.txt").write_text("mine")
    assert main(["new", "dataset", "bumps", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"genlab: {tmp_path} exists already\n"
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]
