"""The catalogue of data sets: the one list of the built-in ones, in the order of menus, and plug-ins."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from genlab.data.condition import check_classes
from genlab.data.dataset import DataError
from genlab.data.files.settings import FILE
from genlab.data.record import AnyRecord, DatasetRecord
from genlab.settings.fields import describe
from genlab.settings.plugins import load

_SETS = (
    "mixture_1d",
    "mixture_1d_uneven",
    "heavy_tail_1d",
    "eight_gaussians",
    "eight_gaussians_cfm",
    "gan_ring",
    "gan_grid",
    "moons",
    "moons_cfm",
    "circles",
    "rings",
    "two_spirals",
    "pinwheel",
    "swissroll",
    "checkerboard",
    "s_curve",
    "digits",
    "names",
    "markov_letters",
)
"""Modules of `genlab.data.sets`, each with its `RECORD`."""

_RECORDS: tuple[AnyRecord, ...] = tuple(import_module(f"genlab.data.sets.{name}").RECORD for name in _SETS)
BUILT_IN: Mapping[str, AnyRecord] = {record.id: record for record in _RECORDS}


def _check(record: AnyRecord) -> None:
    """Raises whatever keeps a record from being listed."""
    if not record.id or not record.id.isprintable() or set(record.id) & set(" /\\="):
        raise ValueError(f"'{record.id}' cannot be the name of a data set")
    describe(record.settings)
    check_classes(record.info().labels)


_plugins, PROBLEMS = load("genlab.datasets", DatasetRecord, {*BUILT_IN, FILE.id}, _check)

DATASETS: Mapping[str, AnyRecord] = {**BUILT_IN, **{record.id: record for record in _plugins}}
"""Every data set by its identifier, but a person's own."""


def record_of(id: str) -> AnyRecord:
    """The record of a data set; of a person's own under 'file'. Raises DataError for an unknown one."""
    if id == FILE.id:
        return FILE
    if id not in DATASETS:
        raise DataError(f"There is no data set called '{id}'.")
    return DATASETS[id]
