"""How far a training run is, on stderr: a bar on a terminal, else a plain line every few seconds."""

from __future__ import annotations

import sys
from shutil import get_terminal_size
from time import monotonic
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from genlab.engine import protocol as p
from genlab.engine.same_warning import without_numbers

PLAIN_SECONDS = 5.0


class ProgressBar:
    """Observes the events of a run that trains; `with` takes care of the terminal."""

    def __init__(self) -> None:
        self._losses: dict[str, float] = {}
        self._warned: set[str] = set()
        self._tick: p.Tick | None = None
        self._told = monotonic()
        self._bar: tqdm[None] | None = None
        if sys.stderr.isatty():
            form = "{percentage:3.0f}% {bar:24} {desc}"
            self._bar = tqdm(total=1.0, bar_format=form, file=sys.stderr, ncols=get_terminal_size().columns)

    def __call__(self, event: p.Event) -> None:
        """Take note of an event, and show it where it is time."""
        match event:
            case p.Metrics(names=names, rows=rows):
                self._take(names, rows[-100:])
            case p.Warned(warnings=warnings):
                for text in warnings:
                    if without_numbers(text) not in self._warned:
                        self._warned.add(without_numbers(text))
                        self._say(f"warning: {text}")
            case p.StateChanged(state="training" | "done" | "paused", note=note) if note:
                self._say(f"{note[0].upper()}{note[1:]}.")
            case p.Tick():
                self._tick = event
                if self._bar is not None:
                    self._bar.n = min(1.0, event.progress)
                    self._bar.set_description_str(self.line())
                elif monotonic() - self._told > PLAIN_SECONDS:
                    self._say(self.line())
            case p.Failure(what=what, kept=kept):
                self._say(f"{what} {kept}")

    def _take(self, names: tuple[str, ...], rows: NDArray[np.float64]) -> None:
        """Follow the totals: one, or one for each player."""
        for column, name in enumerate(names):
            recent = rows[:, column][np.isfinite(rows[:, column])]
            if len(recent) and (name == "total" or name.endswith(" total")):
                title = name.removesuffix("total").strip() or "loss"
                before = self._losses.get(title, float(recent.mean()))
                self._losses[title] = 0.7 * before + 0.3 * float(recent.mean())

    def line(self) -> str:
        """Step, losses, speed and time left, as far as they are known."""
        tick = self._tick
        if tick is None:
            return ""
        parts = [f"step {tick.step:,}"]
        parts += [f"{title} {value:.4g}" for title, value in self._losses.items()]
        if tick.rate > 0:  # 0 until it is known
            parts.append(f"{tick.rate:,.{int(tick.rate < 9.95)}f} steps/s")
        if tick.left is not None:
            parts.append(f"{duration(tick.left)} left")
        return "  ".join(parts)

    def _say(self, text: str) -> None:
        self._told = monotonic()
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        else:
            print(text, file=sys.stderr, flush=True)

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._tick is not None:
            self._say(self.line())


def duration(seconds: float) -> str:
    """Seconds as h:mm:ss or m:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
