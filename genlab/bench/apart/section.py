"""A section of the benchmark in a process of its own, so that it can neither harm nor hold up the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from pydantic import TypeAdapter

from genlab.bench.child import environment
from genlab.bench.plan import Plan
from genlab.bench.rows import Figure, Row, Section, SkipSection
from genlab.bench.sections import SECTIONS

_PLAN = TypeAdapter(Plan)


@dataclass(frozen=True)
class Outcome:
    """What a section gave. skipped: why it could not be measured. crashed: what went wrong, with the details.
    Both empty where rows are all that there are."""

    rows: tuple[Row, ...] = ()
    skipped: str = ""
    crashed: str = ""
    seconds: float = 0.0


Runner = Callable[[Section, Plan], Outcome]
"""Runs a section."""


def run_apart(section: Section, plan: Plan) -> Outcome:
    """Run a section in a new process, for at most three times as long as is expected and a minute."""
    limit = 3 * section.expected(plan) + 60
    values = json.dumps({"name": section.name, "plan": _PLAN.dump_python(plan, mode="json")})
    command = [sys.executable, "-m", "genlab.bench.child", "apart.section:measure", values]
    begun = perf_counter()
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            said, told = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return Outcome(crashed=f"It took longer than {limit:.0f} s.", seconds=perf_counter() - begun)
        finally:
            _end(process)
    took = perf_counter() - begun
    if process.returncode:
        return Outcome(crashed=f"It ended with status {process.returncode}.\n{told}".rstrip(), seconds=took)
    found = json.loads(said.splitlines()[-1])
    rows = tuple(
        Row(**each | {"figures": tuple(Figure(**figure) for figure in each["figures"])})
        for each in found["rows"]
    )
    return Outcome(rows, found["skipped"], seconds=took)


def _end(process: subprocess.Popen[str]) -> None:
    """Kill what is left of a section, its own processes too."""
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):  # nothing is left
            os.killpg(process.pid, signal.SIGKILL)


def measure(name: str, plan: dict[str, Any]) -> dict[str, Any]:
    """Rows of a section as plain values, or why it cannot be measured: what the new process does."""
    rows: list[dict[str, Any]] = []
    skipped = ""
    try:
        for row in SECTIONS[name].measure(_PLAN.validate_python(plan)):
            print(f"{row.what}: {row.measured}", file=sys.stderr, flush=True)
            rows.append(asdict(row) | {"values": {}})
    except SkipSection as reason:
        skipped = str(reason)
    return {"rows": rows, "skipped": skipped}
