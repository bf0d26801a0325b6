"""A run in the hands of a script."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL.Image import Image

from genlab.api import driver
from genlab.api.controls import control_values, find_panel
from genlab.api.driver import Observer
from genlab.api.errors import NoDensity, RequestError
from genlab.api.progress import ProgressBar
from genlab.data import Dataset, load
from genlab.data.arrays import FileDataset
from genlab.data.datasets import FileSettings
from genlab.data.payloads import Array, Payload, Samples
from genlab.engine import protocol as p
from genlab.runs.export import samples_grid, save_png
from genlab.runs.folder import RunFolder
from genlab.runs.recipe import recipe_of
from genlab.session.session import SettingError, read_session
from genlab.settings.paradigm import PanelInfo
from genlab.settings.spaces import Images

REFERENCE_POINTS = 5000
MOST_TILES = 1024


class Run:
    """A training run: its folder, its settings and its model. Made by `train` and `open_run`.

    players: who trains, by name. warnings: what went wrong at the last check of training that ran, in whole
    sentences."""

    def __init__(self, opened: p.Opened) -> None:
        assert opened.folder is not None
        self.folder = Path(opened.folder)
        self.session = read_session(opened.session)
        self.step = opened.step
        self.players = opened.players
        self.warnings: tuple[str, ...] = ()
        self._id = opened.run
        weakref.finalize(self, driver.engine().send, p.Close(opened.run))

    def __repr__(self) -> str:
        return f"<Run {self.session.paradigm} on {self.session.dataset}, step {self.step:,}, {self.folder}>"

    def train(
        self,
        *,
        steps: int | None = None,
        seconds: float | None = None,
        player: str | None = None,
        progress: bool = False,
        observe: Observer | None = None,
    ) -> Run:
        """Go on training, by so many more steps or seconds; without either, to the end of the budget,
        which is granted anew where it is used up.

        player: move this one only. progress: a bar on stderr. observe: called with every event. Raises
        RunFailed, and Interrupted after Ctrl-C, when the run is saved."""
        if steps is not None and seconds is not None:
            raise SettingError("training is limited either in steps or in seconds")
        if (steps is not None and steps < 1) or (seconds is not None and not 0 < seconds < 1e9):
            raise SettingError("training needs at least one step, or more than no time")
        if player is not None and player not in self.players:
            raise SettingError(f"there is no player '{player}' here; there are {', '.join(self.players)}")
        with ProgressBar() if progress else nullcontext(_ignore) as bar:

            def all_three(event: p.Event) -> None:
                if isinstance(event, p.Warned) and event.run == self._id:
                    self.warnings = event.warnings
                bar(event)
                (observe or _ignore)(event)

            command = p.Train(self._id, steps, seconds, player)
            state = driver.train(command, self.folder, self.step, all_three)
        self.step = state.step
        return self

    def edit(self, values: Mapping[str, Any]) -> None:
        """Change settings that may change while training, such as 'training.learning_rate'.

        Raises SettingError for others, and for impossible values."""
        changed = self.session.with_values(values)
        stuck = changed.pending(self.session)
        if stuck:
            raise SettingError(f"{', '.join(stuck)} cannot change once a run has begun")
        driver.engine().send(p.Edit(self._id, dict(values)))
        self.session = changed

    def draw(
        self, n: int = 2000, label: str | None = None, seed: int | None = None, **sampler: Any
    ) -> Samples:
        """n samples with everything that is known of them; see `sample`."""
        if n < 1:
            raise RequestError(f"the number of samples must be at least 1, not {n}")
        values = self._sampler(label, seed, sampler)
        event = driver.answer(p.Sample(self._id, "sample", next(driver.numbers), values, n=n))
        match event:
            case p.Refused(reason=reason):
                raise RequestError(reason)
            case p.Answer(payload=Samples() as samples):
                return samples
        raise AssertionError(event)

    def sample(
        self, n: int = 2000, label: str | None = None, seed: int | None = None, **sampler: Any
    ) -> Array:
        """Draw samples (n, *event) in data units. `draw` gives their labels too.

        label: 'any', 'none' or the name of a class. sampler: its settings by name, such as steps=20.
        Raises SettingError, RequestError."""
        return self.draw(n, label, seed, **sampler).x

    def log_prob(
        self, x: ArrayLike, label: str | None = None, seed: int | None = None, **sampler: Any
    ) -> NDArray[np.float64]:
        """Log density in nats at points x (n, *event), data units, (n,). `log_probs` gives its error too.

        Raises NoDensity with the reason, RequestError for points of another shape."""
        return self.log_probs(x, label, seed, **sampler).values

    def log_probs(
        self, x: ArrayLike, label: str | None = None, seed: int | None = None, **sampler: Any
    ) -> p.LogProbs:
        """As `log_prob`, with how the density is known, its integration error and its standard error."""
        capabilities = self.session.capabilities
        if capabilities.density == "none":
            raise NoDensity(capabilities.density_reason)
        points = self.points(x)
        values = self._sampler(label, seed, sampler)
        event = driver.answer(p.LogProbOf(self._id, "log_prob", next(driver.numbers), values, x=points))
        match event:
            case p.Refused(reason=reason):
                raise NoDensity(reason)
            case p.LogProbs():
                return event
        raise AssertionError(event)

    def evaluate(
        self,
        n: int = 1000,
        label: str | None = None,
        seed: int | None = None,
        observe: Observer | None = None,
        **sampler: Any,
    ) -> list[dict[str, Any]]:
        """Every metric that applies, each with its floor, as plain values. n: samples per draw."""
        if n < 10:
            raise RequestError(f"an evaluation needs at least 10 samples, not {n}")
        values = self._sampler(label, seed, sampler)
        request = p.Evaluate(self._id, "evaluate", next(driver.numbers), values, n=n)
        event = driver.answer(request, observe)
        match event:
            case p.Refused(reason=reason):
                raise RequestError(reason)
            case p.Evaluated(metrics=metrics):
                return list(metrics)
        raise AssertionError(event)

    def panels(self) -> tuple[PanelInfo, ...]:
        """The extra panels of this run, each with its controls: what `probe` can ask for."""
        return tuple(info for info in self.session.capabilities.panels if info.kind == "probe")

    def probe(
        self,
        name: str,
        *,
        resolution: int = 24,
        sampler: Mapping[str, Any] | None = None,
        **values: float | str,
    ) -> Payload:
        """What an extra panel draws: one of the payloads of `genlab.data.payloads`.

        name: of the panel or its probe. values: of its controls, by key; the others stand as at first.
        resolution: columns of a grid. sampler: settings of the sampler by name. Raises SettingError for names
        that there are not, RequestError where these settings give nothing to draw."""
        info = find_panel(self.panels(), name)
        chosen = control_values(info, values)
        settings = self._sampler(None, None, sampler or {})
        number = next(driver.numbers)
        event = driver.answer(p.Probe(self._id, "probe", number, settings, info.probe, chosen, resolution))
        match event:
            case p.Refused(reason=reason):
                raise RequestError(reason)
            case p.Answer(payload=payload):
                return payload
        raise AssertionError(event)

    def dataset(self) -> Dataset:
        """The data set of the run. Raises RunError where a person's own data are missing from the folder."""
        data = self.session.data
        if isinstance(data, FileSettings):
            return FileDataset.from_arrays(data, *RunFolder.open(self.folder).load_data())
        return load(self.session.dataset, data)

    def picture(self, samples: Samples, by_class: bool = False, columns: int | None = None) -> Image:
        """Samples as one picture: images as a montage, points over points of the data."""
        space, dataset = self.session.space, self.dataset()
        tilted = f" · {samples.tilted}" if samples.tilted else ""
        title = f"{self.session.entry.title} on {dataset.title} · {len(samples.x):,} samples{tilted}"
        if isinstance(space, Images):
            few = slice(None if by_class else MOST_TILES)
            labels = None if samples.labels is None else samples.labels[few]
            return samples_grid(samples.x[few], space, labels, columns=columns, by_class=by_class)
        real = dataset.test(REFERENCE_POINTS, np.random.default_rng(0)).x
        extent = dataset.extent if samples.x.shape[1] <= 2 else None
        return samples_grid(samples.x, space, reference=real, extent=extent, title=title)

    def recipe(
        self, n: int, label: str | None = None, seed: int | None = None, **sampler: Any
    ) -> dict[str, Any]:
        """How to draw these samples again; it goes into every picture of them."""
        values = self._sampler(label, seed, sampler)
        drawn = {**self.session.sampler.model_dump(), **values}
        return recipe_of(RunFolder.open(self.folder).manifest, self.step, sampler=drawn, n=n)

    def save_grid(self, path: str | Path) -> None:
        """Draw samples and save their picture, recipe included: of images ten per class, else a hundred;
        of points 2,000."""
        images, classes = isinstance(self.session.space, Images), len(self.session.labels)
        n = 2000 if not images else 20 * classes if classes else 100
        samples = self.draw(n)
        by_class = images and classes > 0 and samples.labels is not None
        picture = self.picture(samples, by_class=by_class, columns=10 if images else None)
        save_png(picture, path, self.recipe(n))

    def points(self, x: ArrayLike) -> Array:
        """Points as the model takes them, (n, *event) float32. Raises RequestError for another shape,
        or where one is not finite."""
        event = self.session.space.event
        points = np.asarray(x)
        if points.dtype.kind not in "biuf":
            raise RequestError(f"the points are of type {points.dtype}, not real numbers")
        if points.ndim == 1 and event == (1,):
            points = points[:, None]
        width = int(np.prod(event))
        if points.ndim == 2 and points.shape[1] != width:
            raise RequestError(f"the points have {points.shape[1]} columns, but this run's data have {width}")
        if points.shape[1:] not in (event, (width,)):
            raise RequestError(
                f"the points have shape {points.shape}, but this run's data (n, {_plain(event)})"
            )
        bad = np.flatnonzero(~np.isfinite(points.reshape(len(points), -1)).all(1))
        if len(bad):
            raise RequestError(f"row {bad[0] + 1} of the points is not finite")
        return points.reshape(len(points), *event).astype(np.float32)

    def _sampler(self, label: str | None, seed: int | None, sampler: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the sampler section that differ from the session's, validated. Raises SettingError."""
        values = dict(sampler)
        if label is not None:
            values["label"] = label
        if seed is not None:
            values["seed"] = seed
        checked = self.session.with_values({f"sampler.{key}": value for key, value in values.items()})
        names = ("any", "none", *self.session.labels)
        if checked.sampler.label not in names:
            raise SettingError(f"there is no class '{checked.sampler.label}'; there are {', '.join(names)}")
        return {key: getattr(checked.sampler, key) for key in values}


def _plain(event: tuple[int, ...]) -> str:
    return ", ".join(str(size) for size in event)


def _ignore(event: p.Event) -> None:
    """An observer that does nothing."""
