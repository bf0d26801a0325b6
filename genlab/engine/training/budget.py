"""When training is done."""

from __future__ import annotations

from dataclasses import dataclass

from genlab.settings.training import TrainingSettings


@dataclass(frozen=True)
class Budget:
    """When training is done: after `steps` steps or `seconds` seconds, counted from the run's start."""

    steps: int | None
    seconds: float | None

    @classmethod
    def of(cls, training: TrainingSettings) -> Budget:
        """The budget that the settings name."""
        return cls(training.steps, None) if training.stop == "steps" else cls(None, training.seconds)

    def extended(self, step: int, seconds: float, training: TrainingSettings) -> Budget:
        """A budget for going on past a finished one: as much again as the settings name."""
        more = Budget.of(training)
        if more.steps is not None:
            return Budget(step + more.steps, None)
        assert more.seconds is not None
        return Budget(None, seconds + more.seconds)

    def progress(self, step: int, seconds: float) -> float:
        """Share that is used up, in [0, 1]."""
        used = step / self.steps if self.steps is not None else seconds / (self.seconds or 1.0)
        return min(1.0, used)
