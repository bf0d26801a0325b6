"""A home of its own for everything that the benchmark runs, so that it neither sees nor leaves runs,
settings or caches of the person's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genlab.runs.places import cache_dir


@contextmanager
def isolated() -> Iterator[Path]:
    """Point GENLAB_HOME at an empty folder; yields the person's own cache, where computed floors stay.

    One home for the whole benchmark: the number of torch threads is measured once for each kind of
    network, and both sides of every comparison use it."""
    kept, before = cache_dir(), os.environ.get("GENLAB_HOME")
    with tempfile.TemporaryDirectory(prefix="genlab-bench-", ignore_cleanup_errors=True) as home:
        os.environ["GENLAB_HOME"] = home
        try:
            yield kept
        finally:
            if before is None:
                del os.environ["GENLAB_HOME"]
            else:
                os.environ["GENLAB_HOME"] = before
