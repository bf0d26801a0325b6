"""How a script comes by a run: it trains a new one, or opens one from its folder."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from genlab.api import driver
from genlab.api.driver import Observer
from genlab.api.jobs import LARGEST_SEED, Budget, Job, begin
from genlab.api.run import Run
from genlab.data import read
from genlab.data.catalogue import DATASETS
from genlab.data.dataset import DataError
from genlab.data.files.settings import FileSettings
from genlab.engine import protocol as p
from genlab.runs.folder import RunError, RunFolder
from genlab.runs.places import fresh_run_folder
from genlab.session.session import Session, SettingError, paradigm_of, read_kept
from genlab.settings.paradigm import Preset


def train(
    paradigm: str,
    dataset: str | Path | ArrayLike | None = None,
    *,
    preset: str | None = None,
    seconds: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    device: str = "auto",
    out: str | Path | None = None,
    force: bool = False,
    settings: Mapping[str, Any] | None = None,
    progress: bool = False,
    observe: Observer | None = None,
) -> Run:
    """Train a model, and give the run when it is done.

    dataset: the name of a built-in set, a path of one's own data, or points (n, d); left out, that of the
    preset. preset: named settings to begin with, which settings then override. seconds, steps: the budget;
    by default that of the settings. out: a folder that does not exist yet; by default a new one among
    GenLab's runs. force: where `out` is an empty folder or a run, replace it. settings: dotted keys such as
    'network.width'. progress: a bar on stderr. Raises SettingError, DataError, RunError, RunFailed, and
    Interrupted after Ctrl-C."""
    with tempfile.TemporaryDirectory(prefix="genlab-") as scratch:
        if dataset is not None and not isinstance(dataset, str | Path):
            values = np.asarray(dataset)
            if values.dtype.kind not in "biuf":
                raise DataError(f"an array of type {values.dtype} does not hold points")
            dataset = Path(scratch, "array.npy")
            np.save(dataset, values, allow_pickle=False)
        session, source = plan(
            paradigm, dataset, preset=preset, seconds=seconds, steps=steps, seed=seed, settings=settings
        )
        folder = Path(out) if out is not None else fresh_run_folder(paradigm, _name(session))
        own = None if source is None else str(source)
        run = begin(Job(session, str(folder), source=own, device=device, threads=0, force=force))
    return run.train(progress=progress, observe=observe)


def open_run(path: str | Path, device: str = "auto", checkpoint: int | None = None) -> Run:
    """Open a run from its folder, at its last checkpoint or at that of a step. Training on from an earlier
    one replaces what was recorded after it. Raises RunError, SettingError."""
    session_of(path)
    there = RunFolder.open(path).checkpoints()
    if checkpoint is not None and checkpoint not in there:
        steps = f"there are those of {', '.join(map(str, there))}" if there else "it has none"
        raise RunError(f"{path} has no checkpoint of step {checkpoint}; {steps}")
    driver.check_device(device)
    name = f"run-{next(driver.numbers)}"
    return Run(*driver.begin(p.Open(name, str(Path(path).absolute()), checkpoint, device)))


def session_of(path: str | Path) -> Session:
    """The settings of a run, without opening it. Raises RunError, SettingError."""
    try:
        return read_kept(RunFolder.open(path).manifest["session"])[0]
    except (KeyError, TypeError) as error:
        raise RunError(f"{path} is not a usable run: its run.json has no session") from error


def plan(
    paradigm: str,
    dataset: str | Path | None = None,
    *,
    preset: str | None = None,
    seconds: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
) -> tuple[Session, Path | None]:
    """The session that `train` would run, and the file of one's own that it would read, if any."""
    named = find_preset(paradigm, preset) if preset is not None else None
    if dataset is None:
        if named is None:
            raise SettingError("training needs a data set, or a preset that names one")
        dataset = named.dataset
    budget = Budget(steps, seconds).values()
    if not 0 <= seed <= LARGEST_SEED:
        raise SettingError(f"seed cannot be {seed}: it goes from 0 to {LARGEST_SEED}")
    if dataset in DATASETS:
        session, source = Session.default(paradigm, str(dataset), seed=seed), None
    else:
        paradigm_of(paradigm)  # an unknown one, before the file is read
        source = Path(dataset).absolute()
        if not source.exists() and len(Path(dataset).parts) == 1 and not Path(dataset).suffix:
            raise DataError(
                f"there is no data set '{dataset}', and no such file; there are {', '.join(DATASETS)}"
            )
        session = Session.default(paradigm, "file", data=read(source)[0], seed=seed)
    if named is not None:
        session = session.with_values(named.values)
    return session.with_values({**(settings or {}), **budget}), source


def find_preset(paradigm: str, id: str) -> Preset:
    """The preset of that name. Raises SettingError, which names those that there are."""
    presets = {preset.id: preset for preset in paradigm_of(paradigm).presets}
    if id not in presets:
        there = f"there are {', '.join(presets)}" if presets else "it has none"
        raise SettingError(f"{paradigm} has no preset '{id}'; {there}")
    return presets[id]


def _name(session: Session) -> str:
    return session.data.name or "file" if isinstance(session.data, FileSettings) else session.dataset
