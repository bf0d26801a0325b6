"""Plug-ins that break: each is told in one line and left out, and the lab works on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Lab

PYPROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "lab-broken"
version = "0.3"

[project.entry-points."genlab.{group}"]
broken = "lab_broken:RECORD"

[tool.setuptools]
py-modules = ["lab_broken"]
"""

PARADIGM = """
from dataclasses import replace
from genlab.paradigms.baselines import PARADIGM
from genlab.settings.spaces import Tokens
RECORD = replace(PARADIGM, {change})
"""

LAYERS = """
from dataclasses import replace
from genlab.paradigms.baselines import PARADIGM
from genlab.settings.fields import Settings, setting
class Layers(PARADIGM.objective):
    layers: list[int] = setting([64, 64], "Widths of the layers.")
RECORD = replace(PARADIGM, id="new", objective=Layers)
"""

BROKEN = {
    "fails to load": ("paradigms", "raise RuntimeError('no licence\\nto run')", "no licence to run"),
    "misses a package": ("datasets", "import nothing_there", "No module named 'nothing_there'"),
    "has no record": ("paradigms", "", "no attribute 'RECORD'"),
    "gives the wrong thing": ("paradigms", "RECORD = 7", "gives int, not Paradigm"),
    "has a taken name": ("paradigms", PARADIGM.format(change="id='vae'"), "there is a 'vae' already"),
    "has a name that is a path": (
        "paradigms", PARADIGM.format(change="id='../x'"), "'../x' cannot be the name of a paradigm",
    ),
    "has no data to begin with": (
        "paradigms", PARADIGM.format(change="id='new', dataset='nothing'"), "no data set called 'nothing'",
    ),
    "cannot learn its own data": (
        "paradigms", PARADIGM.format(change="id='new', spaces=(Tokens,)"),
        "Baselines learns text; these data are points",
    ),
    "sets what it does not have": (
        "paradigms", PARADIGM.format(change="id='new', defaults=lambda data: {'objective.depth': 2}"),
        "its defaults set 'objective.depth', which it does not have",
    ),
    "sets what cannot be": (
        "paradigms", PARADIGM.format(change="id='new', defaults=lambda data: {'objective.components': -2}"),
        "by default objective.components cannot be -2: input should be greater than or equal to 1",
    ),
    "has a setting that no form shows": (
        "paradigms", LAYERS, "the setting 'layers' is of type list[int]; a setting is an int, float, bool",
    ),
    "cannot say what it can do": (
        "paradigms", PARADIGM.format(change="id='new', capabilities=lambda chosen, data: 1 / 0"),
        "division by zero",
    ),
}  # fmt: skip


LATE = """
from dataclasses import replace
from genlab.paradigms.baselines import PARADIGM
RECORD = replace(PARADIGM, id="late", title="Late", model="lab_broken_model:Late", presets=())
"""

WINDOW = """
import json, sys
from PySide6.QtWidgets import QApplication
from genlab.app.common import loop, theme
from genlab.app.views.engine_link import EngineLink
from genlab.app.window.main_window import MainWindow
from genlab.app.window.store import Store

async def main():
    link = EngineLink()
    window = MainWindow(link, Store.fresh(), theme.DARK)
    window.show()
    link.start()
    window.begin()
    try:
        ready = lambda: window.workspace.run.state == "ready"
        assert await loop.until(ready, 60)
        print(json.dumps(window.workspace.cards.card("plugins").text))
        window.choose("late")
        assert await loop.until(lambda: window.workspace.run.state == "failed", 60)
        print(json.dumps(window.workspace.cards.card("failure").text))
        print(json.dumps(window.workspace.cards.card("plugins").text))
        window.choose("gan")
        assert window.workspace.cards.card("plugins") is None
    finally:
        window.close()
        await link.close()
    return 0

if __name__ == "__main__":
    app = QApplication([])
    theme.apply(app, theme.DARK)
    sys.exit(loop.run(app, main))
"""


def install(lab: Lab, at: Path, group: str, code: str) -> None:
    source = at / "lab-broken"
    source.mkdir()
    (source / "pyproject.toml").write_text(PYPROJECT.format(group=group), encoding="utf-8")
    (source / "lab_broken.py").write_text(code, encoding="utf-8")
    lab.install(source)


@pytest.mark.parametrize("case", BROKEN)
def test_a_plug_in_that(case: str, lab: Lab, tmp_path: Path) -> None:
    group, code, reason = BROKEN[case]
    install(lab, tmp_path, group, code)
    done = lab.genlab("list", "plugins")
    assert done.status == 0
    (told,) = done.err.splitlines()
    assert told.startswith("genlab: The plug-in 'broken' of lab-broken is left out: ")
    assert reason in told
    (_, row) = done.out.splitlines()
    assert row.split()[:4] == [f"genlab.{group}", "broken", "lab-broken", "0.3"]
    assert reason in row


def test_beside_a_plug_in_that_breaks_everything_else_works(lab: Lab, tmp_path: Path) -> None:
    install(lab, tmp_path, "paradigms", "1 / 0")
    run = tmp_path / "run"
    done = lab.genlab("train", "baselines", "mixture-1d", "--set", "training.threads=1", "--out", run)
    assert done.status == 0
    lines = done.err.splitlines()
    assert [line for line in lines if "plug-in" in line] == [
        "genlab: The plug-in 'broken' of lab-broken is left out: division by zero."
    ]
    assert done.out.strip() == str(run)
    (row,) = lab.listed("plugins")
    assert row["state"] == "The plug-in 'broken' of lab-broken is left out: division by zero."


def test_beside_a_plug_in_whose_model_does_not_load_everything_else_works(lab: Lab, tmp_path: Path) -> None:
    install(lab, tmp_path, "paradigms", LATE)
    told = "The plug-in 'late' of lab-broken cannot be used: No module named 'lab_broken_model'."
    other, late = tmp_path / "run", tmp_path / "late"
    done, refused = lab.verbs(
        ["train", "baselines", "mixture-1d", "--set", "training.threads=1", "--out", other],
        ["train", "late", "mixture-1d", "--out", late],
    )
    assert (done.status, done.out.strip()) == (0, str(other))
    assert [line for line in done.err.splitlines() if "plug-in" in line] == [f"genlab: {told}"]
    assert refused.status == 2
    assert "the model of Late does not load: No module named 'lab_broken_model'" in refused.err
    assert not late.exists()
    script = tmp_path / "open_window.py"
    script.write_text(WINDOW, encoding="utf-8")
    shown = lab.python(script)
    assert shown.status == 0, shown.err[-3000:]
    cards = [json.loads(line) for line in shown.out.splitlines()]
    assert cards[0] == told
    assert "does not load: No module named 'lab_broken_model'" in cards[1]
    assert cards[2] == told
    (row,) = lab.listed("plugins")
    assert (row["id"], row["state"]) == ("late", told)
