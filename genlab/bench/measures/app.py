"""The built app: its size, and how fast it starts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from genlab.bench.measures.start import smoke, start_rows
from genlab.bench.plan import Plan
from genlab.bench.rows import Row, SkipSection, lower
from genlab.bench.yardstick import slowness

PACKAGE = Path(__file__).resolve().parents[2]
FOLDER = PACKAGE.parent / "dist" / "genlab"
GIGABYTES, WINDOW, ENGINE = 1.3, 1.5, 5.0
CUDA = re.compile(r"(^|/)nvidia/|/triton/|cuda|cudnn|cublas|nccl|cusparse|nvrtc|cupti|c10_cuda")


def sizes(folder: Path) -> tuple[int, int]:
    """Bytes of all files, and of those that only a CUDA build of torch brings."""
    everything = cuda = 0
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            if not path.is_symlink():
                size = path.stat().st_size
                everything += size
                cuda += size if CUDA.search(path.relative_to(folder).as_posix()) else 0
    return everything, cuda


def measure(plan: Plan) -> Iterator[Row]:
    """Size without CUDA, window, engine. Raises SkipSection where the app is not built from this code."""
    program = FOLDER / ("genlab.exe" if os.name == "nt" else "genlab")
    if not program.is_file():
        raise SkipSection("dist/genlab is not built; make bundle builds it")
    if any(file.stat().st_mtime > program.stat().st_mtime for file in PACKAGE.rglob("*.py")):
        raise SkipSection("dist/genlab is older than the code; make bundle builds it anew")
    everything, cuda = sizes(FOLDER)
    size = (everything - cuda) / 1e9
    yield Row(
        "app",
        "size without CUDA",
        f"at most {GIGABYTES:g} GB",
        f"{size:.2f} GB",
        {"bytes": everything, "cuda": cuda},
        size <= GIGABYTES,
        f"with CUDA {everything / 1e9:.2f} GB" if cuda > 50e6 else "",
        (lower([size], 0.005),),
    )
    found = smoke([program], plan.starts)
    yield from start_rows("app", found, {"window": WINDOW, "engine": ENGINE}, slowness())
