"""Metrics as a terminal shows them."""

from __future__ import annotations

import warnings

import numpy as np

from genlab.cli.tables import metrics_table
from genlab.metrics.likelihood import mean_and_error


def test_a_number_that_is_not_defined_is_a_dash_and_has_no_error() -> None:
    metric = {"name": "In-mode std ratio", "value": "nan", "standard_error": "nan", "floor": None,
              "reference": None, "unit": "", "note": "none"}  # fmt: skip
    line = metrics_table([metric]).splitlines()[1]
    assert line.split() == ["In-mode", "std", "ratio", "-", "none"]


def test_means_of_infinite_values_are_given_without_complaint() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mean, error = mean_and_error(np.array([np.inf, 1.0]))
    assert mean == np.inf
    assert np.isnan(error)
