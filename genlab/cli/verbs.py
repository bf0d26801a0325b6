"""The verbs that work on a run."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np

from genlab import api
from genlab.cli import payloads
from genlab.cli.files import read_data, sample_endings, save_samples, shown_samples, target
from genlab.cli.tables import metrics_table
from genlab.data.payloads import spoilt
from genlab.engine import protocol as p
from genlab.runs.atomic import replacing, write_bytes
from genlab.runs.export import save_npy, save_png
from genlab.runs.folder import RunFolder
from genlab.session.session import SettingError, parse_assignments


def train(arguments: Namespace) -> None:
    """genlab train: begin a run or go on with one, then draw its grid."""
    values = parse_assignments(arguments.settings)
    budget = {"steps": arguments.steps, "seconds": arguments.seconds}
    if arguments.run is not None:
        given = (arguments.paradigm, arguments.seed, arguments.out, arguments.preset, arguments.force or None)
        if any(value is not None for value in given):
            raise SettingError(
                "--from goes on with a run as it is: leave PARADIGM, DATASET, --seed and --out out"
                + (", and --preset" if arguments.preset is not None else "")
                + (", and --force" if arguments.force else "")
            )
        run = _opened(arguments)
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
            force=arguments.force,
            settings=values,
            progress=True,
            **budget,
        )
    with run:
        result = api.conclude(run)
    for text in result.warnings:
        print(f"warning, still at step {result.steps:,}: {text}", file=sys.stderr)
    print(result.folder)


def _opened(arguments: Namespace) -> api.Run:
    """The run that a verb works on; what is to know of how it was opened is told."""
    run = api.open_run(arguments.run, arguments.device, arguments.checkpoint)
    if run.note:
        print(f"note: {run.note}", file=sys.stderr)
    return run


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
    values = _sampler(arguments)
    space = api.session_of(arguments.run).space
    out = target(arguments.out, sample_endings(space), arguments.force)
    # the run's own picture is remade at will
    own = (
        arguments.grid is not None
        and Path(arguments.grid).absolute() == Path(arguments.run, "grid.png").absolute()
    )
    grid = target(arguments.grid, (".png",), arguments.force or own)
    run = _opened(arguments)
    how = (arguments.n, arguments.label, arguments.seed, arguments.given, values)
    samples = run.draw(*how)
    if found := spoilt(samples.x):
        print(f"warning: {found}", file=sys.stderr)
    labels = None if samples.labels is None or (samples.labels < 0).all() else samples.labels
    recipe = run.recipe(*how)
    names = run.session.labels
    if out is not None:
        save_samples(out, samples.x, labels, space, names, int(recipe["sampler"]["seed"]))
    if grid is not None:
        save_png(run.picture(samples), grid, recipe)
    if out is None and grid is None:
        sys.stdout.write(shown_samples(samples.x, labels, space, names))


def logprob(arguments: Namespace) -> None:
    """genlab logprob: log density of given points."""
    values = _sampler(arguments)
    out = target(arguments.out, (".npy",), arguments.force)
    points = read_data(Path(arguments.points), api.session_of(arguments.run).space)
    run = _opened(arguments)
    found = run.log_probs(points, label=arguments.label, sampler=values)
    if out is not None:
        save_npy(out, found.values)
    count, mean = len(found.values), found.values.mean()
    spread = found.values.std(ddof=1) / np.sqrt(count) if count > 1 else float("nan")
    error = "" if found.error is None else f", integration error {found.error.mean():.1e}"
    asked = run.session.with_values({f"sampler.{key}": value for key, value in values.items()})
    kind = f"{asked.capabilities.density_reason}{error}"
    print(f"mean log_prob {mean:.4f} nats, standard error {spread:.4f}, {count:,} values; {kind}")


def evaluate(arguments: Namespace) -> None:
    """genlab evaluate: every metric that applies, as a table or as JSON; kept in the run."""
    values = _sampler(arguments)
    run = _opened(arguments)
    shown = _share if sys.stderr.isatty() else None
    found = run.evaluated(arguments.n, arguments.label, arguments.seed, shown, values)
    if found.note:
        print(f"warning, the evaluation is not kept: {found.note}", file=sys.stderr)
    if arguments.json:
        about = {"run": str(run.folder), "paradigm": run.session.paradigm, "dataset": run.session.dataset}
        numbers = {"step": run.step, "n": arguments.n, "metrics": list(found.metrics)}
        print(json.dumps({**about, **numbers}, indent=2))
    else:
        print(metrics_table(found.metrics))


def probe(arguments: Namespace) -> None:
    """genlab probe: what an extra panel draws."""
    values = _assignments(arguments)
    out = target(arguments.out, (".json", ".npz"), arguments.force)
    if not 2 <= arguments.resolution <= 512:
        raise SettingError(f"--resolution cannot be {arguments.resolution}: it goes from 2 to 512")
    sampler = {k.removeprefix("sampler."): v for k, v in values.items() if k.startswith("sampler.")}
    controls = {key: value for key, value in values.items() if not key.startswith("sampler.")}
    run = _opened(arguments)
    payload = run.probe(
        arguments.panel,
        resolution=arguments.resolution,
        sampler=sampler,
        label=arguments.label,
        given=arguments.given,
        controls=controls,
    )
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


def _assignments(arguments: Namespace) -> dict[str, str]:
    """What --set says. Raises SettingError for what another option of the verb says."""
    values = parse_assignments(arguments.settings)
    for key in values:
        section, _, name = key.partition(".")
        if section == "condition" and hasattr(arguments, name):
            raise SettingError(f"'{key}' is not for --set here; use --{name}")
    return values


def _sampler(arguments: Namespace) -> dict[str, str]:
    """Settings of the sampler by name. Raises SettingError for those of another section."""
    values = _assignments(arguments)
    for key in values:
        if not key.startswith("sampler."):
            raise SettingError(f"'{key}' is no setting of the sampler; here --set takes sampler.KEY=VALUE")
    return {key.removeprefix("sampler."): value for key, value in values.items()}
