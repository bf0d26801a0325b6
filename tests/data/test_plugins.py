"""Data sets and what else installed packages offer: found by entry point, and never in the way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WAVE = '''
import numpy as np
from genlab.data import DataError, Dataset, Draw, Truth, load, read
from genlab.data.known import known_points
from genlab.data.truths.mixtures import GaussianMixture, even
from genlab.settings.fields import Settings, setting

class WaveSettings(Settings):
    """Two bumps."""
    gap: float = setting(2.0, "Distance between the bumps.", gt=0, le=9)

RECORD = known_points(
    "two-bumps", "Two bumps", "Two bumps on a line.", dim=1, settings=WaveSettings,
    truth=lambda s: GaussianMixture(np.array([[0.0], [s.gap]]), even(2), 1.0),
    labels=lambda s: ("left", "right"), modes=True,
)
TAKEN = known_points(
    "moons", "Other moons", "Not the moons.", dim=1, settings=WaveSettings, truth=RECORD.make,
)
OWN = known_points(
    "file", "A file", "Not a file.", dim=1, settings=WaveSettings, truth=RECORD.make,
)
SPACELESS = known_points(
    "bad name", "Bad", "Bad.", dim=1, settings=WaveSettings, truth=RECORD.make,
)
NONE = known_points(
    "none", "None", "None.", dim=1, settings=WaveSettings, truth=RECORD.make,
    labels=lambda s: ("some", "none"),
)
class OddSettings(Settings):
    """Odd."""
    gaps: dict[str, float] = setting({}, "Distances.")

ODD = known_points("odd", "Odd", "Odd.", dim=1, settings=OddSettings, truth=RECORD.make)
NUMBER = 7
'''

SCRIPT = """
import json, numpy as np
from genlab.data import load
from genlab.data.catalogue import DATASETS, PROBLEMS
from genlab.settings import plugins
found = DATASETS.get("two-bumps")
about = None
if found is not None:
    data = load("two-bumps", found.settings(gap=4.0))
    shape = data.train(5, np.random.default_rng(0)).x.shape
    about = [data.title, str(data.space), data.label_names, data.truth.entropy, shape]
print(json.dumps({
    "ids": list(DATASETS), "about": about, "moons": DATASETS["moons"].title,
    "problems": [[p.group, p.name, p.package, p.sentence, "Traceback" in p.details] for p in PROBLEMS],
    "same": plugins.problems() == PROBLEMS,
    "plugins": [[p.group, p.id, p.package, p.version] for p in plugins.plugins()],
}))
"""


def install(at: Path, package: str, code: str, entries: dict[str, str]) -> None:
    """A package as an installer leaves it: its module, and metadata that name its entry points."""
    module = package.replace("-", "_")
    (at / f"{module}.py").write_text(code, encoding="utf-8")
    metadata = at / f"{module}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n", "utf-8")
    lines = "\n".join(f"{name} = {module}{target}" for name, target in entries.items())
    (metadata / "entry_points.txt").write_text(f"[genlab.datasets]\n{lines}\n", encoding="utf-8")


def told(at: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """What a fresh interpreter finds that sees the packages in a folder."""
    monkeypatch.setenv("PYTHONPATH", str(at))
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_an_installed_data_set_is_in_the_catalogue_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "lab-bumps", WAVE, {"bumps": ":RECORD"})
    found = told(tmp_path, monkeypatch)
    assert found["ids"][-1] == "two-bumps"
    title, space, labels, entropy, shape = found["about"]
    assert (title, space, labels, shape) == ("Two bumps", "numbers on a line", ["left", "right"], [5, 1])
    # Two unit normals a distance of 4 apart hardly overlap: ln 2 + ln(2 pi e) / 2 less a little.
    assert 2.05 < entropy < 0.6931 + 1.4190
    assert found["problems"] == []
    assert found["plugins"] == [["genlab.datasets", "two-bumps", "lab-bumps", "1.2"]]


@pytest.mark.parametrize(
    ("code", "target", "sentence"),
    [
        ("import nothing_of_that_name", ":RECORD", "No module named 'nothing_of_that_name'"),
        ("1 / 0", ":RECORD", "division by zero"),
        ("import sys; sys.exit('no licence')", ":RECORD", "no licence"),
        (WAVE, ":ABSENT", "no attribute 'ABSENT'"),
        (WAVE, ":NUMBER", "gives int, not DatasetRecord"),
        (WAVE, ":TAKEN", "there is a 'moons' already"),
        (WAVE, ":OWN", "there is a 'file' already"),
        (WAVE, ":NONE", "no class can be called 'none'"),
        (WAVE, ":ODD", "the setting 'gaps' is of type dict[str, float]; a setting is an int"),
        (WAVE, ":SPACELESS", "'bad name' cannot be the name of a data set"),
    ],
)
def test_a_plug_in_that_breaks_is_told_in_a_sentence_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, target: str, sentence: str
) -> None:
    install(tmp_path, "lab-broken", code, {"broken": target})
    install(tmp_path, "lab-bumps", WAVE, {"bumps": ":RECORD"})
    found = told(tmp_path, monkeypatch)
    assert "two-bumps" in found["ids"]
    assert found["moons"] == "Moons"
    ((group, name, package, text, traceback),) = found["problems"]
    assert (group, name, package) == ("genlab.datasets", "broken", "lab-broken")
    assert text.startswith("The plug-in 'broken' of lab-broken is left out: ")
    assert sentence in text
    assert text.endswith(".")
    assert "\n" not in text
    assert traceback
    assert found["same"]


def test_of_two_plug_ins_of_one_name_the_first_package_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "b-bumps", WAVE, {"bumps": ":RECORD"})
    install(tmp_path, "a-bumps", WAVE, {"bumps": ":RECORD"})
    found = told(tmp_path, monkeypatch)
    assert found["ids"].count("two-bumps") == 1
    assert [row[2] for row in found["plugins"]] == ["a-bumps"]
    assert [row[2] for row in found["problems"]] == ["b-bumps"]
