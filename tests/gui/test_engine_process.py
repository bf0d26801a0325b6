"""The window around a real engine process: training, sliders, and an engine that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from genlab.app.common import loop

PATIENCE = 60


def test_train_then_move_a_slider_then_kill_the_engine_and_continue_with_one_click(lab) -> None:
    async def scenario(window) -> None:
        space = window.workspace
        assert await loop.until(lambda: window.engine.ready, PATIENCE)
        assert await loop.until(lambda: space.feed.frames and not space.feed.busy, PATIENCE)
        space.edit({"training.stop": "steps", "training.steps": 1_000_000, "sampler.steps": 3})
        window.top.train_button.click()
        assert await loop.until(lambda: space.run.state == "training" and space.run.step > 20, PATIENCE)
        assert window.top.train_button.text() == "Pause"

        space.bar.items["sampler.steps"].widget.setValue(5)
        assert await loop.until(lambda: len(space.feed.frames) == 6, PATIENCE)
        assert space.run.state == "training"
        assert Path(space.run.folder, "run.json").exists()

        os.kill(lab.engine.pid, signal.SIGKILL)
        assert await loop.until(lambda: space.cards.open(), PATIENCE)
        card = space.cards.open()[0]
        assert "killed" in card.text
        assert "last checkpoint" in card.text
        folder = space.run.folder
        card.buttons["Continue"].click()
        assert await loop.until(lambda: space.run.state == "training" and space.run.step > 5, PATIENCE)
        assert space.run.folder == folder

        space.train_or_pause()
        assert await loop.until(lambda: space.run.state == "paused", PATIENCE)

    lab.run(scenario, real=True)
    assert loop.running() == 0


@pytest.mark.parametrize("state", ["ready", "paused", "done", "evaluating"])
def test_an_engine_killed_while_nothing_trains_is_said_and_another_takes_its_place(lab, state: str) -> None:
    async def scenario(window) -> None:
        space, engine = window.workspace, window.engine
        assert await loop.until(lambda: space.run.state == "ready" and space.feed.frames, PATIENCE)
        space.edit({"training.stop": "steps", "training.steps": 3 if state == "done" else 1_000_000})
        if state in ("paused", "done"):
            space.train_or_pause()
            assert await loop.until(lambda: space.run.step > 2, PATIENCE)
            if state == "paused":
                space.train_or_pause()
            assert await loop.until(lambda: space.run.state == state and not space.run.unsaved, PATIENCE)
        elif state == "evaluating":
            space.view.evaluate()
        step, dead = space.run.step, engine.ready.pid
        os.kill(dead, signal.SIGKILL)
        assert await loop.until(lambda: space.cards.card("engine") is not None, PATIENCE)
        assert "no run was training" in space.cards.card("engine").text
        assert await loop.until(lambda: engine.ready and engine.ready.pid != dead, PATIENCE)
        rests = ("ready",) if state in ("ready", "evaluating") else ("paused", "done")
        assert await loop.until(lambda: space.run.state in rests, PATIENCE)
        assert space.run.step == step
        assert not space.view.evaluating

    lab.run(scenario, real=True)


def test_the_smoke_test_passes_and_the_window_never_loads_torch(tmp_path) -> None:
    script = (
        "import sys\n"
        "from genlab.app.main import main\n"
        "if __name__ == '__main__':\n"
        "    status = main(['--smoke'])\n"
        "    heavy = {'torch', 'scipy', 'sklearn'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
        "    raise SystemExit(status)\n"
    )
    file = tmp_path / "smoke.py"
    file.write_text(script)
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    timings = json.loads(done.stdout.strip().splitlines()[-1])
    assert timings["steps"] == 20
    assert Path(timings["picture"]).read_bytes().startswith(b"\x89PNG")
