"""The verbs that work on a run."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlab import api
from genlab.api.errors import RequestError
from genlab.cli import payloads
from genlab.cli.tables import metrics_table
from genlab.data.dataset import DataError
from genlab.data.tables import read_csv, read_npy, read_npz
from genlab.engine import protocol as p
from genlab.runs.atomic import RunError, replacing, write_bytes
from genlab.runs.export import csv_text, save_csv, save_npy, save_npz, save_png
from genlab.runs.folder import RunFolder
from genlab.session.session import SettingError, parse_assignments


def train(arguments: Namespace) -> None:
    """genlab train: begin a run or go on with one, then draw its grid."""
    values = parse_assignments(arguments.settings)
    budget = {"steps": arguments.steps, "seconds": arguments.seconds}
    if arguments.run is not None:
        given = (arguments.paradigm, arguments.seed, arguments.out, arguments.preset)
        if any(value is not None for value in given):
            raise SettingError(
                "--from goes on with a run as it is: leave PARADIGM, DATASET, --seed and --out out"
                + (", and --preset" if arguments.preset is not None else "")
            )
        run = api.open_run(arguments.run, arguments.device, arguments.checkpoint)
        if values:
            run.edit(values)
        _tell_replaced(run)
        run.train(player=arguments.player, progress=True, **budget)
    else:
        if arguments.checkpoint is not None or arguments.player is not None:
            raise SettingError("--checkpoint and --player go with --from RUN")
        if arguments.paradigm is None or (arguments.dataset is None and arguments.preset is None):
            raise SettingError(
                "train needs a PARADIGM and a DATASET, or --preset in its place, or --from RUN"
            )
        run = api.train(
            arguments.paradigm,
            arguments.dataset,
            preset=arguments.preset,
            seed=arguments.seed or 0,
            device=arguments.device,
            out=arguments.out,
            settings=values,
            progress=True,
            **budget,
        )
    run.save_grid(run.folder / "grid.png")
    for text in run.warnings:
        print(f"warning, still at step {run.step:,}: {text}", file=sys.stderr)
    print(run.folder)


def _tell_replaced(run: api.Run) -> None:
    """Say what going on from an earlier checkpoint replaces."""
    last = RunFolder.open(run.folder).manifest.get("steps", run.step)
    if run.step < last:
        print(
            f"going on from step {run.step:,}: what was recorded after it, up to step {last:,}, is replaced",
            file=sys.stderr,
        )


def sample(arguments: Namespace) -> None:
    """genlab sample: draw, and save as numbers, as a picture, or print."""
    values = _sampler(arguments.settings)
    out = _target(arguments.out, (".npz", ".csv"), arguments.force)
    # the run's own picture is remade at will
    own = (
        arguments.grid is not None
        and Path(arguments.grid).absolute() == Path(arguments.run, "grid.png").absolute()
    )
    grid = _target(arguments.grid, (".png",), arguments.force or own)
    run = api.open_run(arguments.run, arguments.device, arguments.checkpoint)
    how = {"label": arguments.label, "seed": arguments.seed, **values}
    samples = run.draw(arguments.n, **how)
    labels = None if samples.labels is None or (samples.labels < 0).all() else samples.labels
    recipe = run.recipe(arguments.n, **how)
    if out is not None and out.suffix == ".npz":
        save_npz(out, samples.x, labels, int(recipe["sampler"]["seed"]))
    elif out is not None:
        save_csv(out, samples.x, labels, run.session.labels)
    if grid is not None:
        save_png(run.picture(samples), grid, recipe)
    if out is None and grid is None:
        sys.stdout.write(csv_text(samples.x, labels, run.session.labels))


def logprob(arguments: Namespace) -> None:
    """genlab logprob: log density of given points."""
    values = _sampler(arguments.settings)
    out = _target(arguments.out, (".npy",), arguments.force)
    points = _read_points(Path(arguments.points))
    run = api.open_run(arguments.run, arguments.device, arguments.checkpoint)
    found = run.log_probs(points, label=arguments.label, **values)
    if out is not None:
        save_npy(out, found.values)
    count, mean = len(found.values), found.values.mean()
    spread = found.values.std(ddof=1) / np.sqrt(count) if count > 1 else float("nan")
    error = "" if found.error is None else f", integration error {found.error.mean():.1e}"
    kind = f"{run.session.capabilities.density_reason}{error}"
    print(f"mean log_prob {mean:.4f} nats, standard error {spread:.4f}, {count:,} points; {kind}")


def evaluate(arguments: Namespace) -> None:
    """genlab evaluate: every metric that applies, as a table or as JSON."""
    values = _sampler(arguments.settings)
    run = api.open_run(arguments.run, arguments.device, arguments.checkpoint)
    shown = _share if sys.stderr.isatty() else None
    metrics = run.evaluate(arguments.n, label=arguments.label, seed=arguments.seed, observe=shown, **values)
    if arguments.json:
        about = {"run": str(run.folder), "paradigm": run.session.paradigm, "dataset": run.session.dataset}
        print(json.dumps({**about, "step": run.step, "n": arguments.n, "metrics": metrics}, indent=2))
    else:
        print(metrics_table(metrics))


def probe(arguments: Namespace) -> None:
    """genlab probe: what an extra panel draws."""
    values = parse_assignments(arguments.settings)
    out = _target(arguments.out, (".json", ".npz"), arguments.force)
    if not 2 <= arguments.resolution <= 512:
        raise SettingError(f"--resolution cannot be {arguments.resolution}: it goes from 2 to 512")
    sampler = {k.removeprefix("sampler."): v for k, v in values.items() if k.startswith("sampler.")}
    controls = {key: value for key, value in values.items() if not key.startswith("sampler.")}
    run = api.open_run(arguments.run, arguments.device, arguments.checkpoint)
    payload = run.probe(arguments.panel, resolution=arguments.resolution, sampler=sampler, **controls)
    if out is not None and out.suffix == ".npz":
        with replacing(out) as file:
            np.savez(file, allow_pickle=False, **payloads.arrays(payload))
        return
    text = payloads.json_text(payload)
    if out is not None:
        write_bytes(out, f"{text}\n".encode())
    else:
        print(text if arguments.json else payloads.readable(payload) or text)


def _share(event: p.Event) -> None:
    match event:
        case p.Evaluated(progress=progress, last=last):
            print(
                "\r" + " " * 20 + "\r" if last else f"\revaluating {progress:4.0%}", end="", file=sys.stderr
            )


def _sampler(assignments: Sequence[str]) -> dict[str, Any]:
    """Settings of the sampler by name. Raises SettingError for those of another section."""
    values = parse_assignments(assignments)
    for key in values:
        if not key.startswith("sampler."):
            raise SettingError(f"'{key}' belongs to training; here --set takes sampler.KEY=VALUE")
    return {key.removeprefix("sampler."): value for key, value in values.items()}


def _target(name: str | None, suffixes: tuple[str, ...], force: bool) -> Path | None:
    """A file to write, checked before anything is computed. Raises RunError."""
    if name is None:
        return None
    path = Path(name)
    if path.suffix.lower() not in suffixes:
        raise RunError(f"{path} does not end in {' or '.join(suffixes)}")
    if path.is_dir() or (path.exists() and not force):
        raise RunError(f"{path} exists already" + ("" if path.is_dir() else "; --force replaces it"))
    if not path.absolute().parent.is_dir():
        raise RunError(f"{path} cannot be written: there is no folder {path.parent}")
    return path


def _read_points(path: Path) -> NDArray[Any]:
    """The points of a file. Raises DataError."""
    readers = {".npy": read_npy, ".npz": read_npz, ".csv": read_csv}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path} does not end in .npy, .npz or .csv")
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    try:
        values = readers[path.suffix.lower()](path).values
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if len(np.atleast_1d(values)) == 0:
        raise RequestError(f"{path} holds no points")
    return values
