"""Averaged weights held still while a request runs, so that training never changes what it shows."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from genlab.engine.models import AnyModel
from genlab.engine.training.trainer import Trainer


class Snapshots:
    """Copies of a model that take turns in holding the averaged weights of a moment."""

    def __init__(self, template: AnyModel) -> None:
        self._template = template
        self._free: list[AnyModel] = []

    @contextmanager
    def pin(self, trainer: Trainer, kept: bool = True) -> Iterator[AnyModel]:
        """A model in evaluation mode, untouched until the end: with the weights that are kept, or with the
        averages as they are now."""
        model = self._free.pop() if self._free else copy.deepcopy(self._template).eval()
        try:
            trainer.show(model, trainer.averages() if kept else trainer.current())
            yield model
        finally:
            self._free.append(model)
