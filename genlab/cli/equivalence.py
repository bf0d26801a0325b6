"""genlab equivalence: that diffusion, score and flow matching are one thing, measured on a run."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from genlab import api
from genlab.api.errors import RequestError
from genlab.cli import payloads
from genlab.cli.tables import number, table
from genlab.data.payloads import Curves, Table
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session, SettingError
from genlab.settings.time_panels import EQUIVALENCE, SOLVER_ORDERS, TRUNCATION

DATASET, SECONDS = "moons", 10.0
HEADER = ("solver", "nominal order", "measured order, median", "largest local error")


def equivalence(arguments: Namespace) -> None:
    """The claims with their differences, then what single steps cost, of a run or of one trained for it."""
    if arguments.run is not None:
        if arguments.dataset is not None or arguments.seconds is not None:
            raise SettingError("RUN is measured as it is: leave --dataset and --seconds out")
        _report(api.open_run(arguments.run, arguments.device), arguments.json)
        return
    dataset = arguments.dataset or DATASET
    seconds = SECONDS if arguments.seconds is None else arguments.seconds
    api.plan("diffusion", dataset, seconds=seconds)
    with tempfile.TemporaryDirectory(prefix="genlab-", ignore_cleanup_errors=True) as scratch:
        print(f"no RUN: training diffusion on {dataset} for {seconds:g} s, not to be kept", file=sys.stderr)
        run = api.train(
            "diffusion",
            dataset,
            seconds=seconds,
            device=arguments.device,
            out=Path(scratch, "run"),
            progress=True,
        )
        _report(run, arguments.json)


def _report(run: api.Run, as_json: bool) -> None:
    if not _measurable(run.session):
        there = [e.id for e in PARADIGMS.values() if _measurable(Session.default(e.id, e.dataset))]
        raise RequestError(
            f"a run of {run.session.paradigm} has no path between noise and data to compare with others; "
            f"runs of {', '.join(there)} have"
        )
    claims = run.probe(EQUIVALENCE.id)
    errors, orders = (run.probe(TRUNCATION.id, show=show) for show in ("error", "order"))
    assert isinstance(claims, Table)
    assert isinstance(errors, Curves)
    assert isinstance(orders, Curves)
    steps = [summary(name, errors, orders) for name in errors.curves]
    if as_json:
        about = {"run": str(run.folder), "paradigm": run.session.paradigm, "dataset": run.session.dataset}
        shown = {"equivalence": json.loads(payloads.json_text(claims)), "truncation": steps}
        print(json.dumps({**about, "step": run.step, **shown}, indent=2, ensure_ascii=False))
        return
    print(payloads.readable(claims), end="\n\n")
    rows = [tuple("–" if value is None else number(value) for value in step.values()) for step in steps]
    print(table(HEADER, rows))
    print(f"Local errors of {len(errors.x)} steps of the sampler, in standard deviations of the data.")


def summary(name: str, errors: Curves, orders: Curves) -> dict[str, Any]:
    """Of one solver: nominal order, median of the measured ones, largest error of a step; None where every
    step is exact to rounding."""
    order, error = (curves.curves[name] for curves in (orders, errors))
    return {
        "solver": name,
        "nominal_order": SOLVER_ORDERS[name],
        "measured_order": None if np.isnan(order).all() else float(np.nanmedian(order)),
        "largest_error": None if np.isnan(error).all() else float(10 ** np.nanmax(error)),
    }


def _measurable(session: Session) -> bool:
    return {EQUIVALENCE.id, TRUNCATION.id} <= {info.id for info in session.panels}
