"""How a paradigm trains: what ends it, and for those that follow gradients, how."""

from __future__ import annotations

from typing import Literal

from genlab.settings.fields import Settings, setting


class TrainingSettings(Settings):
    """What every paradigm's training has in common: its data and its end."""

    stop: Literal["seconds", "steps"] = setting(
        "seconds",
        "What ends a training run.",
        label="Stop after",
        names={"seconds": "Seconds", "steps": "Steps"},
    )
    seconds: float = setting(
        60.0, "Training time until the run is done.", unit="s", gt=0, le=1e7, when=("stop", ("seconds",))
    )
    steps: int = setting(
        20_000, "Training steps until the run is done.", ge=1, le=1_000_000_000, when=("stop", ("steps",))
    )
    pool: int = setting(
        100_000,
        "Points drawn once, from which batches are taken; a data set with a fixed training part "
        "uses all of it.",
        unit="points",
        ge=1,
        le=10_000_000,
        advanced=True,
        log=True,
    )
    pace: float = setting(
        0.0,
        "Most steps a second, to watch them one by one; 0 trains as fast as it can.",
        unit="steps/s",
        ge=0,
        le=1000,
        live=True,
        advanced=True,
    )
    threads: int = setting(
        0, "Threads for torch; 0 measures which number is fastest.", ge=0, le=256, advanced=True
    )

    @property
    def keeps_best(self) -> bool:
        """Whether the weights that are kept are the best on the validation part."""
        return False

    def batch(self, pool: int) -> int:
        """Examples per training step, of a pool of so many."""
        return pool


class GradientTraining(TrainingSettings):
    """Optimiser, batch, averaging and which weights are kept."""

    learning_rate: float = setting(
        3e-3, "Step size of the optimiser.", symbol="η", gt=0, le=1, live=True, log=True
    )
    batch_size: int = setting(
        256, "Examples per training step.", symbol="B", ge=1, le=65536, live=True, log=True
    )
    ema: float = setting(
        0.999,
        "Decay of the running average of the weights; samples are drawn with the average.",
        label="EMA",
        ge=0,
        lt=1,
        live=True,
    )
    decay: Literal["cosine", "linear", "constant"] = setting(
        "cosine",
        "How the learning rate falls towards the end of the budget.",
        names={"cosine": "Cosine", "linear": "Linear", "constant": "Constant"},
    )
    keep: Literal["last", "best"] = setting(
        "last",
        "Which weights are kept: the last, or those with the lowest loss on the validation part so far, "
        "which is early stopping. Pictures show the last while it trains, and what is kept once it stops.",
        names={"last": "Last", "best": "Best on validation"},
        advanced=True,
    )
    optimiser: Literal["adamw", "sgd"] = setting(
        "adamw",
        "How gradients become steps: AdamW, or plain gradient descent.",
        names={"adamw": "AdamW", "sgd": "Gradient descent"},
        advanced=True,
    )
    momentum: float = setting(
        0.9, "How much of the past gradients AdamW keeps in its direction.", symbol="β₁", ge=0, lt=1,
        advanced=True, when=("optimiser", ("adamw",)),
    )  # fmt: skip
    scale_memory: float = setting(
        0.999, "How much of the past squared gradients AdamW keeps in its step size.", symbol="β₂", ge=0,
        lt=1, advanced=True, when=("optimiser", ("adamw",)),
    )  # fmt: skip
    warm_up: int = setting(
        100, "Steps over which the learning rate rises from zero.", unit="steps", ge=0, le=100_000,
        advanced=True,
    )  # fmt: skip
    decay_from: float = setting(
        0.8, "Share of the budget after which the learning rate falls.", ge=0, le=1, advanced=True
    )
    weight_decay: float = setting(0.0, "Decoupled weight decay.", symbol="λ", ge=0, le=1, advanced=True)
    clip: float = setting(
        1.0, "Largest norm of the gradient; 0 leaves it alone.", ge=0, le=1e6, live=True, advanced=True
    )

    @property
    def keeps_best(self) -> bool:
        return self.keep == "best"

    def batch(self, pool: int) -> int:
        return self.batch_size
