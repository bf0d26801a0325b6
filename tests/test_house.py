"""The house keeps its measures: what one reads to understand a paradigm, how large files and folders are."""

from __future__ import annotations

import re

import pytest

from genlab.bench.house import ROOT, layers, picture, reading

FILES = sorted((ROOT / "genlab").rglob("*.py"))


def test_what_one_reads_to_understand_diffusion_from_data_to_sample_is_an_afternoons_work() -> None:
    read = reading("diffusion")
    assert {"genlab.core.model", "genlab.sampling.path", "genlab.paradigms.diffusion.model"} <= set(read)
    assert sum(read.values()) <= 3500


def test_no_file_is_longer_than_one_idea() -> None:
    assert [str(file) for file in FILES if len(file.read_text("utf-8").splitlines()) > 350] == []


def test_no_folder_holds_many_files_side_by_side() -> None:
    folders = {file.parent for file in FILES}
    assert [str(f) for f in folders if len(list(f.glob("*.py"))) > 22] == []


def test_types_say_what_assertions_would() -> None:
    assert sum(len(re.findall(r"\bassert isinstance\b", file.read_text("utf-8"))) for file in FILES) <= 10


def test_type_only_imports_hide_nothing() -> None:
    hiding = [str(f.relative_to(ROOT)) for f in FILES if "TYPE_CHECKING" in f.read_text("utf-8")]
    assert hiding == ["genlab/__init__.py", "genlab/api/driver.py"]


def test_the_picture_shows_the_floors_in_the_order_of_the_import_contract() -> None:
    drawn = [part.partition("<")[0] for part in picture().split('font-weight="600"')[1:]]
    names = [each.rpartition(">")[2] for each in drawn]
    assert names == layers()
    assert (names[0], names[-1]) == ("bench", "settings")


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md", "docs/plugins.md"])
def test_the_folders_that_the_documents_name_are_there(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    rooms = "core|engine|app|paradigms|runs|settings|data|api|probes"
    named = set(re.findall(rf"`((?:{rooms})/[\w/]*(?:\.py)?)`", text))
    assert [each for each in sorted(named) if not (ROOT / "genlab" / each).exists()] == []
