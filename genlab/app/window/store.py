"""What the window remembers from one start to the next: settings, layout and the last run."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genlab.runs.atomic import write_bytes
from genlab.runs.places import config_dir

FORMAT = 1
LARGEST = 4 * 2**20


@dataclass
class Store:
    """Plain values by key, kept in one JSON file. note: what was wrong with it, in one sentence."""

    path: Path
    values: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    @classmethod
    def load(cls, path: Path | None = None) -> Store:
        """Read what there is. A file that cannot be used is kept aside as '.bad', never an error."""
        made = cls(path if path is not None else config_dir() / "window.json")
        try:
            if made.path.stat().st_size > LARGEST:
                raise ValueError("it is too large")
            found = json.loads(made.path.read_text("utf-8"))
            if not isinstance(found, dict) or found.get("format") != FORMAT:
                raise ValueError("it is not in the format of this version")
            made.values = found
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError):
            made.note = made.set_aside()
        return made

    @classmethod
    def fresh(cls) -> Store:
        """Nothing remembered, nothing written: for a window that leaves no trace."""
        return cls(Path(os.devnull))

    def set_aside(self) -> str:
        """Move the file out of the way; one sentence for the person at the window."""
        bad = self.path.with_name(self.path.name + ".bad")
        try:
            os.replace(self.path, bad)
        except OSError:
            return f"The saved settings could not be read; {self.path} stays as it is."
        return f"The saved settings could not be read. They were kept as {bad.name}; GenLab starts afresh."

    def save(self) -> None:
        """Write everything, wholly or not at all. Raises RunError."""
        if str(self.path) == os.devnull:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(self.path, json.dumps({**self.values, "format": FORMAT}, indent=1).encode())
