"""What there is to choose from, told at once and without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from genlab.data.catalogue import DATASETS
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session

from .conftest import ROOT, Genlab, start


def test_lists_name_everything_in_the_catalogue(genlab: Genlab) -> None:
    assert [row["id"] for row in json.loads(genlab("list", "paradigms", "--json").out)] == list(PARADIGMS)
    assert [row["id"] for row in json.loads(genlab("list", "datasets", "--json").out)] == list(DATASETS)
    text = genlab("list", "datasets").out
    assert all(name in text for name in DATASETS)


@pytest.mark.parametrize("paradigm", PARADIGMS)
def test_lists_of_settings_hold_every_key_with_its_bounds(genlab: Genlab, paradigm: str) -> None:
    session = Session.default(paradigm, PARADIGMS[paradigm].dataset)
    rows = []
    for what in ("objectives", "samplers"):
        rows += json.loads(genlab("list", what, "--paradigm", paradigm, "--json").out)[paradigm]
        text = genlab("list", what, "--paradigm", paradigm).out
    known = session.keys()
    assert {row["key"] for row in rows} == {key for key in known if not key.startswith("data.")}
    for row in rows:
        assert row["help"] == session.description(row["key"]).help
        assert row["maximum"] == session.description(row["key"]).maximum
    assert "condition.label=any" in text


def test_info_holds_what_a_bug_report_needs(genlab: Genlab, user_directories: Path) -> None:
    about = json.loads(genlab("info", "--json").out)
    assert about["packages"]["torch"].startswith("2.")
    assert about["device"] in about["devices"]
    assert about["folders"]["runs"] == str(user_directories / "genlab" / "runs")
    assert about["packages"]["torch"] in genlab("info").out


def test_an_unknown_paradigm_is_named(genlab: Genlab) -> None:
    result = genlab("list", "samplers", "--paradigm", "magic")
    assert result.status == 2
    assert result.err == f"genlab: there is no paradigm 'magic'; there are {', '.join(PARADIGMS)}\n"


def test_lists_and_mistakes_do_not_wait_for_torch_or_qt() -> None:
    code = (
        "import sys; from genlab.cli import main\n"
        "main(['list', 'samplers']); main(['train', 'diffusion', 'nothing'])\n"
        "print([m for m in ('torch', 'PySide6', 'scipy', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_training_does_not_wait_for_a_compiler_that_it_never_uses(tmp_path: Path) -> None:
    code = (
        "import sys; from genlab.cli import main\n"
        "main(['train', 'vae', 'moons', '--steps', '3', '--out', 'run'])\n"
        "print([m for m in ('torch', 'torch._dynamo', 'sympy', 'PySide6') if m in sys.modules])"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['torch']"


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    process = start("list", "objectives", cwd=tmp_path)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize("verb", ["train", "sample", "logprob", "evaluate", "probe", "list", "info"])
def test_every_verb_has_help(genlab: Genlab, verb: str) -> None:
    result = genlab(verb, "--help")
    assert result.status == 0
    assert "usage: genlab " + verb in result.out
