"""The window beside installed plug-ins: a workspace of their own, and their data in the others."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Lab

SCRIPT = """
import json, sys
from PySide6.QtWidgets import QApplication
from genlab.app.common import loop, theme
from genlab.app.views.engine_link import EngineLink
from genlab.app.window.main_window import MainWindow
from genlab.app.window.store import Store
from genlab.engine import protocol as p

def answered(event):
    match event:
        case p.Answer(channel=channel):
            channels.add(channel)
        case p.Failure() | p.EngineDied():
            failures.append(str(event))

async def main():
    link = EngineLink()
    window = MainWindow(link, Store.fresh(), theme.DARK)
    link.arrived.connect(answered)
    window.resize(1500, 950)
    window.show()
    link.start()
    window.begin()
    try:
        found["rail"] = list(window.rail.buttons)
        window.choose("ngram")
        space = window.workspace
        found["panels"] = sorted(space.grid.ids())
        assert await loop.until(lambda: space.run.state == "ready" and space.feed.frames, 60)
        channels.clear()
        space.run.train(space.session, folder=sys.argv[1])
        probes = ("counts", "next", "perplexity")
        drawn = lambda: all(any(name in channel for channel in channels) for name in probes)
        fresh = lambda: space.feed.frames and space.feed.held == space.run.step
        assert await loop.until(lambda: space.run.state == "done" and fresh() and drawn(), 60)
        last = space.feed.frames[-1]
        found["samples"] = [str(last.x.dtype), last.x.shape[1], last.token_log_prob is not None]
        found["controls"] = list(space.bar.items)
        window.choose("diffusion")
        other = window.workspace
        other.choose_dataset("rose")
        assert await loop.until(lambda: other.run.state == "ready" and other.feed.frames, 60)
        found["data"] = [other.session.dataset, list(other.session.labels)]
    finally:
        window.close()
        await link.close()
    return 0

if __name__ == "__main__":
    found, channels, failures = {}, set(), []
    app = QApplication([])
    theme.apply(app, theme.DARK)
    status = loop.run(app, main)
    print(json.dumps({**found, "failures": failures}))
    sys.exit(status)
"""


def test_a_workspace_of_its_own_trains_and_draws_every_panel(examples: Lab, tmp_path: Path) -> None:
    script = tmp_path / "open_window.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = examples.python(script, tmp_path / "run")
    assert done.status == 0, done.err[-3000:]
    found = json.loads(done.out.splitlines()[-1])
    assert found["failures"] == []
    assert found["rail"][-1] == "ngram"
    assert found["panels"] == ["counts", "loss", "next", "perplexity", "samples", "trajectory", "weights"]
    assert found["samples"] == ["int64", 12, True]
    assert found["controls"][:3] == ["sampler.temperature", "condition.label", "condition.given"]
    assert found["data"] == ["rose", [f"petal {number}" for number in range(1, 6)]]
