"""A run in the hands of a script."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, assert_never

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL.Image import Image

from genlab.api import driver
from genlab.api.controls import check_size, control_values, find_panel
from genlab.api.driver import Observer
from genlab.api.errors import NoDensity, RequestError
from genlab.api.pictures import grid_size, picture
from genlab.api.progress import ProgressBar
from genlab.data import Dataset
from genlab.data.payloads import Data, Payload, Samples, spoilt
from genlab.engine import protocol as p
from genlab.runs.data import dataset_of
from genlab.runs.export import save_png
from genlab.runs.folder import RunFolder
from genlab.runs.recipe import recipe_of
from genlab.session.session import Session, SettingError, read_session
from genlab.settings.panels import PanelInfo
from genlab.settings.spaces import Images, Points, Signal, Tokens


class Run:
    """A training run: its folder, its settings and its model. Made by `train` and `open_run`.

    A run that was trained holds its folder, so that nobody else trains it meanwhile, until it is closed: by
    `close`, by the end of a `with`, or when nothing refers to it any more.

    players: who trains, by name. note: what is to know of how it was opened, or ''. warnings: what went
    wrong at the last check of training that ran, in whole sentences."""

    def __init__(self, opened: p.Opened, note: str = "") -> None:
        assert opened.folder is not None
        self.folder = Path(opened.folder)
        self.session = read_session(opened.session)
        self.step = opened.step
        self.players = opened.players
        self.note = note
        self.warnings: tuple[str, ...] = ()
        self._id = opened.run
        self._forget = weakref.finalize(self, driver.engine().send, p.Close(opened.run))

    def __repr__(self) -> str:
        return f"<Run {self.session.paradigm} on {self.session.dataset}, step {self.step:,}, {self.folder}>"

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the run: all of it is on disk then, and others may train it. Raises RunFailed."""
        if self._forget.detach() is not None:
            driver.close(self._id)

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
        self,
        n: int = 2000,
        label: str | None = None,
        seed: int | None = None,
        given: str | None = None,
        sampler: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Samples:
        """n samples with everything that is known of them; see `sample`.

        sampler, settings: of the sampler by name. As a mapping they may have any name, such as 'n'."""
        if n < 1:
            raise RequestError(f"the number of samples must be at least 1, not {n}")
        values, checked = self._asked(label, seed, {**(sampler or {}), **settings}, given)
        event = driver.answer(p.Sample(self._id, "sample", next(driver.numbers), values, checked.asked, n=n))
        match event:
            case p.Refused(reason=reason):
                raise RequestError(reason)
            case p.Answer(payload=Samples() as samples):
                return samples
        raise AssertionError(event)

    def sample(
        self,
        n: int = 2000,
        label: str | None = None,
        seed: int | None = None,
        given: str | None = None,
        **sampler: Any,
    ) -> Data:
        """Draw samples (n, *event) in data units. `draw` gives their labels too.

        label: 'any', 'none' or the name of a class. given: what is known of each sample and kept: of text how
        it begins. sampler: its settings by name, such as steps=20.
        Raises SettingError, RequestError."""
        return self.draw(n, label, seed, given, sampler).x

    def log_prob(
        self, x: ArrayLike, label: str | None = None, seed: int | None = None, **sampler: Any
    ) -> NDArray[np.float64]:
        """Log density in nats at points x (n, *event), data units, (n,). `log_probs` gives its error too.

        Raises NoDensity with the reason, RequestError for points of another shape."""
        return self.log_probs(x, label, seed, sampler).values

    def log_probs(
        self,
        x: ArrayLike,
        label: str | None = None,
        seed: int | None = None,
        sampler: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> p.LogProbs:
        """As `log_prob`, with how the density is known, its integration error and its standard error.
        What the session gives of samples plays no part. sampler, settings: see `draw`."""
        values, asked = self._asked(label, seed, {**(sampler or {}), **settings})
        if asked.capabilities.density == "none":
            raise NoDensity(asked.capabilities.density_reason)
        points = self.points(x)
        request = p.LogProbOf(
            self._id, "log_prob", next(driver.numbers), values, asked.asked.judged, x=points
        )
        event = driver.answer(request)
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
        """Every metric that applies, each with its floor, as plain values; kept in the run's folder.

        n: samples per draw. A folder that cannot be written gives a warning. `evaluated` tells more."""
        found = self.evaluated(n, label, seed, observe, sampler)
        if found.note:
            warnings.warn(f"the evaluation is not kept: {found.note}", stacklevel=2)
        return list(found.metrics)

    def evaluated(
        self,
        n: int = 1000,
        label: str | None = None,
        seed: int | None = None,
        observe: Observer | None = None,
        sampler: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> p.Evaluated:
        """As `evaluate`, with the step, and why the evaluation could not be kept, if so.
        What the session gives of samples plays no part. sampler, settings: see `draw`."""
        check_size(n)
        values, checked = self._asked(label, seed, {**(sampler or {}), **settings})
        request = p.Evaluate(self._id, "evaluate", next(driver.numbers), values, checked.asked.judged, n=n)
        event = driver.answer(request, observe)
        match event:
            case p.Refused(reason=reason):
                raise RequestError(reason)
            case p.Evaluated():
                return event
        raise AssertionError(event)

    def panels(self) -> tuple[PanelInfo, ...]:
        """The extra panels of this run, each with its controls: what `probe` can ask for."""
        return tuple(info for info in self.session.panels if info.kind == "probe")

    def probe(
        self,
        name: str,
        *,
        resolution: int = 24,
        sampler: Mapping[str, Any] | None = None,
        label: str | None = None,
        given: str | None = None,
        controls: Mapping[str, float | str] | None = None,
        **values: float | str,
    ) -> Payload:
        """What an extra panel draws: one of the payloads of `genlab.data.payloads`.

        name: of the panel or its probe. controls, values: of its controls, by key; others stand as at first.
        resolution: columns of a grid. sampler: settings of the sampler by name. Raises SettingError for names
        that there are not, RequestError where these settings give nothing to draw."""
        info = find_panel(self.panels(), name)
        chosen = control_values(info, {**(controls or {}), **values})
        settings, checked = self._asked(label, None, sampler or {}, given)
        number = next(driver.numbers)
        request = p.Probe(self._id, "probe", number, settings, checked.asked, info.probe, chosen, resolution)
        event = driver.answer(request)
        match event:
            case p.Refused(reason=reason):
                raise RequestError(reason)
            case p.Answer(payload=payload):
                return payload
        raise AssertionError(event)

    def dataset(self) -> Dataset:
        """The data set of the run. Raises RunError where a person's own data are missing from the folder."""
        return dataset_of(self.session, RunFolder.open(self.folder))

    def picture(self, samples: Samples, by_class: bool = False, columns: int | None = None) -> Image:
        """Samples as one picture: images as a montage, points over points of the data, else one by one."""
        return picture(self.session, self.dataset(), samples, by_class, columns)

    def recipe(
        self,
        n: int,
        label: str | None = None,
        seed: int | None = None,
        given: str | None = None,
        sampler: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> dict[str, Any]:
        """How to draw these samples again; it goes into every picture of them. The arguments: see `draw`."""
        values, _ = self._asked(label, seed, {**(sampler or {}), **settings})
        drawn = {**self.session.sampler.model_dump(), **values}
        asked = {"label": label, "given": given}
        changed = {key: value for key, value in asked.items() if value is not None}
        condition = {**self.session.condition.model_dump(), **changed}
        manifest = RunFolder.open(self.folder).manifest
        return recipe_of(manifest, self.step, sampler=drawn, condition=condition, n=n)

    def save_grid(self, path: str | Path) -> str:
        """Draw samples and save their picture, recipe included: 2,000 points, or a hundred of anything else;
        of images with classes ten per class. Gives a sentence where samples are not finite, or ''."""
        images, classes = isinstance(self.session.space, Images), len(self.session.labels)
        n = grid_size(self.session)
        samples = self.draw(n)
        by_class = images and classes > 0 and samples.labels is not None
        picture = self.picture(samples, by_class=by_class, columns=10 if images else None)
        save_png(picture, path, self.recipe(n))
        return spoilt(samples.x)

    def points(self, x: ArrayLike) -> NDArray[Any]:
        """Points as the model takes them, (n, *event), in the type of their space. Raises RequestError for
        another shape, or where one is not finite, or no token."""
        space = self.session.space
        event = space.event
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
        match space:
            case Points() | Images() | Signal():
                pass
            case Tokens(vocabulary=vocabulary):
                known = np.isin(points, np.arange(len(vocabulary))).all(1)
                if not known.all():
                    row = np.flatnonzero(~known)[0] + 1
                    raise RequestError(
                        f"row {row} of the points holds what is no token: they are 0 to {len(vocabulary) - 1}"
                    )
            case _:
                assert_never(space)
        return points.reshape(len(points), *event).astype(space.dtype)

    def _asked(
        self, label: str | None, seed: int | None, sampler: Mapping[str, Any], given: str | None = None
    ) -> tuple[dict[str, Any], Session]:
        """Values of the sampler section that differ from the session's, and the session with all of them.

        Raises SettingError."""
        values = dict(sampler) | ({} if seed is None else {"seed": seed})
        changes = {f"sampler.{key}": value for key, value in values.items()}
        changes |= {} if label is None else {"condition.label": label}
        changes |= {} if given is None else {"condition.given": given}
        checked = self.session.with_values(changes)
        checked.check_label()
        return {key: getattr(checked.sampler, key) for key in values}, checked


def _plain(event: tuple[int, ...]) -> str:
    return ", ".join(str(size) for size in event)


def _ignore(event: p.Event) -> None:
    """An observer that does nothing."""
