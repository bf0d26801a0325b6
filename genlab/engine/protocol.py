"""The messages between the window (or a script) and the engine: a closed set of frozen values.

Every event of a run names the run; every answer its channel and request: a stale one can be dropped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genlab.data.condition import Condition
from genlab.data.payloads import Array, Payload
from genlab.settings.plugins import PluginProblem

State = Literal["preparing", "ready", "training", "paused", "done", "failed"]
SAVING = "saving"  # the channel of a failure to save; Saved is its answer


@dataclass(frozen=True)
class OfRun:
    """About a run, with nothing more to say."""

    run: str


@dataclass(frozen=True)
class Prepare:
    """Begin a new run. session: as plain values. folder: a fresh run folder, or None to keep nothing.
    source: file or folder of the person's own data, where the session's data set is 'file'."""

    run: str
    session: dict[str, Any]
    folder: str | None
    source: str | None = None
    device: str = "auto"


@dataclass(frozen=True)
class Open:
    """Open a run from its folder, at its last checkpoint or a numbered one."""

    run: str
    folder: str
    checkpoint: int | None = None
    device: str = "auto"


@dataclass(frozen=True)
class Train:
    """Train, or go on: until the session's budget is used, or for so much more; one player, where named."""

    run: str
    steps: int | None = None
    seconds: float | None = None
    player: str | None = None


class Pause(OfRun):
    """Stop after the step under way, and save."""


@dataclass(frozen=True)
class StepOnce:
    """Take a single training step; of one player only, where named."""

    run: str
    player: str | None = None


@dataclass(frozen=True)
class Edit:
    """Change settings that may change while training, or the budget; journalled with the step."""

    run: str
    values: dict[str, Any]


class Save(OfRun):
    """Write a checkpoint now."""


class Close(OfRun):
    """Save and forget a run."""


@dataclass(frozen=True)
class Ask:
    """What requests have in common. A newer request on a channel cancels the older.

    sampler: plain values of the sampler section; they override the session's. condition: what samples are
    conditioned on."""

    run: str
    channel: str
    request: int
    sampler: dict[str, Any]
    condition: Condition = field(default_factory=Condition)


@dataclass(frozen=True)
class Sample(Ask):
    """Draw n samples; with `trajectory`, a frame for every step, else the last only."""

    n: int = 2000
    trajectory: bool = False


@dataclass(frozen=True)
class DrawDensity(Ask):
    """Log density on grids of rising resolution, each sent as it is ready. A histogram of so many draws
    comes first, labelled so; of 0 none."""

    resolutions: tuple[int, ...] = (32, 64, 128)
    draws: int = 2000


@dataclass(frozen=True)
class Probe(Ask):
    """What an extra panel draws. values: of its controls, by key. detail: the share of the work that is
    affordable, 1 for all of it."""

    name: str = ""
    values: dict[str, float | str] = field(default_factory=dict)
    resolution: int = 24
    detail: float = 1.0


@dataclass(frozen=True)
class LogProbOf(Ask):
    """Log density of given points x (n, *event), data units."""

    x: Array = field(default_factory=lambda: np.zeros((0, 1), np.float32))


@dataclass(frozen=True)
class Evaluate(Ask):
    """Every metric that applies, each with its floor."""

    n: int = 1000


Request = Sample | DrawDensity | Probe | LogProbOf | Evaluate


@dataclass(frozen=True)
class Watch:
    """Repeat a request by itself while the run trains, within the preview budget; None ends it."""

    run: str
    channel: str
    what: Request | None


@dataclass(frozen=True)
class Cancel:
    """Drop the request under way on a channel."""

    run: str
    channel: str


@dataclass(frozen=True)
class Shutdown:
    """Save every run and end."""


Command = (
    Prepare | Open | Train | Pause | StepOnce | Edit | Save | Close | Request | Watch | Cancel | Shutdown
)


@dataclass(frozen=True)
class EngineReady:
    """The engine is warm. devices: name to description, first what 'auto' takes. problems: of plug-ins."""

    pid: int
    devices: dict[str, str]
    versions: dict[str, str]
    seconds: float
    problems: tuple[PluginProblem, ...] = ()


@dataclass(frozen=True)
class EngineDied:
    """The engine process ended by itself. Made by the client."""

    exitcode: int | None
    reason: str


@dataclass(frozen=True)
class Opened:
    """A run is prepared or opened. session: as it runs, plain values. players: who trains, in turn."""

    run: str
    session: dict[str, Any]
    folder: str | None
    step: int
    seconds: float
    device: str
    threads: int
    players: tuple[str, ...] = ()


@dataclass(frozen=True)
class StateChanged:
    """note: one plain sentence where there is something to say. converged: more training changes nothing.
    kept: the step of the weights that are kept; None for that of the run."""

    run: str
    state: State
    step: int
    seconds: float
    note: str = ""
    converged: bool = False
    kept: int | None = None


@dataclass(frozen=True)
class Tick:
    """Lossy: where the run is. rate: steps/s over the last second. progress: share of the budget. left:
    seconds to its end, where known. stage: the part of training at hand, '' for one alone; players in it."""

    run: str
    step: int
    seconds: float
    rate: float
    progress: float
    left: float | None
    learning_rate: float
    stage: str = ""
    players: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metrics:
    """Recorded losses: names of the columns, and rows (k, len(names)); 'step' and 'seconds' come first."""

    run: str
    names: tuple[str, ...]
    rows: NDArray[np.float64]


@dataclass(frozen=True)
class LossReference:
    """What recorded losses read in the best case: column to value. title: what that case is called."""

    run: str
    title: str
    values: dict[str, float]


@dataclass(frozen=True)
class Warned:
    """What goes wrong in training that still runs, in whole sentences; empty when it went away."""

    run: str
    step: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """A payload for a request. step: of the weights it shows. last: nothing more comes. preview: it came by
    a Watch, and is lossy. coarse: how much less than was asked for it shows, in words; '' for all of it."""

    run: str
    channel: str
    request: int
    step: int
    payload: Payload
    last: bool
    preview: bool = False
    coarse: str = ""


@dataclass(frozen=True)
class Evaluated:
    """The metrics of an evaluation, as plain values (see genlab.metrics.report), or its progress. note: why
    it could not be kept in the run's folder, or ''."""

    run: str
    channel: str
    request: int
    step: int
    progress: float
    metrics: tuple[dict[str, Any], ...]
    last: bool
    note: str = ""


@dataclass(frozen=True)
class LogProbs:
    """The whole answer to LogProbOf: values (n,), nats; error and standard_error (n,) where known."""

    run: str
    channel: str
    request: int
    step: int
    values: NDArray[np.float64]
    kind: str
    error: NDArray[np.float64] | None
    standard_error: NDArray[np.float64] | None


@dataclass(frozen=True)
class Refused:
    """A request that cannot be answered, and why, in one plain sentence."""

    run: str
    channel: str
    request: int
    reason: str


@dataclass(frozen=True)
class Saved:
    """A checkpoint is on disk. weights: those for sampling are, too."""

    run: str
    step: int
    weights: bool


class Closed(OfRun):
    """A run is closed: all of it is on disk, and its folder is free for others."""


@dataclass(frozen=True)
class Failure:
    """Something went wrong: what happened, what was kept, what to do, and the details for a report.

    refused: nothing was begun, because what was asked for cannot be. channel: of what failed, or ''."""

    run: str | None
    title: str
    what: str
    kept: str
    remedy: str
    details: str
    refused: bool = False
    channel: str = ""


Event = (
    EngineReady | EngineDied | Opened | StateChanged | Tick | Metrics | LossReference | Warned | Answer
    | Evaluated | LogProbs | Refused | Saved | Closed | Failure
)  # fmt: skip
