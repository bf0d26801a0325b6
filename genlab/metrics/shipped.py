"""The floors that ship with GenLab. `python -m genlab.metrics.shipped DATASET ...` computes them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from genlab.data import load
from genlab.data.catalogue import BUILT_IN
from genlab.data.resources import resource
from genlab.metrics.catalogue import statistics_for
from genlab.metrics.floors import FloorStore, largest_n, shipped_table
from genlab.metrics.slices import finish


def main() -> None:
    """Compute the floors of built-in sets at default settings and merge them into the shipped table."""
    parser = argparse.ArgumentParser(prog="python -m genlab.metrics.shipped", description=main.__doc__)
    parser.add_argument("datasets", nargs="+", choices=list(BUILT_IN), metavar="DATASET")
    parser.add_argument("--n", type=int, nargs="+", default=[256, 1000], help="sample sizes")
    parser.add_argument("--only", nargs="+", help="names of statistics, such as assignment")
    parser.add_argument("--out", type=Path, default=Path(str(resource("floors.json"))))
    arguments = parser.parse_args()
    known = json.loads(arguments.out.read_text("utf-8")) if arguments.out.exists() else shipped_table()
    store = FloorStore(table=known)
    for id in arguments.datasets:
        dataset = load(id, BUILT_IN[id].settings())
        for n in sorted({largest_n(dataset, n) for n in arguments.n}):
            for name, statistic in statistics_for(dataset, n).items():
                if arguments.only is None or name in arguments.only:
                    found = finish(store.get(dataset, name, statistic, n))
                    values = ", ".join(f"{key} {value.mean:.4g}" for key, value in found.items())
                    print(f"{dataset.id} {name} n={n}: {values}", flush=True)
        table = json.dumps(store.table(), indent=0, sort_keys=True)
        arguments.out.write_text(table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
